"""What happens to a pipeline while events flow: one function for each kind of blow."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

import httpx
from prometheus_client.parser import text_string_to_metric_families

from ops.embedded.ports import HOST, free_ports
from tests.chaos.engines import Engines
from tests.chaos.keeper import Keeper
from tests.chaos.recovery import CONSUMERS, Recoveries
from tests.chaos.traffic import BEGAN, Publication
from tests.pipeline_processes import API, EMBED, LIGHT, Pipeline
from tests.servers import Engine
from tests.waiting import until

KEPT = {"light": LIGHT, "embed": EMBED, "api": API}
AFFECTED = {"light": ("admit", "persist", "usage"), "embed": ("embed",), "vectors": ("embed",)}
DOWN_SECONDS = 5.0  # a broker that is restarted
POSTGRES_DOWN_SECONDS = 30.0
KILLED_APART = (("light", "vectors"), ("embed", "api"))
LONGEST_CALM = 2.0  # seconds between a recovery and the next kill
STRIKES = (1, 1, 1, 2)  # the second one comes while the process starts
POST_EVERY = 0.3


@dataclass
class Storm:
    """Who is struck, with what, and what came of it."""

    world: Pipeline
    engines: Engines
    keeper: Keeper
    dice: Random
    recoveries: Recoveries
    kills: int = 0

    # -- kill -9 -------------------------------------------------------------------------------
    async def kill_at_random(self, times: int) -> None:
        """Kill random processes at random moments, in two rows that know nothing of each other."""
        rows = [(names, Random(self.dice.random())) for names in KILLED_APART]
        await asyncio.gather(*(self._killer(names, dice, times // 2) for names, dice in rows))

    async def _killer(self, names: Sequence[str], dice: Random, times: int) -> None:
        while times > 0:
            name, strikes = dice.choice(names), min(times, dice.choice(STRIKES))
            await asyncio.sleep(dice.uniform(0, LONGEST_CALM))
            await self._strike(name)
            for _ in range(strikes - 1):
                await asyncio.sleep(dice.uniform(0, LONGEST_CALM))
                await self._strike(name)
            await self._recovered(name, "kill -9" if strikes == 1 else "kill -9, twice")
            times -= strikes

    async def _strike(self, name: str) -> None:
        self.kills += 1
        if name == "vectors":
            self.engines.vectors.stop(SIGKILL)
            self.engines.vectors.launch()
            return
        ended = len(self.keeper.exits)
        self.world.processes[name].kill()
        await until(lambda: (name, -SIGKILL) in self.keeper.exits[ended:])

    async def _recovered(self, name: str, what: str) -> None:
        if name == "api":
            await self.recoveries.of_api(what)
        else:
            await self.recoveries.of(name, what, AFFECTED[name])

    # -- more workers, fewer, suspended ---------------------------------------------------------
    async def suspend(self, name: str) -> None:
        """Add a second worker, suspend the first past its session, resume it, remove the second."""
        second, port = f"{name}-2", free_ports(1)[0]
        consumers = AFFECTED[name]
        self.world.start(second, KEPT[name], METRICS_PORT=str(port))
        await until(lambda: _shares(port, consumers, at_least=1), 120)
        await self.world.kill(name, SIGSTOP)
        await self.recoveries.of(name, "suspended", consumers, all_partitions=True)
        assert await _shares(port, consumers, at_least=self.world.settings.tidemark_partitions)
        await self.world.kill(name, SIGCONT)
        everything = self.world.settings.tidemark_partitions
        await until(lambda: _shares(port, consumers, at_most=everything - 1), 120)
        assert await self.world.kill(second, SIGTERM) == 0
        await self.recoveries.of(name, "second removed", consumers, all_partitions=True)

    # -- engines ---------------------------------------------------------------------------------
    async def restart_kafka(self) -> None:
        """Stop the broker cleanly, and once more with kill -9."""
        for what, number in (("stopped", None), ("kill -9", SIGKILL)):
            kafka = self.engines.kafka
            kafka.stop(number)
            await self._back_after(kafka, DOWN_SECONDS)
            await self.recoveries.of("kafka", what, CONSUMERS)

    async def stop_postgres(self) -> None:
        """Take the database away for half a minute."""
        database = self.engines.postgres
        database.stop()
        await self._back_after(database, POSTGRES_DOWN_SECONDS)
        await self.recoveries.of("postgres", "away for 30 s", CONSUMERS)

    async def _back_after(self, engine: Engine, seconds: float) -> None:
        await asyncio.sleep(seconds)  # what is measured: an outage of this length
        engine.launch()
        await engine.ready()


async def post(world: Pipeline, published: list[Publication], stop: asyncio.Event) -> None:
    """Store messages through the API, each until it is accepted, until told to stop."""
    async with httpx.AsyncClient(base_url=world.api, timeout=10) as http:
        number = 0
        while not stop.is_set():
            said = {
                "user_id": f"api-{number % 10}",
                "message_id": f"m-{number}",
                "role": "user",
                "content": f"said {number}",
                "at": BEGAN.isoformat(),
            }
            await until(lambda said=said: _accepted(http, said), 180)
            published.append(Publication({**said, "type": "chat.message.sent.v1"}))
            number += 1
            await asyncio.sleep(POST_EVERY)


async def _accepted(http: httpx.AsyncClient, said: dict[str, str]) -> bool:
    try:
        return (await http.post("/memory/store", json=said)).status_code == httpx.codes.ACCEPTED
    except httpx.TransportError:
        return False


async def _shares(
    port: int, consumers: tuple[str, ...], at_least: int = 0, at_most: int = 10**6
) -> bool:
    """Whether the worker with these metrics has as many partitions of every consumer."""
    try:
        async with httpx.AsyncClient(timeout=2) as http:
            text = (await http.get(f"http://{HOST}:{port}/metrics")).text
    except httpx.TransportError:
        return False
    assigned = {
        sample.labels["consumer"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "tidemark_partitions_assigned"
    }
    return all(at_least <= assigned.get(each, 0) <= at_most for each in consumers)
