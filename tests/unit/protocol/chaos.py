"""Schedules: who moves next, who dies, who is suspended; then everything runs to its end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Literal

from . import faults
from .admit import admit
from .embed import EMBED, sweep
from .postgres import Database
from .reader import THINKS, reader
from .rules import Rules
from .traffic import Publication, plan
from .views import PERSIST, run_view
from .world import IDLE, PARTITIONS, ProcessEnds, Steps, World

UNQUIET_TURNS = 400
QUIET_ROUNDS = 600
TWINS = 2  # processes, at most, that believe they own the same partition
AT_REST = {IDLE, THINKS}


@dataclass(slots=True, eq=False)
class Process:
    """A slot that a supervisor keeps filled: each life is a new generator with a new number."""

    start: Callable[[World, int, int], Steps]
    partition: int
    life: int = -1
    steps: Steps | None = None
    state: Literal["running", "suspended", "dead"] = "dead"


@dataclass(slots=True)
class Schedule:
    """One seed: its world, its processes, and what producers will still publish."""

    world: World
    processes: list[Process]
    to_publish: list[Publication]
    lives: int = 0
    dead: list[int] = field(default_factory=list)  # lives whose sessions the server still holds


def run(rules: Rules, seed: int) -> World:
    """Run one schedule: an unquiet time with every fault, then quiet until nothing is left."""
    dice = Random(seed)
    world = World(rules, dice, Database(dice))
    schedule = Schedule(world, _processes(dice), plan(dice, PARTITIONS))
    for _ in range(UNQUIET_TURNS):
        _turn(schedule)
    if dice.random() < 0.5:
        for process in schedule.processes:
            _kill(schedule, process)
    _quiet(schedule)
    return world


def _processes(dice: Random) -> list[Process]:
    persist, embed = partial(run_view, PERSIST), partial(run_view, EMBED)
    starts = [each for each in (admit, persist, embed) for _ in range(dice.randint(1, TWINS))]
    starts += [sweep, reader]
    return [Process(start, p) for start in starts for p in range(PARTITIONS)]


def _turn(schedule: Schedule) -> None:
    world, dice = schedule.world, schedule.world.dice
    roll = dice.random()
    if roll < 0.12 and world.network.flying:
        world.seen[world.network.step(dice, faults=True)] += 1
    elif roll < 0.14:
        for _ in range(dice.randint(1, 4)):
            _publish(schedule)
    elif roll < 0.22:
        _misfortune(schedule)
    else:
        process = dice.choice(schedule.processes)
        for _ in range(dice.choice((1, 1, 2, 6))):
            _step(schedule, process)


def _step(schedule: Schedule, process: Process) -> str:
    """Let a process make one step, starting a new life if it has none; returns what it says."""
    if process.state == "suspended":
        return "suspended"
    if process.steps is None:
        schedule.lives += 1
        process.life, process.state = schedule.lives, "running"
        process.steps = process.start(schedule.world, process.partition, process.life)
    try:
        return next(process.steps)
    except ProcessEnds:
        _kill(schedule, process)
        return "ended"


def _publish(schedule: Schedule) -> None:
    """Publish the next event; nobody but a producer's own transaction can be in its way."""
    if schedule.to_publish:
        act, world = schedule.to_publish.pop(0), schedule.world
        offset = world.source[act.partition].append([act.event])
        if act.event:
            world.published.append((act.partition, offset, act.event))


def _misfortune(schedule: Schedule) -> None:
    world, dice = schedule.world, schedule.world.dice
    process = dice.choice(schedule.processes)
    roll = dice.random()
    if roll < 0.25:
        world.seen["killed"] += process.steps is not None
        _kill(schedule, process)
    elif roll < 0.5:
        if process.state == "running":
            process.state = "suspended"
    elif roll < 0.65:
        _resume(schedule)
    elif roll < 0.8:
        _settle(schedule)
    else:
        dice.choice(faults.OF_THE_WORLD)(world)


def _kill(schedule: Schedule, process: Process) -> None:
    """Kill -9: what it sent stays on its way, and its session open until somebody notices."""
    process.steps, process.state = None, "dead"
    schedule.dead.append(process.life)


def _settle(schedule: Schedule) -> None:
    for life in schedule.dead:
        schedule.world.database.settle(life)
    schedule.dead.clear()


def _resume(schedule: Schedule) -> None:
    for process in schedule.processes:
        if process.state == "suspended" and schedule.world.dice.random() < 0.5:
            process.state = "running"
            schedule.world.seen["resumed"] += 1


def _quiet(schedule: Schedule) -> None:
    """No more faults: the suspended wake, the dead are started, everything in flight arrives."""
    world = schedule.world
    world.database.faults = False
    for _ in range(QUIET_ROUNDS):
        _publish(schedule)
        _resume(schedule)
        _settle(schedule)
        said = {_step(schedule, process) for process in schedule.processes}
        if not world.network.flying and not schedule.to_publish and said <= AT_REST:
            return
        while world.network.flying:
            world.network.step(world.dice, faults=False)
    world.violations["never comes to rest"] += 1
