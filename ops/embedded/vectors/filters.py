"""Qdrant's filter language, the part we speak, from JSON to Edge.

filter     {"must": [...], "should": [...], "must_not": [...]}   one object stands for a list
condition  {"key", "match": {"value" | "any" | "except"}}
           {"key", "range": {"gt" | "gte" | "lt" | "lte"}}       numbers only
           {"has_id": [...]}
           a filter with at least one condition
"""

from typing import Any

import qdrant_edge as qe

from ops.embedded.vectors.edge import build
from ops.embedded.vectors.refused import Refused
from ops.embedded.vectors.strict import fields, items, number, only_one, point_ids

MAX_DEPTH = 8
CLAUSES = ("must", "should", "must_not")


def parse_filter(body: object) -> qe.Filter | None:
    """Read an optional filter; None narrows nothing."""
    return None if body is None else _filter(body, depth=0)


def parse_narrowing_filter(body: object) -> qe.Filter:
    """Read a filter that must hold a condition: an empty one would mean every point."""
    parsed = _filter(body, depth=0)
    if not (parsed.must or parsed.should or parsed.must_not):
        raise Refused(400, "an empty filter is refused here: it would match every point")
    return parsed


def _filter(body: object, *, depth: int) -> qe.Filter:
    if depth > MAX_DEPTH:
        raise Refused(400, f"filters nest at most {MAX_DEPTH} deep")
    given = fields(body, CLAUSES)
    clauses = {name: _conditions(clause, depth=depth) for name, clause in given.items()}
    # An empty clause is left out: what Edge makes of one is not documented.
    return qe.Filter(
        must=clauses.get("must") or None,
        should=clauses.get("should") or None,
        must_not=clauses.get("must_not") or None,
    )


def _conditions(clause: object, *, depth: int) -> list[Any]:
    listed = clause if isinstance(clause, list) else [clause]
    return [_condition(each, depth=depth) for each in listed]


def _condition(body: object, *, depth: int) -> Any:
    if not isinstance(body, dict):
        raise Refused(400, "a condition is a JSON object")
    if "key" in body:
        return _field_condition(body)
    if "has_id" in body:
        given = fields(body, {"has_id"}, required={"has_id"})
        return qe.HasIdCondition(set(point_ids(given["has_id"], "has_id")))
    nested = _filter(body, depth=depth + 1)
    if not (nested.must or nested.should or nested.must_not):
        raise Refused(400, "a nested filter holds at least one condition")
    return nested


def _field_condition(body: object) -> qe.FieldCondition:
    given = fields(body, {"key", "match", "range"}, required={"key"})
    if not isinstance(given["key"], str):
        raise Refused(400, "key is a string")
    kind, test = only_one(given, ("match", "range"))
    if kind == "match":
        return build(qe.FieldCondition, given["key"], match=_match(test))
    return build(qe.FieldCondition, given["key"], range=_range(test))


def _match(body: object) -> Any:
    kind, wanted = only_one(fields(body, {"value", "any", "except"}), ("value", "any", "except"))
    if kind == "value":
        # Edge would read true as 1.
        if type(wanted) not in (str, int):
            raise Refused(400, "a match value is a string or a whole number")
        return build(qe.MatchValue, wanted)
    if {type(each) for each in items(wanted, kind)} not in ({str}, {int}, set()):
        raise Refused(400, f"{kind} lists strings or whole numbers, not both")
    return build(qe.MatchAny if kind == "any" else qe.MatchExcept, wanted)


def _range(body: object) -> qe.RangeFloat:
    given = fields(body, {"gt", "gte", "lt", "lte"})
    if not given:
        raise Refused(400, "a range has at least one bound")
    return qe.RangeFloat(**{name: number(bound, name) for name, bound in given.items()})
