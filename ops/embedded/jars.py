"""Kafka's jars: fetched once as the committed lock says, checked against it at every start."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError

LOCK = Path(__file__).with_name("kafka.lock")


@dataclass(frozen=True, slots=True, order=True)
class Jar:
    """One artifact: `group:artifact:version`, and the SHA-256 of its file in hex."""

    coordinates: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name it has in a Maven repository."""
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"


def read_lock(path: Path = LOCK) -> tuple[Jar, ...]:
    """The jars of a lock file: one a line, coordinates and SHA-256; `#` opens a comment."""
    lines = (line.split("#")[0].split() for line in path.read_text().splitlines())
    return tuple(Jar(*words) for words in lines if words)


def install(jars: Sequence[Jar], cache_dir: Path, repository: str | None = None) -> Path:
    """Return a folder that holds exactly these jars; only its first use needs the network.

    Args:
        jars: what the lock names.
        cache_dir: shared by every data directory and safe to delete.
        repository: base URL of a Maven repository; by default Maven Central.

    Raises:
        ConfigError: a jar cannot be fetched, or its bytes are not those that the lock names.
    """
    folder = location(jars, cache_dir)
    if not folder.is_dir():
        _fetch(jars, folder, repository)
    _check(jars, folder)
    return folder


def location(jars: Sequence[Jar], cache_dir: Path) -> Path:
    """The folder that `install` fills: another one for every set of jars."""
    text = "\n".join(f"{jar.coordinates} {jar.sha256}" for jar in sorted(jars))
    return cache_dir.resolve() / "kafka" / hashlib.sha256(text.encode()).hexdigest()[:16]


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(jars: Sequence[Jar], folder: Path, repository: str | None) -> None:
    """Download beside the folder, check, rename: nobody ever sees half of it."""
    # jgo takes most of a second to import, and only a first start needs it.
    from ops.embedded.maven import download  # noqa: PLC0415

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as scratch:
        complete = Path(scratch, "complete")
        complete.mkdir()
        for path in download([jar.coordinates for jar in jars], Path(scratch, "raw"), repository):
            path.rename(complete / path.name)
        _check(jars, complete)
        try:
            complete.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another start was faster
                raise


def _check(jars: Sequence[Jar], folder: Path) -> None:
    wrong = [jar for jar in jars if not _holds(folder, jar)]
    if wrong:
        raise ConfigError(
            [f"{jar.coordinates} differs from {LOCK.name}: delete {folder}" for jar in wrong]
        )


def _holds(folder: Path, jar: Jar) -> bool:
    path = folder / jar.file_name
    return path.is_file() and sha256(path) == jar.sha256
