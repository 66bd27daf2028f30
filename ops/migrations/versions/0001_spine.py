"""What cannot be rebuilt (schema `truth`), and the views persist, embed and usage."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SCHEMAS = ("truth", "persist", "embed", "usage")


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    op.create_table(
        "attempts",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "offset"),
        schema="embed",
    )
    op.create_table(
        "flushed",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition"),
        schema="embed",
    )
    op.create_table(
        "points",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("chunk", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="embed",
    )
    op.create_index(
        "points_by_event", "points", ["pid", "epoch", "event_id"], unique=False, schema="embed"
    )
    op.create_table(
        "quarantine",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pid", sa.LargeBinary(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("partition", "offset"),
        schema="embed",
    )
    op.create_table(
        "watermark",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("src_next", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), server_default="-1", nullable=False),
        sa.Column("starts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("partition"),
        schema="embed",
    )
    op.create_table(
        "attempts",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "offset"),
        schema="persist",
    )
    op.create_table(
        "conversations",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("conversation", sa.LargeBinary(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch", "conversation"),
        schema="persist",
    )
    op.create_table(
        "messages",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("conversation", sa.LargeBinary(), nullable=True),
        sa.Column("channel", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch", "id"),
        schema="persist",
    )
    op.create_index(
        "messages_by_channel",
        "messages",
        ["pid", "epoch", "channel", "at", "id"],
        unique=False,
        schema="persist",
    )
    op.create_index(
        "messages_by_time", "messages", ["pid", "epoch", "at", "id"], unique=False, schema="persist"
    )
    op.create_table(
        "profiles",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch"),
        schema="persist",
    )
    op.create_table(
        "quarantine",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pid", sa.LargeBinary(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("partition", "offset"),
        schema="persist",
    )
    op.create_table(
        "users",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch"),
        schema="persist",
    )
    op.create_table(
        "watermark",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("src_next", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), server_default="-1", nullable=False),
        sa.Column("starts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("partition"),
        schema="persist",
    )
    op.create_table(
        "admission",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("prev", sa.BigInteger(), nullable=False),
        sa.Column("journal_end", sa.BigInteger(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("partition"),
        schema="truth",
    )
    op.create_table(
        "cluster",
        sa.Column("only", sa.SmallInteger(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("partitions", sa.SmallInteger(), nullable=False),
        sa.Column("events_topic_id", sa.Text(), nullable=False),
        sa.Column("journal_topic_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("only"),
        schema="truth",
    )
    op.create_table(
        "dead_letter_keys",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("kek_id", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
        schema="truth",
    )
    op.create_table(
        "ledger",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("src", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pid", "event_id"),
        schema="truth",
    )
    op.create_table(
        "subjects",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("home", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("pid", "epoch"),
        schema="truth",
    )
    op.create_table(
        "attempts",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "offset"),
        schema="usage",
    )
    op.create_table(
        "conversations",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("conversation", sa.LargeBinary(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch", "conversation"),
        schema="usage",
    )
    op.create_table(
        "days",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch", "day"),
        schema="usage",
    )
    op.create_table(
        "quarantine",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pid", sa.LargeBinary(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("partition", "offset"),
        schema="usage",
    )
    op.create_table(
        "sessions",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("session", sa.LargeBinary(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch", "session"),
        schema="usage",
    )
    op.create_table(
        "spans",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch", "start_ms"),
        schema="usage",
    )
    op.create_table(
        "totals",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch"),
        schema="usage",
    )
    op.create_table(
        "watermark",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("src_next", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), server_default="-1", nullable=False),
        sa.Column("starts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("partition"),
        schema="usage",
    )
    op.create_table(
        "zones",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offset_minutes", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pid", "epoch"),
        schema="usage",
    )
    op.create_table(
        "user_keys",
        sa.Column("pid", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column("purpose", sa.SmallInteger(), nullable=False),
        sa.Column("kver", sa.SmallInteger(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=True),
        sa.Column("kek_id", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pid", "epoch"],
            ["truth.subjects.pid", "truth.subjects.epoch"],
        ),
        sa.PrimaryKeyConstraint("pid", "epoch", "purpose", "kver"),
        schema="truth",
    )
    op.create_table(
        "collection",
        sa.Column("only", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("only"),
        schema="embed",
    )
    op.create_table(
        "sent_on",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("home", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "home"),
        schema="truth",
    )
    # Boxes do not compress: do not let PostgreSQL try.
    for table in ("messages", "conversations", "profiles"):
        op.execute(f"ALTER TABLE persist.{table} ALTER COLUMN box SET STORAGE EXTERNAL")
