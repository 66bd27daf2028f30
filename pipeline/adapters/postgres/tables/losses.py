"""What was lost for good, and who said to go on without it. Part of schema `truth`."""

from sqlalchemy import BigInteger, Column, DateTime, SmallInteger, Table, Text, func

from pipeline.adapters.postgres.tables.columns import metadata

losses = Table(
    "losses",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # first offset lost
    Column("end", BigInteger, nullable=False),  # behind the last one
    Column("accepted_by", Text, nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="truth",
)
