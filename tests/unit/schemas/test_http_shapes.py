"""The shapes of requests and answers: every example is valid, every field is described."""

import pytest
from pydantic import BaseModel

from schemas import requests, responses


def models(module):
    found = [getattr(module, name) for name in module.__all__]
    return [model for model in found if isinstance(model, type) and issubclass(model, BaseModel)]


MODELS = [*models(requests), *models(responses)]
WITH_EXAMPLES = [model for model in MODELS if "examples" in model.model_json_schema()]


@pytest.mark.parametrize("model", WITH_EXAMPLES)
def test_every_example_is_valid_and_complete(model):
    for example in model.model_json_schema()["examples"]:
        back = model.model_validate(example).model_dump(mode="json", exclude_unset=True)

        assert back == example


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_described(model):
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_the_main_bodies_come_with_examples():
    named = {model.__name__ for model in WITH_EXAMPLES}

    assert {"StoreMessage", "StoreConversation", "StorePair", "SearchRequest"} <= named
    assert {"Accepted", "SearchResults", "Usage", "Ready", "Problem"} <= named


def test_answers_tolerate_fields_that_a_newer_server_adds():
    answer = responses.Live.model_validate({"status": "ok", "since": 5})

    assert answer == responses.Live()
