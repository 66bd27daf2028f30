"""A consumer under a sampling profiler: where its main thread is, at every tick of CPU time.

    python -m tests.benchmarks.sampled COUNTS.json CONSUMER [VECTORS.npz]

Sampling begins with SIGUSR1 and is written at the end. What C code does counts for the Python
function that called it. Ticks that find the main thread waiting belong to other threads.
"""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from consumers.__main__ import CONSUMERS
from pipeline import wiring
from pipeline.logs import configure
from pipeline.settings import settings
from pipeline.worker import work
from tests.benchmarks.remembered import recalled

TICK_SECONDS = 0.002  # of CPU time; the kernel may tick less often
ROOT = Path(__file__).parents[2]
OTHERS = "other threads: fetching from Kafka"

# By a part of the file's path; the innermost frame that has one decides.
AREAS = (
    ("selectors.py", OTHERS),
    ("/faust/", "Faust"),
    ("/mode/", "Faust"),
    ("/aiokafka/", "aiokafka"),
    ("/sqlalchemy/", "SQLAlchemy"),
    ("/psycopg", "psycopg"),
    ("/qdrant_client/", "Qdrant client"),
    ("/httpx/", "Qdrant client"),
    ("/httpcore/", "Qdrant client"),
    ("/adapters/qdrant/", "Qdrant client"),
    ("/domain/crypto/", "sealing and opening"),
    ("/domain/rotation", "rotating vectors"),
    ("/domain/journal", "journal envelope"),
    ("/schemas/", "validating events"),
    ("/prometheus_client/", "metrics"),
    ("/pipeline/", "pipeline and consumer"),
    ("/consumers/", "pipeline and consumer"),
    ("/asyncio/", "event loop"),
)


@dataclass(slots=True)
class Samples:
    """Ticks by area, and by the innermost function of the product."""

    areas: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)

    def take(self, _: int, frame: FrameType | None) -> None:
        """Count where the main thread is; a signal handler."""
        stack = list(_outwards(frame))
        area = _area(stack)
        self.areas[area] += 1
        if area != OTHERS and (ours := _innermost_of_ours(stack)):
            self.functions[ours] += 1


def main() -> None:
    """Run the consumer until SIGTERM, then write the counts."""
    out, name, *vectors = sys.argv[1:]
    if vectors:
        encoder = recalled(Path(vectors[0]))
        wiring.encoder = lambda *_, **__: encoder
    samples = Samples()
    signal.signal(signal.SIGPROF, samples.take)
    signal.signal(signal.SIGUSR1, _begin)
    configured = settings()
    configure(configured.tidemark_log_level)
    asyncio.run(work(configured, {name: CONSUMERS[name]}))
    signal.setitimer(signal.ITIMER_PROF, 0)
    counts = {"areas": samples.areas, "functions": samples.functions}
    Path(out).write_text(json.dumps(counts))


def _begin(*_: Any) -> None:
    signal.setitimer(signal.ITIMER_PROF, TICK_SECONDS, TICK_SECONDS)


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _area(stack: list[FrameType]) -> str:
    for frame in stack:
        for part, area in AREAS:
            if part in frame.f_code.co_filename:
                return area
    return "other"


def _innermost_of_ours(stack: list[FrameType]) -> str | None:
    for frame in stack:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and not {".venv", "tests"} & set(path.parts):
            return f"{path.relative_to(ROOT)} {frame.f_code.co_name}"
    return None


if __name__ == "__main__":
    main()
