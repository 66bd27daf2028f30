"""The exporter: a model to an OpenVINO IR with its reference, in a process of its own.

    python -m pipeline.adapters.embedding.export MODEL_DIR CACHE_ENTRY < pipe

Torch stays out of the processes that encode. Entries appear whole, by a rename. One of several
exporters works while the others wait at a lock file and then find its entry. An exporter ends
when the process at the other end of its standard input is gone.
"""

import fcntl
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.adapters.embedding.artifact import ArtifactError, read_artifact, write_manifest

EXIT_ORPHANED = 129  # 128 + SIGHUP: who asked has hung up


def main(model_dir: Path, entry: Path) -> None:
    """Make `entry` unless it is there and whole by the time the lock is ours."""
    threading.Thread(target=_die_with_the_caller, daemon=True).start()
    entry.parent.mkdir(parents=True, exist_ok=True)
    with _locked(entry.with_name(f"{entry.name}.lock")):
        if not _is_whole(entry):
            _export(model_dir, entry)


def _export(model_dir: Path, entry: Path) -> None:
    # Imported here: an exporter that finds the entry made needs none of torch.
    from pipeline.adapters.embedding.trace import trace  # noqa: PLC0415

    unfinished = entry.with_name(f"{entry.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # the lock is ours, so its maker is dead
    unfinished.mkdir()
    write_manifest(unfinished, trace(model_dir, unfinished))
    if entry.exists():
        shutil.rmtree(entry)
    unfinished.rename(entry)


def _is_whole(entry: Path) -> bool:
    try:
        read_artifact(entry)
    except ArtifactError:
        return False
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _die_with_the_caller() -> None:
    # Not sys.stdin: a thread blocked in its lock makes the interpreter abort on its way out.
    os.read(0, 1)
    os._exit(EXIT_ORPHANED)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
