"""The bodies of a store request, and the messages they become."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.events import MessageSent, ProfileUpdated
from schemas.requests import ITEMS_MAX, ProfilePatch, SearchRequest, StoreBody
from schemas.translate import messages_of, profile_updated

BODY = TypeAdapter(StoreBody)
NOW = datetime(2026, 11, 10, 8, 15, tzinfo=UTC)
PAIR = {"user_id": "ana", "query": "Which pan?", "response": "A wide one."}


def stored(body):
    by_python = messages_of(BODY.validate_python(body), NOW, "api")
    assert by_python == messages_of(BODY.validate_json(json.dumps(body)), NOW, "api")
    return by_python


def test_one_message_becomes_one_event_sent_now():
    (event,) = stored({"user_id": "ana", "content": "Hello"})

    assert event == MessageSent(user_id="ana", at=NOW, source="api", role="user", content="Hello")


def test_what_a_message_says_of_itself_is_kept():
    said = {
        "user_id": "ana", "id": "0195b3f4-7c1e-7c3a-9b1a-000000000001", "message_id": "m-1",
        "role": "assistant", "content": "Hi", "at": "2026-11-09T10:00:00+02:00",
        "tz": "Europe/Kyiv", "session_id": "s", "channel": "general", "conversation_id": "c",
        "reply_to": "m-0", "metadata": {"model": "x"},
    }  # fmt: skip

    (event,) = stored(said)

    assert event.id == UUID(said["id"])
    assert event.at == datetime.fromisoformat(said["at"])
    assert {name: getattr(event, name) for name in said if name not in {"id", "at"}} == {
        name: said[name] for name in said if name not in {"id", "at"}
    }


def test_a_conversation_lends_its_messages_what_they_do_not_say():
    body = {
        "user_id": "ana", "conversation_id": "c", "channel": "general",
        "session_id": "s", "tz": "UTC",
        "messages": [
            {"message_id": "1", "role": "user", "content": "a", "at": "2026-11-09T10:00:00Z"},
            {"role": "tool", "content": "b", "session_id": "t", "channel": "room-1", "tz": None},
        ],
    }  # fmt: skip

    first, second = stored(body)

    assert (first.user_id, first.conversation_id, first.channel) == ("ana", "c", "general")
    assert (first.session_id, first.tz, first.at.hour) == ("s", "UTC", 10)
    assert (second.session_id, second.tz, second.at) == ("t", "UTC", NOW)
    assert second.channel == "room-1"


def test_a_pair_becomes_a_question_and_its_answer():
    query, response = stored({**PAIR, "message_id": "p", "conversation_id": "c"})

    assert (query.role, query.content, query.message_id) == ("user", "Which pan?", "p:query")
    assert (response.role, response.content) == ("assistant", "A wide one.")
    assert (response.message_id, response.reply_to) == ("p:response", "p:query")
    assert query.conversation_id == response.conversation_id == "c"


def test_of_a_failed_pair_only_the_answer_carries_the_error():
    query, response = stored({**PAIR, "response": "", "metadata": {"error": "x", "app": "y"}})

    assert query.metadata == {"app": "y"}
    assert response.metadata == {"error": "x", "app": "y"}


def test_a_list_may_mix_messages_and_pairs():
    events = stored([PAIR, {"user_id": "bo", "content": "Hello"}, PAIR])

    assert [event.user_id for event in events] == ["ana", "ana", "bo", "ana", "ana"]


REFUSED = [
    [],
    {},
    "hello",
    None,
    {"content": "Hello"},
    {"user_id": "*", "content": "Hello"},
    {"user_id": "ana", "content": ""},
    {"user_id": "ana", "content": "\ud800"},
    {"user_id": "ana", "content": "Hello", "sesion_id": "s"},
    {"user_id": "ana", "content": "Hello", "at": "2026-11-09T10:00:00"},
    {"user_id": "ana", "messages": []},
    {"user_id": "ana", "messages": [{"content": "x"}] * (ITEMS_MAX + 1)},
    {"user_id": "ana", "messages": [{"content": "x", "user_id": "bo"}]},
    {**PAIR, "query": " "},
    {**PAIR, "response": ""},
    {**PAIR, "message_id": "x" * 113},
    [{"user_id": "ana", "content": "Hello"}, [PAIR]],
]


@pytest.mark.parametrize("body", REFUSED)
def test_a_body_that_would_lose_or_misread_something_is_refused(body):
    with pytest.raises(ValidationError):
        BODY.validate_python(body)


def test_a_profile_patch_becomes_an_event_that_tells_null_from_absent():
    patch = ProfilePatch.model_validate(
        {"name": "Ana", "last_topics": None, "recent_documents": ["a"]}
    )

    event = profile_updated("ana", patch, NOW, "api")

    assert isinstance(event, ProfileUpdated)
    assert event.changes() == {"name": "Ana", "last_topics": None, "recent_documents": ("a",)}


@pytest.mark.parametrize(
    "wrong", [{"limit": 201}, {"limit": 0}, {"query": ""}, {"kinds": []}, {"mode": "fuzzy"}]
)
def test_a_search_beyond_its_bounds_is_refused(wrong):
    with pytest.raises(ValidationError):
        SearchRequest.model_validate({"user_id": "ana", "query": "dog", **wrong})
