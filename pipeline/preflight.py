"""Whether this process belongs to these stores: checked as soon as they answer."""

import asyncio
import logging

from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.kafka import KafkaOptions
from pipeline.cluster import check_cluster, read_binding
from pipeline.errors import StoreUnavailable
from pipeline.settings import Settings
from pipeline.topics import TopicNames

log = logging.getLogger(__name__)

AGAIN_SECONDS = 2.0


async def until_checked(
    settings: Settings, kafka: KafkaOptions, topics: TopicNames, engine: AsyncEngine
) -> None:
    """Return when schema, cluster and topics were found to be the right ones.

    Raises:
        ConfigError: they are others; one line a reason.
    """
    from pipeline.adapters.postgres.migrate import check  # noqa: PLC0415  slow, and used once

    while True:
        try:
            await asyncio.to_thread(check, settings.postgres_url.get_secret_value())
            binding = await read_binding(kafka, topics, settings.tidemark_partitions)
            await check_cluster(engine, binding)
        except StoreUnavailable as error:
            log.info("not checked yet: %s", error)
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return
