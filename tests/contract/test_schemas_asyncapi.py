"""The AsyncAPI document is whole: every topic, every message, every reference."""

import json

from schemas import publish
from schemas.events import EVENT_TYPES

DOCUMENT = json.loads((publish.PUBLISHED / "asyncapi.json").read_bytes())
TOPICS = {
    "chat.events",
    "memory.journal",
    "memory.audit",
    "memory.deletions",
    "chat.events.dlq",
}


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for item in node.values():
            yield from references(item)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def resolved(reference):
    file, _, pointer = reference.partition("#")
    node = json.loads((publish.PUBLISHED / file).read_bytes()) if file else DOCUMENT
    for step in filter(None, pointer.split("/")):
        node = node[step]
    return node


def messages_on(topic):
    (channel,) = [c for c in DOCUMENT["channels"].values() if c["address"] == topic]
    return {name: resolved(message["$ref"]) for name, message in channel["messages"].items()}


def test_it_is_an_asyncapi_3_document():
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])


def test_every_topic_is_a_channel():
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == TOPICS


def test_every_reference_leads_somewhere():
    found = list(references(DOCUMENT))

    assert len(found) > 2 * len(EVENT_TYPES)
    assert all(isinstance(resolved(reference), dict) for reference in found)


def test_the_public_topic_carries_every_event_type_and_nothing_else():
    assert set(messages_on("chat.events")) == set(EVENT_TYPES)


def test_every_message_has_a_key_and_a_payload():
    for message in DOCUMENT["components"]["messages"].values():
        assert message["bindings"]["kafka"]["key"]["type"] == "string"
        assert message["payload"]


def test_the_journal_names_the_headers_that_the_protocol_needs():
    (sealed,) = messages_on("memory.journal").values()

    assert sealed["headers"]["required"] == ["src", "prev"]


def test_every_channel_is_used_and_every_message_is_on_one():
    operations = DOCUMENT["operations"].values()
    used = {operation["channel"]["$ref"].rpartition("/")[2] for operation in operations}
    carried = {name for topic in TOPICS for name in messages_on(topic)}

    assert used == set(DOCUMENT["channels"])
    assert carried == set(DOCUMENT["components"]["messages"])
    assert {operation["action"] for operation in operations} == {"send", "receive"}


def test_every_event_comes_with_the_saved_examples():
    for name, message in messages_on("chat.events").items():
        saved = json.loads((publish.EXAMPLES / f"{name}.json").read_bytes())

        assert [example["payload"] for example in message["examples"]] == saved
