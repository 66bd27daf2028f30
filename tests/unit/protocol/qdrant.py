"""Qdrant: upserts and deletes by id, no transactions, durable only as of the last flush."""

from collections.abc import Hashable
from dataclasses import dataclass, field

PointId = Hashable


@dataclass(frozen=True, slots=True)
class Point:
    """One vector with the payload that the sweep needs: whose event, and where it came from."""

    user: str
    event: str
    content: str
    partition: int
    src: int


Change = tuple[PointId, Point | None]  # None deletes


@dataclass(slots=True)
class Vectors:
    """The live points, and what a power cut would leave of them."""

    points: dict[PointId, Point] = field(default_factory=dict)
    durable: dict[PointId, Point] = field(default_factory=dict)
    noted: dict[int, tuple[int, int]] = field(default_factory=dict)  # watermarks as of the flush
    boots: int = 0

    def change(self, changes: list[Change]) -> int:
        """Apply upserts and deletes in order; returns how many there were."""
        for point_id, point in changes:
            if point is None:
                self.points.pop(point_id, None)
            else:
                self.points[point_id] = point
        return len(changes)

    def flush(self, watermarks: dict[int, tuple[int, int]]) -> None:
        """Write everything down, with watermarks that were committed before the flush began."""
        self.durable = dict(self.points)
        self.noted = watermarks

    def cut_power(self) -> None:
        """Forget everything since the last flush."""
        self.points = dict(self.durable)
        self.boots += 1
