"""Bad input never stops anybody: each becomes a dead letter with its reason, sealed, unlogged."""

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from pipeline.adapters.kafka import client_arguments
from pipeline.domain.crypto import Kind, box_header
from pipeline.stages.dead_letters import DAY_MS
from tests.integration.bad_records import BAD, CANARY, GOOD, USER
from tests.integration.pipeline_support import (
    dead_letters,
    messages_of,
    original,
)
from tests.kafka_records import read_all
from tests.pipeline_processes import running_pipeline

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pipeline(pipeline_servers):
    async with running_pipeline(*pipeline_servers) as pipeline:
        yield pipeline


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def positions(pipeline):
    """Where the bad records lay, by name, once everything is settled; good ones lie between."""
    found, good = {}, iter(GOOD * len(BAD))
    for bad in BAD:
        await pipeline.publish(next(good), key=USER.encode(), partition=1)
        (place,) = await pipeline.publish(bad.value, key=bad.key, partition=1)
        found[bad.name] = place
    await pipeline.publish(*GOOD, key=None, partition=1)
    await pipeline.wait_settled()
    return found


async def test_each_becomes_a_dead_letter_with_a_reason_and_its_position(pipeline, positions):
    topic = pipeline.topics.events
    wanted = {f"{topic}/1/{positions[bad.name].offset}": bad.reason for bad in BAD}

    assert {one.position: one.reason for one in await dead_letters(pipeline)} == wanted


async def test_headers_repeat_reason_and_position_and_say_nothing_else(pipeline, positions):
    for record in await read_all(pipeline.kafka, pipeline.topics.dead_letters):
        headers = {name: value.decode() for name, value in record.headers}

        reason = headers.pop("reason")
        assert reason in {bad.reason for bad in BAD}
        assert record.key.decode() == "/".join(headers.values())
        assert headers.keys() == {"topic", "partition", "offset"}
        assert record.partition == 1


async def test_a_letter_opens_with_the_key_of_its_day_to_what_was_published(pipeline, positions):
    letters = {one.position: one for one in await dead_letters(pipeline)}
    for bad in BAD:
        place = positions[bad.name]
        letter = letters[f"{pipeline.topics.events}/1/{place.offset}"]
        header = box_header(letter.box)

        assert await original(pipeline, letter) == (bad.key, bad.value)
        assert (header.kind, header.epoch) == (Kind.DEAD_LETTER, place.timestamp // DAY_MS)


async def test_good_neighbours_are_kept_as_they_were_said(pipeline, positions):
    kept = {str(one.id): one.content for one in await messages_of(pipeline, USER)}

    assert kept == {event["id"]: event["content"] for event in GOOD}
    assert (await pipeline.counts())["quarantined"] == 0


async def test_nothing_of_the_content_is_logged_or_rests_in_the_clear(pipeline, positions):
    resting = b""
    for topic in (pipeline.topics.dead_letters, pipeline.topics.journal):
        for record in await read_all(pipeline.kafka, topic):
            resting += record.value + record.key + repr(record.headers).encode()

    assert CANARY.encode() in (await read_all(pipeline.kafka, pipeline.topics.events))[0].value
    assert len(resting) > 10_000
    assert CANARY.encode() not in resting
    for name in pipeline.processes:
        logged = pipeline.log(name).read_text()
        assert "working" in logged
        assert CANARY not in logged


async def test_the_workers_go_on(pipeline, positions):
    assert [process.poll() for process in pipeline.processes.values()] == [None] * 2


@pytest.mark.parametrize("limit", [1024**2, 8 * 1024**2], ids=["by the client", "by the broker"])
async def test_two_mebibytes_are_refused_to_the_producer(pipeline, limit):
    options = client_arguments(pipeline.kafka)
    async with AIOKafkaProducer(**options, max_request_size=limit) as producer:
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(pipeline.topics.events, b"x" * 2 * 1024**2)


async def test_the_stores_are_what_the_journal_says(pipeline, positions):
    status, printed = await pipeline.verify("--sample", "5")

    assert status == 0, printed
    assert CANARY not in printed
