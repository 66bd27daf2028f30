"""Makes the topics what the table says: creates, alters, and refuses what cannot be altered."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from pipeline.adapters.kafka.connect import administration
from pipeline.adapters.kafka.offsets import end_offsets
from pipeline.adapters.kafka.options import KafkaOptions
from pipeline.errors import ConfigError, StoreUnavailable
from pipeline.topics import TopicSpec

_SET_ON_THE_TOPIC = 1  # DescribeConfigs: ConfigSource DYNAMIC_TOPIC_CONFIG
_MOST_REPLICAS = 3
_SERVED_SECONDS = 30
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class TopicsReport:
    """Names of the topics, by what was done to them."""

    created: tuple[str, ...]
    altered: tuple[str, ...]
    unchanged: tuple[str, ...]


async def apply_topics(options: KafkaOptions, table: Sequence[TopicSpec]) -> TopicsReport:
    """Create what is missing and set what differs; settings that the table does not name stay.

    New topics get three replicas, or as many as there are brokers; with three, a write needs two.

    Raises:
        ConfigError: a topic has another number of partitions, and nothing was changed; or Kafka
            refuses, for rights or settings that it names.
        StoreUnavailable: no broker answers.
    """
    async with administration(options) as client:
        existing = await _partition_counts(client)
        _refuse_other_counts(table, existing)
        missing = [spec for spec in table if spec.name not in existing]
        created = await _create(client, missing)
        await _until_served(options, [spec.name for spec in missing])
        present = [spec for spec in table if spec.name not in created]
        altered = await _alter(client, present)
    unchanged = (spec.name for spec in present if spec.name not in altered)
    return TopicsReport(created, altered, tuple(unchanged))


async def _partition_counts(client: AIOKafkaAdminClient) -> dict[str, int]:
    return {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics()}


def _refuse_other_counts(table: Sequence[TopicSpec], existing: Mapping[str, int]) -> None:
    """Partitions decide where a user lives: records would be left behind by any change."""
    differing = [
        f"topic {spec.name} has {existing[spec.name]} partitions, not {spec.partitions}: set"
        f" TIDEMARK_PARTITIONS={existing[spec.name]}, or start anew with another"
        " TIDEMARK_TOPIC_PREFIX"
        for spec in table
        if existing.get(spec.name, spec.partitions) != spec.partitions
    ]
    if differing:
        raise ConfigError(differing)


async def _create(client: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> tuple[str, ...]:
    if not specs:
        return ()
    brokers = (await client.describe_cluster())["brokers"]
    replicas = min(len(brokers), _MOST_REPLICAS)
    safe = {"min.insync.replicas": "2"} if replicas == _MOST_REPLICAS else {}
    wanted = [
        NewTopic(spec.name, spec.partitions, replicas, topic_configs={**safe, **spec.configs})
        for spec in specs
    ]
    reply = await client.create_topics(wanted)
    created = []
    for name, code, *_ in reply.topic_errors:
        # Two starts at once: the other one made it, from the same table.
        if for_code(code) is not TopicAlreadyExistsError:
            _raise_for(code, name)
            created.append(name)
    return tuple(created)


async def _until_served(options: KafkaOptions, names: Sequence[str]) -> None:
    """Wait for the brokers: a created topic is announced first and served a moment later."""
    deadline = time.monotonic() + _SERVED_SECONDS
    for name in names:
        while True:
            try:
                await end_offsets(options, name)
                break
            except (StoreUnavailable, ConfigError):
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_POLL_SECONDS)


async def _alter(client: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> tuple[str, ...]:
    current = await _configs(client, [spec.name for spec in specs])
    wanted = {spec.name: current[spec.name] | dict(spec.configs) for spec in specs}
    differing = {name: configs for name, configs in wanted.items() if configs != current[name]}
    if differing:
        # AlterConfigs replaces all of a topic's settings, hence the merge above.
        for reply in await client.alter_configs(_resources(differing)):
            for code, _message, _type, name in reply.resources:
                _raise_for(code, name)
    return tuple(differing)


async def _configs(client: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The settings made on the topics themselves, without the broker's defaults."""
    found: dict[str, dict[str, str]] = {}
    for reply in await client.describe_configs(_resources(dict.fromkeys(names))):
        for code, _message, _type, name, entries in reply.resources:
            _raise_for(code, name)
            found[name] = {
                key: value
                for key, value, _read_only, source, *_ in entries
                if source == _SET_ON_THE_TOPIC
            }
    return found


def _resources(configs: Mapping[str, Any]) -> list[ConfigResource]:
    return [ConfigResource(ConfigResourceType.TOPIC, *each) for each in configs.items()]


def _raise_for(code: int, name: str) -> None:
    error = for_code(code)
    if error is NoError:
        return
    if error.retriable:
        raise error(name)
    raise ConfigError([f"Kafka refuses what is wanted of topic {name}: {error.__name__}"])
