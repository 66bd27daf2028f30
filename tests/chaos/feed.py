"""A stock producer that publishes a history at its own pace while other things happen."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from pipeline.adapters.kafka import client_arguments
from tests.chaos.traffic import Plan, Publication
from tests.pipeline_processes import Pipeline

# A producer that gives up skips an event, and what it sends again comes out of order.
PATIENCE_MS = 600_000


@dataclass
class Feed:
    """What has been published; `per_second` and `enough` may change meanwhile."""

    plan: Plan
    per_second: float
    published: list[Publication] = field(default_factory=list)
    enough: bool = False


@asynccontextmanager
async def feeding(world: Pipeline, plan: Plan, per_second: float) -> AsyncIterator[Feed]:
    """Publish during the block, and end it with everything acknowledged by the broker."""
    feed = Feed(plan, per_second)
    async with AIOKafkaProducer(
        **client_arguments(world.kafka), enable_idempotence=True, request_timeout_ms=PATIENCE_MS
    ) as producer:
        task = asyncio.create_task(_publish(producer, world.topics.events, feed))
        try:
            yield feed
        except BaseException:
            task.cancel()
            raise
        feed.enough = True
        await task


async def _publish(producer: AIOKafkaProducer, topic: str, feed: Feed) -> None:
    due, sent = time.monotonic(), list[asyncio.Future[Any]]()
    for publication in feed.plan.publications():
        due += 1 / feed.per_second
        if (early := due - time.monotonic()) > 0:
            await asyncio.sleep(early)
        if feed.enough:
            break
        value, key = orjson.dumps(publication.event), publication.event["user_id"].encode()
        sent.append(await producer.send(topic, value, key=key, partition=publication.partition))
        feed.published.append(publication)
    await asyncio.gather(*sent)
