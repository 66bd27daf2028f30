"""Every table. Schema `truth` cannot be rebuilt; each view owns the schema of its name.

Times are `timestamptz`; `pid` is 16 raw bytes, tokens 8; `box` is a sealed box. The `merge` note
of a column says how two rows of one key become one (see `write.upsert`).
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)

metadata = MetaData()

VIEWS = ("persist", "embed", "usage")
Merge = str  # "add" | "least" | "greatest" | "keep" | "take"


def _user() -> tuple[Column[bytes], Column[int]]:
    return (
        Column("pid", LargeBinary, primary_key=True),
        Column("epoch", SmallInteger, primary_key=True),
    )


def _merged(name: str, type_: type, merge: Merge, *, nullable: bool = False) -> Column[object]:
    column: Column[object] = Column(name, type_, nullable=nullable, info={"merge": merge})
    return column


def _time(name: str, merge: Merge) -> Column[object]:
    column: Column[object] = Column(
        name, DateTime(timezone=True), nullable=False, info={"merge": merge}
    )
    return column


# -- truth -----------------------------------------------------------------------------------
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
    *_user(),
    Column("state", Text, nullable=False),  # active | erasing
    Column("home", SmallInteger, nullable=False),
    Column("name", LargeBinary, nullable=False),  # the user id, sealed as kind 5, rid = pid
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="truth",
)

user_keys = Table(
    "user_keys",
    metadata,
    *_user(),
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


# -- what every view has ------------------------------------------------------------------------
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

# -- persist ------------------------------------------------------------------------------------
messages = Table(
    "messages",
    metadata,
    *_user(),
    Column("id", Uuid, primary_key=True),
    Column("seq", BigInteger, nullable=False),  # source offset: the user's order of arrival
    Column("conversation", LargeBinary),
    Column("channel", LargeBinary, nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("box", LargeBinary, nullable=False),
    Index("messages_by_channel", "pid", "epoch", "channel", "at", "id"),
    Index("messages_by_time", "pid", "epoch", "at", "id"),
    schema="persist",
)

conversations = Table(
    "conversations",
    metadata,
    *_user(),
    Column("conversation", LargeBinary, primary_key=True),
    _merged("messages", Integer, "add"),
    _time("first_at", "least"),
    _time("last_at", "greatest"),
    _merged("box", LargeBinary, "keep"),  # the conversation's id and channel, kind 6
    schema="persist",
)

profiles = Table(
    "profiles",
    metadata,
    *_user(),
    _merged("rev", Integer, "take"),
    _merged("box", LargeBinary, "take"),
    schema="persist",
)

users = Table(
    "users",
    metadata,
    *_user(),
    _merged("messages", Integer, "add"),
    _time("first_at", "least"),
    _time("last_at", "greatest"),
    schema="persist",
)

# -- embed --------------------------------------------------------------------------------------
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

# -- usage --------------------------------------------------------------------------------------
days = Table(
    "days",
    metadata,
    *_user(),
    Column("day", Date, primary_key=True),
    _merged("messages", Integer, "add"),
    _merged("sent", Integer, "add"),  # by the user; a day with any is an active day
    schema="usage",
)

totals = Table(
    "totals",
    metadata,
    *_user(),
    _merged("messages", Integer, "add"),
    _merged("sent", Integer, "add"),
    _time("first_at", "least"),
    _time("last_at", "greatest"),
    schema="usage",
)

zones = Table(
    "zones",
    metadata,
    *_user(),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("offset_minutes", SmallInteger, nullable=False),
    schema="usage",
)

usage_conversations = Table(
    "conversations",
    metadata,
    *_user(),
    Column("conversation", LargeBinary, primary_key=True),
    _merged("messages", Integer, "add"),
    schema="usage",
)

sessions = Table(
    "sessions",
    metadata,
    *_user(),
    Column("session", LargeBinary, primary_key=True),  # token of a session id the producer gave
    _merged("messages", Integer, "add"),
    _time("first_at", "least"),
    _time("last_at", "greatest"),
    schema="usage",
)

spans = Table(
    "spans",
    metadata,
    *_user(),
    Column("start_ms", BigInteger, primary_key=True),  # sessions known by 30 minutes of silence
    Column("end_ms", BigInteger, nullable=False),
    Column("messages", Integer, nullable=False),
    schema="usage",
)
