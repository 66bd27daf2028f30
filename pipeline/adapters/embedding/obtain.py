"""The exported model for this machine: from the cache, else made by the exporter process."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.adapters.embedding.artifact import (
    Artifact,
    ArtifactError,
    entry_name,
    read_artifact,
)
from pipeline.adapters.embedding.weights import Weights
from pipeline.errors import TidemarkError

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 900  # generous for a slow disk and a busy core; a hang does not last for ever

# `env` adds to what is inherited, without reading the environment here.
_OFFLINE = ("env", "HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=1", "HF_HUB_DISABLE_TELEMETRY=1")


class ExportError(TidemarkError):
    """The model could not be exported; the text says why."""


def obtain(weights: Weights, cache_dir: Path) -> Artifact:
    """Return the export of `weights`, made now when the cache has none or a damaged one.

    Raises `ExportError`.
    """
    entry = cache_dir / entry_name(weights)
    try:
        return read_artifact(entry)
    except ArtifactError as reason:
        log.info("exporting %s to OpenVINO, once; cached entry: %s", weights.name, reason)
    _run_exporter(weights, entry)
    try:
        return read_artifact(entry)
    except ArtifactError as error:
        raise ExportError(f"what the exporter wrote: {error}") from error


def _run_exporter(weights: Weights, entry: Path) -> None:
    module = "pipeline.adapters.embedding.export"
    command = [*_OFFLINE, sys.executable, "-m", module, str(weights.path), str(entry)]
    with _lifeline() as stdin:
        try:
            ended = subprocess.run(
                command,
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ExportError(f"no export within {_TIMEOUT_SECONDS} s") from error
    if ended.returncode:
        last = ended.stderr.strip().rpartition("\n")[2]
        raise ExportError(f"the exporter ended with {ended.returncode}: {last}")


@contextmanager
def _lifeline() -> Iterator[int]:
    """Yield the reading end of a pipe that nobody writes to: it ends when this process does."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)
