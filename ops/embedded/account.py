"""Whom an engine runs as when we are root and it refuses to be."""

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import ConfigError

# The name that the PostgreSQL wheel uses too: one more user on the machine, not two.
USER = "pgserver"

_LAUNCH = Path(__file__).with_name("launch.py")
_ROOT = 0


def own(folder: Path) -> None:
    """Make a folder, readable by nobody else, that an engine may keep its data in.

    As root, the folder and all it holds are given to the engine's user: PostgreSQL refuses a data
    directory that belongs to anybody but itself.

    Raises:
        ConfigError: the folder belongs to another user, or there is no user to give it to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == _ROOT:
        _give(folder, _engine_user())
    elif folder.stat().st_uid != os.geteuid():
        raise ConfigError([f"{folder} belongs to another user: start as that user"])


def as_engine(argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` as the engine's user; `argv` itself unless we are root."""
    if os.geteuid() != _ROOT:
        return list(argv)
    user = _engine_user()
    identity = f"{user.pw_uid}:{user.pw_gid}"
    return [sys.executable, "-I", "-S", str(_LAUNCH), "--user", identity, "--", *argv]


def _give(folder: Path, user: pwd.struct_passwd) -> None:
    """Only files of other owners are touched: a data directory in use may hold thousands."""
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent), *(Path(parent, name) for name in (*folders, *files))):
            if path.lstat().st_uid != user.pw_uid:
                os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _engine_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        return _make_engine_user()


def _make_engine_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]
    try:
        # It also fails when another start has just made the user, which is just as good.
        subprocess.run(command, capture_output=True, check=False)
        return pwd.getpwnam(USER)
    except (OSError, KeyError) as error:
        line = f"PostgreSQL refuses to run as root and user {USER} cannot be made: add it"
        raise ConfigError([f"{line}, or start as an ordinary user"]) from error
