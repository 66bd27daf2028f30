"""What the events mean: defaults, patches, who may be named, and what a ledger compares."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import ValidationError

from schemas.events import (
    EVENT_TYPES,
    GlobalUpdated,
    MemoryUpdated,
    MessageDeleted,
    MessageSent,
    PatchEvent,
    PrivacyUpdated,
    ProfileUpdated,
    RangeDeleted,
    RetentionApplied,
    Selector,
    canonical_payload,
    dump_event,
    is_durable,
    load_event,
)

AT = datetime(2026, 11, 10, 8, 15, tzinfo=UTC)


def message(**fields):
    return MessageSent(**{"user_id": "ana", "at": AT, "role": "user", "content": "Hi", **fields})


def test_only_what_is_said_expires_with_its_month():
    expiring = {name for name in EVENT_TYPES if not is_durable(name)}

    assert expiring == {
        "chat.message.sent.v1",
        "chat.session.started.v1",
        "chat.session.ended.v1",
    }


def test_an_unknown_type_is_neither_durable_nor_not():
    with pytest.raises(KeyError):
        is_durable("chat.message.lost.v1")


def test_every_type_is_named_area_subject_action_version():
    assert all(len(name.split(".")) == 4 for name in EVENT_TYPES)
    assert all(name.rpartition(".v")[2] == "1" for name in EVENT_TYPES)


def test_events_cannot_be_changed():
    with pytest.raises(ValidationError):
        message().content = "Bye"


SPEAKING = [
    {"role": "tool"},
    {"role": "assistant", "metadata": {"tool_calls": [{"id": "c1"}]}},
    {"role": "assistant", "metadata": {"error": "timeout"}},
    {"role": "user", "metadata": {"error": {"code": 500}}},
]


@pytest.mark.parametrize("fields", SPEAKING)
def test_tool_calls_tool_results_and_failed_turns_are_messages_without_text(fields):
    assert message(content="", **fields).content == ""


@pytest.mark.parametrize("metadata", [{}, {"error": ""}, {"tool_calls": []}, {"source": "web"}])
@pytest.mark.parametrize("role", ["user", "assistant", "system"])
def test_a_message_that_says_nothing_is_refused(role, metadata):
    with pytest.raises(ValidationError, match="says nothing"):
        message(role=role, content="", metadata=metadata)


def test_a_patch_tells_null_from_absent():
    patch = ProfileUpdated(user_id="ana", at=AT, tz="UTC", name="Ana", current_focus=None)

    assert patch.changes() == {"name": "Ana", "current_focus": None}
    assert load_event(dump_event(patch)).changes() == patch.changes()


def test_a_patch_of_a_memory_does_not_change_which_memory_it_is():
    patch = MemoryUpdated(user_id="ana", at=AT, memory_id="m-1", importance=None)

    assert patch.changes() == {"importance": None}


def test_the_patches_are_those_that_change_something_in_part():
    patches = {name for name, model in EVENT_TYPES.items() if issubclass(model, PatchEvent)}

    assert patches == {
        "memory.profile.updated.v1",
        "memory.memory.updated.v1",
        "memory.privacy.updated.v1",
    }


def test_a_default_spelt_out_is_the_same_payload():
    plain = message()
    spelt = message(channel="ai", reply_to=None, metadata={})

    assert canonical_payload(spelt) == canonical_payload(plain)


def test_in_a_patch_clearing_is_another_payload_than_leaving_alone():
    leaves = PrivacyUpdated(user_id="ana", at=AT)
    clears = PrivacyUpdated(user_id="ana", at=AT, retention_days=None)

    assert canonical_payload(clears) != canonical_payload(leaves)


def test_the_payload_has_one_spelling_for_ever():
    said = message(
        id=UUID(int=7), message_id="m", session_id="s", tz="UTC", source="web",
        content='Größe "é" 🙂', metadata={"b": [1, 2.5, None], "a": {"z": True}},
    )  # fmt: skip
    cleared = ProfileUpdated(user_id="ana", at=AT, name=None, preferences={"tone": "brief"})

    assert canonical_payload(said).decode() == (
        '{"content":"Größe \\"é\\" 🙂","metadata":{"a":{"z":true},"b":[1,2.5,null]},'
        '"role":"user","session_id":"s","type":"chat.message.sent.v1","user_id":"ana"}'
    )
    assert canonical_payload(cleared).decode() == (
        '{"name":null,"preferences":{"tone":"brief"},'
        '"type":"memory.profile.updated.v1","user_id":"ana"}'
    )


def test_only_what_concerns_everyone_may_name_everyone():
    assert GlobalUpdated(user_id="*", at=AT, entries={"a": 1})
    assert RetentionApplied(user_id="*", at=AT, cutoff=AT)
    assert RetentionApplied(user_id="ana", at=AT, cutoff=AT)
    with pytest.raises(ValidationError):
        GlobalUpdated(user_id="ana", at=AT, entries={"a": 1})
    with pytest.raises(ValidationError, match="reserved"):
        message(user_id="*")


def test_a_selector_refuses_what_it_does_not_know():
    with pytest.raises(ValidationError):
        Selector.model_validate_json('{"tags":["private"]}')


def test_a_deletion_names_what_it_deletes():
    with pytest.raises(ValidationError):
        MessageDeleted(user_id="ana", at=AT)
    with pytest.raises(ValidationError):
        RangeDeleted(user_id="ana", at=AT)
    with pytest.raises(ValidationError):
        RangeDeleted(user_id="ana", at=AT, since=AT, until=AT)
