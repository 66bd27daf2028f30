"""While a store is away: what is refused, what goes on, and that all comes back by itself."""

import asyncio
import json

import pytest

from ops.embedded import postgres
from ops.embedded.ports import free_ports
from pipeline.adapters.kafka import KafkaOptions
from pipeline.adapters.postgres.migrate import upgrade
from tests.integration.api.world import message, running
from tests.kafka_records import read_all
from tests.servers import kafka_engine, postgres_engine, vectors_engine
from tests.servers import running as kept_up
from tests.waiting import until


@pytest.fixture
def own_kafka(tmp_path):
    server, engine = kafka_engine(tmp_path / "kafka", free_ports(2))
    with kept_up(engine):
        yield server, engine


@pytest.fixture
def own_postgres(tmp_path):
    server, engine = postgres_engine(tmp_path / "postgres")
    with kept_up(engine):
        upgrade(postgres.url(server))
        yield postgres.url(server), engine


@pytest.fixture
def own_vectors(tmp_path):
    url, engine = vectors_engine(tmp_path)
    with kept_up(engine):
        yield url, engine


async def test_writes_are_refused_while_kafka_is_away_and_taken_when_it_is_back(
    own_kafka, postgres_url, make_settings
):
    server, engine = own_kafka
    options = KafkaOptions(bootstrap=server.bootstrap)
    settings = make_settings(postgres_url, kafka_bootstrap_servers=server.bootstrap)
    async with running(settings, options) as world:
        before = await _store(world.http, "m-1")
        await asyncio.to_thread(engine.stop)
        away = await _store(world.http, "m-refused")
        read = await world.http.get("/memory/usage/ana")
        ready = await until(lambda: _down(world.http, "kafka"))
        await asyncio.to_thread(engine.launch)
        await engine.ready()
        await until(lambda: _stored(world.http, "m-2"))
        records = await read_all(options, world.topics.events)
        there = {json.loads(record.value)["message_id"] for record in records}

    assert (before.status_code, read.status_code) == (202, 200)
    assert (away.status_code, away.json()["type"]) == (503, "/problems/store-unavailable")
    assert int(away.headers["retry-after"]) >= 1
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert there == {"m-1", "m-2"}  # what was refused is not sent late


async def test_events_are_taken_and_reads_refused_while_postgres_is_away(
    own_postgres, kafka_options, make_settings
):
    url, engine = own_postgres
    async with running(make_settings(url), kafka_options) as world:
        await asyncio.to_thread(engine.stop)
        stored = await _store(world.http, "m-1")
        read = await world.http.get("/memory/context/ana")
        ready = await until(lambda: _down(world.http, "postgres"))
        await asyncio.to_thread(engine.launch)
        await engine.ready()
        again = await until(lambda: _read(world.http))

    assert stored.status_code == 202
    assert (read.status_code, read.headers["retry-after"]) == (503, "2")
    assert (ready.status_code, ready.json()["status"]) == (503, "down")
    assert again.status_code == 200


async def test_only_what_needs_vectors_is_refused_while_they_are_away(
    own_vectors, postgres_url, kafka_options, make_settings
):
    url, engine = own_vectors
    async with running(make_settings(postgres_url, qdrant_url=url), kafka_options) as world:
        await until(lambda: _searched(world.http))
        await world.fill(message("ana", "my dog is called Rex"))
        await asyncio.to_thread(engine.stop)
        without = await world.http.get("/memory/context/ana")
        asking = await world.http.get("/memory/context/ana", params={"query": "dog"})
        ready = await until(lambda: _down(world.http, "vectors"))
        await asyncio.to_thread(engine.launch)
        await engine.ready()
        found = await until(lambda: _searched(world.http))

    assert without.status_code == 200
    assert asking.status_code == 503
    assert ready.json()["status"] == "degraded"
    assert [each["content"] for each in found.json()["results"]] == ["my dog is called Rex"]


async def _store(http, message_id):
    body = {"user_id": "ana", "content": "hello", "message_id": message_id}
    return await http.post("/memory/store", json=body)


async def _stored(http, message_id):
    answer = await _store(http, message_id)
    return answer if answer.status_code == 202 else None


async def _read(http):
    answer = await http.get("/memory/context/ana")
    return answer if answer.status_code == 200 else None


async def _searched(http):
    answer = await http.post("/memory/search", json={"user_id": "ana", "query": "dog"})
    return answer if answer.status_code == 200 else None


async def _down(http, name):
    answer = await http.get("/health/ready")
    part = next(each for each in answer.json()["parts"] if each["name"] == name)
    return answer if part["status"] == "down" else None
