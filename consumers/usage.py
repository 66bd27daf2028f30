"""Usage: daily activity, sessions and counts per user, from the events' own time.

Every row is a sum, a minimum, a maximum or a union of spans, so the order of arrival is without
effect. Streaks are not stored: they follow from the active days.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.dml import ReturningDelete

from pipeline.adapters.postgres import tables
from pipeline.adapters.postgres.write import insert_new, unnested, upsert
from pipeline.domain.days import local_day, offset_minutes
from pipeline.domain.sessions import GAP_MS, Span, merge_spans
from pipeline.stages.view import Batch, Opened, View
from schemas.events import MessageSent


async def message_sent(batch: Batch, events: Sequence[Opened[MessageSent]]) -> None:
    """Count messages by day, user, conversation and session."""
    connection = batch.connection
    await upsert(connection, tables.days, [_day(one) for one in events])
    await upsert(connection, tables.totals, [_total(one) for one in events])
    await upsert(
        connection,
        tables.usage_conversations,
        [_conversation(one, name) for one in events if (name := one.event.conversation_id)],
    )
    await upsert(
        connection,
        tables.sessions,
        [_session(one, name) for one in events if (name := one.event.session_id)],
    )
    await _zones(batch, events)
    await _spans(batch, [one for one in events if not one.event.session_id])


def _user(one: Opened[MessageSent]) -> dict[str, Any]:
    return {"pid": one.pid, "epoch": one.epoch}


def _day(one: Opened[MessageSent]) -> dict[str, Any]:
    day = local_day(one.event.at, one.event.tz)
    return {**_user(one), "day": day, "messages": 1, "sent": _sent(one)}


def _total(one: Opened[MessageSent]) -> dict[str, Any]:
    at = one.event.at
    return {**_user(one), "messages": 1, "sent": _sent(one), "first_at": at, "last_at": at}


def _sent(one: Opened[MessageSent]) -> int:
    return int(one.event.role == "user")


def _conversation(one: Opened[MessageSent], name: str) -> dict[str, Any]:
    token = one.keys.conversation(name)
    return {**_user(one), "conversation": token, "messages": 1}


def _session(one: Opened[MessageSent], name: str) -> dict[str, Any]:
    at, token = one.event.at, one.keys.session(name)
    return {**_user(one), "session": token, "messages": 1, "first_at": at, "last_at": at}


async def _zones(batch: Batch, events: Sequence[Opened[MessageSent]]) -> None:
    """Keep each user's offset from UTC at the latest event; of equal times, the greater."""
    latest: dict[tuple[bytes, int], tuple[Any, int]] = {}
    for one in events:
        found = (one.event.at, offset_minutes(one.event.at, one.event.tz))
        user = (one.pid, one.epoch)
        latest[user] = max(found, latest.get(user, found))
    rows = [
        {"pid": pid, "epoch": epoch, "at": at, "offset_minutes": offset}
        for (pid, epoch), (at, offset) in latest.items()
    ]
    names = [column.name for column in tables.zones.columns]
    parameters = {name: [row[name] for row in rows] for name in names}
    await batch.connection.execute(_later_zones(), parameters)


@cache
def _later_zones() -> Insert:
    table = tables.zones
    source = unnested(list(table.columns))
    new = insert(table).from_select([c.name for c in table.columns], select(*source.columns))
    excluded = new.excluded
    later = func.row(excluded.at, excluded.offset_minutes) > func.row(
        table.c.at, table.c.offset_minutes
    )
    changes = {"at": excluded.at, "offset_minutes": excluded.offset_minutes}
    return new.on_conflict_do_update(index_elements=["pid", "epoch"], set_=changes, where=later)


async def _spans(batch: Batch, events: Sequence[Opened[MessageSent]]) -> None:
    """Merge messages without a session into spans that 30 minutes of silence divide."""
    new: dict[tuple[bytes, int], list[Span]] = defaultdict(list)
    for one in events:
        at = round(one.event.at.timestamp() * 1000)
        new[one.pid, one.epoch].append(Span(at, at, 1))
    if not new:
        return
    reach = [
        (pid, epoch, min(s.start_ms for s in spans), max(s.end_ms for s in spans))
        for (pid, epoch), spans in new.items()
    ]
    names = ("pid", "epoch", "start_ms", "end_ms")
    parameters = {
        name: list(column) for name, column in zip(names, zip(*reach, strict=True), strict=True)
    }
    for pid, epoch, *span in await batch.connection.execute(_near_spans(), parameters):
        new[bytes(pid), epoch].append(Span(*span))
    rows = [
        {
            "pid": pid,
            "epoch": epoch,
            "start_ms": s.start_ms,
            "end_ms": s.end_ms,
            "messages": s.count,
        }
        for (pid, epoch), spans in new.items()
        for s in merge_spans(spans)
    ]
    await insert_new(batch.connection, tables.spans, rows)


@cache
def _near_spans() -> ReturningDelete[Any]:
    """Take away the spans that new ones of the same user may touch."""
    table = tables.spans
    new = unnested([table.c.pid, table.c.epoch, table.c.start_ms, table.c.end_ms])
    near = (
        table.c.pid == new.c.pid,
        table.c.epoch == new.c.epoch,
        table.c.end_ms > new.c.start_ms - GAP_MS,
        table.c.start_ms < new.c.end_ms + GAP_MS,
    )
    columns = (table.c.pid, table.c.epoch, table.c.start_ms, table.c.end_ms, table.c.messages)
    return delete(table).where(*near).returning(*columns)


VIEW = View(
    name="usage",
    tables=(
        tables.days,
        tables.totals,
        tables.zones,
        tables.usage_conversations,
        tables.sessions,
        tables.spans,
    ),
    handlers={"chat.message.sent.v1": message_sent},
)
