"""What the API reads: every function is one statement in the transaction it is given.

Rows come back sealed: opening them needs keys, whose loading takes a connection of its own.
"""

from pipeline.adapters.postgres.reads.conversations import ConversationRow, conversation_page
from pipeline.adapters.postgres.reads.marks import Marks, quarantined_counts, read_marks
from pipeline.adapters.postgres.reads.messages import (
    MessageFilter,
    MessageRow,
    message_page,
    messages_by_points,
    recent_messages,
)
from pipeline.adapters.postgres.reads.subjects import UserRow, find_subject, user_page
from pipeline.adapters.postgres.reads.usage import (
    DayRow,
    UsageRow,
    profile_row,
    session_bounds,
    usage_days,
    usage_row,
)

__all__ = [
    "ConversationRow",
    "DayRow",
    "Marks",
    "MessageFilter",
    "MessageRow",
    "UsageRow",
    "UserRow",
    "conversation_page",
    "find_subject",
    "message_page",
    "messages_by_points",
    "profile_row",
    "quarantined_counts",
    "read_marks",
    "recent_messages",
    "session_bounds",
    "usage_days",
    "usage_row",
    "user_page",
]
