"""Streaks: runs of consecutive active days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Streaks:
    """Lengths in days, and the last active day if there is one."""

    current: int
    longest: int
    last_active: date | None


def streaks(days: Iterable[date], today: date) -> Streaks:
    """Return the streaks in a set of active days; order and repetition do not matter.

    The current streak is the run that ends on the last active day. It counts until a whole day has
    been missed, that is while the last active day is yesterday or later; a user east of `today`'s
    place may already be a day ahead.
    """
    active = sorted(set(days))
    if not active:
        return Streaks(0, 0, None)
    runs = [1]
    for before, after in pairwise(active):
        if after.toordinal() - before.toordinal() == 1:
            runs[-1] += 1
        else:
            runs.append(1)
    last = active[-1]
    alive = today.toordinal() - last.toordinal() <= 1
    return Streaks(runs[-1] if alive else 0, max(runs), last)
