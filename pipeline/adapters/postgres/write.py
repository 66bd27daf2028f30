"""Writing many rows in one statement, with rows of one key merged by each column's rule."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Column, Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

Row = Mapping[str, Any]

# How two values of one key become one: in Python for rows of one batch, in SQL against the table.
_IN_BATCH: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda old, new: old + new,
    "least": min,
    "greatest": max,
    "keep": lambda old, _new: old,
    "take": lambda _old, new: new,
}
_IN_TABLE: dict[str, Callable[[Any, Any], ColumnElement[Any]]] = {
    "add": lambda old, new: old + new,
    "least": func.least,
    "greatest": func.greatest,
    "take": lambda _old, new: new,
}


async def insert_new(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows; those whose key is there already stay as they are."""
    if rows:
        await connection.execute(_statement(table, merge=False), _columns(table, rows))


async def upsert(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, or merge them into those of the same key by the columns' `merge` rules.

    The rules commute with batching: any split of the same rows ends in the same table.
    """
    if rows:
        merged = merge_rows(table, rows)
        await connection.execute(_statement(table, merge=True), _columns(table, merged))


def merge_rows(table: Table, rows: Iterable[Row]) -> list[Row]:
    """One row per primary key, in order of first appearance."""
    keys = [column.name for column in table.primary_key]
    rules = [(c.name, _IN_BATCH[c.info["merge"]]) for c in table.columns if "merge" in c.info]
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        known = merged.get(key)
        if known is None:
            merged[key] = dict(row)
        else:
            for name, rule in rules:
                known[name] = rule(known[name], row[name])
    return list(merged.values())


def unnested(columns: Sequence[Column[Any]]) -> TableValuedAlias:
    """A derived table over one array parameter per column, with the columns' names and types."""
    arrays = [bindparam(column.name, type_=ARRAY(column.type)) for column in columns]
    named = [Column(column.name, column.type) for column in columns]
    return func.unnest(*arrays).table_valued(*named).render_derived()


@cache
def _statement(table: Table, *, merge: bool) -> Insert:
    columns = _written(table)
    source = unnested(columns)
    statement = insert(table).from_select([c.name for c in columns], select(*source.columns))
    if not merge:
        return statement.on_conflict_do_nothing()
    excluded = statement.excluded
    changes = {
        c.name: _IN_TABLE[c.info["merge"]](c, excluded[c.name])
        for c in table.columns
        if c.info.get("merge", "keep") != "keep"
    }
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)


def _written(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.server_default is None]


def _columns(table: Table, rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {c.name: [row[c.name] for row in rows] for c in _written(table)}
