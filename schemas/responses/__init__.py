"""What the API answers. Times are RFC 3339 with an offset, days are the user's own."""

from schemas.responses.messages import (
    ContextMessage,
    Conversation,
    ConversationPage,
    Message,
    MessagePage,
    SearchResult,
    SearchResults,
    Why,
)
from schemas.responses.service import (
    Accepted,
    AcceptedEvent,
    Answer,
    Behind,
    InvalidField,
    Live,
    PartHealth,
    Problem,
    Ready,
)
from schemas.responses.users import (
    ActiveDay,
    Context,
    Profile,
    Usage,
    User,
    UserPage,
)

__all__ = [
    "Accepted",
    "AcceptedEvent",
    "ActiveDay",
    "Answer",
    "Behind",
    "Context",
    "ContextMessage",
    "Conversation",
    "ConversationPage",
    "InvalidField",
    "Live",
    "Message",
    "MessagePage",
    "PartHealth",
    "Problem",
    "Profile",
    "Ready",
    "SearchResult",
    "SearchResults",
    "Usage",
    "User",
    "UserPage",
    "Why",
]
