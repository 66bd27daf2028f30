"""The rules of the protocol, one flag each: all kept as designed, one left out in each mutation."""

from dataclasses import dataclass
from typing import Literal

Repair = Literal["points", "rewind", "rewind the offset only"]


@dataclass(frozen=True, slots=True)
class Rules:
    """The protocol as designed; `Rules(prev=False)` is the protocol without `prev`."""

    # admit
    keys_first: bool = True  # step 2: first-seen keys are committed before anything is sealed
    id_ledger: bool = True  # step 3: an id seen before is a duplicate or a conflict
    ledger_with_watermark: bool = True  # steps 3-5: one transaction around the produce
    one_produce_at_a_time: bool = True  # step 4: the next batch only after the acknowledgement
    admit_from_watermark: bool = True  # never from Kafka's hint
    stable_verdicts: bool = True  # changed validation rules start only after a clean stop
    # every view
    src_next: bool = True  # drops what another writer has already brought
    prev: bool = True  # drops what came without its predecessor
    watermark_with_effects: bool = True  # one transaction
    ack_after_commit: bool = True
    gap_stops_view: bool = True  # the first offset may not lie beyond the watermark
    view_from_watermark: bool = True  # Kafka's hint only when the watermark cannot be read in time
    idle_view_watches: bool = True  # one with nothing to read may not lie beyond its watermark
    # position tokens, dead letters, points
    token_follows_home: bool = True  # a record that arrived elsewhere is awaited at its home
    dead_letter_by_origin: bool = True  # named by where the client put it, not by a copy of it
    point_per_user: bool = True  # a point's id comes from user and event, not from the event alone
    sweep_below_watermark: bool = True  # an orphan is an event already handled, without a row
    flush_notes_repaired: bool = True  # no note for a partition that awaits its repair
    repair: Repair = "points"  # after a power cut: points of existing rows, the watermark stays
