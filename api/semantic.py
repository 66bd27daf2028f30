"""Search by meaning: encode the question, rotate it for the user, ask the vector store."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.postgres.collection import claimed
from pipeline.adapters.postgres.keyring import UserKeys
from pipeline.domain.rotation import rotate
from pipeline.errors import StoreUnavailable
from pipeline.ports import Encoder, Hit, Vector, VectorStore, Where

log = logging.getLogger(__name__)

AGAIN_SECONDS = 2.0

Opened = tuple[Encoder, VectorStore]


class Semantic:
    """The encoder and the vector store, opened in the background.

    The first start on a machine exports the model, which takes a minute: everything else answers
    meanwhile.
    """

    def __init__(self, engine: AsyncEngine, open_: Callable[[], Opened]) -> None:
        self._engine = engine
        self._open = open_
        self._opened: Opened | None = None

    async def open(self) -> None:
        """Open both, and check that the collection is the one that embed fills.

        Until embed has recorded one it is asked again: a search in another would find nothing.

        Raises:
            ConfigError: the model cannot be had, or the collection belongs to another one.
        """
        self._opened = await _apart(self._open)
        _, vectors = self._opened
        while True:
            if await self._settled(vectors):
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def _settled(self, vectors: VectorStore) -> bool:
        """Whether the collection is embed's own, and there; False: ask again."""
        try:
            ours = await claimed(self._engine, vectors.collection)
            await vectors.ensure_collection()
        except StoreUnavailable as error:
            log.info("the collection is not checked yet: %s", error)
            return False
        return ours

    @property
    def loaded(self) -> bool:
        """Whether questions can be encoded."""
        return self._opened is not None

    async def encode(self, question: str) -> Vector:
        """The question as a vector of shape (1, dimension); raises `StoreUnavailable`."""
        encoder, _ = self._both()
        return await encoder.encode([question])

    async def search(self, keys: UserKeys, question: Vector, limit: int, where: Where) -> list[Hit]:
        """The nearest points, best first; raises `StoreUnavailable`."""
        encoder, vectors = self._both()
        turned = rotate([keys.rotation(encoder.dimension)], question)[0]
        hits = await vectors.search(keys.pid, keys.epoch, turned, limit, where)
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))

    async def reachable(self) -> None:
        """Return when the vector store answers; raises `StoreUnavailable`."""
        await self._both()[1].reachable()

    async def close(self) -> None:
        """Let both go."""
        if self._opened is not None:
            encoder, vectors = self._opened
            encoder.close()
            await vectors.close()

    def _both(self) -> Opened:
        if self._opened is None:
            raise StoreUnavailable("the encoder is being prepared")
        return self._opened


async def _apart(open_: Callable[[], Opened]) -> Opened:
    """Run it on a thread that nobody waits for: an export must not hold up a stop."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Opened] = loop.create_future()

    def run() -> None:
        try:
            settle = partial(done.set_result, open_())
        except Exception as error:  # noqa: BLE001  handed over to whoever waits
            settle = partial(done.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: done.cancelled() or settle())

    threading.Thread(target=run, name="open-encoder", daemon=True).start()
    return await done
