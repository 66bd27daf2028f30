"""`tidemark up` as a process, with ports and a data directory of its own."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread

from ops.embedded.ports import free_ports

STOP_SECONDS = 60


class Stack:
    """`tidemark up` in a data directory of its own."""

    def __init__(self, folder):
        self.folder = folder
        api, kafka = free_ports(2)
        self.env = {**os.environ, "DATA_DIR": str(folder / "data"), "API_PORT": str(api)}
        self.env["TIDEMARK_TRIM_DELAY_SECONDS"] = "86400"  # heartbeats would count as published
        # The usual port of the broker may belong to a stack that runs beside these tests.
        (folder / "data").mkdir()
        (folder / "data" / "stack.json").write_text(json.dumps({"ports": {"kafka": kafka}}))

    def command(self, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "ops.cli", *arguments],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def status(self):
        done = self.command("status", "--json")
        return json.loads(done.stdout)

    def pids(self):
        return {each["name"]: each["pid"] for each in self.status()["processes"]}

    def logs(self):
        """The end of each log."""
        ends = {
            path.name: path.read_text()[-1500:]
            for path in (self.folder / "data" / "logs").iterdir()
        }
        return "".join(f"\n== {name}\n{end}" for name, end in sorted(ends.items()))

    @contextmanager
    def up(self):
        """Keep it up for the length of the block; its output so far, as it grows."""
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "up", "--demo"],
            env=self.env,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = []
        reader = Thread(target=lambda: lines.extend(process.stdout))
        reader.start()
        try:
            yield process, lines
        except BaseException as error:
            error.add_note("".join(lines) + self.logs())
            raise
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_SECONDS)
            reader.join()
            process.stdout.close()
