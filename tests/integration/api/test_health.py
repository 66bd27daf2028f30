"""Readiness and metrics, as load balancers and Prometheus see them."""

import pytest
from sqlalchemy import delete, insert

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import admission, quarantines, watermarks
from pipeline.domain.identity import murmur2_partition
from tests.integration.api.world import PARTITIONS, running
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

PARTS = ["kafka", "admit", "persist", "embed", "usage", "postgres", "vectors", "encoder"]


async def test_a_live_process_says_so(http):
    answer = await http.get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_every_part_is_reported_in_the_order_of_a_message(http):
    async def all_reached():
        ready = (await http.get("/health/ready")).json()
        return ready if all(part["status"] != "down" for part in ready["parts"]) else None

    ready = await until(all_reached)

    assert [part["name"] for part in ready["parts"]] == PARTS
    assert all((part["advice"] is None) == (part["status"] == "ok") for part in ready["parts"])


async def test_records_set_aside_are_shown_with_what_to_do(world, http):
    aside = {"partition": 5, "offset": 1, "reason": "tampered"}
    async with transaction(world.parts.engine) as connection:
        await connection.execute(insert(quarantines["usage"]).values(aside))

    part = await until(lambda: _part(http, "usage", lambda found: found["quarantined"]))
    text = (await http.get("/metrics")).text
    async with transaction(world.parts.engine) as connection:
        await connection.execute(delete(quarantines["usage"]))

    assert (part["status"], part["quarantined"]) == ("behind", 1)
    assert "quarantine list" in part["advice"]
    assert 'tidemark_quarantined_records{consumer="usage"} 1.0' in text


async def test_a_view_of_another_journal_is_told_from_one_that_is_ahead_for_a_moment(
    postgres_url, make_settings, kafka_options
):
    async with running(make_settings(postgres_url), kafka_options) as own:
        for _ in range(6):  # offsets that the views below may name
            await own.http.post("/memory/store", json={"user_id": "ana", "content": "hello"})
        partition = murmur2_partition(b"ana", PARTITIONS)
        async with transaction(own.parts.engine) as connection:
            for table, marks in (
                (admission, {"next": 3, "prev": 1, "journal_end": 1}),
                (watermarks["usage"], {"next": 1, "src_next": 3}),  # settled, never accepted
                (watermarks["embed"], {"next": 1, "src_next": 4}),  # produced, not committed
            ):
                await connection.execute(insert(table).values(partition=partition, **marks))
        stranger = await until(
            lambda: _part(own.http, "usage", lambda part: "journal" in (part["advice"] or ""))
        )
        ahead = await _part(own.http, "embed", lambda _: True)

    assert stranger["status"] == "down"
    assert ahead["status"] == "ok"


async def test_an_event_that_nobody_admits_is_lag(postgres_url, make_settings, kafka_options):
    async with running(make_settings(postgres_url), kafka_options) as own:
        await own.http.post("/memory/store", json={"user_id": "ana", "content": "hello"})
        part = await until(lambda: _part(own.http, "admit", lambda found: found["lag_records"]))
        text = (await own.http.get("/metrics")).text

    assert (part["status"], part["lag_records"]) == ("ok", 1)
    assert part["lag_seconds"] > 0
    assert 'tidemark_lag_records{consumer="admit"' in text
    assert 'tidemark_store_up{store="kafka"} 1.0' in text


async def _part(http, name, wanted):
    ready = (await http.get("/health/ready")).json()
    found = next(part for part in ready["parts"] if part["name"] == name)
    return found if wanted(found) else None
