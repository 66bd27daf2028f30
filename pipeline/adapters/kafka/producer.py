"""The producer of the protocol: closed batches, one at a time (design 2a, step 4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from pipeline.adapters.kafka.options import KafkaOptions, client_arguments
from pipeline.errors import FatalError

# Below the `max.message.bytes` of every topic: the broker's limit counts a whole batch.
_BATCH_BYTES = 512 * 1024
_RECORD_BYTES = 2 * 1024 * 1024
# A batch that times out is dropped while its sequence number stays taken, and the broker refuses
# everything after it: outlast any outage that a process is meant to survive.
_TIMEOUT_MS = 600_000


@dataclass(frozen=True, slots=True)
class Record:
    """What is appended to a log."""

    key: bytes | None
    value: bytes
    timestamp_ms: int  # since 1970; a topic of LogAppendTime replaces it
    headers: tuple[tuple[str, bytes], ...] = ()


class Span(NamedTuple):
    """The offsets of appended records: from `start`, up to and without `end`."""

    start: int
    end: int


def idempotent_producer(options: KafkaOptions) -> AIOKafkaProducer:
    """A producer whose retries neither lose nor double nor reorder; start and stop it yourself.

    After any exception from a send it is spent: end the process, or stop it and make another.
    """
    return AIOKafkaProducer(
        **client_arguments(options),
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=_TIMEOUT_MS,
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
        max_request_size=_RECORD_BYTES,
    )


async def send_closed_batch(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Record]
) -> Span:
    """Append records in order and return once the broker has them all.

    What does not fit one batch goes in several, each acknowledged before the next is sent: a
    broker accepts any first sequence number from a producer that it does not know yet, so with
    two under way the second could be kept and the first lost.

    Raises:
        FatalError: some records may be in the log; only a fresh process knows where to go on.
    """
    if not records:
        raise ValueError("nothing to append")
    spans = [await _send(producer, topic, partition, batch) for batch in _closed(producer, records)]
    return Span(spans[0].start, spans[-1].end)


def _closed(producer: AIOKafkaProducer, records: Sequence[Record]) -> Iterator[BatchBuilder]:
    batch = producer.create_batch()
    for record in records:
        if not _append(batch, record):
            yield batch  # a full batch closes itself
            batch = producer.create_batch()
            _append(batch, record)  # the first record always fits; the broker has the last word
    batch.close()
    yield batch


def _append(batch: BatchBuilder, record: Record) -> bool:
    appended = batch.append(
        timestamp=record.timestamp_ms,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
    )
    return appended is not None


async def _send(
    producer: AIOKafkaProducer, topic: str, partition: int, batch: BatchBuilder
) -> Span:
    count = batch.record_count()
    try:
        acknowledged = await (await producer.send_batch(batch, topic, partition=partition))
    except KafkaError as error:
        raise FatalError(f"Kafka refused a batch: {type(error).__name__}") from error
    if acknowledged.offset < 0:
        raise FatalError("Kafka took a batch for a repetition and did not say where it lies")
    return Span(acknowledged.offset, acknowledged.offset + count)
