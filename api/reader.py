"""Whose memory is read: the subject and the keys, both needed before anything else is."""

from dataclasses import dataclass

from api.opening import user_keys
from api.parts import Parts
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.keyring import UserKeys
from pipeline.adapters.postgres.reads import find_subject
from pipeline.adapters.postgres.subjects import Subject


@dataclass(frozen=True, slots=True)
class Reader:
    """A user whose memory can be read."""

    subject: Subject
    keys: UserKeys


async def find_reader(parts: Parts, user_id: str) -> Reader | None:
    """The user's subject and keys; None where there are none, or none any more.

    Every read of a user's memory begins here. Raises `StoreUnavailable`.
    """
    async with transaction(parts.engine) as connection:
        subject = await find_subject(connection, parts.homes.pid(user_id))
    keys = None if subject is None else await user_keys(parts.keyring, subject)
    return None if subject is None or keys is None else Reader(subject, keys)
