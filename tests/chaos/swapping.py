"""Patching this process, and it alone: what the mutants are made with."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from pipeline.worker import Build

Builds: TypeAlias = Mapping[str, Build]


def swap(module: Any, name: str, value: Any) -> None:
    """Replace what a module or class calls by this name."""
    getattr(module, name)  # what is not there was renamed, and the mutant would be harmless
    setattr(module, name, value)


async def commit(connection: AsyncConnection) -> None:
    """End the transaction beneath SQLAlchemy's back; the next statement begins another."""
    await connection.exec_driver_sql("COMMIT")
