"""Every table. Schema `truth` cannot be rebuilt; each view owns the schema of its name.

Times are `timestamptz`; `pid` is 16 raw bytes, tokens 8; `box` is a sealed box.
"""

from pipeline.adapters.postgres.tables.columns import metadata
from pipeline.adapters.postgres.tables.embed import collection, flushed, points
from pipeline.adapters.postgres.tables.losses import losses
from pipeline.adapters.postgres.tables.persist import conversations, messages, profiles, users
from pipeline.adapters.postgres.tables.truth import (
    admission,
    cluster,
    dead_letter_keys,
    ledger,
    sent_on,
    subjects,
    user_keys,
)
from pipeline.adapters.postgres.tables.usage import (
    days,
    sessions,
    spans,
    totals,
    usage_conversations,
    zones,
)
from pipeline.adapters.postgres.tables.views import VIEWS, attempts, quarantines, watermarks

__all__ = [
    "VIEWS",
    "admission",
    "attempts",
    "cluster",
    "collection",
    "conversations",
    "days",
    "dead_letter_keys",
    "flushed",
    "ledger",
    "losses",
    "messages",
    "metadata",
    "points",
    "profiles",
    "quarantines",
    "sent_on",
    "sessions",
    "spans",
    "subjects",
    "totals",
    "usage_conversations",
    "user_keys",
    "users",
    "watermarks",
    "zones",
]
