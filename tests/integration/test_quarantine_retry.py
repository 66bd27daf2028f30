"""A retry makes one user's part of a view anew from the journal, and nobody else's."""

import json
from dataclasses import replace

import pytest

from consumers import persist, usage
from consumers.embed import Embed
from consumers.quarantine import _list, read_rows, retry
from pipeline.adapters.memory_vectors import MemoryVectors
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import (
    conversations,
    days,
    messages,
    points,
    profiles,
    quarantines,
    spans,
    totals,
    user_keys,
    watermarks,
)
from pipeline.domain.content import open_message, open_profile
from pipeline.errors import FatalError, StoreUnavailable
from pipeline.verifying.rebuild import rebuild_user
from pipeline.worker import view_stage
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
from tests.integration.test_quarantine import Fails, flipped
from tests.kafka_records import topic

ANA, BEN = pid("ana"), pid("ben")


@pytest.fixture
async def resources(world, kafka_options, topic_prefix):
    resources = resources_of(world, kafka_options, topic_prefix)
    await topic(kafka_options, resources.topics.journal, partitions=2)
    return resources


async def settled(world, resources, view):
    await world.settle(world.stage(view))
    await mirror(world, resources.kafka, resources.topics.journal)


def talk():
    """Two users, interleaved; the fourth event is the one that handlers will stumble over."""
    return [
        said("ana", "a0", conversation_id="c", id=event_id(0)),
        profile("ana", 1, name="Ana", role="diver", id=event_id(1)),
        said("ben", "b2", id=event_id(2)),
        said("ana", "a3", 3, conversation_id="c", id=event_id(3)),
        profile("ana", 4, role=None, language="is", id=event_id(4)),
        said("ana", "a5", 5, id=event_id(5)),
        said("ben", "b6", 6, id=event_id(6)),
    ]


async def texts(world, user):
    rows = [row for row in await world.rows(messages, messages.c.seq) if row.pid == user]
    names = {(user, 1, int.from_bytes(row.box[6:8])) for row in rows}
    keys = await world.keyring.content(names)
    opened = [
        open_message(keys[user, 1, int.from_bytes(row.box[6:8])], user, row.id, row.role, row.box)
        for row in rows
    ]
    return [one.content for one in opened]


async def everything(world, view):
    """Rows of the view by table, without boxes, which differ with every sealing."""
    return {
        table.name: [
            {k: v for k, v in row._asdict().items() if k != "box"}
            for row in await world.rows(table)
        ]
        for table in view.tables
    }


async def aside(world, view="persist"):
    return [row.offset for row in await world.rows(quarantines[view])]


async def test_a_mended_handler_gets_the_whole_user_again_in_order(world, resources, capsys):
    await world.publish(*talk())
    fails = Fails(3, KeyError())
    await settled(world, resources, fails.view)
    before = await everything(world, persist.VIEW), await world.rows(watermarks["persist"])
    others = [row for row in await world.rows(messages) if row.pid == BEN]
    missing = await texts(world, ANA)

    assert await retry(resources, persist.VIEW, None)

    assert missing == ["a0", "a5"]
    assert await texts(world, ANA) == ["a0", "a3", "a5"]
    assert [row for row in await world.rows(messages) if row.pid == BEN] == others
    assert await world.rows(watermarks["persist"]) == before[1]
    assert await aside(world) == []
    assert capsys.readouterr().out == f"{ANA.hex()}: 5 events handled again\n"
    ((thread,), (row,)) = await world.rows(conversations), await world.rows(profiles)
    assert thread.messages == 2
    (key,) = (await world.keyring.content([(ANA, 1, 1)])).values()
    assert open_profile(key, ANA, row.rev, row.box) == {"name": "Ana", "language": "is"}
    assert row.rev == 2


async def test_a_retry_ends_where_a_view_that_never_failed_would(world, resources):
    await world.publish(*talk())
    await world.publish(
        *(
            said("ana", f"p{n}", 40 * n, session_id="s" * (n % 2)) | {"session_id": f"s{n % 3}"}
            for n in range(9)
        ),
        partition=0,
    )
    await world.settle(world.stage(persist.VIEW))
    whole = await everything(world, persist.VIEW)
    async with transaction(world.engine) as connection:
        for table in (*persist.VIEW.tables, watermarks["persist"]):
            await connection.execute(table.delete())
    await settled(world, resources, Fails(3, KeyError()).view)

    assert await everything(world, persist.VIEW) != whole
    assert await retry(resources, persist.VIEW, None)
    assert await everything(world, persist.VIEW) == whole


async def test_what_the_view_dropped_is_not_counted_by_a_retry_either(world, resources):
    """Doubles of a crashed admit, and a record whose predecessor was refused."""
    await world.publish(*talk())
    journal = world.logs.journal[0]
    doubled = [*journal[:4], *journal[2:4], journal[6], *journal[4:]]
    world.logs.journal[0] = [replace(one, offset=i) for i, one in enumerate(doubled)]
    failing = replace(usage.VIEW, handlers={"chat.message.sent.v1": failing_at(3, usage)})
    await settled(world, resources, failing)
    left_out = [(row.messages, row.sent) for row in await world.rows(totals)]

    assert await retry(resources, usage.VIEW, None)

    assert await aside(world, "usage") == []
    assert sorted(left_out) == [(2, 2), (2, 2)]
    assert {row.pid: row.messages for row in await world.rows(totals)} == {ANA: 3, BEN: 2}
    assert {row.pid: row.messages for row in await world.rows(days)} == {ANA: 3, BEN: 2}
    assert {row.pid: row.messages for row in await world.rows(spans)} == {ANA: 3, BEN: 2}


def failing_at(number, view):
    async def handle(batch, events):
        if any(str(one.id) == event_id(number) for one in events):
            raise LookupError
        await view.message_sent(batch, events)

    return handle


async def test_what_cannot_be_opened_stays_set_aside_and_the_rest_comes_back(
    world, resources, capsys
):
    await world.publish(*talk())
    world.logs.journal[0][0] = flipped(world.logs.journal[0][0])
    await settled(world, resources, Fails(3, KeyError()).view)

    assert await aside(world) == [0, 3]
    assert not await retry(resources, persist.VIEW, None)

    assert await aside(world) == [0]
    assert await texts(world, ANA) == ["a3", "a5"]
    assert "partition 0 offset 0: stays set aside: tampered" in capsys.readouterr().out


async def test_what_no_key_opens_any_more_is_left_out(world, resources):
    await world.publish(*talk(), said("ana", "april", 60 * 24 * 40))
    await settled(world, resources, Fails(3, KeyError()).view)
    march = (user_keys.c.pid == ANA) & (user_keys.c.period == 202503)
    async with transaction(world.engine) as connection:
        await connection.execute(user_keys.delete().where(march))

    assert await retry(resources, persist.VIEW, None)

    assert await texts(world, ANA) == ["april"]
    assert len(await world.rows(profiles)) == 1
    assert await aside(world) == []


async def test_a_handler_that_fails_still_changes_nothing(world, resources, capsys):
    await world.publish(*talk())
    fails = Fails(3, KeyError("canary"))
    await settled(world, resources, fails.view)
    before = await everything(world, persist.VIEW)

    assert not await retry(resources, fails.view, None)

    assert await everything(world, persist.VIEW) == before
    assert await aside(world) == [3]
    printed = capsys.readouterr().out
    assert printed == f"{ANA.hex()}: fails again, nothing was changed: KeyError (KeyError)\n"


async def test_a_store_away_ends_a_retry_and_changes_nothing(world, resources):
    await world.publish(*talk())
    fails = Fails(3, KeyError())
    await settled(world, resources, fails.view)
    before = await everything(world, persist.VIEW)
    fails.error = StoreUnavailable("as if Qdrant were away")

    with pytest.raises(StoreUnavailable):
        await retry(resources, fails.view, None)
    away = replace(resources, kafka=replace(resources.kafka, bootstrap="127.0.0.1:1"))
    with pytest.raises(StoreUnavailable):
        await retry(away, persist.VIEW, None)
    assert await everything(world, persist.VIEW) == before


async def test_a_journal_that_is_not_whole_is_refused(world, resources):
    await world.publish(*talk())
    await world.settle(world.stage(Fails(3, KeyError()).view))
    world.logs.journal[0] = world.logs.journal[0][:2]
    await mirror(world, resources.kafka, resources.topics.journal)
    stage = view_stage(resources, persist.VIEW)

    async def short():
        return await rebuild_user(stage, resources.kafka, 0, ANA)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.verifying.replay.QUIET_SECONDS", 0.2)
        with pytest.raises(FatalError, match="ends before offset 7"):
            await short()
    assert await aside(world) == [3]


async def test_what_the_view_settles_meanwhile_is_part_of_the_rebuild(world, resources):
    """The history is read before the lock is held; what came in between is read under it."""
    await world.publish(*talk())
    await settled(world, resources, Fails(3, KeyError()).view)
    seen = []

    async def prepare(events):
        if not seen:
            await world.publish(said("ana", "late", 9), said("ben", "late", 9))
            await settled(world, resources, persist.VIEW)
        seen.append([one.seq for one in events])

    stage = view_stage(resources, replace(persist.VIEW, prepare=prepare))
    rebuilt = await rebuild_user(stage, resources.kafka, 0, ANA)

    assert seen == [[0, 1, 3, 4, 5], [7]]
    assert rebuilt.handled == 6
    assert await texts(world, ANA) == ["a0", "a3", "a5", "late"]
    assert await texts(world, BEN) == ["b2", "b6", "late"]


async def test_only_the_user_that_is_asked_for_is_rebuilt(world, resources):
    await world.publish(*talk())
    journal = world.logs.journal[0]
    good = [journal[0], journal[2]]
    journal[0], journal[2] = flipped(good[0]), flipped(good[1])
    await world.settle(world.stage(persist.VIEW))
    journal[0], journal[2] = good
    await mirror(world, resources.kafka, resources.topics.journal)

    assert await retry(resources, persist.VIEW, BEN.hex())

    assert await aside(world) == [0]
    assert await texts(world, BEN) == ["b2", "b6"]
    assert await texts(world, ANA) == ["a3", "a5"]


async def test_a_record_of_nobody_stays_and_is_listed(world, resources, capsys):
    await world.publish(*talk())
    world.logs.journal[0][2] = replace(world.logs.journal[0][2], key=b"?", value=b"?")
    await settled(world, resources, persist.VIEW)
    rows = await read_rows(resources.engine)

    assert not await retry(resources, persist.VIEW, None)
    assert not await retry(resources, persist.VIEW, None)
    assert await retry(resources, persist.VIEW, ANA.hex())

    assert [(row.view, row.offset, row.pid) for row in rows] == [("persist", 2, None)]
    assert "partition 0 offset 2: names no user and stays" in capsys.readouterr().out


async def test_vectors_are_written_again(world, resources):
    await world.publish(*talk())
    vectors, encoder = MemoryVectors(DIM), HashEncoder()
    view = Embed(encoder, vectors).view()
    mended = view.handlers["chat.message.sent.v1"]

    async def handle(batch, events):
        if any(str(one.id) == event_id(3) for one in events):
            raise LookupError
        await mended(batch, events)

    await settled(world, resources, replace(view, handlers={"chat.message.sent.v1": handle}))
    before = len(vectors.points), len(await world.rows(points))
    vectors.points.popitem()

    assert await retry(resources, view, None)

    assert before == (4, 4)
    rows = {row.id for row in await world.rows(points)}
    mine = {point.id for point in vectors.points.values() if point.pid == ANA}
    assert mine == {row.id for row in await world.rows(points) if row.pid == ANA}
    assert len(rows) == 5


async def test_the_list_is_for_people_and_for_programs(world, resources, capsys):
    await world.publish(*talk())
    await settled(world, resources, Fails(3, KeyError()).view)

    assert await _list(resources, as_json=False) == 0
    for_people = capsys.readouterr().out
    assert await _list(resources, as_json=True) == 0
    (row,) = json.loads(capsys.readouterr().out)

    assert f"persist partition 0 offset 3  user {ANA.hex()}  KeyError\n1 set aside\n" in for_people
    assert (row["view"], row["offset"], row["event_id"]) == ("persist", 3, event_id(3))
