"""A view handles each accepted source record once, in order, whatever the journal repeats."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.journal import Links
from pipeline.domain.sifting import Sifted, in_doubt, sift


def records(*links: tuple[int, int], start: int = 0) -> list[tuple[int, Links]]:
    return [(start + i, Links(src, prev)) for i, (src, prev) in enumerate(links)]


def test_a_straight_run_is_kept_whole() -> None:
    sifted = sift(0, 0, records((0, 0), (1, 1), (4, 2)))

    assert sifted == Sifted((0, 1, 2), 3, 5, {"seen": 0, "redone": 0, "orphaned": 0})


@pytest.mark.parametrize(
    ("next_", "src_next", "links", "kept", "dropped"),
    [
        (2, 5, [(0, 0), (4, 1)], (), "seen"),
        (0, 5, [(3, 2), (4, 4)], (), "redone"),
        (0, 5, [(7, 7), (8, 8)], (), "orphaned"),
    ],
)
def test_what_is_settled_or_orphaned_is_dropped_and_counted(
    next_: int, src_next: int, links: list[tuple[int, int]], kept: tuple[int, ...], dropped: str
) -> None:
    sifted = sift(next_, src_next, records(*links))

    assert (sifted.kept, sifted.next, sifted.src_next) == (kept, 2, src_next)
    assert {name: count for name, count in sifted.dropped.items() if count} == {dropped: 2}


def test_a_record_after_refused_sources_is_kept() -> None:
    """Admit refused the sources 1 to 8, so nothing in between was ever accepted."""
    sifted = sift(1, 1, records((9, 1), start=1))

    assert (sifted.kept, sifted.src_next) == ((0,), 10)


def test_a_hole_in_the_journal_is_reported_and_nothing_is_handled() -> None:
    sifted = sift(0, 0, [(0, Links(0, 0)), (2, Links(1, 1))])

    assert (sifted.kept, sifted.gap_at) == ((), 2)


def test_no_records_change_nothing() -> None:
    assert sift(7, 9, []).kept == ()
    assert (sift(7, 9, []).next, sift(7, 9, []).src_next) == (7, 9)


def test_behind_unreadable_links_the_next_record_is_trusted_and_settled_ones_are_not() -> None:
    doubt = in_doubt(in_doubt(5))
    sifted = sift(2, doubt, records((4, 4), (9, 8), (12, 11), (14, 10), start=2))

    assert doubt < 0
    assert (sifted.kept, sifted.src_next) == ((1, 3), 15)
    assert sifted.dropped == {"seen": 0, "redone": 1, "orphaned": 1}
    assert sift(2, in_doubt(0), records((0, 0), start=2)).src_next == 1


@st.composite
def journals(draw: st.DrawFn) -> tuple[list[Links], list[int]]:
    """A journal of a writer that dies before its commit and does its batch again, or is refused."""
    accepted = sorted(draw(st.sets(st.integers(0, 60), min_size=1, max_size=25)))
    prevs = [0, *(src + 1 for src in accepted)]
    journal: list[Links] = []
    done = 0
    while done < len(accepted):
        end = draw(st.integers(done + 1, len(accepted)))
        batch = [Links(accepted[i], prevs[i]) for i in range(done, end)]
        journal += draw(st.sampled_from([[], batch[: draw(st.integers(0, len(batch)))]]))
        if end < len(accepted) and draw(st.booleans()):
            journal.append(Links(accepted[end], prevs[end]))  # its predecessor was refused
        journal += batch
        done = end
    return journal, accepted


@given(journals(), st.lists(st.integers(1, 6), max_size=30))
def test_every_accepted_source_is_handled_once_and_in_order(
    written: tuple[list[Links], list[int]], sizes: list[int]
) -> None:
    journal, accepted = written
    numbered = list(enumerate(journal))
    next_ = src_next = at = 0
    handled: list[int] = []
    for size in [*sizes, len(numbered)]:
        batch = numbered[max(0, at - 1) : at + size]  # and one that came before
        sifted = sift(next_, src_next, batch)
        handled += [batch[i][1].src for i in sifted.kept]
        next_, src_next, at = sifted.next, sifted.src_next, at + size

    assert handled == accepted
    assert next_ == len(numbered)
