"""The OpenAPI document is complete, and a running API keeps to it whatever it is asked."""

import asyncio
import threading
import time

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from schemathesis import GenerationMode

from ops.embedded.ports import HOST, free_ports
from tests.conftest import database
from tests.integration.api.world import make_app, prepare
from tests.servers import answers

OPERATIONS = [
    ("/memory/store", "post"),
    ("/memory/context/{user_id}", "get"),
    ("/memory/search", "post"),
    ("/memory/profile/{user_id}", "get"),
    ("/memory/profile/{user_id}", "patch"),
    ("/memory/usage/{user_id}", "get"),
    ("/memory/messages/{user_id}", "get"),
    ("/memory/conversations/{user_id}", "get"),
    ("/memory/users", "get"),
    ("/health/live", "get"),
    ("/health/ready", "get"),
    ("/metrics", "get"),
]

TAKES_NOTHING = ("/health/live", "/health/ready", "/metrics")

# Bytes, zones of the IANA database and moments that exist cannot be told in JSON Schema.
UNTELLABLE = [schemathesis.checks.positive_data_acceptance]


@pytest.fixture(scope="module")
def own_database(postgres_server, migrated_template):
    yield from database(postgres_server, migrated_template)


@pytest.fixture(scope="module")
def url(own_database, make_settings, kafka_options):
    """A server with a socket and a loop of its own."""
    settings = make_settings(own_database, tidemark_after_seconds=0.05)
    asyncio.run(prepare(settings, kafka_options))
    [port] = free_ports(1)
    server = uvicorn.Server(
        uvicorn.Config(make_app(settings), host=HOST, port=port, log_config=None)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 30
    while not answers(f"http://{HOST}:{port}/health/ready"):
        assert time.monotonic() < deadline
        assert thread.is_alive()
        time.sleep(0.1)
    yield f"http://{HOST}:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def document(url):
    rejected = {"negative_data_rejection": {"expected-statuses": [400, 404, 409, 413, 422]}}
    config = schemathesis.Config.from_dict({"checks": rejected})
    return schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)


def test_every_operation_is_listed_here(document):
    found = {
        (path, method)
        for path, operations in document.raw_schema["paths"].items()
        for method in operations
    }

    assert found == set(OPERATIONS)


@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_a_running_api_keeps_to_its_document(document, path, method, mode):
    if mode is GenerationMode.NEGATIVE and path in TAKES_NOTHING:
        return  # nothing can be wrong with a request that says nothing
    cases = document[path][method].as_strategy(generation_mode=mode)

    @given(case=cases)
    @bounded(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def answers_as_documented(case):
        case.call_and_validate(excluded_checks=UNTELLABLE)

    answers_as_documented()
