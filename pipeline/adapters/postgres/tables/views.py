"""What every view has: watermark, attempts, quarantine."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)

from pipeline.adapters.postgres.tables.columns import metadata

VIEWS = ("persist", "embed", "usage")


def _view_tables(view: str) -> tuple[Table, Table, Table]:
    watermark = Table(
        "watermark",
        metadata,
        Column("partition", SmallInteger, primary_key=True, autoincrement=False),
        Column("next", BigInteger, nullable=False),
        Column("src_next", BigInteger, nullable=False),
        Column("started_at", BigInteger, nullable=False, server_default="-1"),
        Column("starts", SmallInteger, nullable=False, server_default="0"),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        schema=view,
    )
    attempts = Table(
        "attempts",
        metadata,
        Column("partition", SmallInteger, primary_key=True, autoincrement=False),
        Column("offset", BigInteger, primary_key=True, autoincrement=False),
        Column("count", SmallInteger, nullable=False),
        schema=view,
    )
    quarantine = Table(
        "quarantine",
        metadata,
        Column("partition", SmallInteger, primary_key=True, autoincrement=False),
        Column("offset", BigInteger, primary_key=True, autoincrement=False),
        Column("pid", LargeBinary),
        Column("event_id", Uuid),
        Column("reason", Text, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        schema=view,
    )
    return watermark, attempts, quarantine


_tables = {view: _view_tables(view) for view in VIEWS}
watermarks = {view: tables[0] for view, tables in _tables.items()}
attempts = {view: tables[1] for view, tables in _tables.items()}
quarantines = {view: tables[2] for view, tables in _tables.items()}
