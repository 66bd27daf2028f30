"""A strategy for every event that today's models can express; a new field needs a line here."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import strategies as st

from schemas.events import EVENT_TYPES, Selector

ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def times(first_year, last_year):
    first, last = datetime(first_year, 1, 2), datetime(last_year, 12, 30)  # noqa: DTZ001
    return st.datetimes(first, last, timezones=ZONES | st.just(UTC))


def tuples(of):
    return st.lists(of, max_size=3).map(tuple)


def json_of(leaf):
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(LETTERS), inner, max_size=3)
        ),
        max_leaves=6,
    )


LABEL = st.text(LETTERS, min_size=1, max_size=128)
LINE = st.text(LETTERS, min_size=1, max_size=512)
TEXT = st.text(LETTERS, max_size=400).map(lambda text: f"{text}.")
NUMBER = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = json_of(st.none() | st.booleans() | NUMBER | LINE)
OBJECT = st.dictionaries(LABEL, JSON, max_size=4)
FRACTION = st.floats(0, 1)
ROLE = st.sampled_from(["user", "assistant", "system", "tool"])
SELECTOR = st.builds(
    Selector, channels=tuples(LABEL), roles=tuples(ROLE), conversation_id=st.none() | LABEL
)

STRATEGIES = {
    **dict.fromkeys(["id", "deleted_id", "erasure_id"], st.uuids()),
    **dict.fromkeys(["message_id", "session_id", "source", "channel", "conversation_id"], LABEL),
    **dict.fromkeys(["reply_to", "reason", "username", "subject", "predicate", "key"], LABEL),
    **dict.fromkeys(["category", "memory_id", "from_memory", "to_memory"], LABEL),
    **dict.fromkeys(["relationship", "deleted_message_id"], LABEL),
    **dict.fromkeys(["name", "role", "current_focus", "value", "new_value"], LINE),
    **dict.fromkeys(["content", "text"], TEXT),
    **dict.fromkeys(["recent_documents", "last_topics"], tuples(LINE)),
    **dict.fromkeys(["confidence", "importance", "strength"], FRACTION),
    **dict.fromkeys(["metadata", "preferences", "entries"], OBJECT),
    **dict.fromkeys(["permanent", "learn_facts", "learn_preferences"], st.booleans()),
    **dict.fromkeys(["valid_from", "valid_to", "cutoff", "pause_until"], times(1900, 2100)),
    "user_id": st.text(LETTERS, min_size=1, max_size=32).filter(lambda uid: uid != "*"),
    "at": times(2000, 2100),
    "tz": st.sampled_from(["Europe/Oslo", "America/Argentina/Ushuaia", "Etc/GMT+5", "UTC"]),
    "language": st.sampled_from(["el", "pt-BR", "zh-Hans-CN"]),
    "evidence": tuples(st.uuids()),
    "memory_type": st.sampled_from(["episodic", "semantic", "procedural", "reflection"]),
    "tags": tuples(LABEL),
    "since": times(1900, 2010),
    "until": times(2011, 2100),
    "selector": SELECTOR,
    "store_messages": st.booleans(),
    "retention_days": st.integers(1, 36500),
    "accept_since": times(1900, 2100),
}
OF_ONE_TYPE = {
    ("chat.message.sent.v1", "role"): ROLE,
    ("memory.global.updated.v1", "user_id"): st.just("*"),
    ("memory.preference.set.v1", "value"): JSON,
}
# Fields with a default without which these events would mean nothing.
ALWAYS = {
    "chat.message.sent.v1": "content",
    "memory.message.deleted.v1": "deleted_message_id",
    "memory.range.deleted.v1": "until",
}


def events_of(event_type):
    model = EVENT_TYPES[event_type]
    required, optional = {}, {}
    for name, field in model.model_fields.items():
        if name == "type":
            continue
        values = OF_ONE_TYPE.get((event_type, name), STRATEGIES[name])
        if field.is_required() or ALWAYS.get(event_type) == name:
            required[name] = values
        else:
            optional[name] = st.none() | values if field.default is None else values
    shapes = st.fixed_dictionaries(required, optional=optional)
    return shapes.map(lambda fields: model(**fields))


@pytest.fixture(scope="session")
def any_event():
    return st.sampled_from(sorted(EVENT_TYPES)).flatmap(events_of)
