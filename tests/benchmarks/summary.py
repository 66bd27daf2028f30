"""From results to rows and tables, with what was aimed for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.contexts import Answers
from tests.benchmarks.encoder import Speed
from tests.benchmarks.encoding import Encoding
from tests.benchmarks.freshness import Freshness
from tests.benchmarks.memory import Memory
from tests.benchmarks.profile import Profile
from tests.benchmarks.report import Report, Row, Table
from tests.benchmarks.stages import BUDGET_US, Cost
from tests.benchmarks.throughput import Throughput
from tests.benchmarks.world import CORES

FRESH_P95_MS = 500
CONTEXT_P95_MS = 50
MEMORY_MIB = 2560
SHOWN_FUNCTIONS = 6


@dataclass(slots=True)
class Results:
    """Whatever was measured."""

    encoding: Encoding | None = None
    encoder_after: Speed | None = None
    whole: Throughput | None = None
    light: Throughput | None = None
    costs: Sequence[Cost] = ()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    fresh: Sequence[tuple[str, Freshness]] = ()
    answers: Sequence[Answers] = ()
    memory: Mapping[str, Memory] = field(default_factory=dict)
    memory_when: str = ""


def report(found: Results, *, amx: bool) -> Report:
    """Everything, in the order of the letters."""
    rows = [*_encoding(found, amx), *_throughput(found, amx), *_costs(found)]
    rows += [*_freshness(found), *_contexts(found), *_memory(found)]
    return Report(rows, list(_tables(found)))


def _encoding(found: Results, amx: bool) -> Iterator[Row]:
    if (both := found.encoding) is None:
        return
    a, b = both.reference.per_second, both.chosen.per_second
    least = 4.0 if amx else 1.8
    yield Row("(a) `SentenceTransformer.encode`, defaults", f"{a:.0f} messages/s")
    figures = f"{b:.0f} messages/s, b/a = {b / a:.2f}"
    yield Row(f"(b) {both.runtime} alone", figures, f"b/a ≥ {least}", b / a >= least)


def _throughput(found: Results, amx: bool) -> Iterator[Row]:
    if found.whole and found.encoding and found.encoder_after:
        c, before = found.whole.per_second, found.encoding.chosen.per_second
        after = found.encoder_after.per_second
        ratio, least = c / ((before + after) / 2), 0.45 if amx else 0.7
        figures = (
            f"{c:.0f} messages/s, c/b = {ratio:.2f} (b {before:.0f} before, {after:.0f} after)"
        )
        yield Row("(c) publish → searchable, all stages", figures, f"c/b ≥ {least}", ratio >= least)
    if found.light:
        yield Row("(d) the same without embedding", f"{found.light.per_second:.0f} messages/s")


def _costs(found: Results) -> Iterator[Row]:
    for cost in found.costs:
        budget = BUDGET_US[cost.consumer]
        name = cost.consumer + (" besides the model" if cost.consumer == "embed" else "")
        met = cost.cpu_us <= budget
        yield Row(f"(e) {name}", f"{cost.cpu_us:.0f} µs CPU/event", f"≤ {budget} µs", met)


def _freshness(found: Results) -> Iterator[Row]:
    for name, one in found.fresh:
        half = name.startswith("half")
        figures = f"p50 {one.p50:.0f}, p95 {one.p95:.0f} ms at {one.per_second:.0f} messages/s"
        aim = f"p95 ≤ {FRESH_P95_MS} ms" if half else ""
        met = one.p95 <= FRESH_P95_MS if half else None
        yield Row(f"(f) publish → searchable at {name}", figures, aim, met)


def _contexts(found: Results) -> Iterator[Row]:
    for one in found.answers:
        idle = one.load == "idle"
        figures = f"p50 {one.p50:.0f}, p95 {one.p95:.0f} ms (slowest {one.slowest:.0f})"
        aim = f"p95 ≤ {CONTEXT_P95_MS} ms" if idle else ""
        met = one.p95 <= CONTEXT_P95_MS if idle else None
        yield Row(f"(g) context, {one.whom}, {one.load}", figures, aim, met)


def _memory(found: Results) -> Iterator[Row]:
    if found.memory:
        total = sum(each.pss for each in found.memory.values())
        figures = f"{total:.0f} MiB {found.memory_when}"
        met = total <= MEMORY_MIB
        yield Row("(h) the whole stack, resident", figures, f"≤ {MEMORY_MIB} MiB", met)


def _tables(found: Results) -> Iterator[Table]:
    if found.whole:
        yield _cores("Who uses the cores in (c)", found.whole)
    if found.light:
        yield _cores("Who uses the cores in (d)", found.light)
    if found.costs:
        yield _batches(found.costs)
    if found.profiles:
        yield _areas(found.profiles, found.costs)
        yield _functions(found.profiles)
    if found.fresh:
        yield _admitted(found.fresh)
    if found.memory:
        yield _processes(found)


def _cores(title: str, burst: Throughput) -> Table:
    given = CORES * burst.seconds
    used = sorted(burst.cpu.items(), key=lambda item: -item[1])
    rest = [("idle, the publisher and others", given - sum(burst.cpu.values()))]
    body = [
        (name, f"{seconds / burst.count * 1e6:.0f}", f"{seconds / given:.0%}")
        for name, seconds in used + rest
    ]
    note = f"{burst.count:,} messages in {burst.seconds:.1f} s on {CORES} cores."
    return Table(title, ("process", "CPU µs/message", "of the cores"), body, note)


def _batches(costs: Sequence[Cost]) -> Table:
    head = ("consumer", "events/s alone", "events a batch", "outside ms", "inside ms")
    body = [
        (
            one.consumer,
            f"{one.per_second:.0f}",
            f"{one.batch:.0f}",
            f"{one.prepare_ms:.1f}",
            f"{one.store_ms:.1f}",
        )
        for one in costs
    ]
    note = "Mean times of a batch, outside of its transaction and inside, with what it waits for."
    return Table("Each consumer alone, by its own metrics", head, body, note)


def _areas(profiles: Mapping[str, Profile], costs: Sequence[Cost]) -> Table:
    whole = {cost.consumer: cost.cpu_us for cost in costs}
    spent = {
        consumer: {area: share * whole[consumer] for area, share in each.areas.items()}
        for consumer, each in profiles.items()
    }
    areas = {area for each in spent.values() for area in each}
    names = sorted(areas, key=lambda area: -sum(each.get(area, 0) for each in spent.values()))
    body = [(name, *(f"{each.get(name, 0):.0f}" for each in spent.values())) for name in names]
    note = "Microseconds of (e) an event, divided as a sampling profiler found the main thread."
    return Table("Where each consumer's CPU time goes", ("in", *spent), body, note)


def _functions(profiles: Mapping[str, Profile]) -> Table:
    body = [
        (consumer, f"`{function}`", f"{share:.0%}")
        for consumer, each in profiles.items()
        for function, share in list(each.functions.items())[:SHOWN_FUNCTIONS]
    ]
    note = "The innermost function of this repository, with the library calls that it makes."
    return Table("The functions that take most", ("consumer", "function", "share"), body, note)


def _admitted(fresh: Sequence[tuple[str, Freshness]]) -> Table:
    body = [
        (name, f"{one.count:,}", f"{one.admit_p50:.0f}", f"{one.admit_p95:.0f}")
        for name, one in fresh
    ]
    return Table("Of (f), until admitted", ("rate", "messages", "p50 ms", "p95 ms"), body)


def _processes(found: Results) -> Table:
    body = [(name, f"{m.pss:.0f}", f"{m.rss:.0f}") for name, m in found.memory.items()]
    note = f"With the processes that each has started, {found.memory_when}."
    return Table("Memory of every process", ("process", "PSS MiB", "RSS MiB"), body, note)
