"""Publishing with a stock aiokafka producer, at its defaults."""

import asyncio
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from tests.benchmarks.talk import Message

TOPIC = "chat.events"
SEED = 20_240_229


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a message landed, and when it was handed to the producer (perf_counter)."""

    partition: int
    offset: int
    at: float


async def publish(
    bootstrap: str, messages: Iterable[Message], per_second: float | None = None
) -> list[Sent]:
    """Publish at a mean rate, at random moments; without a rate, as fast as the producer takes.

    Raises:
        KafkaError: the broker refused one.
    """
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        sending = []
        for message, moment in zip(messages, _moments(per_second), strict=False):
            if (early := moment - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            at = time.perf_counter()
            sending.append((at, await producer.send(TOPIC, message.value, key=message.key)))
        return [_sent(at, await future) for at, future in sending]


def rate(sent: Sequence[Sent]) -> float:
    """Messages a second that were really sent."""
    return (len(sent) - 1) / max(1e-9, sent[-1].at - sent[0].at)


def _moments(per_second: float | None) -> Iterator[float]:
    chance = random.Random(SEED)
    moment = time.perf_counter()
    while True:
        yield moment
        moment += chance.expovariate(per_second) if per_second else 0.0


def _sent(at: float, landed: object) -> Sent:
    return Sent(landed.partition, landed.offset, at)  # type: ignore[attr-defined]
