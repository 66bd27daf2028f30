"""The id ledger: an event is new once, and other content under its id is a conflict."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.ledger import Entry, Verdict, enter
from pipeline.adapters.postgres.tables import ledger

NEW, DUPLICATE, CONFLICT = Verdict.NEW, Verdict.DUPLICATE, Verdict.CONFLICT
ANA, BEN = b"a" * 16, b"b" * 16


def entry(number, mac=b"m", pid=ANA, src=0):
    return Entry(pid, UUID(int=number), mac * 16, src)


async def verdicts(world, *entries):
    async with transaction(world.engine) as connection:
        return await enter(connection, entries)


async def test_nothing_entered_is_nothing_judged(world):
    assert await verdicts(world) == []


async def test_of_equal_ids_in_one_batch_the_first_is_new(world):
    found = await verdicts(world, entry(1), entry(2), entry(1), entry(1, b"x"), entry(2))

    assert found == [NEW, NEW, DUPLICATE, CONFLICT, DUPLICATE]


async def test_a_later_batch_is_judged_by_what_was_kept(world):
    await verdicts(world, entry(1, src=5))

    found = await verdicts(world, entry(1, b"x"), entry(1), entry(2))

    assert found == [CONFLICT, DUPLICATE, NEW]
    assert [(row.event_id.int, row.src) for row in await world.rows(ledger)] == [(1, 5), (2, 0)]


async def test_each_user_has_ids_of_their_own(world):
    found = await verdicts(world, entry(1), entry(1, b"x", BEN), entry(1, pid=BEN))

    assert found == [NEW, NEW, CONFLICT]


async def test_what_rolls_back_was_never_entered(world):
    with pytest.raises(KeyError):  # noqa: PT012  a transaction is a block
        async with transaction(world.engine) as connection:
            await enter(connection, [entry(1)])
            raise KeyError

    assert await verdicts(world, entry(1)) == [NEW]


def expected(entries):
    """The rule, read off a dictionary."""
    kept, found = {}, []
    for one in entries:
        mac = kept.setdefault((one.pid, one.event_id), one)
        found.append(NEW if mac is one else DUPLICATE if mac.mac == one.mac else CONFLICT)
    return found


some_entries = st.lists(
    st.builds(entry, st.integers(0, 3), st.sampled_from([b"m", b"x"]), st.sampled_from([ANA, BEN])),
    max_size=8,
)


async def test_any_batches_are_judged_as_one_by_one(world):
    examples = []

    @settings(max_examples=25, database=None)
    @given(st.lists(some_entries, max_size=4))
    def collect(batches):
        examples.append(batches)

    collect()
    for batches in examples:
        async with transaction(world.engine) as connection:
            await connection.execute(ledger.delete())
        found = [verdict for batch in batches for verdict in await verdicts(world, *batch)]

        assert found == expected([one for batch in batches for one in batch])
