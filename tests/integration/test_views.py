"""What every view does with the journal: each accepted event once, in order, with its watermark."""

import asyncio
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from ops.embedded import postgres
from pipeline import consume
from pipeline.adapters.postgres import watermarks as module
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.migrate import upgrade
from pipeline.adapters.postgres.tables import attempts, totals, user_keys, watermarks
from pipeline.adapters.postgres.write import insert_new
from pipeline.errors import FatalError, StoreUnavailable
from pipeline.stage import Record
from pipeline.stages.view import View
from tests.integration.stages_support import pid, profile, said, world_at
from tests.servers import postgres_engine, running
from tests.waiting import until

SAID, CHANGED = "chat.message.sent.v1", "memory.profile.updated.v1"


class Heard:
    """A view that notes what it handles, and a row a run; it fails where it is told to."""

    def __init__(self) -> None:
        self.runs: list[list[str]] = []
        self.fails: Exception | None = None
        both = {SAID: self.handle, CHANGED: self.handle}
        self.view = View("usage", (totals,), both)

    async def handle(self, batch, events):
        self.runs.append([getattr(one.event, "content", one.event.type) for one in events])
        at = events[0].event.at
        row = {"pid": len(self.runs).to_bytes(16), "epoch": 1, "messages": 1, "sent": 1}
        await insert_new(batch.connection, totals, [row | {"first_at": at, "last_at": at}])
        if self.fails:
            raise self.fails

    @property
    def words(self) -> list[str]:
        return [word for run in self.runs for word in run]


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def stage(world, heard):
    return world.stage(heard.view)


async def mark(world):
    rows = [row for row in await world.rows(watermarks["usage"]) if row.partition == 0]
    return [(row.next, row.src_next) for row in rows]


def moved(records, start):
    """The records as the journal would hold them again from `start` on: a writer did them twice."""
    return [replace(one, offset=start + i) for i, one in enumerate(records)]


def linked(record, src, prev):
    return replace(record, headers={"src": b"%d" % src, "prev": b"%d" % prev})


def counted(outcome):
    labels = {"consumer": "usage", "outcome": outcome}
    return REGISTRY.get_sample_value("tidemark_records_total", labels) or 0


async def test_events_are_handled_in_order_and_in_runs_of_one_type(world, heard, stage):
    await world.publish(
        said(content="1"), said("ben", "2"), profile(name="A"), profile(name="B"), said(content="3")
    )
    await world.settle(stage)

    assert heard.runs == [["1", "2"], [CHANGED, CHANGED], ["3"]]
    assert await mark(world) == [(5, 5)]


async def test_a_type_without_a_handler_passes_by(world, heard, stage):
    started = said() | {"type": "chat.session.started.v1", "session_id": "s"}
    await world.publish(said(content="1"), started, said(content="2"))
    await world.settle(stage)

    assert heard.words == ["1", "2"]
    assert await mark(world) == [(3, 3)]


@pytest.mark.parametrize("again", [slice(0, 3), slice(1, 2), slice(2, 4)])
async def test_what_is_redelivered_from_below_the_watermark_is_dropped(world, heard, stage, again):
    await world.publish(*(said(content=str(n)) for n in range(4)))
    records, before = world.logs.journal[0], counted("seen")
    await stage.attempt(0, records[:3])
    await stage.attempt(0, records[again])
    await stage.attempt(0, records[3:])

    assert heard.words == ["0", "1", "2", "3"]
    assert await mark(world) == [(4, 4)]
    assert counted("seen") - before == len(records[again])


async def test_what_a_crashed_admit_wrote_twice_is_handled_once(world, heard, stage):
    await world.publish(*(said(content=str(n)) for n in range(3)))
    journal, before = world.logs.journal[0], counted("redone")
    journal += moved(journal, 3)
    await world.settle(stage, batch=2)
    await world.publish(said(content="3"))
    await world.settle(stage)

    assert heard.words == ["0", "1", "2", "3"]
    assert await mark(world) == [(7, 4)]
    assert counted("redone") - before == 3


async def test_a_record_whose_predecessor_was_refused_is_dropped_until_it_comes_again(
    world, heard, stage
):
    await world.publish(*(said(content=str(n)) for n in range(3)))
    first, second, third = world.logs.journal[0]
    before = counted("orphaned")
    world.logs.journal[0] = [first, *moved([third, second, third], 1)]
    await world.settle(stage)

    assert heard.words == ["0", "1", "2"]
    assert counted("orphaned") - before == 1


async def test_records_whose_sources_were_not_accepted_leave_no_hole(world, heard, stage):
    await world.publish(said(content="1"), b"{", b"{", said(content="2"))
    await world.settle(stage)

    assert heard.words == ["1", "2"]
    assert await mark(world) == [(2, 4)]


async def test_a_gap_in_the_journal_stops_the_view(world, heard, stage):
    await world.publish(*(said(content=str(n)) for n in range(4)))
    records = world.logs.journal[0]
    await stage.attempt(0, records[:1])

    with pytest.raises(FatalError, match="gap: 1 to 2"):
        await stage.attempt(0, records[2:])
    with pytest.raises(FatalError, match="gap: 1 to 3"):
        await stage.attempt_singly(0, records[3:])
    assert heard.words == ["0"]
    assert await mark(world) == [(1, 1)]


async def test_effects_and_watermark_are_kept_or_lost_together(world, heard, stage):
    await world.publish(said(content="1"))
    heard.fails = KeyError()
    with pytest.raises(KeyError):
        await stage.attempt(0, world.logs.journal[0])
    lost = await world.rows(totals), await mark(world)
    heard.fails = None
    await stage.attempt(0, world.logs.journal[0])

    assert lost == ([], [(0, 0)])
    assert len(await world.rows(totals)) == 1
    assert await mark(world) == [(1, 1)]


async def test_what_no_key_opens_is_passed_and_counted(world, heard, stage):
    await world.publish(said("ana", "1"), said("ben", "2"), said("ana", "3", 60 * 24 * 40))
    before = counted("shredded")
    march = (user_keys.c.pid == pid("ana")) & (user_keys.c.period == 202503)
    async with transaction(world.engine) as connection:
        await connection.execute(user_keys.delete().where(march))
    await world.settle(stage)

    assert heard.words == ["2", "3"]
    assert await mark(world) == [(3, 3)]
    assert counted("shredded") - before == 1


async def test_a_view_reads_on_at_its_watermark_and_begins_where_the_journal_does(world, stage):
    await world.publish(said(), said(), partition=1)
    await world.settle(stage)

    assert await stage.resume_at({0: 0, 1: 0, 2: 5}) == {0: 0, 1: 2, 2: 5}


async def test_partitions_do_not_concern_one_another(world, heard, stage):
    for partition in (4, 2):
        await world.publish(
            *(said(f"user {partition}", str(partition), minutes=n) for n in range(3)),
            partition=partition,
        )
    journal = world.logs.journal
    await asyncio.gather(*(stage.attempt(p, journal[p]) for p in journal))

    assert sorted(heard.words) == ["2"] * 3 + ["4"] * 3
    rows = await world.rows(watermarks["usage"])
    assert [(row.partition, row.next) for row in rows] == [(2, 3), (4, 3)]


async def test_a_frozen_twin_loses_its_lock_and_its_effects(world, heard, stage, monkeypatch):
    """Its session is ended by the one who waits, so what it was about to commit is gone."""
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.1)
    await world.publish(said(content="1"))
    held, resumed = asyncio.Event(), asyncio.Event()

    async def freeze(batch, events):
        await insert_new(batch.connection, totals, [row_of(events[0])])
        held.set()
        await resumed.wait()

    twin = world.stage(View("usage", (totals,), {SAID: freeze}))
    frozen = asyncio.create_task(twin.attempt(0, world.logs.journal[0]))
    await held.wait()
    await stage.attempt(0, world.logs.journal[0])
    resumed.set()

    with pytest.raises(StoreUnavailable):
        await frozen
    assert heard.words == ["1"]
    assert [bytes(row.pid) for row in await world.rows(totals)] == [(1).to_bytes(16)]


def row_of(one):
    times = {"first_at": one.event.at, "last_at": one.event.at}
    return {"pid": one.pid, "epoch": 1, "messages": 1, "sent": 1, **times}


async def test_a_store_away_in_a_handler_counts_as_no_attempt(world, heard, stage):
    await world.publish(said(content="1"))
    heard.fails = StoreUnavailable("Qdrant")
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            await stage.attempt(0, world.logs.journal[0])
        with pytest.raises(StoreUnavailable):
            await stage.attempt_singly(0, world.logs.journal[0])
    heard.fails = None
    fresh = world.stage(heard.view)
    await fresh.attempt(0, world.logs.journal[0])

    (row,) = await world.rows(watermarks["usage"])
    assert [one.count for one in await world.rows(attempts["usage"])] == [0]
    assert row.starts == 1
    assert heard.words[-1] == "1"


@pytest.fixture
def own_postgres(tmp_path):
    """A server that the test may stop."""
    server, engine = postgres_engine(tmp_path / "postgres")
    with running(engine):
        upgrade(postgres.url(server))
        yield postgres.url(server), engine


async def test_a_view_waits_for_its_database_and_catches_up(own_postgres, monkeypatch, caplog):
    monkeypatch.setattr(consume, "LONGEST_WAIT", 0.2)
    url, engine = own_postgres
    heard, labels = Heard(), {"consumer": "usage"}
    async with world_at(url) as world:
        stage = world.stage(heard.view)
        await world.publish(said(content="1"), said(content="2"))
        records = world.logs.journal[0]
        await consume.settle(stage, 0, records[:1])
        engine.stop()
        settling = asyncio.create_task(consume.settle(stage, 0, records))
        await until(lambda: REGISTRY.get_sample_value("tidemark_store_waiting", labels) == 1)
        engine.launch()
        await engine.ready()
        await asyncio.wait_for(settling, 30)

        assert heard.words == ["1", "2"]
        assert await mark(world) == [(2, 2)]
        assert REGISTRY.get_sample_value("tidemark_store_waiting", labels) == 0
    warnings = [record for record in caplog.records if "waiting for a store" in record.message]
    assert len(warnings) == 1


async def test_a_record_that_is_not_the_journals_has_no_way_in(world, heard, stage):
    """Nobody but admit writes there; what is there all the same is set aside in its turn."""
    await world.publish(said(content="1"))
    world.logs.journal[0].insert(0, Record(0, 0, 0, b"k", b"strange", {}))
    world.logs.journal[0][1] = replace(world.logs.journal[0][1], offset=1)
    await world.settle(stage)

    assert heard.words == ["1"]
    assert await mark(world) == [(2, 1)]
