"""`python -m consumers.letters list|replay`: records that were not admitted, and once more.

A replay publishes the original key and value where they first lay, for admit to judge again. It
may be repeated: an event without an id of its own is known by its first position.
Exit code 0: done; 1: some letters could not be opened; 2: it could not be done.
"""

import argparse
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import NoReturn

from consumers.command import run_command
from pipeline.adapters.kafka import Record, end_offsets, start_offsets
from pipeline.adapters.kafka.publisher import Publisher
from pipeline.errors import DataError
from pipeline.settings import settings
from pipeline.stages.admission import ORIGIN
from pipeline.stages.dead_letters import Letter, open_letter, read_letter
from pipeline.verifying.replay import read_journal
from pipeline.worker import Resources, open_resources

Found = tuple[int, Letter]  # with the partition that it was rejected in


async def letters(resources: Resources, wanted: argparse.Namespace) -> AsyncIterator[Found]:
    """The dead letters that the topic still holds and that are asked for.

    Raises:
        StoreUnavailable: Kafka is away.
    """
    options, topic = resources.kafka, resources.topics.dead_letters
    starts, ends = await start_offsets(options, topic), await end_offsets(options, topic)
    for partition, start in sorted(starts.items()):
        async for records in read_journal(options, topic, partition, start, ends[partition]):
            for record in records:
                try:
                    letter = read_letter(record)
                except DataError:
                    print(f"{topic}/{partition}/{record.offset}: is no dead letter")
                    continue
                if _is_wanted(letter, wanted):
                    yield partition, letter


def _is_wanted(letter: Letter, wanted: argparse.Namespace) -> bool:
    return wanted.reason in (None, letter.reason) and wanted.position in (None, letter.position)


async def show(resources: Resources, wanted: argparse.Namespace) -> int:
    """Print position, reason and time of each letter, never what it holds."""
    count = 0
    async for _, letter in letters(resources, wanted):
        at = datetime.fromtimestamp(letter.timestamp_ms / 1000, UTC)
        print(f"{at.isoformat(timespec='seconds')}  {letter.position}  {letter.reason}")
        count += 1
    print(f"{count} dead letters")
    return 0


async def replay(resources: Resources, wanted: argparse.Namespace) -> int:
    """Publish the originals again.

    Raises:
        StoreUnavailable: a store is away; some may be published.
    """
    found = [one async for one in letters(resources, wanted)]
    publisher = Publisher(resources.kafka, resources.topics.events)
    try:
        done = [await _replay_one(resources, publisher, one) for one in found]
    finally:
        await publisher.close()
    published = sum(done)
    print(f"{published} of {len(found)} published again")
    return 0 if published == len(found) else 1


async def _replay_one(resources: Resources, publisher: Publisher, found: Found) -> bool:
    partition, letter = found
    try:
        original = await open_letter(resources.engine, resources.keys, letter)
    except DataError as error:
        print(f"{letter.position}: cannot be opened: {error.reason}")
        return False
    if original is None:
        print(f"{letter.position}: the key of its day is destroyed")
        return False
    key, value = original
    if value is None:
        print(f"{letter.position}: has no value")
        return False
    if not letter.whole:
        print(f"{letter.position}: was too large for a letter, and is cut")
        return False
    headers = ((ORIGIN, letter.position.encode()),)
    await publisher.publish([(partition, Record(key, value, letter.timestamp_ms, headers))])
    return True


async def _run(wanted: argparse.Namespace) -> int:
    resources = open_resources(settings())
    try:
        return await {"list": show, "replay": replay}[wanted.command](resources, wanted)
    finally:
        await resources.engine.dispose()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tidemark letters", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="show dead letters: reason, position and time")
    listing.add_argument("--reason", help="only those with this reason")
    listing.add_argument("--position", help="only the one of topic/partition/offset")
    again = commands.add_parser("replay", help="publish originals again, for admit to judge")
    chosen = again.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--reason", help="those with this reason")
    chosen.add_argument("--position", help="the one of topic/partition/offset")
    chosen.add_argument("--all", action="store_true", help="every one that is still there")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """List or replay, and exit."""
    run_command(_run(_options(arguments)))


if __name__ == "__main__":
    main()
