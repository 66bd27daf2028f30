"""Persist's tables."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Uuid,
)

from pipeline.adapters.postgres.tables.columns import merged, metadata, time, user

messages = Table(
    "messages",
    metadata,
    *user(),
    Column("id", Uuid, primary_key=True),
    Column("seq", BigInteger, nullable=False),  # source offset: the user's order of arrival
    Column("conversation", LargeBinary),
    Column("channel", LargeBinary, nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("box", LargeBinary, nullable=False),
    Index("messages_by_channel", "pid", "epoch", "channel", "at", "id"),
    Index("messages_by_time", "pid", "epoch", "at", "id"),
    Index("messages_by_conversation", "pid", "epoch", "conversation", "at", "id"),
    schema="persist",
)

conversations = Table(
    "conversations",
    metadata,
    *user(),
    Column("conversation", LargeBinary, primary_key=True),
    merged("messages", Integer, "add"),
    time("first_at", "least"),
    time("last_at", "greatest"),
    merged("box", LargeBinary, "keep"),  # the conversation's id and channel, kind 6
    schema="persist",
)

profiles = Table(
    "profiles",
    metadata,
    *user(),
    merged("rev", Integer, "take"),
    merged("box", LargeBinary, "take"),
    schema="persist",
)

users = Table(
    "users",
    metadata,
    *user(),
    merged("messages", Integer, "add"),
    time("first_at", "least"),
    time("last_at", "greatest"),
    schema="persist",
)
