"""Embed's tables."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, SmallInteger, Table, Text, Uuid

from pipeline.adapters.postgres.tables.columns import metadata

points = Table(
    "points",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("pid", LargeBinary, nullable=False),
    Column("epoch", SmallInteger, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("chunk", SmallInteger, nullable=False),
    Index("points_by_event", "pid", "epoch", "event_id"),
    schema="embed",
)

collection = Table(
    "collection",
    metadata,
    Column("only", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    schema="embed",
)

flushed = Table(
    "flushed",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
    Column("boot", Text, nullable=False),
    schema="embed",
)
