"""The README's examples, as a reader would copy them, with the addresses of a stack under test."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"
USUAL = {"api": "http://127.0.0.1:8080", "kafka": "127.0.0.1:29092"}
NOT_RUN = ("text", "mermaid")  # output, and a picture
ENDLESS = ("worker", "down")  # shown to exist: one runs until it is stopped, one stops the stack


class Examples:
    """Takes examples out of the README, in order, until none is left."""

    def __init__(self, stack):
        self.stack = stack
        text = README.read_text()
        for name, usual in USUAL.items():
            address = stack.status()[name]
            assert usual in text
            text = text.replace(usual, address)
        blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.left = [block for block in blocks if block[0] not in NOT_RUN]

    def take(self, language, word):
        """The next example; it is in this language and says this."""
        (found, text), *self.left = self.left
        assert found == language
        assert word in text
        return text

    def python(self, text):
        return self._run([sys.executable, "-c", text])

    def shell(self, script):
        tidemark = f'tidemark() {{ "{sys.executable}" -m ops.cli "$@"; }}\n'
        return self._run(["bash", "-euo", "pipefail", "-c", tidemark + script])

    def commands(self, text, file):
        """Each line of a list of `tidemark` commands."""
        for line in text.splitlines():
            command = line.partition("#")[0].strip().replace("FILE", str(file))
            endless = command.split()[1] in ENDLESS
            self.shell(f"{command} --help" if endless else command)

    def _run(self, argv):
        done = subprocess.run(
            argv,
            env=self.stack.env,
            cwd=self.stack.folder,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, f"{argv[-1]}\n{done.stdout}{done.stderr}"
        return done.stdout
