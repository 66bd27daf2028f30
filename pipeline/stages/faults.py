"""Whose fault an error is: the record's, which is set aside, or that of the place it is handled."""

from uuid import UUID

from sqlalchemy.exc import DBAPIError

from pipeline.adapters.postgres.attempts import SetAside
from pipeline.adapters.postgres.engine import sqlstate
from pipeline.domain.journal import MalformedEnvelope, decode_envelope
from pipeline.errors import DataError
from pipeline.stage import Record

RECORDS_OWN_ERRORS = (
    DataError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
RECORDS_OWN_SQLSTATES = {"22", "23"}  # data exceptions, violated constraints
TAMPERED_REASONS = frozenset({"tampered", "tampered_key"})


def is_records_own(error: Exception) -> bool:
    """Whether an error comes from what a record says, rather than from where it is handled.

    Missing rights, a missing column or memory run out would set the whole journal aside.
    """
    if isinstance(error, DBAPIError):
        return sqlstate(error)[:2] in RECORDS_OWN_SQLSTATES
    return isinstance(error, RECORDS_OWN_ERRORS)


def aside(record: Record, reason: str) -> SetAside:
    """What the quarantine keeps of a record: never its content."""
    pid = record.key if record.key is not None and len(record.key) == 16 else None
    return SetAside(record.offset, reason, pid, _event_id(record))


def _event_id(record: Record) -> UUID | None:
    try:
        return decode_envelope(record.value or b"").id
    except MalformedEnvelope:
        return None
