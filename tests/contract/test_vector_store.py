"""What every `VectorStore` does; run on the real client and engine, and on the twin in memory."""

from dataclasses import fields, replace
from uuid import UUID

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.ports import StoredPoint, Where
from tests.integration.vectors_support import DIM, everything, point, uuid_of, vector

PID, OTHER = b"p" * 16, b"q" * 16
ANYWHERE = Where()


async def found(store, where=ANYWHERE, pid=PID, epoch=1, limit=100, near=0):
    hits = await store.search(pid, epoch, vector(near), limit, where)
    return {hit.id for hit in hits}


async def test_a_collection_is_created_once_and_kept(new_store):
    first = await new_store.ensure_collection()
    await new_store.upsert([point(1)])
    second = await new_store.ensure_collection()

    assert (first, second) == (True, False)
    assert await new_store.count_user(PID, 1) == 1


async def test_a_point_is_nearest_to_its_own_vector(store):
    await store.upsert([point(seed) for seed in range(20)])

    hits = await store.search(PID, 1, vector(7), 3, ANYWHERE)

    assert hits[0].id == uuid_of(7)
    assert hits[0].score == pytest.approx(1, abs=1e-5)  # and may exceed 1 by rounding
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len(hits) == 3


async def test_scores_are_cosines_whatever_the_length_of_a_vector(store):
    await store.upsert([point(1, vector=vector(1) * 50), point(2, vector=-vector(1))])

    hits = await store.search(PID, 1, vector(1) * 0.01, 2, ANYWHERE)

    assert [hit.score for hit in hits] == pytest.approx([1, -1], abs=1e-5)


async def test_a_search_sees_one_user_and_one_epoch(store):
    await store.upsert([point(1), point(2, pid=OTHER), point(3, epoch=2)])

    assert await found(store) == {uuid_of(1)}
    assert await found(store, pid=OTHER) == {uuid_of(2)}
    assert await found(store, epoch=2) == {uuid_of(3)}
    assert await found(store, pid=b"n" * 16) == set()


@pytest.mark.parametrize(
    ("where", "seeds"),
    [
        (Where(), {0, 1, 2, 3}),
        (Where(roles=(2,)), {1}),
        (Where(roles=(1, 2)), {0, 1, 2, 3}),
        (Where(kinds=(3, 4)), {2}),
        (Where(channels=(b"x" * 8,)), {3}),
        (Where(conversation=b"y" * 8), {2}),
        (Where(day_from=20_001), {1, 2}),
        (Where(day_to=20_001), {0, 1, 3}),
        (Where(day_from=20_001, day_to=20_001), {1}),
        (Where(day_from=20_002, day_to=20_001), set()),
        (Where(roles=(1,), kinds=(3,), conversation=b"y" * 8, day_from=20_002), {2}),
        (Where(roles=(2,), kinds=(3,)), set()),
    ],
)
async def test_every_given_part_of_where_narrows(store, where, seeds):
    await store.upsert(
        [
            point(0, day=20_000),
            point(1, day=20_001, role=2),
            point(2, day=20_002, kind=3, conversation=b"y" * 8),
            point(3, day=20_000, channel=b"x" * 8, conversation=None),
        ]
    )

    assert await found(store, where) == {uuid_of(seed) for seed in seeds}


async def test_a_point_without_conversation_and_channel_stays_without(store):
    bare = point(1, conversation=None, channel=None)
    await store.upsert([bare])

    (stored,) = await store.retrieve([bare.id])

    assert (stored.conversation, stored.channel) == (None, None)


async def test_labels_come_back_as_they_went(store):
    sent = point(1, epoch=7, kind=3, role=4, day=12_345, partition=5, src=2**40)
    await store.upsert([sent])

    (stored,) = await store.retrieve([sent.id], with_vectors=True)

    labels = [each.name for each in fields(StoredPoint) if each.name != "vector"]
    assert [getattr(stored, name) for name in labels] == [getattr(sent, name) for name in labels]
    assert stored.vector.dtype == np.float32
    assert stored.vector @ sent.vector / np.linalg.norm(sent.vector) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(stored.vector) == pytest.approx(1, abs=1e-5)


async def test_an_upsert_replaces_vector_and_labels(store):
    await store.upsert([point(1)])
    await store.upsert([point(1, vector=vector(9), role=2, channel=None)])

    (stored,) = await store.retrieve([uuid_of(1)], with_vectors=True)

    assert (stored.role, stored.channel) == (2, None)
    assert stored.vector @ vector(9) / np.linalg.norm(vector(9)) == pytest.approx(1, abs=1e-5)
    assert await store.count_user(PID, 1) == 1


async def test_the_same_upsert_twice_changes_nothing(store):
    points = [point(seed) for seed in range(5)]
    await store.upsert(points)
    before = await everything(store)
    await store.upsert(points)

    assert await everything(store) == before


async def test_of_equal_ids_in_one_call_the_last_wins(store):
    await store.upsert([point(1, role=1), point(2), point(1, role=3), point(1, role=2)])

    (stored,) = await store.retrieve([uuid_of(1)])

    assert stored.role == 2
    assert await store.count_user(PID, 1) == 2


async def test_of_equal_ids_far_apart_in_one_call_the_last_wins(store):
    await store.upsert([point(seed % 300, role=1 + seed // 300) for seed in range(600)])

    assert {stored.role for stored in await everything(store)} == {2}


async def test_more_points_than_a_batch_all_arrive(store):
    await store.upsert([point(seed) for seed in range(700)])

    assert await store.count_user(PID, 1) == 700


async def test_nothing_to_write_is_nothing_written(store):
    await store.upsert([])

    assert await everything(store) == []


@pytest.mark.parametrize(
    "wrong",
    [
        vector(5, DIM + 1),
        vector(5, DIM - 1),
        np.zeros(0, np.float32),
        vector(5)[None, :],
        np.full(DIM, np.nan, np.float32),
        np.array([*vector(5)[:-1], np.inf], np.float32),
    ],
    ids=["longer", "shorter", "empty", "two-dimensional", "nan", "infinite"],
)
async def test_one_wrong_vector_and_nothing_is_written(store, wrong):
    points = [point(seed) for seed in range(300)]
    points[299] = replace(points[299], vector=wrong)

    with pytest.raises(DataError):
        await store.upsert(points)

    assert await everything(store) == []


async def test_points_are_deleted_by_id(store):
    await store.upsert([point(seed) for seed in range(4)])
    await store.delete_points([uuid_of(1), uuid_of(3), uuid_of(99)])

    assert await found(store) == {uuid_of(0), uuid_of(2)}


async def test_deleting_nothing_deletes_nothing(store):
    await store.upsert([point(1)])
    await store.delete_points([])

    assert await store.count_user(PID, 1) == 1


async def test_many_points_are_deleted_by_id(store):
    await store.upsert([point(seed) for seed in range(600)])
    await store.delete_points([uuid_of(seed) for seed in range(599)])

    assert await found(store) == {uuid_of(599)}


async def test_a_user_is_deleted_up_to_an_epoch_and_nobody_else(store):
    mine = [point(epoch, epoch=epoch) for epoch in (1, 2, 3)]
    await store.upsert([*mine, point(10, pid=OTHER), point(11, pid=OTHER, epoch=2)])
    counted = await store.count_user(PID, 2)
    await store.delete_user(PID, 2)

    assert counted == 2
    assert await store.count_user(PID, 2) == 0
    assert await store.count_user(PID, 3) == 1
    assert await store.count_user(OTHER, 9) == 2


async def test_an_unknown_user_counts_zero_and_can_be_deleted(store):
    await store.upsert([point(1)])
    await store.delete_user(OTHER, 1)

    assert await store.count_user(OTHER, 1) == 0
    assert await store.count_user(PID, 1) == 1


@pytest.mark.parametrize("limit", [1, 3, 7, 10, 11])
async def test_pages_give_every_point_once_in_order(store, limit):
    points = [point(seed) for seed in range(10)]
    await store.upsert(points)

    ids = [stored.id for stored in await everything(store, limit)]

    assert ids == sorted(each.id for each in points)


async def test_the_page_behind_an_id_that_is_gone_goes_on(store):
    await store.upsert([point(seed) for seed in range(6)])
    first = await store.scroll(None, 3)
    await store.delete_points([first.after])
    second = await store.scroll(first.after, 10)

    assert second.after is None
    assert [each.id for each in (*first.points, *second.points)] == sorted(map(uuid_of, range(6)))


async def test_pages_are_narrowed_by_user_and_days(store):
    await store.upsert(
        [point(0, day=1), point(1, day=2), point(2, day=3), point(3, day=2, pid=OTHER)]
    )

    mine = await everything(store, pid=PID, day_from=2)
    days = await everything(store, day_from=2, day_to=2)

    assert {each.id for each in mine} == {uuid_of(1), uuid_of(2)}
    assert {each.id for each in days} == {uuid_of(1), uuid_of(3)}


async def test_vectors_come_only_when_asked_for(store):
    await store.upsert([point(1)])
    bare = await store.scroll(None, 5)
    full = await store.scroll(None, 5, with_vectors=True)

    assert bare.points[0].vector is None
    assert full.points[0].vector.shape == (DIM,)
    assert (await store.retrieve([uuid_of(1)]))[0].vector is None


async def test_an_empty_store_has_one_empty_page(store):
    page = await store.scroll(None, 5)

    assert (page.points, page.after) == ((), None)


async def test_what_is_not_there_is_left_out(store):
    await store.upsert([point(1), point(2)])

    stored = await store.retrieve([uuid_of(2), UUID(int=5)])

    assert [each.id for each in stored] == [uuid_of(2)]
    assert await store.retrieve([]) == []


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_below_one_is_refused(store, limit):
    with pytest.raises(DataError):
        await store.search(PID, 1, vector(1), limit, ANYWHERE)
    with pytest.raises(DataError):
        await store.scroll(None, limit)


async def test_a_query_of_another_dimension_is_refused(store):
    with pytest.raises(DataError):
        await store.search(PID, 1, vector(1, DIM + 1), 5, ANYWHERE)


async def test_a_store_that_answers_is_reachable(store):
    await store.reachable()
