"""When a position is reached: admit first, then the views, each up to the journal's end of then."""

from pipeline.adapters.postgres.reads import Marks
from pipeline.adapters.postgres.waiting import Goal, sent_on
from pipeline.domain.positions import Position


def marks(admit, journal_end, **views):
    next_ = {("admit", 0): admit} | {(view, 0): offset for view, offset in views.items()}
    return Marks(next_, journal_end={0: journal_end})


def goal(*views):
    return Goal([Position(0, 9)], views)


def test_it_is_reached_when_admit_has_passed_and_views_have_what_it_made():
    assert goal("persist", "usage").missing(marks(10, 5, persist=5, usage=7)) == {}


def test_admit_must_pass_the_offset_itself():
    assert goal("persist").missing(marks(9, 5, persist=5)) == {"admit": 1}


def test_each_view_is_counted_by_itself():
    found = goal("persist", "usage").missing(marks(10, 5, persist=3))

    assert found == {"persist": 2, "usage": 5}


def test_what_admit_does_later_is_not_waited_for():
    waiting = goal("persist")
    waiting.missing(marks(10, 5, persist=0))

    assert waiting.missing(marks(99, 50, persist=5)) == {}


def test_a_partition_nobody_has_begun_is_behind_from_its_first_record():
    assert goal("persist").missing(Marks()) == {"admit": 10}


def test_records_are_followed_to_their_home():
    seen = Marks(sent_on={(0, 3): 7, (1, 3): 99})

    assert sent_on([Position(0, 9)], seen) == [Position(3, 6)]
