"""The protocol with one rule left out, by name: what a worker that breaks it is built from."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from tests.chaos.mutant_admit import keys_late, ledger_apart, no_ledger, pipelined
from tests.chaos.mutant_views import ack_first, no_prev, no_src_next, watermark_apart
from tests.chaos.swapping import Builds

Mutant: TypeAlias = Callable[[Builds], Builds]


def no_prev_pipelined(builds: Builds) -> Builds:
    """No `prev`, with several batches under way."""
    return no_prev(pipelined(builds))


MUTANTS: Mapping[str, Mutant] = {
    "watermark-apart": watermark_apart,
    "ack-first": ack_first,
    "no-ledger": no_ledger,
    "ledger-apart": ledger_apart,
    "keys-late": keys_late,
    "no-src-next": no_src_next,
    "no-prev-pipelined": no_prev_pipelined,
    "no-prev": no_prev,
    "pipelined": pipelined,
}

HARMLESS = frozenset({"no-prev", "pipelined"})  # alone: each guards against the other
