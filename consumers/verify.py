"""`python -m consumers.verify`: replay the journal into a scratch copy and compare with the stores.

Every row of every view, every point's id and labels, and the vectors of a seeded sample.
Exit code 0: no difference; 1: differences, printed; 2: it could not be done.
"""

import argparse
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection

from consumers import persist, usage
from consumers.command import run_command
from consumers.embed import Embed
from pipeline import wiring
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import quarantines, watermarks
from pipeline.adapters.postgres.watermarks import ViewMark, admit_marks, positions, view_marks
from pipeline.ports import Encoder, VectorStore
from pipeline.settings import settings
from pipeline.stages.view import View
from pipeline.verifying.comparing import Difference, compare_table
from pipeline.verifying.expected import ExpectedVectors, SampledEncoder, compare_points
from pipeline.verifying.scratch import alone, replay, scratch_schema, snapshot
from pipeline.worker import Resources, open_resources

MOST_SHOWN = 50


@dataclass(slots=True)
class Report:
    """What was compared and what differs; `src_next` by partition is how far the view had come."""

    compared: int = 0
    vectors: int = 0
    src_next: dict[int, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)


async def verify(
    resources: Resources, encoder: Encoder, vectors: VectorStore, *, sample: int, seed: int
) -> dict[str, Report]:
    """Compare every view, and about `sample` vectors or all there are; a report each.

    Raises:
        ConfigError: another one is under way.
        StoreUnavailable: a store is away.
        FatalError: the journal is not whole.
    """
    expected = ExpectedVectors()
    async with transaction(resources.engine) as connection:
        total = sum((await positions(connection, watermarks["embed"])).values())
    sampled = SampledEncoder(encoder, one_in=max(1, total // sample), seed=seed)
    async with alone(resources.engine):
        reports = {
            view.name: await _verify_view(resources, view)
            for view in (persist.VIEW, usage.VIEW, Embed(sampled, expected).view())
        }
    embed = reports["embed"]
    embed.vectors = expected.sampled
    async for difference in compare_points(expected, vectors, embed.src_next):
        embed.differences.append(difference)
    return reports


async def _verify_view(resources: Resources, view: View) -> Report:
    report = Report()
    engine, keyring = resources.engine, resources.keyring
    journal = (resources.kafka, resources.topics.journal)
    async with scratch_schema(engine, view.name) as redirect, snapshot(engine) as live:
        marks = await view_marks(live, view.name)
        report.src_next = {partition: mark.src_next for partition, mark in marks.items()}
        report.differences += await _left_behind(live, view, marks)
        ends = {partition: mark.next for partition, mark in marks.items()}
        report.compared = await replay(view, engine, keyring, journal, redirect, ends)
        async with transaction(engine, redirect) as scratch:
            async for difference in _differences(resources, view, live, scratch):
                report.differences.append(difference)
    return report


async def _left_behind(
    live: AsyncConnection, view: View, marks: Mapping[int, ViewMark]
) -> list[Difference]:
    """A view at the journal's end that has not seen what admit accepted last: the log lost it."""
    admitted = await admit_marks(live)
    return [
        Difference(f"{view.name}.watermark", str(partition), "lacks what admit has accepted")
        for partition, mark in marks.items()
        if (admit := admitted.get(partition)) is not None
        and mark.next >= admit.journal_end
        and mark.src_next < admit.prev
    ]


async def _differences(
    resources: Resources, view: View, live: AsyncConnection, scratch: AsyncConnection
) -> AsyncIterator[Difference]:
    for table in (*view.tables, quarantines[view.name]):
        rid = view.rids.get(table.name)
        async for difference in compare_table(live, scratch, table, rid, resources.keyring):
            yield difference


def _print(reports: Mapping[str, Report], seconds: float) -> int:
    for name, report in reports.items():
        count = len(report.differences)
        sampled = f", {report.vectors} vectors made again" if name == "embed" else ""
        print(f"{name}: {report.compared} journal records{sampled}, {count} differences")
        for difference in report.differences[:MOST_SHOWN]:
            print(f"  {difference.table} {difference.key}: {difference.what}")
        if count > MOST_SHOWN:
            print(f"  and {count - MOST_SHOWN} more")
    wrong = sum(len(report.differences) for report in reports.values())
    print(f"{'differs' if wrong else 'the stores are what the journal says'} ({seconds:.1f} s)")
    return 1 if wrong else 0


async def _run(sample: int, seed: int) -> int:
    configured = settings()
    resources = open_resources(configured)
    encoder = wiring.encoder(configured, "bulk")
    vectors = wiring.vector_store(configured, encoder)
    began = time.monotonic()
    try:
        reports = await verify(resources, encoder, vectors, sample=sample, seed=seed)
    finally:
        await vectors.close()
        await resources.engine.dispose()
        encoder.close()
    return _print(reports, time.monotonic() - began)


def main() -> NoReturn:
    """Verify and exit."""
    parser = argparse.ArgumentParser(prog="tidemark verify", description=__doc__)
    parser.add_argument("--sample", type=int, default=500, help="how many vectors to make again")
    parser.add_argument("--seed", type=int, default=0, help="which texts the sample holds")
    options = parser.parse_args()
    run_command(_run(options.sample, options.seed))


if __name__ == "__main__":
    main()
