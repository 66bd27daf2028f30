"""Every event type, and the one union that tells them apart by `type`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, get_args

from pydantic import Field

from schemas.events.base import EventBase
from schemas.events.chat import MessageSent, SessionEnded, SessionStarted
from schemas.events.deletion import (
    ConversationDeleted,
    ErasureOrdered,
    MessageDeleted,
    RangeDeleted,
    RetentionApplied,
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

AnyEvent = (
    MessageSent
    | SessionStarted
    | SessionEnded
    | ProfileUpdated
    | FactAsserted
    | FactCorrected
    | FactConfirmed
    | FactForgotten
    | PreferenceSet
    | PreferenceUnset
    | MemoryAdded
    | MemoryUpdated
    | MemoryForgotten
    | AssociationAdded
    | AssociationRemoved
    | MessageDeleted
    | ConversationDeleted
    | RangeDeleted
    | GlobalUpdated
    | PrivacyUpdated
    | RetentionApplied
    | UserRegistered
    | ErasureOrdered
)

Event = Annotated[AnyEvent, Field(discriminator="type")]
"""Any event, told apart by its `type`."""

EVENT_TYPES: Final[Mapping[str, type[EventBase]]] = MappingProxyType(
    {model.model_fields["type"].default: model for model in get_args(AnyEvent)}
)
"""The model of each type."""


def is_durable(event_type: str) -> bool:
    """Tell whether events of this type are sealed under the durable key or that of their month.

    What is said, and in which session, expires with its month; everything else lasts as long as
    the user. Deletions last too: they may be dated a month before what they delete.

    Raises:
        KeyError: no such event type.
    """
    return EVENT_TYPES[event_type].durable
