"""What tables share: the metadata, and columns by their meaning.

The `merge` note of a column says how two rows of one key become one (see `write.upsert`).
"""

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, SmallInteger

metadata = MetaData()

Merge = str  # "add" | "least" | "greatest" | "keep" | "take"


def user() -> tuple[Column[bytes], Column[int]]:
    """The columns that say whose row it is, first in its primary key."""
    return (
        Column("pid", LargeBinary, primary_key=True),
        Column("epoch", SmallInteger, primary_key=True),
    )


def merged(name: str, type_: type, merge: Merge, *, nullable: bool = False) -> Column[object]:
    """A column that `write.upsert` knows how to merge."""
    column: Column[object] = Column(name, type_, nullable=nullable, info={"merge": merge})
    return column


def time(name: str, merge: Merge) -> Column[object]:
    """A moment, merged likewise."""
    column: Column[object] = Column(
        name, DateTime(timezone=True), nullable=False, info={"merge": merge}
    )
    return column
