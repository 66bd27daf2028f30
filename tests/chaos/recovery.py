"""How long after a blow a consumer has its next effect: seen in the watermarks, not by itself."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.reads import Marks, read_marks
from pipeline.errors import StoreUnavailable
from tests.pipeline_processes import Pipeline
from tests.waiting import until

PATIENCE = 180.0
CONSUMERS = ("admit", "persist", "usage", "embed")


@dataclass(frozen=True, slots=True)
class Blow:
    """Something that happened to something, and the seconds until its first new effect."""

    to: str
    what: str
    seconds: float


@dataclass(slots=True)
class Recoveries:
    """Waits for effects and remembers how long that took."""

    world: Pipeline
    blows: list[Blow] = field(default_factory=list)

    async def of(
        self, to: str, what: str, consumers: Iterable[str], *, all_partitions: bool = False
    ) -> None:
        """Call right after the blow; returns once each of the consumers has moved."""
        began, before = time.monotonic(), await until(self._readable, PATIENCE)

        async def moved() -> bool:
            marks = await self._readable()
            return marks is not None and all(
                _moved(before, marks, each, all_partitions) for each in consumers
            )

        await until(moved, PATIENCE)
        self.blows.append(Blow(to, what, time.monotonic() - began))

    async def of_api(self, what: str) -> None:
        """The same for the API: it answers."""
        began = time.monotonic()

        async def answers() -> bool:
            try:
                async with httpx.AsyncClient(base_url=self.world.api, timeout=2) as http:
                    return (await http.get("/health/live")).is_success
            except httpx.TransportError:
                return False

        await until(answers, PATIENCE)
        self.blows.append(Blow("api", what, time.monotonic() - began))

    def table(self) -> str:
        """A row for each kind of blow."""
        kinds: dict[tuple[str, str], list[float]] = {}
        for blow in self.blows:
            kinds.setdefault((blow.to, blow.what), []).append(blow.seconds)
        lines = ["| to | what | times | first effect, median | latest |", "|---|---|---|---|---|"]
        for (to, what), seconds in sorted(kinds.items()):
            middle = sorted(seconds)[len(seconds) // 2]
            cells = (to, what, str(len(seconds)), f"{middle:.1f} s", f"{max(seconds):.1f} s")
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)

    async def _readable(self) -> Marks | None:
        """The watermarks; pooled connections may be those of a database that was away."""
        try:
            async with transaction(self.world.engine) as connection:
                return await read_marks(connection)
        except StoreUnavailable:
            return None


def _moved(before: Marks, marks: Marks, consumer: str, everywhere: bool) -> bool:
    own: Mapping[int, int] = {p: n for (c, p), n in marks.next.items() if c == consumer}
    moved = [next_ > before.of(consumer, partition) for partition, next_ in own.items()]
    return bool(moved) and (all(moved) if everywhere else any(moved))
