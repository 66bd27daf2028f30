"""Small JSON files that are whole or absent, whatever moment the power goes."""

import os
from pathlib import Path
from typing import Any

import orjson


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace `path` atomically and durably."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_directory(path.parent)


def read_json(path: Path) -> Any:
    """Return the parsed content; `ValueError` when it is not JSON."""
    return orjson.loads(path.read_bytes())


def allocated(directory: Path) -> int:
    """Return the bytes that the files below take on disk; Edge's are sparse."""
    return sum(path.stat().st_blocks * 512 for path in directory.rglob("*"))


def sync_directory(path: Path) -> None:
    """Make renames and removals inside `path` durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
