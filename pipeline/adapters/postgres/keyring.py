"""Users' keys, fetched, unwrapped and cached in memory for a bounded time."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from cachetools import TTLCache
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import user_keys
from pipeline.adapters.postgres.write import unnested
from pipeline.domain.crypto import (
    ContentKey,
    Purpose,
    TamperedRecord,
    UnknownKek,
    UnsupportedBox,
    content_key,
    ledger_key,
    token,
    token_key,
    vector_key,
)
from pipeline.domain.rotation import Rotation, rotation
from pipeline.errors import DataError, FatalError
from pipeline.ports import KeyProvider

KeyName = tuple[bytes, int, int]  # pid, epoch, kver: what a sealed box names
User = tuple[bytes, int]  # pid, epoch
K = TypeVar("K")
V = TypeVar("V")

TTL_SECONDS = 300.0
MAX_ENTRIES = 10_000


@dataclass(frozen=True)
class UserKeys:
    """What follows from a user's IDX key: tokens, the ledger's MAC key, the vectors' seed."""

    pid: bytes
    epoch: int
    idx: bytes = field(repr=False)
    _rotations: dict[int, Rotation] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def ledger(self) -> bytes:
        """Key of the MAC in the id ledger."""
        return ledger_key(self.idx, self.pid, self.epoch)

    @cached_property
    def _token_key(self) -> bytes:
        return token_key(self.idx, self.pid, self.epoch)

    def conversation(self, name: str) -> bytes:
        """The 8-byte token of a conversation id."""
        return token(self._token_key, b"C", name)

    def session(self, name: str) -> bytes:
        """The 8-byte token of a session id."""
        return token(self._token_key, b"S", name)

    def rotation(self, dimension: int) -> Rotation:
        """The rotation of this user's vectors; made once."""
        if dimension not in self._rotations:
            seed = vector_key(self.idx, self.pid, self.epoch, dimension)
            self._rotations[dimension] = rotation(seed, dimension)
        return self._rotations[dimension]

    def channel(self, name: str) -> bytes:
        """The 8-byte token of a channel name."""
        return token(self._token_key, b"H", name)


class Keyring:
    """Opens users' wrapped keys; what it does not find has been destroyed."""

    def __init__(
        self, engine: AsyncEngine, provider: KeyProvider, ttl: float = TTL_SECONDS
    ) -> None:
        self._engine = engine
        self._provider = provider
        self._content: TTLCache[KeyName, ContentKey] = TTLCache(MAX_ENTRIES, ttl)
        self._users: TTLCache[User, UserKeys] = TTLCache(MAX_ENTRIES, ttl)

    async def content(self, names: Iterable[KeyName]) -> dict[KeyName, ContentKey]:
        """The keys that boxes name, without those that are destroyed.

        Raises:
            StoreUnavailable: PostgreSQL is away.
        """
        return await _cached(self._content, set(names), self._load_content)

    async def users(self, users: Iterable[User]) -> dict[User, UserKeys]:
        """The users' own keys, without those of erased users.

        Raises:
            StoreUnavailable: PostgreSQL is away.
        """
        return await _cached(self._users, set(users), self._load_users)

    def purge(self) -> None:
        """Forget every key at once."""
        self._content.clear()
        self._users.clear()

    async def _load_content(self, names: Iterable[KeyName]) -> dict[KeyName, ContentKey]:
        table = user_keys
        wanted = unnested([table.c.pid, table.c.epoch, table.c.kver])
        statement = (
            select(table.c.pid, table.c.epoch, table.c.kver, table.c.purpose, table.c.wrapped)
            .join(
                wanted,
                (table.c.pid == wanted.c.pid)
                & (table.c.epoch == wanted.c.epoch)
                & (table.c.kver == wanted.c.kver),
            )
            .where(table.c.purpose.in_([Purpose.DEK, Purpose.DURABLE]))
        )
        pids, epochs, kvers = zip(*names, strict=True)
        parameters = {"pid": list(pids), "epoch": list(epochs), "kver": list(kvers)}
        found: dict[KeyName, ContentKey] = {}
        async with transaction(self._engine) as connection:
            for pid, epoch, kver, purpose, wrapped in await connection.execute(
                statement, parameters
            ):
                dek = unwrap(self._provider, pid, epoch, Purpose(purpose), kver, wrapped)
                found[pid, epoch, kver] = content_key(dek, pid, epoch, kver)
        return found

    async def _load_users(self, users: Iterable[User]) -> dict[User, UserKeys]:
        table = user_keys
        wanted = unnested([table.c.pid, table.c.epoch])
        statement = (
            select(table.c.pid, table.c.epoch, table.c.kver, table.c.wrapped)
            .join(wanted, (table.c.pid == wanted.c.pid) & (table.c.epoch == wanted.c.epoch))
            .where(table.c.purpose == Purpose.IDX)
        )
        pids, epochs = zip(*users, strict=True)
        found: dict[User, UserKeys] = {}
        async with transaction(self._engine) as connection:
            rows = await connection.execute(statement, {"pid": list(pids), "epoch": list(epochs)})
            for pid, epoch, kver, wrapped in rows:
                idx = unwrap(self._provider, pid, epoch, Purpose.IDX, kver, wrapped)
                found[pid, epoch] = UserKeys(pid, epoch, idx)
        return found


async def _cached(
    cache: MutableMapping[K, V], wanted: set[K], load: Callable[[set[K]], Awaitable[dict[K, V]]]
) -> dict[K, V]:
    found = {key: value for key in wanted if (value := cache.get(key)) is not None}
    if missing := wanted - found.keys():
        loaded = await load(missing)
        cache.update(loaded)
        found.update(loaded)
    return found


def unwrap(
    provider: KeyProvider, pid: bytes, epoch: int, purpose: Purpose, kver: int, wrapped: bytes
) -> bytes:
    """Unwrap a stored key, in the words of the loop.

    Raises:
        FatalError: this process lacks the key-encryption key, which is no record's fault.
        DataError: the stored key was altered or moved.
    """
    try:
        return provider.unwrap(pid, epoch, purpose, kver, wrapped)
    except UnknownKek:
        reason = "TIDEMARK_KEKS lacks a key-encryption key that stored keys name"
        raise FatalError(reason) from None
    except (TamperedRecord, UnsupportedBox):
        raise DataError("tampered_key") from None
