"""The events on `chat.events`: frozen models, told apart by `type` (area.subject.action.vN)."""

from schemas.events.base import EventBase, PatchEvent
from schemas.events.catalogue import EVENT_TYPES, Event, is_durable
from schemas.events.chat import MessageSent, Role, SessionEnded, SessionStarted
from schemas.events.codec import (
    FUTURE_MAX_MS,
    RECORD_MAX_BYTES,
    canonical_payload,
    dump_event,
    load_event,
    parse_event,
)
from schemas.events.deletion import (
    ConversationDeleted,
    ErasureOrdered,
    MessageDeleted,
    RangeDeleted,
    RetentionApplied,
    Selector,
)
from schemas.events.knowledge import (
    FactAsserted,
    FactConfirmed,
    FactCorrected,
    FactForgotten,
    PreferenceSet,
    PreferenceUnset,
)
from schemas.events.memories import (
    AssociationAdded,
    AssociationRemoved,
    MemoryAdded,
    MemoryForgotten,
    MemoryUpdated,
)
from schemas.events.settings import (
    GlobalUpdated,
    PrivacyUpdated,
    ProfileUpdated,
    UserRegistered,
)
from schemas.fields import EVERYONE
from schemas.refusal import InvalidEvent, Reason

__all__ = [
    "EVENT_TYPES",
    "EVERYONE",
    "FUTURE_MAX_MS",
    "RECORD_MAX_BYTES",
    "AssociationAdded",
    "AssociationRemoved",
    "ConversationDeleted",
    "ErasureOrdered",
    "Event",
    "EventBase",
    "FactAsserted",
    "FactConfirmed",
    "FactCorrected",
    "FactForgotten",
    "GlobalUpdated",
    "InvalidEvent",
    "MemoryAdded",
    "MemoryForgotten",
    "MemoryUpdated",
    "MessageDeleted",
    "MessageSent",
    "PatchEvent",
    "PreferenceSet",
    "PreferenceUnset",
    "PrivacyUpdated",
    "ProfileUpdated",
    "RangeDeleted",
    "Reason",
    "RetentionApplied",
    "Role",
    "Selector",
    "SessionEnded",
    "SessionStarted",
    "UserRegistered",
    "canonical_payload",
    "dump_event",
    "is_durable",
    "load_event",
    "parse_event",
]
