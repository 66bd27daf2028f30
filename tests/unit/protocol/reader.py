"""A reader who waits for a write of their own: what a position token promises."""

from collections.abc import Generator

from .world import Admission, Steps, World

THINKS = "thinks of a question"


def reader(world: World, partition: int, life: int) -> Steps:
    """Again and again, take some publication's token, wait as `after=` does, and look."""
    while True:
        yield THINKS
        if world.published:
            here, offset, event = world.dice.choice(world.published)
            yield from _awaited(world, here, offset, event.user)
            world.seen["tokens redeemed"] += 1
            _look(world, event.user, event.id)


def _awaited(world: World, partition: int, offset: int, user: str) -> Steps:
    """Wait until admit has passed the position, then until the views have passed its journal end.

    A record that arrived at another partition than its user's home is only re-published there:
    admit's row also keeps where its re-publications to each home end, and the wait goes on there.
    """
    admission = yield from _admitted(world, partition, offset + 1)
    subject = world.subject(user)
    home = subject.home if subject else partition
    if home != partition and world.rules.token_follows_home:
        partition = home
        admission = yield from _admitted(world, home, admission.forwarded[home])
    for view in ("persist", "embed"):
        while world.mark(view, partition).next < admission.journal_end:
            yield "waits for a view"
        if world.mark(view, partition).src_next < admission.prev:
            world.violations["passed the journal's end, not the chain's"] += 1


def _admitted(world: World, partition: int, end: int) -> Generator[str, None, Admission]:
    """Wait until everything below `end` is admitted; returns that very state of the row."""
    while (admission := world.admission(partition)).next < end:
        yield "waits for admit"
    return admission


def _look(world: World, user: str, event: str) -> None:
    timeline = world.database.rows.get(("timeline", user), ())
    if event not in {known for known, _ in timeline}:
        world.violations["promised by a token, not there"] += 1
