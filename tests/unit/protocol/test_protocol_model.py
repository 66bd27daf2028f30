"""The protocol is exact under every schedule tried, and wrong as soon as one rule is left out."""

from collections import Counter

import pytest

from .chaos import run
from .judge import violations
from .rules import Rules

SEEDS = range(2000)
FEW_SEEDS = range(200)


Outcome = tuple[dict[int, Counter[str]], Counter[str]]


@pytest.fixture(scope="module")
def as_designed() -> Outcome:
    """Run the protocol as designed; returns violations by seed, and what was exercised."""
    found: dict[int, Counter[str]] = {}
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        world = run(Rules(), seed)
        seen.update(world.seen)
        if wrong := violations(world):
            found[seed] = wrong
    return found, seen


def test_as_designed_every_effect_happens_once_and_in_order(as_designed: Outcome) -> None:
    found, _ = as_designed

    assert found == {}


@pytest.mark.parametrize(
    "event",
    [
        "killed",
        "resumed",
        "blockers terminated",
        "postgres restarts",
        "landed late",
        "timed out",
        "refused or lost",
        "handled before",
        "brought before by another writer",
        "hints ahead",
        "gaps that stopped a view",
        "power cuts",
        "repairs after a power cut",
        "orphans swept",
        "tokens redeemed",
        "re-published to the home",
        "dead letters",
    ],
)
def test_the_schedules_exercise(as_designed: Outcome, event: str) -> None:
    _, seen = as_designed

    assert seen[event] >= 10


MUTATIONS = {
    "watermark committed apart from the effects": (
        Rules(watermark_with_effects=False),
        "doubled",
    ),
    "ack before write, and Kafka owns the position": (
        Rules(ack_after_commit=False, view_from_watermark=False, gap_stops_view=False),
        "lost",
    ),
    "no id ledger": (Rules(id_ledger=False), "doubled"),
    "ledger committed before the produce": (Rules(ledger_with_watermark=False), "lost"),
    "first-seen key committed after the produce": (Rules(keys_first=False), "lost"),
    "first-seen key committed after the produce leaves what no key opens": (
        Rules(keys_first=False),
        "no key opens it",
    ),
    "no src_next": (Rules(src_next=False), "doubled"),
    "no prev, and produces not awaited one by one": (
        Rules(prev=False, one_produce_at_a_time=False),
        "lost",
    ),
    "produces not awaited one by one": (Rules(one_produce_at_a_time=False), "out of order"),
    "admit resumed from Kafka's hint": (Rules(admit_from_watermark=False), "lost"),
    "a view that knows nothing but Kafka's hint": (
        Rules(view_from_watermark=False),
        "never comes to rest",
    ),
    "a view that reads on over a gap": (Rules(gap_stops_view=False), "lost"),
    "an idle view beyond its watermark": (
        Rules(idle_view_watches=False),
        "never comes to rest",
    ),
    "validation rules changed without a clean stop: loses": (
        Rules(stable_verdicts=False),
        "accepted without effect",
    ),
    "validation rules changed without a clean stop: rejects what took effect": (
        Rules(stable_verdicts=False),
        "effect without acceptance",
    ),
    "a token that does not follow its record home": (
        Rules(token_follows_home=False),
        "promised by a token, not there",
    ),
    "a dead letter named by a re-published copy": (
        Rules(dead_letter_by_origin=False),
        "dead letter doubled",
    ),
    "point ids from the event id alone": (Rules(point_per_user=False), "point of another"),
    "a sweep of events not yet handled": (Rules(sweep_below_watermark=False), "point lost"),
    "a flush noted before the repair": (Rules(flush_notes_repaired=False), "point lost"),
    "going back by the offset only": (Rules(repair="rewind the offset only"), "point lost"),
    "going back by the whole watermark": (
        Rules(repair="rewind"),
        "what was removed is shown again",
    ),
}


@pytest.mark.parametrize(("rules", "harm"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_leaving_a_rule_out_does_harm(rules: Rules, harm: str) -> None:
    assert any(harm in violations(run(rules, seed)) for seed in SEEDS)


HARMLESS_ALONE = {
    "ack before write, while the watermark owns the position": Rules(ack_after_commit=False),
    "no prev, while produces are awaited one by one": Rules(prev=False),
}


@pytest.mark.parametrize("rules", HARMLESS_ALONE.values(), ids=HARMLESS_ALONE.keys())
def test_some_rules_only_guard_against_the_breach_of_another(rules: Rules) -> None:
    found = {seed: wrong for seed in FEW_SEEDS if (wrong := violations(run(rules, seed)))}

    assert found == {}


def test_prev_drops_nothing_while_produces_are_awaited_one_by_one(as_designed: Outcome) -> None:
    _, seen = as_designed

    assert seen["came without its predecessor"] == 0


def test_prev_drops_what_a_failed_writer_left_behind() -> None:
    pipelined = Rules(one_produce_at_a_time=False)

    assert any(run(pipelined, seed).seen["came without its predecessor"] for seed in SEEDS)


def test_a_seed_is_a_schedule() -> None:
    first, second = run(Rules(), 5), run(Rules(), 5)

    assert first.database.rows == second.database.rows
    assert [log.records for log in first.journal] == [log.records for log in second.journal]
    assert first.seen == second.seen
