"""The bodies that read, and what is answered: query, scroll, count, retrieve."""

from typing import Any

import qdrant_edge as qe

from ops.embedded.vectors.edge import call
from ops.embedded.vectors.filters import parse_filter
from ops.embedded.vectors.points import checked_vector
from ops.embedded.vectors.refused import Refused
from ops.embedded.vectors.strict import fields, flag, integer, limit_of, number, point_id, point_ids

QUERY_FIELDS = {
    "query", "filter", "limit", "offset", "score_threshold", "with_payload", "with_vector",
}  # fmt: skip
SCROLL_FIELDS = {"filter", "limit", "offset", "with_payload", "with_vector"}


def query(shard: qe.EdgeShard, size: int, body: object) -> dict[str, Any]:
    """Answer the nearest points to a vector; other forms of query are refused."""
    given = fields(body, QUERY_FIELDS, required={"query"})
    threshold = given.get("score_threshold")
    request = qe.QueryRequest(
        limit=limit_of(given.get("limit", 10)),
        offset=integer(given.get("offset", 0), "offset"),
        query=qe.Query.Nearest(_nearest(given["query"], size)),
        filter=parse_filter(given.get("filter")),
        score_threshold=None if threshold is None else number(threshold, "score_threshold"),
        with_payload=_payload_choice(given.get("with_payload", False)),
        with_vector=flag(given.get("with_vector", False), "with_vector"),
    )
    return {"points": [_scored(point) for point in call(shard.query, request)]}


def scroll(shard: qe.EdgeShard, body: object) -> dict[str, Any]:
    """Answer points in ascending order of id, and the id that the next page starts with."""
    given = fields(body, SCROLL_FIELDS)
    request = qe.ScrollRequest(
        limit=limit_of(given.get("limit", 10)),
        offset=point_id(given["offset"]) if "offset" in given else None,
        filter=parse_filter(given.get("filter")),
        with_payload=_payload_choice(given.get("with_payload", True)),
        with_vector=flag(given.get("with_vector", False), "with_vector"),
    )
    records, following = call(shard.scroll, request)
    return {
        "points": [_record(record) for record in records],
        "next_page_offset": None if following is None else str(following),
    }


def count(shard: qe.EdgeShard, body: object) -> dict[str, Any]:
    """Answer the exact number of points; an estimate may be exact too."""
    given = fields(body, {"filter", "exact"})
    flag(given.get("exact", True), "exact")
    request = qe.CountRequest(exact=True, filter=parse_filter(given.get("filter")))
    return {"count": call(shard.count, request)}


def retrieve(shard: qe.EdgeShard, body: object) -> list[dict[str, Any]]:
    """Answer points by id."""
    given = fields(body, {"ids", "with_payload", "with_vector"}, required={"ids"})
    records = call(
        shard.retrieve,
        point_ids(given["ids"], "ids"),
        _payload_choice(given.get("with_payload", True)),
        flag(given.get("with_vector", False), "with_vector"),
    )
    return [_record(record) for record in records]


def _nearest(form: object, size: int) -> list[float]:
    vector = form
    if not isinstance(form, list):
        vector = fields(form, {"nearest"}, required={"nearest"})["nearest"]
    return checked_vector(vector, size)


def _payload_choice(value: object) -> bool | list[str]:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return value
    if isinstance(value, bool):
        return value
    raise Refused(400, "with_payload is true, false or a list of field names")


def _record(record: qe.Record | qe.ScoredPoint) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": str(record.id), "payload": record.payload}
    if record.vector is not None:
        answer["vector"] = record.vector
    return answer


def _scored(point: qe.ScoredPoint) -> dict[str, Any]:
    return _record(point) | {"score": point.score, "version": point.version}
