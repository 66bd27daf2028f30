"""Users' keys: fetched once, remembered for a while, and gone where they were destroyed."""

import hashlib

import pytest
from sqlalchemy import event

from pipeline.adapters.keys import LocalKeys
from pipeline.adapters.postgres.engine import create_engine, transaction
from pipeline.adapters.postgres.keyring import Keyring
from pipeline.adapters.postgres.subjects import Subjects
from pipeline.adapters.postgres.tables import user_keys
from pipeline.domain.crypto import Kek, Kind, Purpose, open_box, seal
from pipeline.errors import DataError, FatalError, StoreUnavailable
from tests.integration.stages_support import SECRETS, pid

ANA, BEN = pid("ana"), pid("ben")
RID = b"r" * 16


@pytest.fixture
async def sealing(world):
    """The month key of March for both users, as admit made them."""
    subjects = Subjects(world.engine, world.keys)
    await subjects.resolve({ANA: "ana", BEN: "ben"}, 0)
    return await subjects.sealing_keys([(ANA, 1, 202503), (BEN, 1, 202503)])


@pytest.fixture
def statements(world):
    """SQL statements sent since the test began."""
    seen = []

    @event.listens_for(world.engine.sync_engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    return seen


async def test_what_one_process_seals_another_opens(world, sealing):
    boxes = {user: seal(sealing[user, 1, 202503], Kind.EVENT, user, RID, b"x") for user in (ANA,)}

    (key,) = (await world.keyring.content([(ANA, 1, 2)])).values()

    assert open_box(key, Kind.EVENT, ANA, RID, boxes[ANA]) == b"x"


async def test_keys_of_many_users_come_in_one_query_and_are_then_remembered(
    world, sealing, statements
):
    names = [(ANA, 1, 1), (ANA, 1, 2), (BEN, 1, 2)]
    first = await world.keyring.content(names)
    again = await world.keyring.content(names[1:])
    users = await world.keyring.users([(ANA, 1), (BEN, 1)])
    more = await world.keyring.users([(BEN, 1)])

    assert first.keys() == set(names)
    assert again == {name: first[name] for name in names[1:]}
    assert more[BEN, 1] is users[BEN, 1]
    assert len(statements) == 2


async def test_asking_for_nothing_asks_nobody(world, statements):
    assert (await world.keyring.content([]), await world.keyring.users([])) == ({}, {})
    assert statements == []


async def test_a_destroyed_key_is_absent_and_the_others_are_not(world, sealing):
    async with transaction(world.engine) as connection:
        gone = (user_keys.c.pid == ANA) & (user_keys.c.purpose != Purpose.DURABLE)
        await connection.execute(user_keys.delete().where(gone))

    assert (await world.keyring.content([(ANA, 1, 1), (ANA, 1, 2), (BEN, 1, 2)])).keys() == {
        (ANA, 1, 1),
        (BEN, 1, 2),
    }
    assert (await world.keyring.users([(ANA, 1), (BEN, 1)])).keys() == {(BEN, 1)}


async def test_a_missing_key_is_looked_up_again(world, sealing):
    keyring = Keyring(world.engine, world.keys)
    before = await keyring.content([(ANA, 1, 3)])
    await Subjects(world.engine, world.keys).sealing_keys([(ANA, 1, 202504)])

    assert before == {}
    assert (await keyring.content([(ANA, 1, 3)])).keys() == {(ANA, 1, 3)}


async def test_a_purge_forgets_at_once_and_time_does_it_by_itself(world, sealing):
    brief = Keyring(world.engine, world.keys, ttl=0)
    for keyring in (world.keyring, brief):
        assert await keyring.users([(ANA, 1)])
        assert await keyring.content([(ANA, 1, 2)])
    world.keyring.purge()
    async with transaction(world.engine) as connection:
        await connection.execute(user_keys.delete())

    for keyring in (world.keyring, brief):
        assert await keyring.users([(ANA, 1)]) == {}
        assert await keyring.content([(ANA, 1, 2)]) == {}


async def test_tokens_differ_between_users_uses_and_names(world, sealing):
    users = await world.keyring.users([(ANA, 1), (BEN, 1)])
    ana, ben = users[ANA, 1], users[BEN, 1]
    tokens = [ana.conversation("x"), ana.session("x"), ana.channel("x"), ana.channel("y")]
    tokens += [ben.conversation("x"), ben.channel("x")]

    assert len(set(tokens)) == len(tokens)
    assert {len(token) for token in tokens} == {8}
    assert ana.channel("x") == ana.channel("x")
    assert ana.rotation(16) is ana.rotation(16)


async def test_nothing_secret_is_shown(world, sealing):
    (keys,) = (await world.keyring.users([(ANA, 1)])).values()

    assert keys.idx.hex() not in repr(keys)
    assert repr(keys.idx) not in repr(keys)


async def test_a_process_without_the_key_encryption_key_ends(world, sealing):
    other = Kek(2, hashlib.sha256(b"another KEK").digest())

    with pytest.raises(FatalError, match="TIDEMARK_KEKS"):
        await Keyring(world.engine, LocalKeys((other,))).users([(ANA, 1)])


async def test_a_new_key_encryption_key_beside_the_old_opens_both(world, sealing):
    new = LocalKeys((Kek(2, hashlib.sha256(b"new KEK").digest()), *SECRETS.keks))
    await Subjects(world.engine, new).sealing_keys([(ANA, 1, 202504)])

    kek_ids = {(row.kver, row.kek_id) for row in await world.rows(user_keys) if row.pid == ANA}
    assert kek_ids == {(1, 1), (2, 1), (3, 2)}
    assert len(await Keyring(world.engine, new).content([(ANA, 1, 2), (ANA, 1, 3)])) == 2


async def test_a_stored_key_that_was_moved_to_another_user_is_refused(world, sealing):
    idx = user_keys.c.purpose == Purpose.IDX
    async with transaction(world.engine) as connection:
        ana = await connection.execute(user_keys.select().where(user_keys.c.pid == ANA, idx))
        moved = user_keys.update().where(user_keys.c.pid == BEN, idx)
        await connection.execute(moved.values(wrapped=ana.one().wrapped))

    with pytest.raises(DataError) as caught:
        await world.keyring.users([(BEN, 1)])
    assert caught.value.reason == "tampered_key"


async def test_a_database_away_is_said_so_and_what_is_known_stays_known(world, sealing):
    engine = create_engine(world.url)
    keyring = Keyring(engine, world.keys)
    known = await keyring.users([(ANA, 1)])
    await engine.dispose()
    keyring._engine = create_engine("postgresql://127.0.0.1:1/none")

    assert await keyring.users([(ANA, 1)]) == known
    with pytest.raises(StoreUnavailable):
        await keyring.users([(BEN, 1)])
