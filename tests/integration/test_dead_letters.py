"""Dead letters are listed without their content, and replayed through admit, as often as wanted."""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from pipeline.adapters.kafka import client_arguments
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import dead_letter_keys
from pipeline.domain.identity import event_id_at
from tests.integration.pipeline_support import dead_letters, light_settled, messages_of
from tests.integration.stages_support import said
from tests.kafka_records import read_all
from tests.pipeline_processes import LIGHT, running_pipeline
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANARY = "canary-41c0"
TOO_EARLY_SECONDS = 8
GIANT = 4 * 1024**2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pipeline(pipeline_servers):
    async with running_pipeline(*pipeline_servers, start={"light": LIGHT}) as pipeline:
        await pipeline.publish(said("ana", "good"), partition=2)
        yield pipeline


async def letters(pipeline, *arguments):
    """Run the command: its exit status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "consumers.letters", *arguments),
        env=dict(pipeline.env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


async def buried(pipeline, value, key=b"ana"):
    """Publish what becomes a dead letter; its position."""
    (place,) = await pipeline.publish(value, key=key, partition=2)
    await light_settled(pipeline)
    return f"{pipeline.topics.events}/2/{place.offset}"


async def test_a_list_names_reason_position_and_time_and_no_content(pipeline):
    first = await buried(pipeline, CANARY.encode())
    second = await buried(pipeline, said("ana", CANARY, type=f"{CANARY}.v1"))

    status, printed = await letters(pipeline, "list")
    _, filtered = await letters(pipeline, "list", "--reason", "not_json")
    _, one = await letters(pipeline, "list", "--position", second)

    lines = [line.split("  ")[1:] for line in printed.splitlines()[:-1]]
    assert status == 0
    assert [first, "not_json"] in lines
    assert [second, "unknown_type"] in lines
    assert second not in filtered
    assert one.splitlines()[-1] == "1 dead letters"
    assert CANARY not in printed + filtered + one


async def test_what_is_still_bad_is_judged_again_and_keeps_its_position(pipeline):
    position = await buried(pipeline, b"[%s" % CANARY.encode(), key=b"some key")
    status, printed = await letters(pipeline, "replay", "--position", position)
    await light_settled(pipeline)

    found = [one for one in await dead_letters(pipeline) if one.position == position]
    again = (await read_all(pipeline.kafka, pipeline.topics.events))[-1]
    assert (status, printed) == (0, "1 of 1 published again\n")
    assert [one.reason for one in found] == ["not_json"] * 2
    assert (again.key, again.value) == (b"some key", b"[%s" % CANARY.encode())


async def test_what_has_become_good_is_admitted_once_however_often_it_is_replayed(pipeline):
    """A time more than a day ahead of the broker's is refused; a little later it is not."""
    due = time.time() + TOO_EARLY_SECONDS
    at = datetime.fromtimestamp(due, UTC) + timedelta(days=1)
    position = await buried(pipeline, said("ana", "early", at=at.isoformat()))
    await until(lambda: time.time() > due, seconds=TOO_EARLY_SECONDS + 30)
    for _ in range(2):
        assert (await letters(pipeline, "replay", "--reason", "time_in_future"))[0] == 0
    await light_settled(pipeline)

    kept = [one for one in await messages_of(pipeline, "ana") if one.content == "early"]
    topic, partition, offset = position.split("/")
    assert [one.id for one in kept] == [event_id_at(topic, int(partition), int(offset))]


async def test_a_tombstone_has_nothing_to_replay(pipeline):
    position = await buried(pipeline, None)

    assert await letters(pipeline, "replay", "--position", position) == (
        1,
        f"{position}: has no value\n0 of 1 published again\n",
    )


async def test_a_record_over_the_limit_is_kept_whole(pipeline):
    position = await buried(pipeline, b"x" * 300 * 1024)
    (letter,) = [one for one in await dead_letters(pipeline) if one.position == position]
    status, _ = await letters(pipeline, "replay", "--position", position)

    assert (letter.reason, letter.whole, status) == ("too_large", True, 0)


async def test_a_giant_that_compression_hides_from_the_broker_is_cut_and_stops_nobody(pipeline):
    topic, options = pipeline.topics.events, client_arguments(pipeline.kafka)
    async with AIOKafkaProducer(
        **options, compression_type="gzip", max_request_size=2 * GIANT
    ) as producer:
        place = await producer.send_and_wait(topic, b"x" * GIANT, b"ana", partition=2)
    await pipeline.publish(said("ana", "behind the giant"), partition=2)
    await light_settled(pipeline)
    position = f"{topic}/2/{place.offset}"
    (letter,) = [one for one in await dead_letters(pipeline) if one.position == position]
    status, printed = await letters(pipeline, "replay", "--position", position)

    cut = f"{position}: was too large for a letter, and is cut"
    assert (letter.reason, letter.whole) == ("too_large", False)
    assert (status, printed.splitlines()[0]) == (1, cut)
    assert "behind the giant" in [one.content for one in await messages_of(pipeline, "ana")]


async def test_letters_whose_day_is_destroyed_stay_shut(pipeline):
    position = await buried(pipeline, b"{")
    async with transaction(pipeline.engine) as connection:
        kept = list(await connection.execute(dead_letter_keys.select()))
        await connection.execute(dead_letter_keys.delete())
    status, printed = await letters(pipeline, "replay", "--position", position)
    async with transaction(pipeline.engine) as connection:
        await connection.execute(dead_letter_keys.insert(), [row._asdict() for row in kept])

    assert (status, printed.splitlines()[0]) == (
        1,
        f"{position}: the key of its day is destroyed",
    )
