"""Processes and engines die, freeze and return while events flow: each takes effect once."""

import asyncio
from random import Random

import pytest

from tests.chaos.engines import running_engines, wait_repaired
from tests.chaos.feed import feeding
from tests.chaos.judge import judge
from tests.chaos.keeper import keeping
from tests.chaos.recovery import Recoveries
from tests.chaos.storm import KEPT, Storm, post
from tests.chaos.traffic import Plan
from tests.pipeline_processes import running_pipeline
from tests.waiting import until

EVENTS, USERS, KILLS = 20_000, 260, 26
EVENTS_A_SECOND, MOST_A_SECOND = 60, 1000
SEED = 11

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
async def engines(tmp_path):
    async with running_engines(tmp_path) as made:
        yield made


@pytest.fixture
async def world(engines, tmp_path):
    at = engines.kafka_options, engines.postgres_url, engines.vectors_url
    async with running_pipeline(tmp_path, *at, {}) as made:
        yield made


async def blow_on(storm):
    """Everything at once would prove less: a blow must find the others recovered, or recovering."""
    await storm.kill_at_random(KILLS)
    await asyncio.gather(storm.suspend("light"), storm.suspend("embed"))
    await storm.restart_kafka()
    await storm.stop_postgres()


async def test_every_event_takes_effect_once_whatever_dies(world, engines, capsys):
    posted, stop = [], asyncio.Event()
    plan = Plan(SEED, USERS, newcomers_every=EVENTS // USERS // 2)
    async with keeping(world) as keeper, feeding(world, plan, EVENTS_A_SECOND) as feed:
        storm = Storm(world, engines, keeper, Random(SEED), Recoveries(world))
        for name, module in KEPT.items():
            keeper.keep(name, module)
        posting = asyncio.create_task(post(world, posted, stop))
        await blow_on(storm)
        feed.per_second = MOST_A_SECOND
        await until(lambda: len(feed.published) >= EVENTS, 300)
        stop.set()
        await posting
    await world.wait_settled(300)
    await wait_repaired(world)
    published = [*feed.published, *posted]
    found = await judge(world, published)
    status, printed = await world.verify()
    with capsys.disabled():
        print(f"\n{len(published)} events\n{storm.recoveries.table()}\n{printed}")

    assert found == {}
    assert status == 0, printed
    assert storm.kills == KILLS
