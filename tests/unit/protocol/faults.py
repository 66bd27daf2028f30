"""Misfortunes of the world as a whole; those of single processes are in chaos.py."""

from collections.abc import Callable

from .world import PARTITIONS, World


def restart_postgres(world: World) -> None:
    """End every session."""
    world.database.restart()
    world.seen["postgres restarts"] += 1


def let_the_hint_run_ahead(world: World) -> None:
    """Commit to Kafka what was fetched but not handled, as Faust's commit calculator can."""
    for group, position in world.fetched.items():
        if world.dice.random() < 0.5:
            world.seen["hints ahead"] += position > world.hints.get(group, 0)
            world.hints[group] = position


def trim(world: World) -> None:
    """Delete from chat.events what lies behind admit's watermark, as the janitor does."""
    for partition in range(PARTITIONS):
        log = world.source[partition]
        log.start = max(log.start, world.admission(partition).next - world.dice.randint(0, 2))


def flush(world: World) -> None:
    """Flush the vector store and note embed's watermarks, read before the flush.

    A partition whose points are still to be repaired keeps its old note: its watermark says more
    than the store holds.
    """
    noted = dict(world.vectors.noted)
    for partition in range(PARTITIONS):
        mark = world.mark("embed", partition)
        if mark.boots == world.vectors.boots or not world.rules.flush_notes_repaired:
            noted[partition] = (mark.next, mark.src_next)
    world.vectors.flush(noted)


def cut_power(world: World) -> None:
    """Take the vector store back to its last flush."""
    world.vectors.cut_power()
    world.seen["power cuts"] += 1


OF_THE_WORLD: tuple[Callable[[World], None], ...] = (
    restart_postgres,
    let_the_hint_run_ahead,
    let_the_hint_run_ahead,
    trim,
    flush,
    flush,
    cut_power,
)
