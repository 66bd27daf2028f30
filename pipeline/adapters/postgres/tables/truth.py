"""Schema `truth`: what no replay can rebuild."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)

from pipeline.adapters.postgres.tables.columns import metadata, user

cluster = Table(
    "cluster",
    metadata,
    Column("only", SmallInteger, primary_key=True),
    Column("cluster_id", Text, nullable=False),
    Column("partitions", SmallInteger, nullable=False),
    Column("events_topic_id", Text, nullable=False),
    Column("journal_topic_id", Text, nullable=False),
    schema="truth",
)

subjects = Table(
    "subjects",
    metadata,
    *user(),
    Column("state", Text, nullable=False),  # active | erasing
    Column("home", SmallInteger, nullable=False),
    Column("name", LargeBinary, nullable=False),  # the user id, sealed as kind 5, rid = pid
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="truth",
)

user_keys = Table(
    "user_keys",
    metadata,
    *user(),
    Column("purpose", SmallInteger, primary_key=True),
    Column("kver", SmallInteger, primary_key=True),
    Column("period", Integer),  # yyyymm of the events a month key seals; none otherwise
    Column("kek_id", BigInteger, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    ForeignKeyConstraint(["pid", "epoch"], ["truth.subjects.pid", "truth.subjects.epoch"]),
    schema="truth",
)

dead_letter_keys = Table(
    "dead_letter_keys",
    metadata,
    Column("day", Integer, primary_key=True),  # days since 1970, the epoch of the boxes
    Column("kek_id", BigInteger, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    schema="truth",
)

ledger = Table(
    "ledger",
    metadata,
    Column("pid", LargeBinary, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("mac", LargeBinary, nullable=False),
    Column("src", BigInteger, nullable=False),
    schema="truth",
)

admission = Table(
    "admission",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
    Column("prev", BigInteger, nullable=False),
    Column("journal_end", BigInteger, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="truth",
)


sent_on = Table(
    "sent_on",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("home", SmallInteger, primary_key=True, autoincrement=False),
    Column("end", BigInteger, nullable=False),  # on the home partition, behind the last one sent
    schema="truth",
)
