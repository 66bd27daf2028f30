"""Rewriting a collection into new files, so that nothing deleted remains in any of them."""

import asyncio
from typing import Any

import qdrant_edge as qe

from ops.embedded.vectors.collection import Collection
from ops.embedded.vectors.edge import call

STEP = 256  # points copied between two chances for others to be served


async def rewrite(collection: Collection) -> int:
    """Copy the live points, switch to the copy, drop the old files; return the points kept.

    Each step reads the newest state and writes it within one turn of the loop, and updates made
    between steps reach both shards, so the copy never falls behind. A second call waits and copies
    anew: what it was called for may have been deleted after the first had begun.
    """
    async with collection.rewriting:
        with collection.copying() as copy:
            following = _copy_step(collection.shard, copy, None)
            while following is not None:
                await asyncio.sleep(0)
                following = _copy_step(collection.shard, copy, following)
            collection.switch(copy)
            return call(collection.shard.info).points_count


def _copy_step(shard: qe.EdgeShard, copy: qe.EdgeShard, start: Any) -> Any:
    request = qe.ScrollRequest(offset=start, limit=STEP, with_payload=True, with_vector=True)
    records, following = call(shard.scroll, request)
    points = [qe.Point(each.id, each.vector or [], each.payload) for each in records]
    call(copy.update, qe.UpdateOperation.upsert_points(points))
    return following
