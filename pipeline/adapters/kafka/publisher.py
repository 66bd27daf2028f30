"""Publishing events for people who wait: acknowledged within seconds, or refused as unavailable.

A producer that failed once is spent (its sequence numbers have a hole), so it is replaced and the
records are sent again, also those of others that still waited in it. Every event carries its id, so
a second copy is dropped downstream.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import TypeAlias

from aiokafka import AIOKafkaProducer
from aiokafka.errors import DuplicateSequenceNumber, KafkaError, ProducerClosed
from aiokafka.structs import RecordMetadata

from pipeline.adapters.kafka.options import KafkaOptions, client_arguments
from pipeline.adapters.kafka.producer import Record
from pipeline.domain.positions import Position, merge_positions
from pipeline.errors import StoreUnavailable

log = logging.getLogger(__name__)

ANSWER_SECONDS = 5.0
AGAIN_SECONDS = 0.25
CLOSE_SECONDS = 15.0

_BATCH_BYTES = 512 * 1024

Destined: TypeAlias = tuple[int, Record]
"""A partition of the topic, and what is appended to it."""


class Publisher:
    """One idempotent producer for one topic, connected when first needed."""

    def __init__(self, options: KafkaOptions, topic: str, seconds: float = ANSWER_SECONDS) -> None:
        self._options = options
        self._topic = topic
        self._seconds = seconds
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self._ended = False

    async def publish(self, records: Sequence[Destined]) -> tuple[Position, ...]:
        """Append records, those of a partition in order; the last position in each partition.

        Raises:
            StoreUnavailable: not acknowledged in time; some of the records may be in the log.
        """
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    return await self._attempt(records)
            except (KafkaError, TimeoutError, OSError) as error:
                if time.monotonic() + AGAIN_SECONDS >= deadline:
                    raise StoreUnavailable(f"Kafka: {type(error).__name__}") from error
            await asyncio.sleep(AGAIN_SECONDS)

    async def close(self) -> None:
        """Let connections go; who still waits is refused."""
        self._ended = True
        if self._producer is not None:
            self._retire(self._producer)
        await asyncio.gather(*self._retiring)

    async def _attempt(self, records: Sequence[Destined]) -> tuple[Position, ...]:
        producer = await self._started()
        try:
            return await _send(producer, self._topic, records)
        except BaseException:
            # Also when the caller has gone: what is under way may fail unseen.
            self._retire(producer)
            raise

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._ended:
                raise StoreUnavailable("Kafka: this process is stopping")
            if self._producer is None:
                producer = _producer(self._options, self._seconds)
                try:
                    await producer.start()
                except BaseException:
                    self._close_later(producer)
                    raise
                self._producer = producer
            return self._producer

    def _retire(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
            self._close_later(producer)

    def _close_later(self, producer: AIOKafkaProducer) -> None:
        task = asyncio.create_task(_closed(producer))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


def _producer(options: KafkaOptions, seconds: float) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **client_arguments(options),
        acks="all",
        enable_idempotence=True,
        # What nobody waits for any more is dropped, not sent late.
        request_timeout_ms=round(seconds * 1000),
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
    )


async def _send(
    producer: AIOKafkaProducer, topic: str, records: Sequence[Destined]
) -> tuple[Position, ...]:
    sent: list[asyncio.Future[RecordMetadata]] = []
    try:
        for partition, record in records:
            future = await producer.send(
                topic,
                value=record.value,
                key=record.key,
                partition=partition,
                timestamp_ms=record.timestamp_ms,
                headers=list(record.headers),
            )
            sent.append(future)
        acknowledged = await asyncio.gather(*sent)
    finally:
        for future in sent:
            if not future.cancel() and not future.cancelled():
                future.exception()  # seen: a failure that comes later is nobody's
    if any(each.offset < 0 for each in acknowledged):
        # The broker has it from an earlier try and forgot where: only a new copy has a place.
        raise DuplicateSequenceNumber
    return merge_positions(Position(each.partition, each.offset) for each in acknowledged)


async def _closed(producer: AIOKafkaProducer) -> None:
    """Close it without sending what is still waiting: who asked for that is told, and tries again.

    What is on its way is waited for; `stop` alone would wait for a broker and send it all.
    """
    _abandon(producer)
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await producer._sender.close()  # noqa: SLF001
            _abandon(producer)  # what came back to be sent again
            await producer.stop()
    except (KafkaError, TimeoutError, OSError) as error:
        log.warning("a Kafka producer did not close: %s", type(error).__name__)


def _abandon(producer: AIOKafkaProducer) -> None:
    """Take nothing more, and fail what waits: nobody else would ever answer it."""
    waiting = producer._message_accumulator  # noqa: SLF001
    waiting._closed = True  # noqa: SLF001
    for batch in (batch for batches in waiting._batches.values() for batch in batches):  # noqa: SLF001
        batch.failure(ProducerClosed())
        batch._drain_waiter.exception()  # noqa: SLF001  seen
    waiting._batches.clear()  # noqa: SLF001
