"""Topics made what the table says, and the ids that an installation is bound to."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from pipeline.adapters.kafka import TopicsReport, apply_topics, client_arguments, cluster_identity
from pipeline.errors import ConfigError
from pipeline.topics import TopicSpec, topic_names, topic_table
from tests.kafka_records import topic
from tests.waiting import until


@pytest.fixture
async def admin(kafka_options):
    client = AIOKafkaAdminClient(**client_arguments(kafka_options))
    await client.start()
    yield client
    await client.close()


async def configs(admin, name):
    replies = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    return {entry[0]: entry[1] for entry in replies[0].resources[0][4]}


async def test_missing_topics_are_created_and_a_second_run_changes_nothing(
    kafka_options, topic_prefix, admin
):
    table = topic_table(topic_names(topic_prefix), 6)
    names = tuple(spec.name for spec in table)

    first = await apply_topics(kafka_options, table)
    second = await apply_topics(kafka_options, table)

    assert first == TopicsReport(created=names, altered=(), unchanged=())
    assert second == TopicsReport(created=(), altered=(), unchanged=names)
    for spec in table:
        assert (await configs(admin, spec.name)).items() >= spec.configs.items()


async def test_the_partitions_are_those_of_the_design(kafka_options, topic_prefix):
    names = topic_names(topic_prefix)
    await apply_topics(kafka_options, topic_table(names, 4))

    identity = await cluster_identity(kafka_options, [names.events, names.journal, names.audit])

    assert identity.partitions == {names.events: 4, names.journal: 4, names.audit: 1}


async def test_differing_settings_are_set_and_the_operators_own_stay(
    kafka_options, topic_prefix, admin
):
    name = f"{topic_prefix}topic"
    before = {"retention.ms": "1000", "flush.messages": "7"}
    await apply_topics(kafka_options, [TopicSpec(name, 1, before)])

    report = await apply_topics(kafka_options, [TopicSpec(name, 1, {"retention.ms": "2000"})])

    assert report.altered == (name,)
    after = await configs(admin, name)
    assert (after["retention.ms"], after["flush.messages"]) == ("2000", "7")


async def test_another_number_of_partitions_is_refused_before_anything_is_changed(
    kafka_options, topic_prefix
):
    present = await topic(kafka_options, f"{topic_prefix}present", partitions=2)
    absent = f"{topic_prefix}absent"

    with pytest.raises(ConfigError, match=r"has 2 partitions, not 3.*TIDEMARK_PARTITIONS=2"):
        await apply_topics(kafka_options, [TopicSpec(absent, 3), TopicSpec(present, 3)])

    assert absent not in (await cluster_identity(kafka_options, [absent])).partitions


async def test_a_setting_that_kafka_refuses_is_said_in_one_line(kafka_options, topic_prefix):
    with pytest.raises(ConfigError, match=r"Kafka refuses .* InvalidConfigurationError"):
        await topic(kafka_options, f"{topic_prefix}topic", retention_ms="soon")


async def test_a_topic_made_anew_has_another_id(kafka_options, topic_prefix, admin):
    name = await topic(kafka_options, f"{topic_prefix}again")
    before = await cluster_identity(kafka_options, [name])
    await admin.delete_topics([name])

    async def gone():
        return name not in (await cluster_identity(kafka_options, [name])).topic_ids

    await until(gone)
    await topic(kafka_options, name)
    after = await cluster_identity(kafka_options, [name])

    assert after.cluster_id == before.cluster_id
    assert after.topic_ids[name] != before.topic_ids[name]
    assert len(after.topic_ids[name]) == 22


def test_names_carry_the_prefix():
    assert topic_names("one.").journal == "one.memory.journal"


@pytest.mark.parametrize("prefix", ["a b", "a/b", "é", "x" * 240])
def test_a_prefix_that_kafka_does_not_allow_is_refused(prefix):
    with pytest.raises(ValueError, match="topic prefix"):
        topic_names(prefix)
