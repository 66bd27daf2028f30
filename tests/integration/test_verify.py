"""Verify finds every difference between stores and journal, and invents none."""

from dataclasses import replace

import pytest

from consumers import persist, usage
from consumers.embed import Embed
from consumers.verify import verify
from pipeline.adapters.memory_vectors import MemoryVectors
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import (
    conversations,
    days,
    messages,
    points,
    quarantines,
    totals,
    user_keys,
)
from pipeline.errors import ConfigError, FatalError
from pipeline.verifying.scratch import alone
from tests.integration.stages_support import (
    DIM,
    HashEncoder,
    event_id,
    mirror,
    pid,
    profile,
    resources_of,
    said,
)
from tests.integration.test_quarantine import flipped
from tests.kafka_records import topic


@pytest.fixture
async def resources(world, kafka_options, topic_prefix):
    resources = resources_of(world, kafka_options, topic_prefix)
    await topic(kafka_options, resources.topics.journal, partitions=2)
    return resources


@pytest.fixture
def vectors():
    return MemoryVectors(DIM)


async def settle_all(world, resources, vectors):
    for view in (persist.VIEW, usage.VIEW, Embed(HashEncoder(), vectors).view()):
        await world.settle(world.stage(view))
    await mirror(world, resources.kafka, resources.topics.journal)


@pytest.fixture
async def filled(world, resources, vectors):
    """Two users' talk in every store."""
    talk = [said("ana", f"text {n}", 7 * n, id=event_id(n), conversation_id="c") for n in range(8)]
    await world.publish(*talk, profile("ana", name="Ana"), profile("ana", role="diver"))
    await world.publish(*(said("ben", f"b{n}", 40 * n) for n in range(4)), partition=1)
    await settle_all(world, resources, vectors)
    return resources


async def found(resources, vectors, sample=1000):
    reports = await verify(resources, HashEncoder(), vectors, sample=sample, seed=0)
    return [(one.table, one.what) for each in reports.values() for one in each.differences]


async def change(world, statement):
    async with transaction(world.engine) as connection:
        await connection.execute(statement)


async def test_stores_that_are_what_the_journal_says_show_no_difference(filled, vectors):
    reports = await verify(filled, HashEncoder(), vectors, sample=1000, seed=0)

    assert {name: each.compared for name, each in reports.items()} == {
        "persist": 14,
        "usage": 14,
        "embed": 14,
    }
    assert reports["embed"].vectors == 12
    assert [each.differences for each in reports.values()] == [[], [], []]


async def test_doubles_in_the_journal_and_records_set_aside_are_no_difference(
    world, resources, vectors
):
    await world.publish(*(said("ana", f"{n}") for n in range(5)))
    journal = world.logs.journal[0]
    journal[3] = flipped(journal[3])
    journal += [replace(one, offset=one.offset + 5) for one in journal]
    await settle_all(world, resources, vectors)

    assert await found(resources, vectors) == []
    assert len(await world.rows(quarantines["usage"])) == 1


async def test_what_no_key_opens_is_no_difference_once_it_is_gone(world, filled, vectors):
    await change(world, user_keys.delete().where(user_keys.c.pid == pid("ben")))
    for table in (messages, totals, days, points):
        await change(world, table.delete().where(table.c.pid == pid("ben")))
    wrong = {table for table, _ in await found(filled, vectors)}

    assert wrong == {"persist.users", "usage.zones", "usage.spans", "vectors"}


async def test_differences_in_rows_are_found(world, filled, vectors):
    ben, seventh = messages.c.pid == pid("ben"), messages.c.seq == 7
    await change(world, messages.delete().where(ben, messages.c.seq == 3))
    await change(world, messages.update().where(seventh).values(role=2))
    await change(world, conversations.update().values(messages=9))
    await change(world, totals.update().where(totals.c.pid == pid("ana")).values(sent=9))
    aside = {"partition": 0, "offset": 1, "reason": "x"}
    await change(world, quarantines["usage"].insert().values(aside))

    assert await found(filled, vectors) == [
        *found_in("persist.messages", "missing", "differs: role"),
        ("persist.conversations", "differs: messages"),
        ("usage.totals", "differs: sent"),
        ("usage.quarantine", "extra"),
    ]


def found_in(table, *differences):
    """They come in the order of the pseudonyms."""
    ordered = differences if pid("ben") < pid("ana") else reversed(differences)
    return [(table, what) for what in ordered]


async def test_a_box_that_was_exchanged_is_found(world, filled, vectors):
    first, second = [row for row in await world.rows(messages, messages.c.seq) if row.seq < 2][:2]
    await change(world, messages.update().where(messages.c.id == first.id).values(box=second.box))

    assert await found(filled, vectors) == [("persist.messages", "differs: box")]


async def test_differences_among_vectors_are_found(filled, vectors):
    lost, moved, turned, *_ = sorted(vectors.points)
    stray = replace(vectors.points[lost], id=type(lost)(int=5))
    vectors.points[moved] = replace(vectors.points[moved], day=1)
    vectors.points[turned] = replace(vectors.points[turned], vector=-vectors.points[turned].vector)
    vectors.points[stray.id] = stray
    del vectors.points[lost]

    assert sorted(await found(filled, vectors)) == [
        ("vectors", "differs: day"),
        ("vectors", "differs: vector"),
        ("vectors", "extra"),
        ("vectors", "missing"),
    ]


async def test_only_a_sample_of_the_vectors_is_made_again(filled, vectors):
    encoder = HashEncoder()
    reports = await verify(filled, encoder, vectors, sample=4, seed=1)

    assert 0 < len(encoder.texts) == reports["embed"].vectors < 12
    assert reports["embed"].differences == []


async def test_verify_leaves_nothing_behind_and_runs_alone(world, filled, vectors):
    await found(filled, vectors)
    async with world.engine.connect() as connection:
        names = (await connection.exec_driver_sql("SELECT nspname FROM pg_namespace")).scalars()
        assert not [name for name in names if name.endswith("_scratch")]

    async with alone(world.engine):
        with pytest.raises(ConfigError, match="another verify"):
            await found(filled, vectors)


async def test_a_journal_that_is_not_whole_is_refused(world, resources, vectors, monkeypatch):
    monkeypatch.setattr("pipeline.verifying.replay.QUIET_SECONDS", 0.2)
    await world.publish(*(said("ana", f"{n}") for n in range(5)))
    await world.settle(world.stage(persist.VIEW))
    world.logs.journal[0] = world.logs.journal[0][:2]
    await mirror(world, resources.kafka, resources.topics.journal)

    with pytest.raises(FatalError, match="ends before offset 5"):
        await found(resources, vectors)
