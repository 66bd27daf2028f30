"""Embed: one point a chunk of what users and assistants say, rotated per user, without any text."""

from uuid import UUID, uuid4

import numpy as np
import orjson
import pytest

from consumers.embed import Embed
from pipeline.adapters.memory_vectors import MemoryVectors
from pipeline.adapters.postgres.tables import points
from pipeline.adapters.qdrant import QdrantStore, connect
from pipeline.domain.chunks import chunks
from pipeline.domain.content import RoleCode
from pipeline.domain.crypto import Kind
from pipeline.domain.days import day_number
from pipeline.domain.identity import point_id_of
from pipeline.domain.rotation import rotate
from pipeline.errors import StoreUnavailable
from pipeline.ports import Where
from tests.integration.stages_support import DIM, NOON, HashEncoder, event_id, pid, said

ANA, BEN = pid("ana"), pid("ben")
LONG = "The tide comes in over the flats and takes the marks away. " * 30


@pytest.fixture
def encoder():
    return HashEncoder()


@pytest.fixture
def vectors():
    return MemoryVectors(DIM)


@pytest.fixture
def stage(world, encoder, vectors):
    return world.stage(Embed(encoder, vectors).view())


async def embedded(world, stage, *values, **options):
    await world.publish(*values, **options)
    await world.settle(stage)


async def turned(world, user, texts):
    """What a text's vector is for a user."""
    keys = (await world.keyring.users([(pid(user), 1)]))[pid(user), 1]
    found = await HashEncoder().encode(texts)
    return rotate([keys.rotation(DIM)] * len(texts), found)


async def test_what_users_and_assistants_say_becomes_points_and_nothing_else(world, stage, vectors):
    turns = [
        said(role="user", content="u", id=event_id(0)),
        said(role="assistant", content="a", id=event_id(1)),
        said(role="system", content="s"),
        said(role="tool", content="t"),
        said(role="assistant", content="", metadata={"tool_calls": [{"name": "x"}]}),
        {"type": "memory.profile.updated.v1", "user_id": "ana", "at": said()["at"], "name": "A"},
    ]
    await embedded(world, stage, *turns)

    wanted = {point_id_of(ANA, UUID(event_id(n)), 0) for n in (0, 1)}
    assert vectors.points.keys() == wanted
    assert {row.id for row in await world.rows(points)} == wanted
    assert {point.role for point in vectors.points.values()} == {RoleCode.USER, RoleCode.ASSISTANT}


async def test_a_point_carries_labels_to_filter_by(world, stage, vectors):
    await world.publish(b"{", partition=3)
    one = said(id=event_id(1), conversation_id="c", channel="general", tz="Pacific/Auckland")
    await embedded(world, stage, one, partition=3)

    (point,) = vectors.points.values()
    keys = (await world.keyring.users([(ANA, 1)]))[ANA, 1]
    assert (point.pid, point.epoch, point.kind) == (ANA, 1, Kind.MESSAGE)
    assert point.conversation == keys.conversation("c")
    assert point.channel == keys.channel("general")
    assert point.day == day_number(NOON.date()) + 1
    assert (point.partition, point.src) == (3, 1)


async def test_a_long_message_has_a_point_for_each_chunk(world, stage, vectors, encoder):
    await embedded(world, stage, said(content=LONG, id=event_id(1)))

    pieces = chunks(LONG)
    assert len(pieces) > 3
    assert encoder.texts == pieces
    rows = {row.chunk: row.id for row in await world.rows(points)}
    assert rows == {n: point_id_of(ANA, UUID(event_id(1)), n) for n in range(len(pieces))}
    for vector, number in zip(await turned(world, "ana", pieces), range(len(pieces)), strict=True):
        assert vectors.points[rows[number]].vector @ vector == pytest.approx(1, abs=1e-5)


async def test_a_text_of_white_space_has_no_point(world, stage, vectors):
    await embedded(world, stage, said(role="assistant", content=" ", metadata={"error": "none"}))

    assert vectors.points == {}


async def test_two_users_with_the_same_event_id_keep_their_own_points(world, stage, vectors):
    await embedded(
        world,
        stage,
        said("ana", "a", id=event_id(1)),
        said("ben", f"b {LONG}", id=event_id(1)),
    )

    owners = {row.id: row.pid for row in await world.rows(points)}
    count = len(chunks(f"b {LONG}"))
    assert sorted(owners.values()) == sorted([ANA, *[BEN] * count])
    assert {id_: point.pid for id_, point in vectors.points.items()} == owners
    chunks_of = {(row.pid, row.chunk) for row in await world.rows(points)}
    assert chunks_of == {(ANA, 0), *((BEN, n) for n in range(count))}


async def test_angles_are_kept_within_a_user_and_lost_between_users(world, stage, vectors):
    texts = ["one", "two"]
    await embedded(world, stage, *(said(user, text) for user in ("ana", "ben") for text in texts))

    plain = await HashEncoder().encode(texts)
    mine = [point.vector for point in vectors.points.values() if point.pid == ANA]
    others = [point.vector for point in vectors.points.values() if point.pid == BEN]
    assert mine[0] @ mine[1] == pytest.approx(plain[0] @ plain[1], abs=1e-5)
    assert others[0] @ others[1] == pytest.approx(plain[0] @ plain[1], abs=1e-5)
    assert abs(mine[0] @ others[0]) < 0.9
    assert not np.allclose(mine[0], plain[0], atol=1e-3)


async def test_a_question_turned_like_the_user_finds_what_was_said(world, stage, vectors):
    texts = ("kelp", "rope", "tar")
    await embedded(world, stage, *(said("ana", text, id=event_id(text)) for text in texts))

    (question,) = await turned(world, "ana", ["rope"])
    hits = await vectors.search(ANA, 1, question, 3, Where())
    events = {row.id: row.event_id for row in await world.rows(points)}
    assert events[hits[0].id] == UUID(event_id("rope"))
    assert hits[0].score == pytest.approx(1, abs=1e-5)


async def test_a_redelivery_adds_nothing(world, stage, vectors):
    await embedded(world, stage, *(said(content=str(n)) for n in range(3)))
    before = dict(vectors.points), await world.rows(points)
    await stage.attempt(0, world.logs.journal[0])

    assert (vectors.points, await world.rows(points)) == before


class Away(MemoryVectors):
    """A vector store that is away until told otherwise."""

    away = True

    async def upsert(self, points):
        if type(self).away:
            raise StoreUnavailable("as if Qdrant were away")
        await super().upsert(points)


async def test_without_the_vector_store_no_row_is_written_and_later_both_are(
    world, encoder, monkeypatch
):
    vectors = Away(DIM)
    stage = world.stage(Embed(encoder, vectors).view())
    await world.publish(said(), said())
    with pytest.raises(StoreUnavailable):
        await stage.attempt(0, world.logs.journal[0])
    rows = await world.rows(points)
    monkeypatch.setattr(Away, "away", False)
    await stage.attempt(0, world.logs.journal[0])

    assert rows == []
    assert {row.id for row in await world.rows(points)} == vectors.points.keys()


async def test_texts_are_encoded_before_the_watermark_is_locked(world, vectors):
    """A slow encoder must hold nobody's lock."""
    marks = []

    class Looking(HashEncoder):
        async def encode(self, texts):
            async with world.engine.connect() as other:
                lock = "SELECT 1 FROM embed.watermark FOR UPDATE NOWAIT"
                marks.append((await other.exec_driver_sql(lock)).all())
            return await super().encode(texts)

    stage = world.stage(Embed(Looking(), vectors).view())
    await embedded(world, stage, said())
    await embedded(world, stage, said())

    assert [len(rows) for rows in marks] == [1, 1]


async def test_the_real_engine_holds_no_text(world, encoder, vectors_url):
    store = QdrantStore(connect(vectors_url), f"embed-{uuid4().hex}", DIM)
    await store.ensure_collection()
    stage = world.stage(Embed(encoder, store).view())
    secret = said("canary-user", "canary text", conversation_id="canary-c", channel="canary-h")
    await embedded(world, stage, secret, said("ben"))

    records, _ = await store.client.scroll(store.collection, with_vectors=True, limit=9)
    payloads = [record.payload for record in records]
    assert {row.id for row in await world.rows(points)} == {UUID(str(one.id)) for one in records}
    assert {key for payload in payloads for key in payload} == {
        "pid", "epoch", "kind", "role", "conv", "chan", "day", "part", "src"
    }  # fmt: skip
    assert b"canary" not in orjson.dumps(payloads)
    await store.client.delete_collection(store.collection)
    await store.close()
