"""jgo as a pure-Python Maven client: downloads by coordinates, and refreshes the lock.

    python -m ops.embedded.maven

Its environment builder is not used: that one fetches a JDK, only to sort jars into two folders.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext

from ops.embedded.jars import LOCK, sha256
from pipeline.errors import ConfigError

# The mark `!` keeps a pom's managed versions to itself: log4j's parent manages kafka-clients, and
# would put an older one beside the newer broker.
ROOTS = (
    "org.apache.kafka:kafka_2.13:4.1.2:compile!",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5:compile!",
)

_HEADER = """\
# Apache Kafka and everything it needs at run time: coordinates and SHA-256.
# Written by `python -m ops.embedded.maven`.
"""
_THREADS = 8
_TIMEOUT_SECONDS = 60
_PAUSES_S = (1, 2, 0)  # after each attempt


def download(
    coordinates: Sequence[str], folder: Path, repository: str | None = None
) -> Iterator[Path]:
    """Download jars below `folder` and yield their paths, in the order of `coordinates`.

    Raises:
        ConfigError: a jar cannot be had.
    """
    context = _context(folder, repository)
    with ThreadPoolExecutor(_THREADS) as threads:
        yield from threads.map(lambda name: _fetch(context, name), coordinates)


def resolve(roots: Sequence[str], folder: Path) -> list[str]:
    """The coordinates of `roots` and of all they need at run time; poms are kept in `folder`."""
    context = _context(folder, None)
    wanted = [context.create_dependency(root) for root in roots]
    inputs, transitive = context.resolver.resolve(wanted)
    needed = [*inputs, *(d for d in transitive if d.scope in {"compile", "runtime"})]
    return sorted(f"{d.groupId}:{d.artifactId}:{d.version}" for d in needed)


def write_lock(path: Path = LOCK) -> int:
    """Resolve anew, download everything and write the lock; the number of jars."""
    with tempfile.TemporaryDirectory() as scratch:
        names = resolve(ROOTS, Path(scratch))
        files = download(names, Path(scratch))
        lines = [f"{name} {sha256(file)}\n" for name, file in zip(names, files, strict=True)]
    path.write_text(_HEADER + "".join(lines))
    return len(lines)


def _context(folder: Path, repository: str | None) -> MavenContext:
    remotes = {"repository": repository} if repository else None  # None is Maven Central
    return MavenContext(
        repo_cache=folder, local_repos=[], remote_repos=remotes, timeout=_TIMEOUT_SECONDS
    )


def _fetch(context: MavenContext, name: str) -> Path:
    artifact = context.create_dependency(name).artifact
    reason = ""
    for pause_s in _PAUSES_S:
        try:
            return Path(artifact.resolve())
        except (OSError, RuntimeError) as error:  # from requests; from jgo when nobody has the jar
            reason = type(error).__name__
        # Half a download would count as present.
        (context.repo_cache / artifact.component.path_prefix / artifact.filename).unlink(
            missing_ok=True
        )
        time.sleep(pause_s)
    raise ConfigError([f"cannot download {name} ({reason}): the first start needs the network"])


if __name__ == "__main__":
    print(f"{LOCK.name}: {write_lock()} jars")  # noqa: T201
