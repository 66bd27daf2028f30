"""Comparing a live view with its scratch copy: every row, boxes by what they hold."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, LargeBinary, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.adapters.postgres.keyring import Keyring
from pipeline.domain.crypto import TamperedRecord, UnsupportedBox, box_header, open_box

PAGE = 2000
BOX = "box"
Rid = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what a replay makes of it; `key` holds pseudonyms and ids only."""

    table: str
    key: str
    what: str  # missing | extra | differs: column, ...


async def compare_table(
    live: AsyncConnection, scratch: AsyncConnection, table: Table, rid: Rid | None, keyring: Keyring
) -> AsyncIterator[Difference]:
    """The differences of one table; both sides are read in the order of the primary key."""
    ours, theirs = _rows(live, table, rid, keyring), _rows(scratch, table, rid, keyring)
    one, other = await anext(ours, None), await anext(theirs, None)
    while one is not None or other is not None:
        order = _order(table, one, other)
        if order == 0 and one is not None and other is not None:
            if wrong := [name for name in one if one[name] != other[name]]:
                yield _difference(table, one, f"differs: {', '.join(wrong)}")
            one, other = await anext(ours, None), await anext(theirs, None)
        elif order < 0 and one is not None:
            yield _difference(table, one, "extra")
            one = await anext(ours, None)
        elif other is not None:
            yield _difference(table, other, "missing")
            other = await anext(theirs, None)


async def _rows(
    connection: AsyncConnection, table: Table, rid: Rid | None, keyring: Keyring
) -> AsyncIterator[dict[str, Any]]:
    columns = [c for c in table.columns if c.server_default is None]
    keys = list(table.primary_key)
    statement = select(*columns).order_by(*keys)
    result = await connection.stream(statement, execution_options={"yield_per": PAGE})
    async for page in result.mappings().partitions(PAGE):
        rows = [dict(row) for row in page]
        if rid is not None:
            await _open_boxes(rows, rid, keyring)
        for row in rows:
            yield row


async def _open_boxes(rows: Sequence[dict[str, Any]], rid: Rid, keyring: Keyring) -> None:
    """Replace each box by what it holds: two seals of one content are two boxes."""
    names = []
    for row in rows:
        header = box_header(row[BOX])
        names.append((row["pid"], header.epoch, header.kver))
    keys = await keyring.content(names)
    for row, name in zip(rows, names, strict=True):
        row[BOX] = _opened(row, rid(row), keys.get(name))


def _opened(row: dict[str, Any], rid: bytes, key: Any) -> Any:
    if key is None:
        return "its key is destroyed"
    try:
        return open_box(key, box_header(row[BOX]).kind, row["pid"], rid, row[BOX])
    except (TamperedRecord, UnsupportedBox) as error:
        return f"cannot be opened ({type(error).__name__} at {id(row)})"


def _order(table: Table, one: dict[str, Any] | None, other: dict[str, Any] | None) -> int:
    if one is None or other is None:
        return 1 if one is None else -1
    left, right = list(_key(table, one)), list(_key(table, other))
    return (left > right) - (left < right)


def _key(table: Table, row: dict[str, Any]) -> Iterator[Any]:
    for column in table.primary_key:
        value = row[column.name]
        yield value.bytes if hasattr(value, "bytes") else value  # PostgreSQL orders uuids by bytes


def _difference(table: Table, row: dict[str, Any], what: str) -> Difference:
    key = "/".join(_shown(column, row[column.name]) for column in table.primary_key)
    return Difference(table.fullname, key, what)


def _shown(column: Column[Any], value: Any) -> str:
    return value.hex() if isinstance(column.type, LargeBinary) else str(value)
