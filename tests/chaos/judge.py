"""What must be true once everything has come to rest: a count of what is not, by what it is."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import text

from pipeline import wiring
from pipeline.adapters.kafka import end_offsets
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.qdrant import QdrantStore, connect
from pipeline.domain.identity import event_id_of, pid_of
from tests.chaos.traffic import SPOKEN, Publication
from tests.kafka_records import read_all
from tests.pipeline_processes import Pipeline

Key: TypeAlias = tuple[bytes, UUID]  # pid, event id
Found: TypeAlias = Counter[str]

# Sums that are wrong as soon as an event counts twice, or not at all; by pid.
TALLIES = {
    "persist.users": "SELECT pid, messages FROM persist.users",
    "persist.conversations": "SELECT pid, sum(messages) FROM persist.conversations GROUP BY pid",
    "persist.profiles": "SELECT pid, rev FROM persist.profiles",
    "usage.totals": "SELECT pid, messages FROM usage.totals",
    "usage.totals.sent": "SELECT pid, sent FROM usage.totals",
    "usage.days": "SELECT pid, sum(messages) FROM usage.days GROUP BY pid",
    "usage.conversations": "SELECT pid, sum(messages) FROM usage.conversations GROUP BY pid",
    "usage sessions": """
        SELECT pid, sum(messages) FROM
        (SELECT pid, messages FROM usage.sessions UNION ALL SELECT pid, messages FROM usage.spans)
        GROUP BY pid""",
}
SETS = {
    "truth.ledger": "SELECT pid, event_id FROM truth.ledger",
    "persist.messages": "SELECT pid, id FROM persist.messages ORDER BY seq",
    "embed.points": "SELECT pid, event_id FROM embed.points",
}
DIMENSION = 384
QUARANTINED = " UNION ALL ".join(
    f"SELECT '{view}', reason FROM {view}.quarantine" for view in ("persist", "embed", "usage")
)


@dataclass
class Expected:
    """What was published, as every store should have it."""

    tallies: dict[str, Counter[bytes]] = field(default_factory=lambda: defaultdict(Counter))
    sets: dict[str, dict[Key, None]] = field(default_factory=lambda: defaultdict(dict))
    wanderers: set[bytes] = field(default_factory=set)  # whose order nobody knows
    conflicts: int = 0

    def add(self, publication: Publication, pid: bytes) -> None:
        """Let one publication take effect, if it is the first of its id."""
        event = publication.event
        named = event.get("message_id")
        key = pid, event_id_of(pid, named) if named else UUID(event["id"])
        if publication.partition is not None or named:
            self.wanderers.add(pid)
        if publication.conflict:
            self.conflicts += 1
        elif key not in self.sets["truth.ledger"]:
            self.sets["truth.ledger"][key] = None
            self._take_effect(event, key)

    def _take_effect(self, event: Mapping[str, Any], key: Key) -> None:
        pid, role = key[0], event.get("role")
        if role is None:
            self.tallies["persist.profiles"][pid] += 1
            return
        self.sets["persist.messages"][key] = None
        if role in SPOKEN:
            self.sets["embed.points"][key] = None
        for name in ("persist.users", "usage.totals", "usage.days", "usage sessions"):
            self.tallies[name][pid] += 1
        self.tallies["usage.totals.sent"][pid] += role == "user"
        for name in ("persist.conversations", "usage.conversations"):
            self.tallies[name][pid] += "conversation_id" in event


async def judge(world: Pipeline, published: Iterable[Publication]) -> Found:
    """Compare the stores with what was published; nothing is found when all is well."""
    expected, found = _expected(world, published), Counter[str]()
    async with transaction(world.engine) as connection:

        async def rows(statement: str) -> list[Any]:
            return list(await connection.execute(text(statement)))

        for name, statement in TALLIES.items():
            counted = {bytes(pid): int(count) for pid, count in await rows(statement)}
            found += _off(name, expected.tallies[name], counted)
        for name, statement in SETS.items():
            keys = [(bytes(pid), id_) for pid, id_ in await rows(statement)]
            found += _different(name, expected.sets[name].keys(), keys)
            if name == "persist.messages":
                found += _disordered(expected, keys)
        found += Counter(f"quarantined by {view}: {why}" for view, why in await rows(QUARANTINED))
        points = {id_ for (id_,) in await rows("SELECT id FROM embed.points")}
    vectors = await _vectors(world)
    found += Counter(
        {"vectors lost": len(points - vectors), "vectors extra": len(vectors - points)}
    )
    found += Counter({"dead letters off": abs(await _dead_letters(world) - expected.conflicts)})
    return found


def _expected(world: Pipeline, published: Iterable[Publication]) -> Expected:
    identity = wiring.identity(world.settings, wiring.secrets(world.settings))
    expected, pids = Expected(), dict[str, bytes]()
    for publication in published:
        user = publication.event["user_id"]
        if user not in pids:
            pids[user] = pid_of(identity.pid_key, identity.tenant, user)
        expected.add(publication, pids[user])
    return expected


def _off(name: str, wanted: Mapping[bytes, int], counted: Mapping[bytes, int]) -> Found:
    found = Counter[str]()
    for pid in wanted.keys() | counted.keys():
        surplus = counted.get(pid, 0) - wanted.get(pid, 0)
        found[f"{name} doubled"] += max(surplus, 0)
        found[f"{name} lost"] += max(-surplus, 0)
    return +found


def _different(name: str, wanted: Iterable[Key], keys: Iterable[Key]) -> Found:
    there = Counter(keys)
    return +Counter(
        {
            f"{name} lost": len(set(wanted) - there.keys()),
            f"{name} of nobody": len(there.keys() - set(wanted)),
            f"{name} doubled": sum(times - 1 for times in there.values()),
        }
    )


def _disordered(expected: Expected, keys: Iterable[Key]) -> Found:
    """Users whose messages do not stand in the order in which they were published."""
    wanted, there = defaultdict[bytes, list[UUID]](list), defaultdict[bytes, list[UUID]](list)
    for pid, id_ in expected.sets["persist.messages"]:
        wanted[pid].append(id_)
    for pid, id_ in keys:
        there[pid].append(id_)
    wrong = [
        pid
        for pid, ids in wanted.items()
        if pid not in expected.wanderers and set(ids) == set(there[pid]) and ids != there[pid]
    ]
    return +Counter({"users out of order": len(wrong)})


async def _dead_letters(world: Pipeline) -> int:
    """How many positions have a dead letter; a repeated one has the same key."""
    topic = world.topics.dead_letters
    if not any((await end_offsets(world.kafka, topic)).values()):
        return 0
    return len({record.key for record in await read_all(world.kafka, topic)})


async def _vectors(world: Pipeline) -> set[UUID]:
    """The ids of every point in the world's one collection."""
    client = connect(world.settings.qdrant_url)
    try:
        names = [one.name for one in (await client.get_collections()).collections]
        (name,) = [one for one in names if one.startswith(world.settings.tidemark_topic_prefix)]
        store, ids, after = QdrantStore(client, name, DIMENSION), set[UUID](), None
        while True:
            page = await store.scroll(after, 1000)
            ids.update(point.id for point in page.points)
            if (after := page.after) is None:
                return ids
    finally:
        await client.close()
