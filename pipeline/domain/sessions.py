"""Sessions that nobody announced: stretches of activity with no long silence inside."""

from collections.abc import Iterable
from dataclasses import dataclass

GAP_MS = 30 * 60 * 1000
"""Silence that ends a session, in milliseconds: a message 30 minutes later begins the next one."""


@dataclass(frozen=True, slots=True)
class Span:
    """A session or a part of one: first and last activity (ms since 1970) and events within."""

    start_ms: int
    end_ms: int
    count: int

    def __post_init__(self) -> None:
        if self.start_ms > self.end_ms:
            raise ValueError("a span ends before it starts")


def merge_spans(spans: Iterable[Span], gap_ms: int = GAP_MS) -> list[Span]:
    """Return the sessions, in order of time, that `spans` are parts of; counts add up.

    Two spans belong together when less than `gap_ms` lies between them. Merging what was merged
    before, in any order and grouping, gives the same sessions, so late events need no replay.
    """
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start_ms):
        if merged and span.start_ms - merged[-1].end_ms < gap_ms:
            last = merged[-1]
            end = max(last.end_ms, span.end_ms)
            merged[-1] = Span(last.start_ms, end, last.count + span.count)
        else:
            merged.append(span)
    return merged
