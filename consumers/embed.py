"""Embed: what users and assistants say, as vectors rotated per user; one point a chunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from pipeline import wiring
from pipeline.adapters.postgres import tables
from pipeline.adapters.postgres.collection import claim, require
from pipeline.adapters.postgres.write import insert_new
from pipeline.domain.chunks import chunks
from pipeline.domain.content import RoleCode
from pipeline.domain.crypto import Kind
from pipeline.domain.days import day_number, local_day
from pipeline.domain.identity import point_id_of
from pipeline.domain.rotation import rotate, self_test
from pipeline.ports import Point, PointSink, TextEncoder, Vector
from pipeline.stages.view import AnyOpened, Batch, Opened, View
from pipeline.upkeep.durability import Checkpoints, Sweep
from pipeline.upkeep.jobs import Job
from pipeline.worker import Consumer, Resources, view_stage
from schemas.events import MessageSent

CHECKPOINT_SECONDS = 10.0
SWEEP_SECONDS = 3600.0
EMBEDDED_ROLES = frozenset({"user", "assistant"})
Points = dict[tuple[bytes, UUID], list[Point]]  # by pid and event id: users may share the latter


@dataclass(frozen=True, slots=True)
class Embed:
    """The view's work, bound to an encoder and a vector store."""

    encoder: TextEncoder
    vectors: PointSink
    collection: str | None = None  # None: a replay, whose points go nowhere

    async def prepare(self, events: Sequence[AnyOpened]) -> Points:
        """Encode and rotate every chunk of the batch, before any row is locked."""
        spoken = [one for event in events if (one := _spoken(event))]
        pieces = [
            (one, i, text) for one in spoken for i, text in enumerate(chunks(one.event.content))
        ]
        if not pieces:
            return {}
        encoded = await self.encoder.encode([text for _, _, text in pieces])
        rotations = [one.keys.rotation(self.encoder.dimension) for one, _, _ in pieces]
        points: Points = {}
        for (one, chunk, _), vector in zip(pieces, rotate(rotations, encoded), strict=True):
            points.setdefault((one.pid, one.id), []).append(_point(one, chunk, vector))
        return points

    async def message_sent(self, batch: Batch, events: Sequence[Opened[MessageSent]]) -> None:
        """Write the points' rows, then the points; both again do no harm."""
        if self.collection is not None:
            await require(batch.connection, self.collection)
        points: Points = batch.prepared
        made = [(one, points.get((one.pid, one.id), ())) for one in events]
        rows = [_row(one, i, point) for one, some in made for i, point in enumerate(some)]
        await insert_new(batch.connection, tables.points, rows)
        await self.vectors.upsert([point for _, some in made for point in some])

    def view(self) -> View:
        """The view."""
        return View(
            name="embed",
            tables=(tables.points,),
            handlers={"chat.message.sent.v1": self.message_sent},
            prepare=self.prepare,
        )


async def build(resources: Resources) -> Consumer:
    """Embed's stage, with the checkpoints and the sweep of its vector store."""
    self_test()  # on a machine whose arithmetic differs, nothing would be found again
    encoder = wiring.encoder(resources.settings, "bulk")
    vectors = wiring.vector_store(resources.settings, encoder)
    await claim(resources.engine, vectors.collection)
    await vectors.ensure_collection()
    stage = view_stage(resources, Embed(encoder, vectors, vectors.collection).view())
    partitions = resources.settings.tidemark_partitions
    checkpoints = Checkpoints(stage, resources.kafka, vectors, vectors, partitions)
    jobs = (
        Job("checkpoint", CHECKPOINT_SECONDS, checkpoints.checkpoint),
        Job("sweep", SWEEP_SECONDS, Sweep(resources.engine, vectors).run),
    )
    return Consumer(stage, jobs=jobs, close=vectors.close)


def _spoken(one: AnyOpened) -> Opened[MessageSent] | None:
    """The event as a message of someone whose words are embedded."""
    event = one.event
    if isinstance(event, MessageSent) and event.role in EMBEDDED_ROLES:
        return cast("Opened[MessageSent]", one)
    return None


def _point(one: Opened[MessageSent], chunk: int, vector: Vector) -> Point:
    event = one.event
    return Point(
        id=point_id_of(one.pid, one.id, chunk),
        vector=vector,
        pid=one.pid,
        epoch=one.epoch,
        kind=int(Kind.MESSAGE),
        role=int(RoleCode.of(event.role)),
        conversation=(
            one.keys.conversation(event.conversation_id) if event.conversation_id else None
        ),
        channel=one.keys.channel(event.channel),
        day=day_number(local_day(event.at, event.tz)),
        partition=one.partition,
        src=one.seq,
    )


def _row(one: Opened[MessageSent], chunk: int, point: Point) -> dict[str, Any]:
    user = {"pid": one.pid, "epoch": one.epoch}
    return {**user, "id": point.id, "event_id": one.id, "chunk": chunk}
