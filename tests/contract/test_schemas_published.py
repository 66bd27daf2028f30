"""What is published for producers is what the models say, and what was saved is still read."""

import json

import pytest
from jsonschema import Draft202012Validator

from schemas import publish
from schemas.asyncapi import RECORDS
from schemas.events import EVENT_TYPES, dump_event, load_event, parse_event

BROKER_MS = 1_794_300_000_000  # November 2026
TYPES = sorted(EVENT_TYPES)


def published(name):
    return json.loads((publish.PUBLISHED / name).read_bytes())


def saved_examples(event_type):
    return json.loads((publish.EXAMPLES / f"{event_type}.json").read_bytes())


def same_in_meaning(value):
    """Times as one offset spells them, so that only spelling may differ."""
    if isinstance(value, dict):
        return {key: same_in_meaning(item) for key, item in value.items()}
    if isinstance(value, list):
        return [same_in_meaning(item) for item in value]
    return value.replace(".250000+", ".25+") if isinstance(value, str) else value


def test_the_committed_files_are_those_of_today():
    assert publish.differing() == [], "run python -m schemas.publish"


def test_a_stale_file_is_found_and_mended(tmp_path, monkeypatch, capsys):
    examples = publish.EXAMPLES
    monkeypatch.setattr(publish, "PUBLISHED", tmp_path)
    monkeypatch.setattr(publish, "EXAMPLES", examples)
    (tmp_path / "chat.message.sent.v1.json").write_text("{}")

    assert publish.main(["--check"]) == 1
    assert publish.main([]) == 0
    assert publish.main(["--check"]) == 0
    assert "chat.message.sent.v1.json differs" in capsys.readouterr().out


def test_a_published_version_is_never_withdrawn_unseen(tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "PUBLISHED", tmp_path)
    orphan = tmp_path / "chat.message.sent.v0.json"
    orphan.write_text("{}")

    assert publish.main([]) == 1
    assert orphan.exists()


@pytest.mark.parametrize("event_type", TYPES)
def test_a_saved_event_is_still_read_and_nothing_of_it_is_lost(event_type):
    for example in saved_examples(event_type):
        event = parse_event(json.dumps(example).encode(), None, BROKER_MS)

        assert same_in_meaning(json.loads(dump_event(event))) == same_in_meaning(example)


@pytest.mark.parametrize("event_type", TYPES)
def test_the_committed_schema_accepts_saved_events_and_what_is_made_of_them(event_type):
    schema = published(f"{event_type}.json")
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)

    for example in saved_examples(event_type):
        validator.validate(example)
        validator.validate(json.loads(dump_event(load_event(json.dumps(example).encode()))))


@pytest.mark.parametrize("event_type", TYPES)
def test_a_schema_demands_type_user_and_time_and_lets_new_fields_pass(event_type):
    schema = published(f"{event_type}.json")

    assert {"type", "user_id", "at"} <= set(schema["required"])
    assert schema["properties"]["type"]["const"] == event_type
    assert "additionalProperties" not in schema


@pytest.mark.parametrize("event_type", TYPES)
def test_the_saved_events_use_every_field(event_type):
    used = {name for example in saved_examples(event_type) for name in example}

    assert used == set(EVENT_TYPES[event_type].model_fields)


@pytest.mark.parametrize("name", [*TYPES, *RECORDS])
def test_every_field_is_described(name):
    properties = published(f"{name}.json")["properties"]

    assert [field for field, schema in properties.items() if "description" not in schema] == []
