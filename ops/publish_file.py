"""Publishing a file so that a second try goes on where acknowledgements stopped.

`run/publish/<digest>.json` in the data directory holds how many of the file's lines are settled.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops.embedded.vectors.files import read_json, write_json
from ops.publish import Say, Source, Tally, Target, examine, publish


@dataclass(frozen=True, slots=True)
class Job:
    """A file, what is known of it, and where that is kept."""

    path: Path
    source: Source
    memory: Path
    settled: int  # lines that earlier runs have settled

    @property
    def done(self) -> bool:
        """Whether nothing is left of it."""
        return self.settled >= self.source.lines


def open_job(path: Path, data_dir: Path) -> Job:
    """Examine a file and recall what earlier runs did with the same content.

    Raises:
        OSError: it cannot be read.
    """
    source = examine(path)
    memory = data_dir / "run" / "publish" / f"{source.sha256}.json"
    settled = int(read_json(memory)["lines"]) if memory.exists() else 0
    return Job(path, source, memory, settled)


async def publish_job(
    target: Target,
    job: Job,
    *,
    resume: bool,
    reject: Say,
    wait: Say,
    settled: Callable[[Tally], None],
) -> Tally:
    """Publish the file, from its beginning or behind what is settled; see `publish`."""
    job.memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def remember(tally: Tally) -> None:
        write_json(job.memory, {"lines": tally.lines})
        settled(tally)

    with job.path.open("rb") as source:
        return await publish(
            target,
            source,
            skip=job.settled if resume else 0,
            reject=reject,
            wait=wait,
            settled=remember,
        )
