"""Readiness: what a snapshot means for callers, and what it tells an operator."""

import pytest

from api.monitor import Snapshot
from api.readiness import LATE_SECONDS, STAGES, readiness
from pipeline.adapters.postgres.reads import Marks
from pipeline.upkeep.lag import Lag

UP = {"kafka": True, "postgres": True, "vectors": True}


def snapshot(**changes):
    lags = {name: Lag({0: 0, 1: 0}, 0.0) for name in STAGES}
    usual = {"up": UP, "lags": lags, "quarantined": {}, "encoder": True}
    return Snapshot(**{**usual, **changes})


def part(ready, name):
    return next(each for each in ready.parts if each.name == name)


def test_all_well_is_ready_without_advice():
    ready = readiness(snapshot())

    assert ready.status == "ready"
    assert {each.status for each in ready.parts} == {"ok"}
    assert {each.advice for each in ready.parts} == {None}


@pytest.mark.parametrize(
    ("store", "status"), [("kafka", "degraded"), ("vectors", "degraded"), ("postgres", "down")]
)
def test_only_without_postgres_nothing_can_be_read(store, status):
    ready = readiness(snapshot(up={**UP, store: False}))

    assert ready.status == status
    assert part(ready, store).status == "down"
    assert part(ready, store).advice


def test_a_model_that_is_not_there_yet_degrades():
    ready = readiness(snapshot(encoder=False))

    assert (ready.status, part(ready, "encoder").status) == ("degraded", "down")


@pytest.mark.parametrize(("seconds", "status"), [(LATE_SECONDS, "ok"), (31.0, "behind")])
def test_a_stage_is_late_by_the_age_of_what_waits(seconds, status):
    lags = {name: Lag({0: 2, 1: 3}, seconds) for name in STAGES}

    embed = part(readiness(snapshot(lags=lags)), "embed")

    assert (embed.status, embed.lag_records, embed.lag_seconds) == (status, 5, seconds)


def test_records_set_aside_are_never_ok():
    ready = readiness(snapshot(quarantined={"persist": 2}))

    assert (ready.status, part(ready, "persist").quarantined) == ("degraded", 2)
    assert part(ready, "usage").status == "ok"


def test_a_view_of_another_journal_is_down():
    ready = readiness(snapshot(strangers=frozenset({"embed"})))

    assert (ready.status, part(ready, "embed").status) == ("degraded", "down")
    assert "journal" in part(ready, "embed").advice
    assert part(ready, "usage").status == "ok"


@pytest.mark.parametrize(
    ("taken", "stranger"),
    [
        (4, False),  # what admit accepted last
        (-5, False),  # in doubt: below zero
        (5, True),  # settled and not accepted: admit dropped it
        (6, True),
        (7, False),  # produced, and not committed by admit yet
        (9, False),
        (10, True),  # behind the end of the topic
    ],
)
def test_a_view_ahead_of_what_admit_may_still_commit_is_a_stranger(taken, stranger):
    marks = Marks(next={("admit", 0): 6}, accepted={("admit", 0): 4, ("embed", 0): taken})

    assert marks.strangers({0: 9}) == ({"embed"} if stranger else set())


def test_an_unknown_lag_is_not_called_none():
    ready = readiness(snapshot(lags={}))

    assert part(ready, "admit").status == "down"
    assert part(ready, "admit").lag_records is None


def test_nothing_seen_yet_is_down():
    assert readiness(Snapshot()).status == "down"
