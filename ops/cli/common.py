"""What commands share."""

import sys

from rich.console import Console


def quiet_logs() -> None:
    """Let the drivers' complaints pass in silence: a command says in a line what went wrong."""
    from pipeline.logs import configure

    configure("ERROR")


def out() -> Console:
    """Standard output; colours and live displays only on a terminal."""
    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """Standard error, for progress and complaints."""
    return Console(highlight=False, soft_wrap=True, stderr=True)


def operator() -> str:
    """Who runs this command, for records of what was decided."""
    from getpass import getuser

    from pipeline.settings import host_name

    try:
        return f"{getuser()}@{host_name()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"unnamed@{host_name()}"


def program() -> str:
    """How this program was called, for hints that can be copied."""
    from shutil import which

    return "tidemark" if which("tidemark") else _relative(sys.argv[0])


def _relative(path: str) -> str:
    from os.path import relpath

    return min(relpath(path), path, key=len)
