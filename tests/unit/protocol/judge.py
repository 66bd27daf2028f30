"""What must be true once everything has come to rest: a list of what is not."""

from collections import Counter
from collections.abc import Iterator

from .embed import point_id, sweep_once
from .traffic import Event
from .world import PARTITIONS, World

Accepted = dict[str, dict[str, Event]]  # user -> id -> event, in the order of the home's log


def violations(world: World) -> Counter[str]:
    """Compare the stores with what the logs say, and add what was seen while running."""
    accepted = expected(world)
    found = Counter(world.violations)
    found.update(_timelines(world, accepted))
    found.update(_publications(world, accepted))
    found.update(_ledger(world))
    found.update(_dead_letters(world, accepted))
    found.update(_keys(world))
    found.update(_watermarks(world))
    found.update(_points(world, accepted))
    return found


def expected(world: World) -> Accepted:
    """Replay chat.events without faults: at a user's home, the first of each id counts."""
    accepted: Accepted = {}
    for partition, log in enumerate(world.source):
        for event in filter(None, log.records):
            subject = world.subject(event.user)
            if subject and subject.home == partition:
                accepted.setdefault(event.user, {}).setdefault(event.id, event)
    return accepted


def _timelines(world: World, accepted: Accepted) -> Iterator[str]:
    """Every accepted event took effect once in `persist`, with its content, in order."""
    for user, events in accepted.items():
        timeline = world.database.rows.get(("timeline", user), ())
        ids = [known for known, _ in timeline]
        wanted = {event.id: event.content for event in events.values()}
        yield from ("lost" for known in wanted if known not in ids)
        yield from ("doubled" for known, times in Counter(ids).items() if times > 1)
        yield from ("other content" for known, words in timeline if wanted.get(known) != words)
        if len(ids) == len(wanted) == len(set(ids)) and ids != list(wanted):
            yield "out of order"


def _publications(world: World, accepted: Accepted) -> Iterator[str]:
    """Every published id was accepted; what one partition brought keeps its producer's order."""
    places: dict[tuple[str, str], list[int]] = {}
    for partition, _, event in world.published:
        places.setdefault((event.user, event.id), []).append(partition)
    for user, known in places:
        if known not in accepted.get(user, {}):
            yield "lost"
    for user, events in accepted.items():
        for partition in range(PARTITIONS):
            sent = [
                k for (u, k), where in places.items() if u == user and set(where) == {partition}
            ]
            if sent != [k for k in events if k in sent]:
                yield "out of order"


def _ledger(world: World) -> Iterator[str]:
    """What admit remembers as accepted is what took effect."""
    remembered = {row[1:] for row in world.database.rows if row[0] == "ledger"}
    timelines = {row[1]: each for row, each in world.database.rows.items() if row[0] == "timeline"}
    effects = {(user, known) for user, timeline in timelines.items() for known, _ in timeline}
    yield from ("accepted without effect" for _ in remembered - effects)
    yield from ("effect without acceptance" for _ in effects - remembered)


def _dead_letters(world: World, accepted: Accepted) -> Iterator[str]:
    """Every conflicting publication has one dead letter, however often it was produced."""
    conflicts = {
        (partition, offset)
        for partition, offset, event in world.published
        if accepted.get(event.user, {}).get(event.id, event).content != event.content
    }
    letters = {letter.position for letter in world.dead.records if letter}
    if len(letters) > len(conflicts):
        yield "dead letter doubled"
    elif letters != conflicts and world.rules.dead_letter_by_origin:
        yield "dead letter lost"


def _keys(world: World) -> Iterator[str]:
    """Every journal record opens with a committed key."""
    for log in world.journal:
        for record in filter(None, log.records):
            subject = world.subject(record.event.user)
            if subject is None or subject.key != record.key:
                yield "no key opens it"


def _watermarks(world: World) -> Iterator[str]:
    """Views that have passed the journal have reached the end of admit's chain."""
    for partition, log in enumerate(world.journal):
        for view in ("persist", "embed"):
            mark = world.mark(view, partition)
            if (mark.next, mark.src_next) != (len(log.records), world.admission(partition).prev):
                yield "chain not reached"


def _points(world: World, accepted: Accepted) -> Iterator[str]:
    """Every row has its point and its content; after a last sweep nothing else has one."""
    wanted: dict[tuple[str, str], str] = {}
    for user, events in accepted.items():
        for event in events.values():
            if event.kind == "say":
                wanted[(user, event.id)] = event.content
            else:
                wanted.pop((user, event.target), None)
    rows = {row[1:]: value for row, value in world.database.rows.items() if row[0] == "point"}
    if rows != wanted:
        yield "lost" if wanted.keys() - rows.keys() else "other content"
    for (user, known), content in wanted.items():
        point = world.vectors.points.get(point_id(world, user, known))
        if point is None:
            yield "point lost"
        elif (point.user, point.event, point.content) != (user, known, content):
            yield "point of another"
    _sweep_all(world)
    if any(
        ("point", p.user, p.event) not in world.database.rows for p in world.vectors.points.values()
    ):
        yield "orphan left"


def _sweep_all(world: World) -> None:
    """Run one undisturbed sweep of every partition."""
    for partition in range(PARTITIONS):
        for _ in sweep_once(world, partition, -1):
            while world.network.flying:
                world.network.step(world.dice, faults=False)
