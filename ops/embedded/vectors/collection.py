"""One collection: an Edge shard, its configuration, and the updates not yet on disk."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import qdrant_edge as qe

from ops.embedded.vectors import config as configs
from ops.embedded.vectors.config import CollectionConfig, IndexSchema
from ops.embedded.vectors.edge import call, create_index, edge_config
from ops.embedded.vectors.files import sync_directory
from ops.embedded.vectors.refused import EngineFailed, Refused


class Collection:
    """An open collection. Every method runs to its end alone: one thread, no await inside."""

    def __init__(self, directory: Path, config: CollectionConfig, shard: qe.EdgeShard) -> None:
        self.directory = directory
        self.config = config
        self.dirty = 0  # points changed since the last flush
        self.rewriting = asyncio.Lock()
        self._shard: qe.EdgeShard | None = shard
        self._copy: qe.EdgeShard | None = None

    @property
    def shard(self) -> qe.EdgeShard:
        """The shard to read from; `Refused` 404 once the collection has been dropped."""
        if self._shard is None:
            raise Refused(404, "Not found: this collection doesn't exist")
        return self._shard

    def update(self, operation: qe.UpdateOperation, points: int = 1) -> None:
        """Apply an update that concerns `points` points, to a copy in the making as well."""
        call(self.shard.update, operation)
        self.dirty += points
        if self._copy is not None:
            copy, self._copy = self._copy, None  # a copy that misses an update is no copy
            call(copy.update, operation)
            self._copy = copy

    def add_index(self, field: str, schema: IndexSchema) -> None:
        """Index a payload field; the same again changes nothing, another type is `Refused`."""
        config = self.config.indexed(field, schema)
        self.update(create_index(field, schema))
        self.config = config
        configs.save(self.directory, config)

    def flush(self) -> None:
        """Put everything on disk."""
        call(self.shard.flush)
        self.dirty = 0

    def close(self) -> None:
        """Flush and let go of the files."""
        self.flush()
        call(self.shard.close)
        self._shard = None

    def drop(self) -> None:
        """Delete the files; a half deleted folder is removed at the next start."""
        call(self.shard.close)
        self._shard = None
        (self.directory / configs.CONFIG_FILE).unlink()
        shutil.rmtree(self.directory)
        sync_directory(self.directory.parent)

    @contextmanager
    def copying(self) -> Iterator[qe.EdgeShard]:
        """Give an empty shard that receives every update made meanwhile, or discard it."""
        config = self.config.next_shard()
        self._copy = _create_shard(self.directory, config)
        copy = self._copy
        try:
            yield copy
        finally:
            self._copy = None
            if self.config.shard != config.shard:
                call(copy.close)
                shutil.rmtree(self.directory / config.shard)

    def switch(self, copy: qe.EdgeShard) -> None:
        """Take the copy as the collection's own shard; the renamed configuration decides."""
        if self._copy is not copy:
            raise EngineFailed("an update did not reach the copy")
        old_shard, old_config, config = self.shard, self.config, self.config.next_shard()
        call(copy.flush)
        configs.save(self.directory, config)
        self.config, self._shard, self.dirty = config, copy, 0
        call(old_shard.close)
        shutil.rmtree(self.directory / old_config.shard)


def create_collection(directory: Path, config: CollectionConfig) -> Collection:
    """Make a new, empty collection; it exists from the moment its configuration does."""
    directory.mkdir()
    shard = _create_shard(directory, config)
    call(shard.flush)
    configs.save(directory, config)
    sync_directory(directory.parent)
    return Collection(directory, config, shard)


def open_collection(directory: Path) -> Collection:
    """Load a collection, replaying Edge's log, and remove what an interrupted rewrite left."""
    config = configs.load(directory)
    for leftover in directory.glob("shard-*"):
        if leftover.name != config.shard:
            shutil.rmtree(leftover)
    return Collection(directory, config, call(qe.EdgeShard.load, str(directory / config.shard)))


def _create_shard(directory: Path, config: CollectionConfig) -> qe.EdgeShard:
    path = directory / config.shard
    path.mkdir()
    shard = call(qe.EdgeShard.create, str(path), edge_config(config))
    for field, schema in config.indexes.items():
        call(shard.update, create_index(field, schema))
    return shard
