"""Publishing newline-delimited events: validated, keyed by user, acknowledged, resumable.

Nothing here repeats what a line says: a rejected one is named by its number and a reason.
"""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from io import BufferedReader
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from ops.blocking import in_daemon_thread
from pipeline.adapters.kafka import KafkaOptions, end_offsets, idempotent_producer
from pipeline.errors import FatalError, StoreUnavailable
from schemas.events import InvalidEvent, parse_event

_CHUNK_BYTES = 256 * 1024  # read and sent together; an interruption may send a chunk twice
_WAIT_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0
_STOP_SECONDS = 2.0

Say = Callable[[str], None]


@dataclass(slots=True)
class Tally:
    """What became of the lines."""

    published: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    lines: int = 0  # of the source, read and settled; an interrupted run goes on behind them


@dataclass(frozen=True, slots=True)
class Target:
    """Where events go."""

    options: KafkaOptions
    topic: str


async def publish(
    target: Target,
    source: BufferedReader,
    *,
    skip: int = 0,
    reject: Say,
    wait: Say,
    settled: Callable[[Tally], None],
) -> Tally:
    """Publish the events, one a line, and return once the broker has acknowledged them all.

    What comes in slowly, as from a pipe, is sent as it comes.

    Args:
        target: where to.
        source: newline-delimited JSON; empty lines are passed over.
        skip: lines that an earlier run has settled.
        reject: told of each line that is no event, as `line N: reason`.
        wait: told when the broker keeps us waiting.
        settled: called after each chunk that is acknowledged.

    Raises:
        ConfigError: the topic does not exist.
        FatalError: the broker refused a record; go on behind the last chunk that was settled.
    """
    tally = Tally()
    producer = await _started(target, wait)
    try:
        async for chunk in _chunks(source):
            numbered = list(enumerate(chunk, start=tally.lines + 1))
            events = list(_events(numbered[max(0, skip - tally.lines) :], tally, reject))
            await _acknowledged(producer, target.topic, events, wait)
            tally.published += len(events)
            tally.lines += len(chunk)
            if tally.lines > skip:
                settled(tally)
    finally:
        with suppress(TimeoutError):  # what is not acknowledged by now is not waited for
            async with asyncio.timeout(_STOP_SECONDS):
                await producer.stop()
    return tally


@dataclass(frozen=True, slots=True)
class Source:
    """A file's content, by what tells it from another's, and its number of lines."""

    sha256: str
    lines: int


def examine(path: Path) -> Source:
    """Read a file once, for its digest and its lines; `OSError` if that cannot be."""
    digest, lines, last = hashlib.sha256(), 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(_CHUNK_BYTES):
            digest.update(block)
            lines, last = lines + block.count(b"\n"), block[-1:]
    return Source(digest.hexdigest(), lines + (last != b"\n"))


async def _chunks(source: BufferedReader) -> AsyncIterator[list[bytes]]:
    """The lines, in lists as long as what could be read at once."""
    rest = b""
    while data := await in_daemon_thread(partial(source.read1, _CHUNK_BYTES)):
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _events(
    chunk: Iterable[tuple[int, bytes]], tally: Tally, reject: Say
) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of the lines that are events."""
    now_ms = round(time.time() * 1000)
    for number, line in chunk:
        value = line.strip()
        if not value:
            continue
        try:
            event = parse_event(value, None, now_ms)
        except InvalidEvent as error:
            tally.rejected[str(error.reason)] += 1
            reject(f"line {number}: {error}")
        else:
            yield event.user_id.encode(), value


async def _started(target: Target, wait: Say) -> AIOKafkaProducer:
    """A producer that has reached the broker, however long that takes."""
    told = False
    while True:
        try:
            await end_offsets(target.options, target.topic)  # a producer never says: no such topic
            return await _connected(target.options)
        except (StoreUnavailable, KafkaConnectionError):
            if not told:
                wait(f"waiting for Kafka at {target.options.bootstrap}")
                told = True
        await asyncio.sleep(_WAIT_SECONDS)


async def _connected(options: KafkaOptions) -> AIOKafkaProducer:
    producer = idempotent_producer(options)
    try:
        await producer.start()
    except KafkaConnectionError:
        await producer.stop()
        raise
    return producer


async def _acknowledged(
    producer: AIOKafkaProducer, topic: str, events: Iterable[tuple[bytes, bytes]], wait: Say
) -> None:
    sending = asyncio.ensure_future(_send(producer, topic, events))
    try:
        while not (await asyncio.wait({sending}, timeout=_PATIENCE_SECONDS))[0]:
            wait("Kafka does not acknowledge; still trying")
        await sending
    finally:
        sending.cancel()


async def _send(
    producer: AIOKafkaProducer, topic: str, events: Iterable[tuple[bytes, bytes]]
) -> None:
    futures = [await producer.send(topic, value, key=key) for key, value in events]
    for outcome in await asyncio.gather(*futures, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise FatalError(f"Kafka refused a record: {type(outcome).__name__}") from outcome
