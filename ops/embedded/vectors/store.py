"""All collections of one data directory: opening, counting updates, flushing, closing."""

import asyncio
import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import qdrant_edge as qe

from ops.embedded.vectors import config as configs
from ops.embedded.vectors.collection import Collection, create_collection, open_collection
from ops.embedded.vectors.config import CollectionConfig, IndexSchema
from ops.embedded.vectors.files import allocated
from ops.embedded.vectors.owner import Boot, record_clean_stop, sole_owner
from ops.embedded.vectors.refused import EngineFailed, Refused
from ops.embedded.vectors.rewrite import rewrite
from ops.embedded.vectors.strict import Ids
from pipeline.errors import ConfigError

BATCH = 256  # points in one call into Edge, which holds everyone else up
FLUSH_EVERY = 5_000

# Edge writes through memory maps: a full disk would kill the process inside a write.
MIN_FREE_BYTES = 256 * 2**20

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Store:
    """The open collections, and how far the disk has been reached."""

    root: Path
    boot: Boot
    flush_every: int = FLUSH_EVERY
    min_free_bytes: int = MIN_FREE_BYTES
    collections: dict[str, Collection] = field(default_factory=dict)
    seq: int = 0
    flushed_seq: int = 0

    def get(self, name: str) -> Collection:
        """Return a collection; `Refused` 404 when there is none of that name."""
        if (found := self.collections.get(name)) is None:
            raise Refused(404, "Not found: this collection doesn't exist")
        return found

    def create(self, name: str, config: CollectionConfig) -> None:
        """Create a collection; `Refused` 409 when there is one already."""
        if configs.checked_name(name) in self.collections:
            raise Refused(409, "this collection already exists")
        self._require_room()
        self.collections[name] = create_collection(self.root / name, config)

    def drop(self, name: str) -> bool:
        """Delete a collection and its files; False when there is none."""
        if name not in self.collections:
            return False
        if self.collections[name].rewriting.locked():
            raise Refused(409, "this collection is being rewritten")
        self.collections.pop(name).drop()
        return True

    async def upsert(self, name: str, points: Sequence[qe.Point]) -> int:
        """Write points in calls of at most `BATCH`, others being served between; return `seq`."""
        collection = self.get(name)
        self._require_room()
        for start in range(0, len(points), BATCH):
            part = list(points[start : start + BATCH])
            self._update(collection, qe.UpdateOperation.upsert_points(part), len(part))
            await asyncio.sleep(0)
        return self.seq

    def delete(self, name: str, which: Ids | qe.Filter) -> int:
        """Delete points by id, or by filter: then the disk is reached before this returns."""
        collection = self.get(name)
        if isinstance(which, qe.Filter):
            self._update(collection, qe.UpdateOperation.delete_points_by_filter(which), 1)
            self.flush()
        else:
            self._update(collection, qe.UpdateOperation.delete_points(which), len(which))
        return self.seq

    def add_index(self, name: str, field_name: str, schema: IndexSchema) -> int:
        """Index a payload field; return `seq`."""
        self.get(name).add_index(field_name, schema)
        self.seq += 1
        return self.seq

    def flush(self) -> None:
        """Put everything that has been answered on disk."""
        for collection in self.collections.values():
            if collection.dirty:
                collection.flush()
        self.flushed_seq = self.seq

    async def rewrite(self, name: str) -> int:
        """Rewrite a collection, for which the disk must hold it twice; return the points kept."""
        collection = self.get(name)
        self._require_room(allocated(collection.directory))
        return await rewrite(collection)

    def _update(self, collection: Collection, operation: qe.UpdateOperation, points: int) -> None:
        collection.update(operation, points)
        self.seq += 1
        if sum(each.dirty for each in self.collections.values()) >= self.flush_every:
            self.flush()

    def _require_room(self, more: int = 0) -> None:
        if shutil.disk_usage(self.root).free < self.min_free_bytes + more:
            raise Refused(507, "the disk is nearly full: nothing is written until there is room")


@contextmanager
def opened(
    root: Path, *, flush_every: int = FLUSH_EVERY, min_free_bytes: int = MIN_FREE_BYTES
) -> Iterator[Store]:
    """Own the directory, open what is in it, and on leaving flush and record a clean stop."""
    with sole_owner(root) as boot:
        store = Store(root / "collections", boot, flush_every, min_free_bytes)
        store.seq = store.flushed_seq = boot.seq
        store.root.mkdir(exist_ok=True)
        store.collections = {path.name: _open(path) for path in _complete(store.root)}
        try:
            yield store
        finally:
            for collection in store.collections.values():
                collection.close()
            boot.seq = store.seq
            record_clean_stop(root, boot)


def _complete(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if (path / configs.CONFIG_FILE).exists():
            yield path
        else:
            log.warning("removing a collection that was being created or dropped at the last stop")
            shutil.rmtree(path)


def _open(path: Path) -> Collection:
    try:
        return open_collection(path)
    except (EngineFailed, ValueError, KeyError, TypeError) as error:
        kind = type(error).__name__
        raise ConfigError([f"the vectors in {path} cannot be opened ({kind})"]) from None
