"""One handler a route: read the request strictly, ask the store, return what is answered."""

from typing import Any

from starlette.requests import Request

from ops.embedded.vectors import reads
from ops.embedded.vectors.collection import Collection
from ops.embedded.vectors.config import parse_collection, parse_index
from ops.embedded.vectors.describe import describe
from ops.embedded.vectors.http import body_of
from ops.embedded.vectors.points import parse_delete, parse_upsert
from ops.embedded.vectors.refused import Refused
from ops.embedded.vectors.store import Store
from ops.embedded.vectors.strict import fields, items

MAX_SEARCHES = 64


async def list_collections(store: Store, _: Request) -> Any:
    """Answer the names of all collections."""
    return {"collections": [{"name": name} for name in sorted(store.collections)]}


async def get_collection(store: Store, request: Request) -> Any:
    """Answer configuration and counts."""
    return describe(_collection(store, request))


async def collection_exists(store: Store, request: Request) -> Any:
    """Answer whether there is such a collection."""
    return {"exists": _name(request) in store.collections}


async def create_collection(store: Store, request: Request) -> Any:
    """Make a collection."""
    store.create(_name(request), parse_collection(await body_of(request)))
    return True


async def drop_collection(store: Store, request: Request) -> Any:
    """Delete a collection; false when there was none."""
    return store.drop(_name(request))


async def create_index(store: Store, request: Request) -> Any:
    """Index a payload field."""
    field, schema = parse_index(await body_of(request))
    return _updated(store.add_index(_name(request), field, schema))


async def upsert(store: Store, request: Request) -> Any:
    """Write points: all of them, or none when one is wrong."""
    size = _collection(store, request).config.size
    points = parse_upsert(await body_of(request), size)
    return _updated(await store.upsert(_name(request), points))


async def delete(store: Store, request: Request) -> Any:
    """Delete points by id or by filter."""
    return _updated(store.delete(_name(request), parse_delete(await body_of(request))))


async def query(store: Store, request: Request) -> Any:
    """Answer the points nearest to a vector."""
    body = await body_of(request)
    return _query(_collection(store, request), body)


async def query_batch(store: Store, request: Request) -> Any:
    """Answer several queries in their order."""
    given = fields(await body_of(request), {"searches"}, required={"searches"})
    searches = items(given["searches"], "searches")
    if len(searches) > MAX_SEARCHES:
        raise Refused(400, f"a batch holds at most {MAX_SEARCHES} searches")
    collection = _collection(store, request)
    return [_query(collection, each) for each in searches]


async def scroll(store: Store, request: Request) -> Any:
    """Answer a page of points."""
    body = await body_of(request)
    return reads.scroll(_collection(store, request).shard, body)


async def count(store: Store, request: Request) -> Any:
    """Answer a number of points."""
    body = await body_of(request)
    return reads.count(_collection(store, request).shard, body)


async def retrieve(store: Store, request: Request) -> Any:
    """Answer points by id."""
    body = await body_of(request)
    return reads.retrieve(_collection(store, request).shard, body)


async def state(store: Store, _: Request) -> Any:
    """Answer the flush state."""
    return {
        "store_id": store.boot.store_id,
        "boot_id": store.boot.boot_id,
        "clean": store.boot.clean,
        "seq": store.seq,
        "flushed_seq": store.flushed_seq,
    }


async def flush(store: Store, request: Request) -> Any:
    """Reach the disk, then answer the flush state."""
    store.flush()
    return await state(store, request)


async def rewrite(store: Store, request: Request) -> Any:
    """Rewrite a collection into new files."""
    return {"points": await store.rewrite(_name(request))}


def _name(request: Request) -> str:
    return str(request.path_params["name"])


def _collection(store: Store, request: Request) -> Collection:
    return store.get(_name(request))


def _query(collection: Collection, body: object) -> Any:
    return reads.query(collection.shard, collection.config.size, body)


def _updated(seq: int) -> dict[str, Any]:
    return {"operation_id": seq, "status": "completed"}
