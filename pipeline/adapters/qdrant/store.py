"""`VectorStore` over `AsyncQdrantClient`, and `VectorDurability` where the process is ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from pipeline.adapters.qdrant import schema, wire
from pipeline.adapters.qdrant.errors import CONFLICT, NOT_FOUND, UNAUTHORISED, translated
from pipeline.errors import ConfigError
from pipeline.ports import FlushState, Hit, Page, Point, StoredPoint, Vector, Where

REWRITE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class QdrantStore:
    """One collection of `dim` dimensions behind a connected client."""

    client: AsyncQdrantClient
    collection: str
    dim: int

    async def ensure_collection(self) -> bool:
        """Create what is absent; see the port. A refused key is a `ConfigError` here."""
        with translated():
            try:
                created = await self._create_if_absent()
                info = await self.client.get_collection(self.collection)
                schema.require_fit(info, self.collection, self.dim)
                for field, params in schema.missing_indexes(info).items():
                    await self.client.create_payload_index(self.collection, field, params)
            except UnexpectedResponse as answer:
                if answer.status_code not in UNAUTHORISED:
                    raise
                raise ConfigError(["Qdrant refuses the API key"]) from None
        return created

    async def upsert(self, points: Sequence[Point]) -> None:
        """Write points by id; see the port."""
        wire.checked(points, self.dim)
        for start in range(0, len(points), wire.BATCH):
            body: Any = wire.batch_body(points[start : start + wire.BATCH])
            with translated():
                await self.client.http.points_api.upsert_points(
                    self.collection, wait=True, point_insert_operations=body
                )

    async def search(
        self, pid: bytes, epoch: int, vector: Vector, limit: int, where: Where
    ) -> list[Hit]:
        """Return the nearest points; see the port."""
        with translated():
            answer = await self.client.query_points(
                self.collection,
                query=vector.tolist(),
                query_filter=wire.near(pid, epoch, where),
                limit=limit,
                with_payload=False,
            )
        return [Hit(UUID(str(point.id)), point.score) for point in answer.points]

    async def delete_points(self, ids: Sequence[UUID]) -> None:
        """Delete by id; see the port."""
        for start in range(0, len(ids), wire.BATCH):
            part: list[Any] = [str(each) for each in ids[start : start + wire.BATCH]]
            with translated():
                await self.client.delete(self.collection, models.PointIdsList(points=part))

    async def delete_user(self, pid: bytes, epoch: int) -> None:
        """Delete a user's points; see the port."""
        selector = models.FilterSelector(filter=wire.of_user(pid, epoch))
        with translated():
            await self.client.delete(self.collection, selector)

    async def count_user(self, pid: bytes, epoch: int) -> int:
        """Count a user's points; see the port."""
        with translated():
            answer = await self.client.count(
                self.collection, count_filter=wire.of_user(pid, epoch), exact=True
            )
        return answer.count

    async def scroll(
        self,
        after: UUID | None,
        limit: int,
        *,
        with_vectors: bool = False,
        pid: bytes | None = None,
        day_from: int | None = None,
        day_to: int | None = None,
    ) -> Page:
        """Read on behind `after`; see the port."""
        with translated():
            records, following = await self.client.scroll(
                self.collection,
                scroll_filter=wire.stretch(pid, day_from, day_to),
                limit=limit,
                offset=None if after is None else str(UUID(int=after.int + 1)),
                with_vectors=with_vectors,
            )
        points = tuple(wire.stored(record) for record in records)
        return Page(points, points[-1].id if following is not None and points else None)

    async def retrieve(
        self, ids: Sequence[UUID], *, with_vectors: bool = False
    ) -> list[StoredPoint]:
        """Read points by id; see the port."""
        with translated():
            records = await self.client.retrieve(
                self.collection, [str(each) for each in ids], with_vectors=with_vectors
            )
        return [wire.stored(record) for record in records]

    async def reachable(self) -> None:
        """Return when Qdrant answers."""
        with translated():
            await self.client.info()

    async def flush_state(self) -> FlushState | None:
        """Say how far the disk has been reached; None for a server."""
        return _flush_state(await self._ours("GET", "/tidemark/state"))

    async def flush(self) -> FlushState | None:
        """Reach the disk; None for a server."""
        return _flush_state(await self._ours("POST", "/tidemark/flush"))

    async def rewrite(self) -> int | None:
        """Rewrite the collection into new files; None for a server."""
        path = f"/tidemark/rewrite/{self.collection}"
        result = await self._ours("POST", path, timeout=REWRITE_SECONDS)
        return None if result is None else int(result["points"])

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    async def _create_if_absent(self) -> bool:
        if await self.client.collection_exists(self.collection):
            return False
        try:
            return await self.client.create_collection(
                self.collection,
                vectors_config=schema.vector_params(self.dim),
                hnsw_config=schema.HNSW,
                optimizers_config=schema.OPTIMIZERS,
            )
        except UnexpectedResponse as answer:
            if answer.status_code == CONFLICT:  # another process was faster
                return False
            raise

    async def _ours(self, method: str, url: str, **options: Any) -> dict[str, Any] | None:
        """Call a route that only the embedded process has; None where it is unknown."""
        with translated():
            try:
                answer: dict[str, Any] = await self.client.http.client.request(
                    type_=dict, method=method, url=url, **options
                )
            except UnexpectedResponse as error:
                if error.status_code == NOT_FOUND:
                    return None
                raise
        result: dict[str, Any] = answer["result"]
        return result


def _flush_state(result: dict[str, Any] | None) -> FlushState | None:
    if result is None:
        return None
    fields = ("store_id", "boot_id", "seq", "flushed_seq")
    return FlushState(**{name: result[name] for name in fields})
