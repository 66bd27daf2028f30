"""The plan of a stack: engines that the user has set are not started, and are what others get."""

import pytest

from ops.embedded.stack import plan
from ops.embedded.stack_home import open_home
from ops.embedded.stack_reach import api_address
from pipeline.settings import Settings

PASSWORD = "open-sesame"
GIVEN = {
    "kafka_bootstrap_servers": "kafka.example:9092",
    "postgres_url": f"postgresql://ana:{PASSWORD}@db.example/memory",
    "qdrant_url": "https://qdrant.example",
}


@pytest.fixture
def planned(tmp_path):
    def make(**given):
        settings = Settings(_env_file=None, tidemark_env="dev", api_port=0, **given)
        return plan(settings, open_home(tmp_path))

    return make


def names(children):
    return [child.part.name for child in children]


def test_everything_is_ours_by_default(planned):
    stack = planned()

    assert names(stack.processes) == ["kafka", "postgres", "vectors", "light", "embed", "api"]


@pytest.mark.parametrize(
    ("setting", "engine"),
    [("kafka_bootstrap_servers", "kafka"), ("postgres_url", "postgres"), ("qdrant_url", "vectors")],
)
def test_an_engine_that_is_given_is_not_started(planned, setting, engine):
    stack = planned(**{setting: GIVEN[setting]})

    assert engine not in names(stack.engines)
    assert len(stack.engines) == 2


def test_processes_are_led_to_the_engines_that_are_given(planned):
    stack = planned(**GIVEN)

    for child in (*stack.workers, stack.api):
        env = child.part.env()
        assert {name: env[name.upper()] for name in GIVEN} == GIVEN


def test_no_password_is_in_what_others_may_know(planned):
    stack = planned(**GIVEN)

    assert stack.addresses.postgres == "db.example:5432/memory"
    assert PASSWORD not in repr(stack.state(ready=True))


def test_workers_have_names_and_metrics_of_their_own(planned):
    light, embed = (child.part.env() for child in planned(**GIVEN).workers)

    assert light["TIDEMARK_WORKER_ID"] != embed["TIDEMARK_WORKER_ID"]
    assert light["METRICS_PORT"] != embed["METRICS_PORT"]


def test_only_encoding_stands_back(planned):
    stack = planned()

    assert [child.part.name for child in stack.processes if child.part.nice] == ["embed"]
    assert [child.part.name for child in stack.processes if child.part.background] == ["embed"]


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:9"), ("::1", "http://[::1]:9")]
)
def test_the_api_address_is_a_url(host, url):
    assert api_address(Settings(_env_file=None, api_host=host, api_port=9)) == url
