"""CPU time and memory of processes, by name, each with the nameless ones that it has started."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import psutil

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Memory:
    """In MiB: shared pages divided among those who share them (PSS), or counted by each (RSS)."""

    pss: float
    rss: float


def memory(pids: Mapping[str, int]) -> dict[str, Memory]:
    """What each holds now; reading others' takes the same user, or root."""
    return {name: _held(_family(pid, pids.values())) for name, pid in pids.items()}


def cpu(pids: Mapping[str, int]) -> dict[str, float]:
    """User and system seconds so far, from /proc/<pid>/stat, in steps of 10 ms."""
    return {
        name: sum(_seconds(process) for process in _family(pid, pids.values()))
        for name, pid in pids.items()
    }


def cpu_of_one(pid: int) -> float:
    """The same of a process alone."""
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system


def _held(family: Iterator[psutil.Process]) -> Memory:
    found = [process.memory_full_info() for process in family]
    return Memory(sum(each.pss for each in found) / MIB, sum(each.rss for each in found) / MIB)


def _seconds(process: psutil.Process) -> float:
    return cpu_of_one(process.pid)


def _family(pid: int, named: Collection[int]) -> Iterator[psutil.Process]:
    process = psutil.Process(pid)
    yield process
    for child in process.children():
        if child.pid not in named:
            yield from _family(child.pid, named)
