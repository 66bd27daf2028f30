"""Whatever event the models can express survives the wire and keeps its meaning there."""

import json
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas import publish
from schemas.events import EVENT_TYPES, canonical_payload, dump_event, load_event

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

VALIDATORS = {
    name: Draft202012Validator(json.loads((publish.PUBLISHED / f"{name}.json").read_bytes()))
    for name in EVENT_TYPES
}


@patient
@given(st.data())
def test_reading_what_was_written_gives_the_same_event(any_event, data):
    event = data.draw(any_event)

    back = load_event(dump_event(event))

    assert back == event
    assert back.model_fields_set == event.model_fields_set | {"type"}


@patient
@given(st.data())
def test_what_is_written_fits_the_committed_schema_of_its_version(any_event, data):
    event = data.draw(any_event)

    errors = list(VALIDATORS[event.type].iter_errors(json.loads(dump_event(event))))

    assert errors == []


@patient
@given(st.data())
def test_the_payload_is_the_same_for_a_retry_that_came_another_way(any_event, data):
    event = data.draw(any_event)
    retry = event.model_copy(
        update={"id": None, "message_id": "x", "at": datetime.now(UTC), "tz": "UTC", "source": "y"}
    )

    assert canonical_payload(retry) == canonical_payload(event)
    assert canonical_payload(load_event(dump_event(event))) == canonical_payload(event)


@patient
@given(st.data())
def test_a_dump_names_the_type_first_and_then_the_fields_in_declared_order(any_event, data):
    event = data.draw(any_event)

    names = list(json.loads(dump_event(event)))

    assert names == [name for name in type(event).model_fields if name in names]
    assert names[0] == "type"
