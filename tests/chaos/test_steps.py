"""Killed or suspended between any two steps: every event still takes effect once."""

import pytest

from pipeline.adapters.kafka import end_offsets
from tests.chaos.judge import judge
from tests.chaos.steps import run_steps
from tests.chaos.suspensions import run_suspensions
from tests.pipeline_processes import running_pipeline

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def world(tmp_path, kafka_options, postgres_url, vectors_url):
    async with running_pipeline(tmp_path, kafka_options, postgres_url, vectors_url, {}) as made:
        yield made


async def test_a_kill_at_any_step_loses_and_doubles_nothing(world):
    outcome = await run_steps(world)
    found = await judge(world, outcome.published)
    status, printed = await world.verify()
    journal = await end_offsets(world.kafka, world.topics.journal)

    assert outcome.rests
    assert found == {}
    assert status == 0, printed
    assert sum(journal.values()) > (await world.counts())["admitted"]  # and it had its doubles


async def test_a_writer_suspended_at_a_step_and_replaced_does_no_harm_when_it_resumes(world):
    published, _ = await run_suspensions(world)
    found = await judge(world, published)
    status, printed = await world.verify()
    journal = await end_offsets(world.kafka, world.topics.journal)

    assert found == {}
    assert status == 0, printed
    assert sum(journal.values()) > (await world.counts())["admitted"]  # it wrote what others had
