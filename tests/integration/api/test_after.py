"""Reading one's own writes: waiting for admit and the views, over real notifications."""

import asyncio
from itertools import count

import pytest
from sqlalchemy import text

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.watermarks import (
    AdmitMark,
    ViewMark,
    advance_admission,
    advance_view,
    lock_admission,
    lock_view,
    note_sent_on,
)
from pipeline.domain.positions import Position, encode_position
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIEWS = ("persist", "embed", "usage")
offsets = count(100, 100)


@pytest.fixture
def base():
    """Offsets above all that other tests have used."""
    return next(offsets)


async def admit(world, partition, next_, journal_end, sent_on=()):
    async with transaction(world.parts.engine) as connection:
        await lock_admission(connection, partition)
        await note_sent_on(connection, partition, dict(sent_on))
        await advance_admission(connection, partition, AdmitMark(next_, 0, journal_end))


async def settle(world, partition, next_, views=VIEWS):
    async with transaction(world.parts.engine) as connection:
        for view in views:
            await lock_view(connection, view, partition)
            await advance_view(connection, view, partition, ViewMark(next_, 0))


def token(*positions):
    return encode_position(Position(*each) for each in positions)


async def test_a_position_that_is_passed_needs_no_waiting(world, http, user, base):
    await admit(world, 0, base + 1, journal_end=base)
    await settle(world, 0, base)

    answer = await http.get(f"/memory/context/{user}", params={"after": token((0, base))})

    assert answer.status_code == 200


async def test_a_read_wakes_when_the_last_view_it_uses_is_there(world, http, user, base):
    after = token((0, base), (1, base))
    reading = asyncio.create_task(http.get(f"/memory/usage/{user}", params={"after": after}))
    for partition in (0, 1):
        await admit(world, partition, base + 1, journal_end=base)
    waited = not (await asyncio.wait({reading}, timeout=0.2))[0]

    for partition in (0, 1):
        await settle(world, partition, base, views=["usage"])
    answer = await reading

    assert waited
    assert answer.status_code == 200


async def test_what_is_behind_is_said_after_a_bounded_wait(world, http, user, base):
    await admit(world, 0, base + 1, journal_end=base)
    await settle(world, 0, base)
    await settle(world, 0, base - 7, views=["persist"])

    after = token((0, base))
    late = await http.get(f"/memory/messages/{user}", params={"after": after})
    other = await http.get(f"/memory/usage/{user}", params={"after": after})

    assert (late.status_code, late.json()["type"]) == (409, "/problems/views-behind")
    assert late.json()["behind"] == [{"view": "persist", "records": 7}]
    assert late.headers["retry-after"] == "1"
    assert other.status_code == 200


async def test_what_admit_has_not_seen_is_said_too(world, http, user, base):
    await admit(world, 0, base, journal_end=base)
    await settle(world, 0, base)

    body = {"user_id": user, "query": "x", "after": token((0, base + 4))}
    late = await http.post("/memory/search", json=body)

    assert (late.status_code, late.json()["behind"]) == (409, [{"view": "admit", "records": 5}])


async def test_a_record_sent_on_to_its_home_is_waited_for_there(world, http, user, base):
    await admit(world, 2, base + 1, journal_end=0, sent_on={3: base + 9})
    await admit(world, 3, base + 8, journal_end=base)
    await settle(world, 3, base - 1)
    asked = {"params": {"after": token((2, base))}}

    early = await http.get(f"/memory/usage/{user}", **asked)
    await admit(world, 3, base + 9, journal_end=base)
    halfway = await http.get(f"/memory/usage/{user}", **asked)
    await settle(world, 3, base)
    settled = await http.get(f"/memory/usage/{user}", **asked)

    assert early.json()["behind"][0] == {"view": "admit", "records": 1}
    assert halfway.json()["behind"] == [{"view": "usage", "records": 1}]
    assert settled.status_code == 200


async def test_waiting_goes_on_when_the_listening_connection_is_cut(world, http, user, base):
    await admit(world, 0, base, journal_end=base)
    after = {"after": token((0, base))}
    reading = asyncio.create_task(http.get(f"/memory/usage/{user}", params=after))
    async with transaction(world.parts.engine) as connection:
        cut = text(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE query = 'LISTEN tidemark' AND datname = current_database()"
        )
        ended = (await connection.execute(cut)).scalar_one()

    await admit(world, 0, base + 1, journal_end=base)
    await settle(world, 0, base)
    answer = await reading

    assert ended == 1
    assert answer.status_code == 200
    await until(lambda: _listening(world))


async def test_a_view_that_was_set_back_counts_from_where_it_stands(world, http, user, base):
    await admit(world, 0, base + 1, journal_end=base)
    await settle(world, 0, base)
    passed = await http.get(f"/memory/usage/{user}", params={"after": token((0, base))})
    await settle(world, 0, base - 2)

    answer = await http.get(f"/memory/usage/{user}", params={"after": token((0, base))})

    assert passed.status_code == 200
    assert answer.json()["behind"] == [{"view": "usage", "records": 2}]


@pytest.mark.parametrize("wrong", ["AQ", "ä", token((6, 0)), "x" * 2049])
async def test_a_position_that_was_never_given_out_is_refused(http, user, wrong):
    answer = await http.get(f"/memory/usage/{user}", params={"after": wrong})

    assert answer.status_code in (400, 422)


async def _listening(world):
    async with transaction(world.parts.engine) as connection:
        found = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE query = 'LISTEN tidemark' AND datname = current_database()"
        )
        return (await connection.execute(found)).scalar_one()
