"""Where a user's events go: the partition where admit first saw them."""

from cachetools import TTLCache
from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.subjects import homes
from pipeline.domain.identity import murmur2_partition, pid_of
from pipeline.errors import StoreUnavailable
from pipeline.stages.admission import Identity

MOST_REMEMBERED = 10_000
REMEMBERED_SECONDS = 600.0


class Homes:
    """Home partitions by user id, remembered for a while."""

    def __init__(self, engine: AsyncEngine, identity: Identity, partitions: int) -> None:
        self._engine = engine
        self._identity = identity
        self._partitions = partitions
        self._known: TTLCache[bytes, int] = TTLCache(MOST_REMEMBERED, REMEMBERED_SECONDS)

    def pid(self, user_id: str) -> bytes:
        """The user's pseudonym."""
        return pid_of(self._identity.pid_key, self._identity.tenant, user_id)

    async def find(self, user_ids: set[str]) -> dict[str, int]:
        """The home of each user; of those never seen, the one that Kafka's clients would choose.

        The same stands in while PostgreSQL is away, for the log takes events all the same. Admit
        sends on what came elsewhere; only the position token of such a write is then too early.
        """
        pids = {user_id: self.pid(user_id) for user_id in user_ids}
        missing = [pid for pid in pids.values() if pid not in self._known]
        if missing:
            await self._look_up(missing)
        return {
            user_id: self._known.get(pid, murmur2_partition(user_id.encode(), self._partitions))
            for user_id, pid in pids.items()
        }

    async def _look_up(self, pids: list[bytes]) -> None:
        try:
            async with transaction(self._engine) as connection:
                found = await homes(connection, pids)
        except StoreUnavailable:
            return
        self._known.update({pid: subject.home for pid, subject in found.items()})
