"""Embed: the view with a second store that knows no transactions and can forget."""

from functools import partial

from .postgres import Row, Transaction
from .qdrant import Change, Point, PointId
from .traffic import Event, Sealed
from .views import View, opens
from .world import (
    IDLE,
    NOTHING_HANDLED,
    Mark,
    ProcessEnds,
    Steps,
    World,
    answer,
    locked,
    mark_row,
    until_stored,
)


def point_id(world: World, user: str, event: str) -> PointId:
    """Derive a point's id: from user and event, because two users may use the same event id."""
    return (user, event) if world.rules.point_per_user else event


def point_row(user: str, event: str) -> Row:
    """Name the row of embed's own points table without which a hit is not shown."""
    return ("point", user, event)


def _removed_row(user: str, event: str) -> Row:
    return ("removed", user, event)


def embed(world: World, transaction: Transaction, partition: int, fresh: list[Sealed]) -> Steps:
    """Write rows into the transaction and send the points, which no rollback will take back."""
    yield "3 handled"
    changes: list[Change] = []
    for record in filter(partial(opens, world), fresh):
        event = record.event
        if event.kind == "say":
            _show(world, transaction, event)
            changes.append(_upsert(world, partition, record))
        else:
            _remove(transaction, event)
            changes.append((point_id(world, event.user, event.target), None))
    yield from _send(world, changes)


def _show(world: World, transaction: Transaction, event: Event) -> None:
    transaction.put(point_row(event.user, event.id), event.content)
    if _removed_row(event.user, event.id) in world.database.rows:
        world.violations["what was removed is shown again"] += 1


def _remove(transaction: Transaction, event: Event) -> None:
    if transaction.get(point_row(event.user, event.target)) is not None:
        transaction.put(_removed_row(event.user, event.target), True)
        transaction.put(point_row(event.user, event.target), None)


def _upsert(world: World, partition: int, record: Sealed) -> Change:
    event = record.event
    point = Point(event.user, event.id, event.content, partition, record.src)
    return point_id(world, event.user, event.id), point


def _send(world: World, changes: list[Change]) -> Steps:
    """Send changes on a connection of their own: a timed-out request may still land, much later."""
    if changes:
        request = world.network.send(object(), partial(world.vectors.change, changes))
        yield "4 points sent"
        yield from answer(request)


def repair(world: World, partition: int, life: int) -> Steps:
    """After a power cut: bring back the points of existing rows written since the last flush.

    The watermark stays where it is. Going back with it would handle old events again, and show
    what a later event had removed until that one comes again too.
    """
    if world.mark("embed", partition).boots == world.vectors.boots:
        return
    transaction = world.database.begin(life)
    yield from locked(world, transaction, mark_row("embed", partition))
    mark: Mark = transaction.get(mark_row("embed", partition)) or NOTHING_HANDLED
    boots, noted = world.vectors.boots, world.vectors.noted.get(partition, (0, 0))
    yield "0 found the vector store rebooted"
    lost = world.journal[partition].records[noted[0] : mark.next]
    if world.rules.repair == "points":
        rows = [r for r in lost if r and transaction.get(point_row(r.event.user, r.event.id))]
        yield from _send(world, [_upsert(world, partition, record) for record in rows])
        noted = (mark.next, mark.src_next)
    elif world.rules.repair == "rewind the offset only":
        noted = (noted[0], mark.src_next)
    transaction.put(mark_row("embed", partition), Mark(*noted, boots))
    transaction.commit()
    world.seen["repairs after a power cut"] += 1
    if noted[0] < mark.next:
        raise ProcessEnds


def sweep_once(world: World, partition: int, life: int) -> Steps:
    """Delete orphans while holding the watermark row.

    Holding it is not enough: a sweep suspended before its delete lands is terminated, and an event
    not yet handled then gets its row. So only points below the watermark may be called orphans.
    """
    transaction = world.database.begin(life)
    yield from locked(world, transaction, mark_row("embed", partition))
    mark: Mark = transaction.get(mark_row("embed", partition)) or NOTHING_HANDLED
    orphans = [
        (found, None)
        for found, point in world.vectors.points.items()
        if point.partition == partition
        and transaction.get(point_row(point.user, point.event)) is None
        and (point.src < mark.src_next or not world.rules.sweep_below_watermark)
    ]
    yield "orphans listed"
    world.seen["orphans swept"] += len(orphans)
    yield from _send(world, list(orphans))
    transaction.commit()


def sweep(world: World, partition: int, life: int) -> Steps:
    """Sweep at start and now and then."""
    while True:
        yield from until_stored(world, life, partial(sweep_once, world, partition, life))
        for _ in range(8):
            yield IDLE


EMBED = View("embed", embed, tend=repair)
