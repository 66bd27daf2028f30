"""What the core asks of the outside: one Protocol a store, and the values that cross it.

Every adapter, the real ones and the in-memory twins, passes the contract suite of its port.
"""

from pipeline.ports.encoder import Encoder, TextEncoder
from pipeline.ports.keys import KeyProvider
from pipeline.ports.vectors import (
    FlushState,
    Hit,
    Page,
    Point,
    PointSink,
    StoredPoint,
    Vector,
    VectorDurability,
    VectorStore,
    Where,
)

__all__ = [
    "Encoder",
    "FlushState",
    "Hit",
    "KeyProvider",
    "Page",
    "Point",
    "PointSink",
    "StoredPoint",
    "TextEncoder",
    "Vector",
    "VectorDurability",
    "VectorStore",
    "Where",
]
