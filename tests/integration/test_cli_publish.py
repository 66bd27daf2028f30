"""`tidemark publish`: every line arrives or is named, and an interruption is no harm."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from ops.embedded.ports import free_ports
from pipeline.adapters.kafka import KafkaOptions, apply_topics
from pipeline.topics import topic_names, topic_table
from tests.integration.cli_support import event, installation, published, tidemark_in
from tests.servers import kafka_engine, running

SECRET = "a-sentence-nobody-may-log"


@pytest.fixture
def tidemark(tmp_path):
    return tidemark_in(tmp_path)


@pytest.fixture
def settings(kafka_server, topic_prefix, postgres_url):
    return installation(kafka_server, topic_prefix, postgres_url)


def test_a_missing_topic_names_the_command(tidemark, settings, tmp_path):
    (tmp_path / "events.jsonl").write_text(event(1))

    done = tidemark("publish", "events.jsonl", **settings)

    assert done.returncode == 78
    assert done.stderr.endswith("does not exist: run `tidemark topics apply`\n")


async def test_what_is_published_arrives_keyed_and_unchanged(tidemark, settings):
    tidemark("topics", "apply", **settings)
    lines = [event(number) for number in range(7)]

    done = tidemark("publish", "-", stdin="\n".join(lines), **settings)

    assert done.returncode == 0, done.stderr
    assert "published 7 events" in done.stdout
    records = await published(settings)
    assert sorted(value for _, value in records) == sorted(lines)
    assert all(json.loads(value)["user_id"].encode() == key for key, value in records)


async def test_a_bad_line_is_named_by_number_and_reason_and_never_repeated(
    tidemark, settings, tmp_path
):
    tidemark("topics", "apply", **settings)
    bad = [event(2, at="1970-01-01T00:00:00Z", content=SECRET), f"{{{SECRET}", ""]
    (tmp_path / "events.jsonl").write_text("\n".join([event(1), *bad, event(3)]))

    done = tidemark("publish", "events.jsonl", **settings)

    assert done.returncode == 1
    assert "line 2: time_before_2000" in done.stderr
    assert "line 3: not_json" in done.stderr
    assert "published 2 events" in done.stdout
    assert "rejected 2" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert len(await published(settings)) == 2


async def test_an_interrupted_file_goes_on_where_acknowledgements_stopped(
    tidemark, settings, tmp_path
):
    tidemark("topics", "apply", **settings)
    (tmp_path / "events.jsonl").write_text("\n".join(event(number) for number in range(5)))
    tidemark("publish", "events.jsonl", **settings)
    [memory] = (tmp_path / "data" / "run" / "publish").iterdir()
    memory.write_text('{"lines": 3}')

    done = tidemark("publish", "events.jsonl", "--resume", **settings)

    assert "going on behind line 3" in done.stderr
    assert "published 2 events" in done.stdout
    assert len(await published(settings)) == 7


def test_a_broker_that_is_away_is_waited_for_and_said_in_a_line(tmp_path):
    server, engine = kafka_engine(tmp_path / "kafka", free_ports(2))
    settings = {"KAFKA_BOOTSTRAP_SERVERS": server.bootstrap, "TIDEMARK_TOPIC_PREFIX": "own."}
    options = KafkaOptions(bootstrap=server.bootstrap)
    with running(engine):
        asyncio.run(apply_topics(options, topic_table(topic_names("own."), 2)))

    with subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "publish", "-"],
        env={**os.environ, "DATA_DIR": str(tmp_path), **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as publishing:
        waiting = publishing.stderr.readline()
        with running(engine):
            said, _ = publishing.communicate(event(1), timeout=60)

    assert waiting == f"waiting for Kafka at {server.bootstrap}\n"
    assert said.startswith("published 1 events")
