"""The database's binding to a cluster, and what was trimmed too early, against real servers."""

from datetime import UTC, datetime, timedelta

import pytest

from ops.topics import accept_loss, adopt_topics, find_loss, prepare_topics
from pipeline import wiring
from pipeline.adapters.kafka import delete_records, idempotent_producer
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import admission, losses
from pipeline.adapters.postgres.watermarks import (
    AdmitMark,
    advance_admission,
    ensure_row,
    lock_admission,
)
from pipeline.cluster import check_cluster, read_binding
from pipeline.errors import ConfigError
from pipeline.settings import Settings


@pytest.fixture
def make_settings(kafka_server, postgres_url, tmp_path):
    def make(prefix, **more):
        return Settings(
            _env_file=None,
            kafka_bootstrap_servers=kafka_server.bootstrap,
            postgres_url=postgres_url,
            tidemark_topic_prefix=prefix,
            data_dir=tmp_path,
            **{"tidemark_partitions": 2, **more},
        )

    return make


@pytest.fixture
async def engine(make_settings, topic_prefix):
    engine = wiring.postgres(make_settings(topic_prefix))
    yield engine
    await engine.dispose()


async def binding(settings):
    return await read_binding(
        wiring.kafka_options(settings), wiring.topics(settings), settings.tidemark_partitions
    )


async def stand_at(engine, partition, next_, journal_end=0):
    async with transaction(engine) as connection:
        await ensure_row(connection, admission, partition)
        mark = AdmitMark(next_, 0, journal_end)
        await advance_admission(connection, partition, mark)


async def append(settings, partition, count):
    producer = idempotent_producer(wiring.kafka_options(settings))
    async with producer:
        for _ in range(count):
            await producer.send_and_wait(wiring.topics(settings).events, b"{}", partition=partition)


async def test_the_first_use_binds_and_the_next_ones_agree(make_settings, topic_prefix, engine):
    settings = make_settings(topic_prefix)

    await prepare_topics(settings)
    await prepare_topics(settings)

    await check_cluster(engine, await binding(settings))


async def test_a_database_that_belongs_to_nothing_names_the_command(
    make_settings, topic_prefix, engine
):
    settings = make_settings(topic_prefix)
    await prepare_topics(settings)
    async with transaction(engine) as connection:
        await connection.exec_driver_sql("DELETE FROM truth.cluster")

    with pytest.raises(ConfigError, match="run `tidemark topics apply`"):
        await check_cluster(engine, await binding(settings))


async def test_other_topics_are_refused_with_the_command_that_resolves_it(
    make_settings, topic_prefix
):
    await prepare_topics(make_settings(topic_prefix))

    with pytest.raises(ConfigError) as refused:
        await prepare_topics(make_settings(topic_prefix + "other."))

    assert len(refused.value.reasons) == 2
    assert all("tidemark topics apply --adopt" in reason for reason in refused.value.reasons)


async def test_another_number_of_partitions_is_refused(make_settings, topic_prefix):
    await prepare_topics(make_settings(topic_prefix))

    with pytest.raises(ConfigError, match="set TIDEMARK_PARTITIONS=2"):
        await binding(make_settings(topic_prefix, tidemark_partitions=3))
    with pytest.raises(ConfigError, match="belongs to topics of 2 partitions, these have 3"):
        await prepare_topics(make_settings(topic_prefix + "other.", tidemark_partitions=3))


async def test_topics_that_hold_as_much_are_adopted(make_settings, topic_prefix, engine):
    other = make_settings(topic_prefix + "other.")
    await prepare_topics(make_settings(topic_prefix))
    with pytest.raises(ConfigError):
        await prepare_topics(other)
    await append(other, 1, 3)
    await stand_at(engine, 1, 3)

    await adopt_topics(other)

    await check_cluster(engine, await binding(other))


@pytest.mark.parametrize(("next_", "journal_end"), [(4, 0), (0, 1)])
async def test_topics_that_end_before_what_was_stored_are_not_adopted(
    make_settings, topic_prefix, engine, next_, journal_end
):
    other = make_settings(topic_prefix + "other.")
    await prepare_topics(make_settings(topic_prefix))
    with pytest.raises(ConfigError):
        await prepare_topics(other)
    await append(other, 1, 3)
    await stand_at(engine, 1, next_, journal_end)

    with pytest.raises(ConfigError, match="partition 1 ends before what was stored"):
        await adopt_topics(other)


async def test_lost_records_are_named_passed_and_recorded(make_settings, topic_prefix, engine):
    settings = make_settings(topic_prefix)
    await prepare_topics(settings)
    await append(settings, 0, 5)
    await stand_at(engine, 0, 2)
    options, topic = wiring.kafka_options(settings), wiring.topics(settings).events
    await delete_records(options, topic, {0: 4})

    lost = await find_loss(settings, 0)
    for name in ("ana@ops", "too late"):
        await accept_loss(settings, lost, by=name)

    assert (lost.start, lost.end) == (2, 4)
    assert await find_loss(settings, 0) is None
    async with transaction(engine) as connection:
        assert (await lock_admission(connection, 0)).next == 4
        [kept] = list(await connection.execute(losses.select()))
    assert (kept.partition, kept.start, kept.end, kept.accepted_by) == (0, 2, 4, "ana@ops")
    assert datetime.now(UTC) - kept.accepted_at < timedelta(minutes=1)


async def test_a_partition_never_admitted_from_has_lost_nothing(make_settings, topic_prefix):
    settings = make_settings(topic_prefix)
    await prepare_topics(settings)
    await append(settings, 0, 2)
    options, topic = wiring.kafka_options(settings), wiring.topics(settings).events
    await delete_records(options, topic, {0: 2})

    assert await find_loss(settings, 0) is None


async def test_a_partition_that_does_not_exist_is_refused(make_settings, topic_prefix):
    settings = make_settings(topic_prefix)
    await prepare_topics(settings)

    with pytest.raises(ConfigError, match="has partitions 0 to 1"):
        await find_loss(settings, 2)
