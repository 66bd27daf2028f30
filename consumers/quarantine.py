"""`python -m consumers.quarantine list|retry VIEW`: what a view could not handle, and once more.

A retry makes the user's part of the view anew from the journal, never one record.
Exit code 0: nothing is left of what was asked; 1: something stays set aside; 2: it could not be
done.
"""

import argparse
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import NoReturn

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from consumers import persist, usage
from consumers.command import run_command
from consumers.embed import Embed
from pipeline import wiring
from pipeline.adapters.postgres.engine import sqlstate, transaction
from pipeline.adapters.postgres.tables import VIEWS, quarantines
from pipeline.domain.rotation import self_test
from pipeline.errors import FatalError, StoreUnavailable
from pipeline.settings import Settings, settings
from pipeline.stages.view import View
from pipeline.verifying.rebuild import rebuild_user
from pipeline.worker import Resources, open_resources, view_stage


@dataclass(frozen=True, slots=True)
class Row:
    """A journal record that was set aside; pid in hex, the time in RFC 3339."""

    view: str
    partition: int
    offset: int
    pid: str | None
    event_id: str | None
    reason: str
    at: str


async def read_rows(engine: AsyncEngine, views: Sequence[str] = VIEWS) -> list[Row]:
    """What the views have set aside, in the order of the journal.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    rows = []
    async with transaction(engine) as connection:
        for view in views:
            table = quarantines[view]
            found = await connection.execute(
                select(table).order_by(table.c.partition, table.c.offset)
            )
            rows += [
                Row(
                    view=view,
                    partition=one.partition,
                    offset=one.offset,
                    pid=one.pid.hex() if one.pid is not None else None,
                    event_id=str(one.event_id) if one.event_id is not None else None,
                    reason=one.reason,
                    at=one.at.isoformat(),
                )
                for one in found
            ]
    return rows


async def retry(resources: Resources, view: View, pid: str | None) -> bool:
    """Rebuild every user of whom something was set aside, or one; whether nothing is left.

    Raises:
        StoreUnavailable: a store is away; users already done stay done.
        FatalError: the journal is not whole.
    """
    rows = await read_rows(resources.engine, [view.name])
    wanted = [row for row in rows if pid is None or row.pid == pid]
    for row in wanted:
        if row.pid is None:
            print(f"partition {row.partition} offset {row.offset}: names no user and stays")
    users = dict.fromkeys((row.partition, row.pid) for row in wanted if row.pid is not None)
    done = [await _retry_user(resources, view, *user) for user in users]
    return all(done) and all(row.pid is not None for row in wanted)


async def _retry_user(resources: Resources, view: View, partition: int, pid: str) -> bool:
    stage = view_stage(resources, view)
    try:
        rebuilt = await rebuild_user(stage, resources.kafka, partition, bytes.fromhex(pid))
    except (StoreUnavailable, FatalError):
        raise
    except Exception as error:  # noqa: BLE001  the next user may fare better
        kind = f"{type(error).__name__} ({sqlstate(error)})"
        print(f"{pid}: fails again, nothing was changed: {kind}")
        return False
    print(f"{pid}: {rebuilt.handled} events handled again")
    for one in rebuilt.unreadable:
        print(f"  partition {partition} offset {one.record.offset}: stays set aside: {one.reason}")
    return not rebuilt.unreadable


@asynccontextmanager
async def _view(configured: Settings, name: str) -> AsyncIterator[View]:
    if name != "embed":
        yield {"persist": persist.VIEW, "usage": usage.VIEW}[name]
        return
    self_test()
    encoder = wiring.encoder(configured, "bulk")
    vectors = wiring.vector_store(configured, encoder)
    try:
        yield Embed(encoder, vectors, vectors.collection).view()
    finally:
        await vectors.close()
        encoder.close()


async def _list(resources: Resources, *, as_json: bool) -> int:
    rows = await read_rows(resources.engine)
    if as_json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    for row in rows:
        where = f"{row.view} partition {row.partition} offset {row.offset}"
        print(f"{row.at}  {where}  user {row.pid or 'unknown'}  {row.reason}")
    print(f"{len(rows)} set aside")
    return 0


async def _run(options: argparse.Namespace) -> int:
    configured = settings()
    resources = open_resources(configured)
    try:
        if options.command == "list":
            return await _list(resources, as_json=options.json)
        async with _view(configured, options.view) as view:
            return 0 if await retry(resources, view, options.pid) else 1
    finally:
        await resources.engine.dispose()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tidemark quarantine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="show what was set aside")
    listing.add_argument("--json", action="store_true", help="as JSON")
    again = commands.add_parser("retry", help="rebuild the users of whom something was set aside")
    again.add_argument("view", choices=VIEWS)
    again.add_argument("--pid", metavar="HEX", help="only this user")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """List or retry, and exit."""
    run_command(_run(_options(arguments)))


if __name__ == "__main__":
    main()
