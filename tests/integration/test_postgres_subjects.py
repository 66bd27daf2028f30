"""Subjects and sealing keys: two admits may race for a user, and one of them wins for both."""

import asyncio

import pytest

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.subjects import ACTIVE, DURABLE, Subject, Subjects, homes
from pipeline.adapters.postgres.tables import subjects, user_keys
from pipeline.domain.content import open_name
from pipeline.domain.crypto import Kind, open_box, seal
from tests.integration.stages_support import pid

ANA, BEN = pid("ana"), pid("ben")
USERS = {pid(f"user {n}"): f"user {n}" for n in range(30)}


@pytest.fixture
def admits(world):
    """Two processes' own memory."""
    return [Subjects(world.engine, world.keys) for _ in range(2)]


async def test_a_new_user_is_registered_with_a_home_and_keys(world, admits):
    found = await admits[0].resolve({ANA: "ana"}, 3)

    assert found == {ANA: Subject(ANA, 1, ACTIVE, 3)}
    assert [(row.purpose, row.kver) for row in await world.rows(user_keys)] == [(2, 1), (4, 1)]


async def test_a_known_user_keeps_their_home(world, admits):
    await admits[0].resolve({ANA: "ana"}, 3)

    found = await admits[1].resolve({ANA: "ana", BEN: "ben"}, 5)

    assert {one.pid: one.home for one in found.values()} == {ANA: 3, BEN: 5}


async def test_a_users_name_rests_sealed_under_their_durable_key(world, admits):
    await admits[0].resolve({ANA: "ana"}, 0)

    (row,) = await world.rows(subjects)
    (key,) = (await world.keyring.content([(ANA, 1, 1)])).values()
    assert b"ana" not in row.name
    assert open_name(key, ANA, row.name) == "ana"


async def test_two_admits_that_meet_the_same_new_users_agree(world, admits):
    first, second = await asyncio.gather(
        admits[0].resolve(USERS, 1),
        admits[1].resolve(dict(reversed(USERS.items())), 2),
    )
    wanted = [(user, 1, DURABLE) for user in USERS]
    keys = [await admit.sealing_keys(wanted) for admit in admits]

    assert first == second
    assert {one.home for one in first.values()} <= {1, 2}
    assert len(await world.rows(subjects)) == len(USERS)
    assert len(await world.rows(user_keys)) == 2 * len(USERS)
    for sealing in wanted:
        box = seal(keys[0][sealing], Kind.EVENT, ANA, ANA, b"x")
        assert open_box(keys[1][sealing], Kind.EVENT, ANA, ANA, box) == b"x"


async def test_two_admits_that_need_a_months_key_make_one(world, admits):
    await admits[0].resolve(USERS, 0)
    wanted = [(user, 1, month) for user in USERS for month in (202501, 202502)]
    made = await asyncio.gather(
        admits[0].sealing_keys(wanted), admits[1].sealing_keys(list(reversed(wanted)))
    )

    for sealing in wanted:
        first, second = made[0][sealing], made[1][sealing]
        assert first.kver == second.kver
        box = seal(first, Kind.EVENT, ANA, ANA, b"x")
        assert open_box(second, Kind.EVENT, ANA, ANA, box) == b"x"
    versions = {(row.pid, row.kver) for row in await world.rows(user_keys) if row.purpose != 2}
    assert len(versions) == 3 * len(USERS)


async def test_the_active_key_of_a_month_is_its_newest(world, admits):
    await admits[0].resolve({ANA: "ana"}, 0)
    first = (await admits[0].sealing_keys([(ANA, 1, 202501)]))[ANA, 1, 202501]
    row = admits[0]._row(ANA, 1, 1, first.kver + 1, 202501, b"k" * 32)
    async with transaction(world.engine) as connection:
        await connection.execute(user_keys.insert().values(row))

    found = (await admits[1].sealing_keys([(ANA, 1, 202501)]))[ANA, 1, 202501]

    assert found.kver == first.kver + 1


async def test_readers_find_homes_and_register_nobody(world, admits):
    await admits[0].resolve({ANA: "ana"}, 4)

    async with transaction(world.engine) as connection:
        found = await homes(connection, [ANA, BEN])
    assert {one.pid: one.home for one in found.values()} == {ANA: 4}
    assert len(await world.rows(subjects)) == 1
