"""Admit's side of Kafka: the journal, users' home partitions, and where the public log begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from pipeline.adapters.kafka.offsets import start_offsets
from pipeline.adapters.kafka.options import KafkaOptions
from pipeline.adapters.kafka.producer import Record, send_closed_batch
from pipeline.topics import TopicNames


@dataclass(frozen=True, slots=True)
class KafkaLog:
    """Writes through one idempotent producer; every call awaits the broker's acknowledgement.

    Every method that writes raises `FatalError` when the broker's answer is unknown.
    """

    options: KafkaOptions
    topics: TopicNames
    producer: AIOKafkaProducer

    async def append(self, partition: int, records: Sequence[Record]) -> int:
        """Append to the journal's partition; returns the offset behind the last record."""
        span = await send_closed_batch(self.producer, self.topics.journal, partition, records)
        return span.end

    async def send_home(self, partition: int, records: Sequence[Record]) -> int:
        """Publish again to a user's home partition; returns the offset behind the last record."""
        span = await send_closed_batch(self.producer, self.topics.events, partition, records)
        return span.end

    async def bury(self, partition: int, records: Sequence[Record]) -> None:
        """Append to the dead-letter topic's partition."""
        await send_closed_batch(self.producer, self.topics.dead_letters, partition, records)

    async def start_of(self, partition: int) -> int:
        """The first offset that the public topic's partition still has; `StoreUnavailable`."""
        return (await start_offsets(self.options, self.topics.events))[partition]
