"""Writing many rows in one statement: merged by rule, the same however they are split."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import conversations, points, profiles
from pipeline.adapters.postgres.write import insert_new, upsert

START = datetime(2026, 1, 1, tzinfo=UTC)
ANA = b"a" * 16


def thread(token, minutes=0, messages=1, box=b"first"):
    at = START + timedelta(minutes=minutes)
    return {
        "pid": ANA,
        "epoch": 1,
        "conversation": token,
        "messages": messages,
        "first_at": at,
        "last_at": at,
        "box": box,
    }


def point(number, chunk=0):
    return {
        "id": f"{number:032x}",
        "pid": ANA,
        "epoch": 1,
        "event_id": "0" * 32,
        "chunk": chunk,
    }


async def written(world, table, *batches, write=upsert):
    async with transaction(world.engine) as connection:
        for rows in batches:
            await write(connection, table, rows)
    return [row._asdict() for row in await world.rows(table)]


async def test_nothing_to_write_is_nothing_written(world):
    assert await written(world, conversations, []) == []
    assert await written(world, points, [], write=insert_new) == []


async def test_the_first_row_of_a_key_stands(world):
    batches = [point(1), point(2), point(1, 7)], [point(2, 9), point(3, 3)]

    found = await written(world, points, *batches, write=insert_new)

    assert [(row["id"].int, row["chunk"]) for row in found] == [(1, 0), (2, 0), (3, 3)]


async def test_rows_of_one_key_become_one_by_the_rules_of_its_columns(world):
    found = await written(
        world,
        conversations,
        [thread(b"x", 5, 2), thread(b"y"), thread(b"x", 9, 1, b"later")],
        [thread(b"x", 1, 10, b"latest")],
    )

    expected = thread(b"x", 1, 13) | {"last_at": START + timedelta(minutes=9)}
    assert found == [expected, thread(b"y")]


async def test_what_is_taken_is_the_latest(world):
    rows = [{"pid": ANA, "epoch": 1, "rev": n, "box": b"%d" % n} for n in range(4)]

    assert await written(world, profiles, rows[:3], rows[3:]) == [rows[3]]


some_rows = st.lists(
    st.builds(thread, st.sampled_from([b"x", b"y"]), st.integers(0, 9), st.integers(1, 3)),
    max_size=6,
)


async def test_any_split_of_the_same_rows_ends_in_the_same_table(world):
    examples = []

    @settings(max_examples=20, database=None)
    @given(st.lists(some_rows, max_size=4))
    def collect(batches):
        examples.append(batches)

    collect()
    for batches in examples:
        split = await written(world, conversations, *batches)
        async with transaction(world.engine) as connection:
            await connection.execute(conversations.delete())
        whole = await written(world, conversations, [row for rows in batches for row in rows])
        async with transaction(world.engine) as connection:
            await connection.execute(conversations.delete())

        assert split == whole
