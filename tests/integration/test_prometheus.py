"""A real Prometheus scrapes the running pipeline: every panel shows something, no alert fires."""

import asyncio
import json
import math
import secrets
import shutil
from contextlib import suppress
from itertools import count

import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from ops.grafana.dashboard import FILE
from tests.conftest import database
from tests.integration.prometheus_support import (
    RULES,
    Prometheus,
    pipeline,
    prometheus,
    promtool,
    serving,
)
from tests.waiting import until

PANELS = [panel for panel in json.loads(FILE.read_text())["panels"] if panel["type"] != "row"]
EXPRESSIONS = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in PANELS
    for target in panel["targets"]
]
SCRAPED_SECONDS = 90
PAUSE_SECONDS = 0.2

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("promtool")),
        reason="needs Prometheus on the path: Debian's package of that name, or its release",
    ),
]
on_one_loop = pytest.mark.asyncio(loop_scope="module")
for_the_module = pytest_asyncio.fixture(scope="module", loop_scope="module")


@pytest.fixture(scope="module")
def topics():
    return f"t{secrets.token_hex(4)}."


@pytest.fixture(scope="module")
def stack_database(postgres_server):
    yield from database(postgres_server, "template0")


@for_the_module
async def running_stack(tmp_path_factory, kafka_options, stack_database, vectors_url, topics):
    """Where the pipeline's processes listen."""
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_options.bootstrap,
        "POSTGRES_URL": stack_database,
        "QDRANT_URL": vectors_url,
        "TIDEMARK_TOPIC_PREFIX": topics,
    }
    with pipeline(tmp_path_factory.mktemp("scraped") / "stack", settings) as home:
        yield await serving(home)


@for_the_module
async def scraping(tmp_path_factory, running_stack):
    """A Prometheus that scrapes the pipeline, while somebody talks to it."""
    talking = asyncio.create_task(talk(running_stack.api))
    with prometheus(tmp_path_factory.mktemp("prometheus"), running_stack) as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            await until(lambda: is_ready(http))
            yield Prometheus(http)
    talking.cancel()
    with suppress(asyncio.CancelledError):
        await talking


async def talk(api):
    async with httpx.AsyncClient(base_url=api, trust_env=False, timeout=30) as http:
        for number in count():
            said = {"user_id": "sam", "role": "user", "content": f"I saw {number} herons today."}
            (await http.post("/memory/store", json=said)).raise_for_status()
            question = {"query": "which birds?"}
            (await http.get("/memory/context/sam", params=question)).raise_for_status()
            await asyncio.sleep(PAUSE_SECONDS)


async def is_ready(http):
    with suppress(httpx.TransportError):
        return (await http.get("/-/ready")).is_success
    return False


@on_one_loop
@pytest.mark.parametrize("expression", EXPRESSIONS)
async def test_a_panel_is_neither_wrong_nor_empty(scraping, expression):
    async def shown():
        found = await scraping.ask(expression)
        return [value for value in found.values() if math.isfinite(value)]

    assert await until(shown, SCRAPED_SECONDS)


@on_one_loop
async def test_every_process_is_scraped(scraping):
    found = await scraping.ask('sum by (job) (up{job=~"tidemark-.+"})')

    assert found == {
        frozenset({("job", "tidemark-api")}): 1,
        frozenset({("job", "tidemark-worker")}): 2,
    }


@on_one_loop
async def test_a_dead_letter_shows_with_its_reason(scraping, kafka_options, topics):
    (panel,) = [panel for panel in PANELS if panel["title"] == "Dead letters by reason"]
    expression = panel["targets"][0]["expr"]

    async with AIOKafkaProducer(bootstrap_servers=kafka_options.bootstrap) as producer:

        async def refused():
            await producer.send_and_wait(f"{topics}chat.events", b"no event", key=b"sam")
            rates = await scraping.ask(expression)
            return rates.get(frozenset({("reason", "not_json")}))

        assert await until(refused, SCRAPED_SECONDS) > 0


@on_one_loop
async def test_alerts_are_evaluated_and_a_healthy_pipeline_raises_none(scraping):
    async def evaluated():
        states = await scraping.alerts()
        return states if {health for health, _ in states.values()} == {"ok"} else None

    states = await until(evaluated, SCRAPED_SECONDS)

    assert {name for name, (_, state) in states.items() if state == "firing"} == set()


def test_prometheus_takes_our_configuration():
    done = promtool("check", "config", str(RULES / "prometheus.yml"))

    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_fire_when_they_should_and_only_then():
    done = promtool("test", "rules", str(RULES / "alerts_test.yml"))

    assert done.returncode == 0, done.stdout + done.stderr
