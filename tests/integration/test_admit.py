"""What admit lets into the journal, once and in order, whatever producers and crashes repeat."""

import asyncio
from uuid import UUID, uuid4

import orjson
import pytest

from pipeline.adapters.postgres.tables import admission, ledger, sent_on, subjects, user_keys
from pipeline.domain.crypto import Purpose
from pipeline.domain.identity import event_id_at, event_id_of
from pipeline.domain.journal import decode_envelope, decode_links
from pipeline.errors import FatalError
from pipeline.stage import Record
from pipeline.stages.admission import HEARTBEAT, ORIGIN
from pipeline.stages.view import decode, open_records
from tests.integration.stages_support import BROKER_MS, TOPIC, event_id, pid, said

pytestmark = pytest.mark.timeout(60)


async def journal(world, partition=0):
    """What the journal holds, opened."""
    return await open_records(decode(world.logs.journal[partition]), world.keyring)


async def contents(world, partition=0):
    return [one.event.content for one in await journal(world, partition)]


def links(world, partition=0):
    found = [decode_links(record.headers.items()) for record in world.logs.journal[partition]]
    return [(one.src, one.prev) for one in found]


async def mark(world, partition=0):
    (row,) = [row for row in await world.rows(admission) if row.partition == partition]
    return row.next, row.prev, row.journal_end


async def test_an_event_reaches_the_journal_sealed_and_keyed_by_pseudonym(world):
    await world.publish(said("ana", "hello", id=event_id(1)), key=b"ana")

    (record,) = world.logs.journal[0]
    envelope = decode_envelope(record.value)
    assert record.key == envelope.pid == pid("ana")
    assert envelope.id == UUID(event_id(1))
    assert b"hello" not in record.value
    assert b"ana" not in record.value
    assert await contents(world) == ["hello"]
    assert record.timestamp_ms == BROKER_MS
    assert await mark(world) == (1, 1, 1)


async def test_an_event_is_named_by_its_id_its_message_id_or_its_position(world):
    named = said(message_id="m1"), said(id=event_id(2), message_id="m2"), said()
    await world.publish(*named)

    ids = [one.id for one in await journal(world)]
    assert ids == [event_id_of(pid("ana"), "m1"), UUID(event_id(2)), event_id_at(TOPIC, 0, 2)]


async def test_the_same_event_fifty_times_is_one(world):
    again = {"at": "2025-03-03T12:05:00+00:00", "source": "retry", "tz": "Europe/Oslo"}
    copies = [said(id=event_id(1)) | (again if n % 2 else {}) for n in range(50)]
    await world.publish(*copies[:20])
    await world.publish(*copies[20:])

    assert await contents(world) == ["hello"]
    assert world.logs.buried == []
    assert len(await world.rows(ledger)) == 1
    assert (await mark(world))[0] == 50


async def test_the_same_id_with_other_content_is_a_dead_letter_and_the_first_stands(world):
    await world.publish(
        said(content="first", id=event_id(1)),
        said(content="second", id=event_id(1)),
        said(content="first", id=event_id(1)),
    )
    await world.publish(said(content="third", id=event_id(1)))

    assert await contents(world) == ["first"]
    assert [(r.record.offset, r.reason) for r in world.logs.buried] == [
        (1, "id_conflict"),
        (3, "id_conflict"),
    ]


async def test_two_users_may_use_the_same_id(world):
    await world.publish(said("ana", "a", id=event_id(1)), said("ben", "b", id=event_id(1)))

    assert await contents(world) == ["a", "b"]


async def test_records_say_where_they_come_from_and_what_was_accepted_before(world):
    await world.publish(said(id=event_id(1)), b"{", said(id=event_id(1)), said(id=event_id(2)))
    await world.publish(b"nonsense")
    await world.publish(said(id=event_id(3)))

    assert links(world) == [(0, 0), (3, 1), (5, 4)]
    assert await mark(world) == (6, 6, 3)


async def test_a_crash_between_produce_and_commit_leaves_a_double_with_the_same_links(world):
    world.logs.publish(said(content="one"), said(content="two"), b"{")
    put = world.logs.put

    async def dies(_rejected):
        raise FatalError("as if killed")

    world.logs.put = dies
    with pytest.raises(FatalError):
        await world.admit_all()
    world.logs.put = put
    await world.admit_all()

    assert links(world) == [(0, 0), (1, 1)] * 2
    assert await contents(world) == ["one", "two"] * 2
    assert [one.id for one in await journal(world)][:2] == [one.id for one in await journal(world)][
        2:
    ]
    assert await mark(world) == (3, 2, 4)


async def test_keys_of_a_batch_that_failed_are_kept(world):
    world.logs.publish(said("ana"))
    append = world.logs.append

    async def refuses(_partition, _records):
        raise FatalError("refused")

    world.logs.append = refuses
    with pytest.raises(FatalError):
        await world.admit_all()
    before = await world.rows(user_keys)
    world.logs.append = append
    await world.admit_all()

    assert len(before) == 3
    assert await world.rows(user_keys) == before
    assert await world.rows(ledger) != []


async def test_records_below_the_watermark_are_dropped(world):
    await world.publish(said(content="one"), b"{", said("ben", "two"))
    world.logs.publish(said(content="three"))
    await world.admit.attempt(0, world.logs.events[0])

    assert await contents(world) == ["one", "two", "three"]
    assert world.logs.reasons() == ["not_json"]
    assert (await mark(world))[0] == 4


async def test_a_redelivery_of_nothing_new_leaves_the_watermark(world):
    await world.publish(said(), said())
    await world.admit.attempt(0, world.logs.events[0][:1])

    assert await mark(world) == (2, 2, 2)


async def test_heartbeats_are_passed_over(world):
    world.logs.events[0].append(Record(0, 0, BROKER_MS, None, b"", {HEARTBEAT: b"1"}))
    await world.admit_all()

    assert (world.logs.journal[0], world.logs.buried) == ([], [])
    assert await mark(world) == (1, 0, 0)


async def test_a_user_lives_where_they_were_first_seen_and_strays_are_sent_home(world):
    await world.publish(said("ana", "1", message_id="1"), partition=2)
    strays = [said("ana", str(n), message_id=str(n)) for n in range(2, 6)]
    await world.publish(*strays[:2], said("ben", "b"), partition=4)
    await world.publish(said("ana", "x", message_id="x"), partition=2)
    await world.publish(*strays[2:], partition=4)

    assert await contents(world, 2) == ["1", "2", "3", "x", "4", "5"]
    assert await contents(world, 4) == ["b"]
    homes = {row.pid: row.home for row in await world.rows(subjects)}
    assert homes == {pid("ana"): 2, pid("ben"): 4}
    assert [(r.partition, r.home, r.end) for r in await world.rows(sent_on)] == [(4, 2, 6)]


async def test_a_stray_keeps_its_id_its_key_and_the_name_of_its_first_position(world):
    await world.publish(said("ana"), partition=2)
    await world.publish(said("ana", "stray"), partition=4, key=b"ana")

    stray = world.logs.events[2][1]
    first = event_id_at(TOPIC, 4, 0)
    assert stray.key == b"ana"
    assert stray.headers[ORIGIN] == f"{TOPIC}/4/0".encode()
    assert orjson.loads(stray.value)["id"] == str(first)
    assert [one.id for one in await journal(world, 2)][1] == first


async def test_a_stray_sent_home_twice_by_a_crash_counts_once(world):
    await world.publish(said("ana"), partition=2)
    world.logs.publish(said("ana", "stray"), b"{", partition=4)
    put = world.logs.put

    async def dies(_rejected):
        raise FatalError("as if killed")

    world.logs.put = dies
    with pytest.raises(FatalError):
        await world.admit.attempt(4, world.logs.events[4])
    world.logs.put = put
    await world.admit_all()

    assert len(world.logs.events[2]) == 3
    assert await contents(world, 2) == ["hello", "stray"]


async def test_a_replayed_event_without_an_id_is_known_by_its_first_position(world):
    value = orjson.dumps(said())
    origin = {ORIGIN: f"{TOPIC}/3/17".encode()}
    world.logs.events[0] += [
        Record(0, offset, BROKER_MS, b"ana", value, origin) for offset in range(2)
    ]
    await world.admit_all()

    assert [one.id for one in await journal(world)] == [event_id_at(TOPIC, 3, 17)]


@pytest.mark.parametrize("forged", [b"", b"nonsense", b"a/b/c", b"t/1/2/3", b"x" * 400])
async def test_a_forged_origin_counts_for_nothing(world, forged):
    value = orjson.dumps(said())
    world.logs.events[0].append(Record(0, 0, BROKER_MS, b"ana", value, {ORIGIN: forged}))
    await world.admit_all()

    assert [one.id for one in await journal(world)] == [event_id_at(TOPIC, 0, 0)]


async def test_what_concerns_everyone_stays_where_it_was_published(world):
    everyone = {"type": "memory.global.updated.v1", "user_id": "*", "entries": {"motto": "ebb"}}
    everyone["at"] = said()["at"]
    for partition in (3, 0):
        await world.publish(everyone | {"id": event_id(partition)}, partition=partition)

    assert [len(world.logs.journal[partition]) for partition in (0, 3)] == [1, 1]
    (subject,) = await world.rows(subjects)
    assert subject.pid == pid("*")


async def test_a_gap_in_the_public_log_is_a_transactions_mark(world):
    world.logs.publish(said(content="one"), said(), said(content="two"))
    del world.logs.events[0][1]
    await world.admit.attempt(0, world.logs.events[0])

    assert await contents(world) == ["one", "two"]
    assert (await mark(world))[0] == 3


async def test_a_gap_behind_which_the_log_begins_is_a_loss_and_names_the_command(world):
    await world.publish(said())
    world.logs.publish(said(), said())
    world.logs.starts[0] = 2

    with pytest.raises(FatalError, match=r"records 1 to 1 .* tidemark topics accept-loss 0"):
        await world.admit.attempt(0, world.logs.events[0][2:])
    with pytest.raises(FatalError, match="accept-loss 0"):
        await world.admit.resume_at({0: 2})
    assert await mark(world) == (1, 1, 1)


async def test_admit_reads_on_at_its_watermark_and_begins_where_the_log_does(world):
    await world.publish(said(), said())

    assert await world.admit.resume_at({0: 0, 1: 40}) == {0: 2, 1: 40}
    assert await mark(world, 1) == (40, 0, 0)
    assert await world.admit.resume_at({1: 40}) == {1: 40}


async def test_an_assignment_while_users_are_looked_up_forgets_nothing_that_is_needed(world):
    """A rebalance makes admit forget what it remembers, while a batch may be under way."""
    users = {pid("ana"): "ana"}
    await world.admit.subjects.resolve(users, 0)
    both = users | {pid(name): name for name in ("ben", "cleo")}
    sealing = [(pid("ana"), 1, 202503), (pid("ana"), 1, 202504)]
    await world.admit.subjects.sealing_keys(sealing[:1])
    looking = asyncio.gather(
        world.admit.subjects.resolve(both, 0), world.admit.subjects.sealing_keys(sealing)
    )
    for _ in range(3):
        await asyncio.sleep(0)
        world.admit.subjects.forget()
    found, keys = await looking

    assert found.keys() == both.keys()
    assert keys.keys() == set(sealing)


async def test_messages_are_sealed_by_the_month_of_the_event_and_lasting_things_durably(world):
    await world.publish(
        said(minutes=0),
        said(minutes=60 * 24 * 40),
        said(minutes=1),
        {"type": "memory.profile.updated.v1", "user_id": "ana", "at": said()["at"], "name": "A"},
    )

    kvers = [one.key.kver for one in await journal(world)]
    keys = [(row.purpose, row.kver, row.period) for row in await world.rows(user_keys)]
    assert keys == [
        (Purpose.DEK, 2, 202503),
        (Purpose.DEK, 3, 202504),
        (Purpose.IDX, 1, None),
        (Purpose.DURABLE, 1, None),
    ]
    assert kvers == [2, 3, 2, 1]


async def test_a_batch_of_many_users_keeps_their_order(world):
    users = [f"user {n % 7}" for n in range(60)]
    events = [said(user, str(n), id=str(uuid4())) for n, user in enumerate(users)]
    await world.publish(*events)

    assert await contents(world) == [str(n) for n in range(60)]
