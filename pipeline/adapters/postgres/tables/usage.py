"""Usage's tables."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, LargeBinary, SmallInteger, Table

from pipeline.adapters.postgres.tables.columns import merged, metadata, time, user

days = Table(
    "days",
    metadata,
    *user(),
    Column("day", Date, primary_key=True),
    merged("messages", Integer, "add"),
    merged("sent", Integer, "add"),  # by the user; a day with any is an active day
    schema="usage",
)

totals = Table(
    "totals",
    metadata,
    *user(),
    merged("messages", Integer, "add"),
    merged("sent", Integer, "add"),
    time("first_at", "least"),
    time("last_at", "greatest"),
    schema="usage",
)

zones = Table(
    "zones",
    metadata,
    *user(),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("offset_minutes", SmallInteger, nullable=False),
    schema="usage",
)

usage_conversations = Table(
    "conversations",
    metadata,
    *user(),
    Column("conversation", LargeBinary, primary_key=True),
    merged("messages", Integer, "add"),
    schema="usage",
)

sessions = Table(
    "sessions",
    metadata,
    *user(),
    Column("session", LargeBinary, primary_key=True),  # token of a session id the producer gave
    merged("messages", Integer, "add"),
    time("first_at", "least"),
    time("last_at", "greatest"),
    schema="usage",
)

spans = Table(
    "spans",
    metadata,
    *user(),
    Column("start_ms", BigInteger, primary_key=True),  # sessions known by 30 minutes of silence
    Column("end_ms", BigInteger, nullable=False),
    Column("messages", Integer, nullable=False),
    schema="usage",
)
