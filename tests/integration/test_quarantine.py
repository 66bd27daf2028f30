"""A record that a view cannot handle is tried three times, set aside, and the view goes on."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from uuid import UUID

import orjson
import pytest

from consumers import persist
from pipeline.adapters.postgres.attempts import quarantined
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import attempts, messages, quarantines, user_keys, watermarks
from pipeline.domain.crypto import Purpose
from pipeline.domain.journal import decode_envelope
from pipeline.errors import DataError, FatalError, StoreUnavailable
from pipeline.metrics import TAMPERED
from pipeline.stages.view import View
from tests.integration.stages_support import attempt, event_id, pid, said

CANARY = "the-canary-sings"
SAID = "chat.message.sent.v1"


class Process(BaseException):
    """Ends what nothing catches."""


class Fails:
    """Persist, whose handler fails at the event with the id of `poison`, with `error`."""

    def __init__(self, poison, error):
        self.poison, self.error = UUID(event_id(poison)), error
        self.tried = 0
        handlers = {**persist.VIEW.handlers, SAID: self.handle}
        self.view = View("persist", persist.VIEW.tables, handlers)

    async def handle(self, batch, events):
        if self.error and any(one.id == self.poison for one in events):
            self.tried += 1
            raise self.error
        await persist.message_sent(batch, events)


async def three(world, users=("ana", "ben", "ana")):
    await world.publish(
        *(said(user, f"{CANARY} {n}", id=event_id(n)) for n, user in enumerate(users))
    )


async def aside(world):
    return await world.rows(quarantines["persist"])


async def kept(world):
    return {row.id for row in await world.rows(messages)}


async def mark(world):
    return [(row.next, row.src_next) for row in await world.rows(watermarks["persist"])]


async def test_a_record_whose_handler_fails_three_times_is_set_aside_and_the_view_goes_on(
    world, caplog
):
    await three(world)
    fails = Fails(1, KeyError(CANARY))
    await world.settle(world.stage(fails.view))

    (row,) = await aside(world)
    assert (row.partition, row.offset, row.reason) == (0, 1, "KeyError")
    assert (row.pid, row.event_id) == (pid("ben"), UUID(event_id(1)))
    assert await kept(world) == {UUID(event_id(0)), UUID(event_id(2))}
    assert await mark(world) == [(3, 3)]
    assert fails.tried == 1 + 3
    assert "KeyError" in caplog.text
    assert CANARY not in caplog.text


async def test_the_database_refusing_a_row_is_the_records_fault_and_nothing_is_quoted(
    world, caplog
):
    await three(world)

    async def refused(batch, events):
        wrong = messages.insert().values(pid=CANARY.encode(), epoch=1, id=events[0].id)
        await batch.connection.execute(wrong)

    await world.settle(world.stage(View("persist", (messages,), {SAID: refused})))

    assert [row.reason for row in await aside(world)] == ["IntegrityError"] * 3
    assert "23502" in caplog.text
    assert CANARY not in caplog.text


async def test_a_failing_prepare_is_the_records_fault_as_well(world):
    await three(world)

    async def prepare(events):
        if any(one.id == UUID(event_id(2)) for one in events):
            raise ValueError

    await world.settle(world.stage(replace(persist.VIEW, prepare=prepare)))

    assert [(row.offset, row.reason) for row in await aside(world)] == [(2, "ValueError")]
    assert len(await kept(world)) == 2


def reboxed(record, **changes):
    return replace(record, value=orjson.dumps({**orjson.loads(record.value), **changes}))


def flipped(record):
    box = bytearray(decode_envelope(record.value).box)
    box[-1] ^= 1
    return reboxed(record, box=urlsafe_b64encode(box).decode())


def tampered():
    return TAMPERED.labels("persist")._value.get()


def of_the_future(record):
    box = bytearray(decode_envelope(record.value).box)
    box[0] = 9
    return reboxed(record, box=urlsafe_b64encode(box).decode())


@pytest.mark.parametrize(
    ("damage", "reason", "user"),
    [
        (flipped, "tampered", "ben"),
        (of_the_future, "unsupported_box", "ben"),
        (lambda one: reboxed(one, id=event_id("other")), "tampered", "ben"),
        (lambda one: reboxed(one, v=2), "envelope_version", "ben"),
        (lambda one: reboxed(one, enc="none"), "envelope_sealing", "ben"),
        (lambda one: reboxed(one, box=7), "envelope_shape", "ben"),
        (lambda one: replace(one, value=b"{"), "envelope_not_json", "ben"),
        (lambda one: replace(one, value=None), "envelope_not_json", "ben"),
        (lambda one: replace(one, value=b"{", key=b"short"), "envelope_not_json", None),
        (lambda one: replace(one, headers={}), "envelope_headers", "ben"),
    ],
)
async def test_a_damaged_journal_record_is_set_aside_with_the_reason(world, damage, reason, user):
    await three(world)
    journal = world.logs.journal[0]
    journal[1] = damage(journal[1])
    before = tampered()
    await world.settle(world.stage(persist.VIEW))

    (row,) = await aside(world)
    assert (row.offset, row.reason) == (1, reason)
    assert tampered() - before == (reason == "tampered")
    assert row.pid == (pid(user) if user else None)
    assert await kept(world) == {UUID(event_id(0)), UUID(event_id(2))}
    assert await mark(world) == [(3, 3)]


async def test_a_stored_key_that_was_altered_sets_its_users_records_aside(world):
    await three(world)
    async with transaction(world.engine) as connection:
        statement = user_keys.update().where(
            user_keys.c.pid == pid("ana"), user_keys.c.purpose == Purpose.IDX
        )
        await connection.execute(statement.values(wrapped=bytes(66)))
    await world.settle(world.stage(persist.VIEW))

    assert [(row.offset, row.reason) for row in await aside(world)] == [
        (0, "tampered_key"),
        (2, "tampered_key"),
    ]
    assert await kept(world) == {UUID(event_id(1))}


async def test_redelivery_and_doubles_of_what_was_set_aside_change_nothing(world):
    await three(world)
    journal = world.logs.journal[0]
    journal[1] = flipped(journal[1])
    stage = world.stage(persist.VIEW)
    await world.settle(stage)
    await attempt(stage, 0, journal[:3])
    journal += [replace(one, offset=one.offset + 3) for one in journal]
    await world.settle(stage)

    assert [row.offset for row in await aside(world)] == [1]
    assert await mark(world) == [(6, 3)]


async def test_a_damaged_record_that_comes_again_whole_counts(world):
    """Its first writing was orphaned or cut off; the position is then settled by the second."""
    await three(world)
    whole = world.logs.journal[0]
    orphaned = replace(flipped(whole[2]), offset=1)
    world.logs.journal[0] = [
        whole[0],
        orphaned,
        *(replace(one, offset=one.offset + 1) for one in whole[1:]),
    ]
    await world.settle(world.stage(persist.VIEW))

    assert await aside(world) == []
    assert len(await kept(world)) == 3


async def runs_and_dies(world, fails):
    """One life of a process: False when it died."""
    try:
        await world.settle(world.stage(fails.view))
    except Process:
        return False
    return True


async def test_a_record_at_which_processes_end_is_set_aside(world):
    await three(world)
    fails = Fails(1, Process())
    lives = [await runs_and_dies(world, fails)]
    while not lives[-1]:
        lives.append(await runs_and_dies(world, fails))

    assert [(row.offset, row.reason) for row in await aside(world)] == [(1, "process_ended")]
    assert len(await kept(world)) == 2
    assert await mark(world) == [(3, 3)]
    assert len(lives) <= 6


async def test_processes_that_end_elsewhere_set_nothing_aside(world):
    """A process may be killed at any record; only the same record again and again is one."""
    await three(world, users=["ana"] * 12)
    for poison in range(12):
        await runs_and_dies(world, Fails(poison, Process()))
    await world.settle(world.stage(persist.VIEW))

    assert await aside(world) == []
    assert len(await kept(world)) == 12


async def test_an_error_that_is_no_records_fault_ends_the_process_and_sets_nothing_aside(world):
    await three(world)
    stage = world.stage(Fails(1, MemoryError()).view)

    with pytest.raises(FatalError, match="no record's fault: MemoryError"):
        await world.settle(stage)
    assert await aside(world) == []


async def test_a_store_away_never_counts_as_an_attempt(world):
    await three(world)
    fails = Fails(1, StoreUnavailable("as if Qdrant were away"))
    stage = world.stage(fails.view)
    for _ in range(6):
        with pytest.raises(StoreUnavailable):
            await stage.attempt(0, world.logs.journal[0])
        with pytest.raises(StoreUnavailable):
            await stage.attempt_singly(0, world.logs.journal[0])
    fails.error = None
    await world.settle(world.stage(fails.view))

    assert await aside(world) == []
    assert len(await kept(world)) == 3
    assert all(row.count == 0 for row in await world.rows(attempts["persist"]))


async def test_attempts_survive_the_process_and_a_store_that_was_away_between_them(world):
    await three(world)
    fails = Fails(1, DataError("refused"))
    journal = world.logs.journal[0]
    stage = world.stage(fails.view)
    await stage.attempt_singly(0, journal[:1])
    for error, ended in ((Process(), Process), (StoreUnavailable("x"), StoreUnavailable)) * 2:
        fails.error = error
        with pytest.raises(ended):
            await world.stage(fails.view).attempt_singly(0, journal[1:2])
    fails.error, before = DataError("refused"), fails.tried
    await world.stage(fails.view).attempt_singly(0, journal[1:])

    assert [(row.offset, row.reason) for row in await aside(world)] == [(1, "refused")]
    assert fails.tried - before == 1
    assert len(await kept(world)) == 2


async def test_what_is_set_aside_is_counted(world):
    await three(world)
    await world.settle(world.stage(Fails(1, KeyError()).view))

    async with transaction(world.engine) as connection:
        assert await quarantined(connection, "persist") == 1
        assert await quarantined(connection, "usage") == 0
