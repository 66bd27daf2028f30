"""Usage is a function of the set of events: a simple reading of them is the judge."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.usage import VIEW
from pipeline.adapters.postgres.tables import (
    days,
    sessions,
    spans,
    totals,
    usage_conversations,
    zones,
)
from tests.integration.stages_support import pid, said

HALF_AN_HOUR = timedelta(minutes=30)
OFFSETS = [timezone(timedelta(minutes=m)) for m in (-720, -90, 0, 345, 840)]
events = st.fixed_dictionaries(
    {
        "minutes": st.sampled_from([0, 1, 29, 30, 31, 59, 60, 61, 90, 600, 1439, 1440, 2881]),
        "offset": st.sampled_from(OFFSETS),
        "tz": st.sampled_from([None, "Europe/Oslo", "Pacific/Apia", "Asia/Kathmandu"]),
        "role": st.sampled_from(["user", "assistant"]),
        "conversation_id": st.sampled_from([None, "c", "d"]),
        "session_id": st.sampled_from([None, None, "s", "t"]),
    }
)


def moment(one):
    start = datetime(2025, 3, 29, 11, tzinfo=UTC)  # a day before summer time in Europe
    return (start + timedelta(minutes=one["minutes"])).astimezone(one["offset"])


def as_event(user, one):
    given = {k: one[k] for k in ("tz", "conversation_id", "session_id") if one[k]}
    return said(user, role=one["role"]) | given | {"at": moment(one).isoformat()}


def local(one):
    return moment(one).astimezone(ZoneInfo(one["tz"])) if one["tz"] else moment(one)


def expected(arrived):
    """Usage read off a list of events; nothing is shared with the code under test."""
    by_day = defaultdict(list)
    for one in arrived:
        by_day[local(one).date()].append(one["role"] == "user")
    stretches = []
    for at in sorted(moment(one) for one in arrived if not one["session_id"]):
        if stretches and at - stretches[-1][-1] < HALF_AN_HOUR:
            stretches[-1].append(at)
        else:
            stretches.append([at])
    latest = max((moment(one), local(one).utcoffset()) for one in arrived)
    return {
        "days": {day: (len(sent), sum(sent)) for day, sent in by_day.items()},
        "total": (len(arrived), sum(one["role"] == "user" for one in arrived)),
        "between": (min(map(moment, arrived)), max(map(moment, arrived))),
        "conversations": counts(arrived, "conversation_id"),
        "sessions": counts(arrived, "session_id"),
        "spans": [(s[0], s[-1], len(s)) for s in stretches],
        "zone": (latest[0], latest[1] // timedelta(minutes=1)),
    }


def counts(arrived, name):
    return sorted(Counter(one[name] for one in arrived if one[name]).values())


async def found(world, user):
    async def mine(table):
        return [row for row in await world.rows(table) if row.pid == pid(user)]

    ((total,), (zone,)) = await mine(totals), await mine(zones)
    return {
        "days": {row.day: (row.messages, row.sent) for row in await mine(days)},
        "total": (total.messages, total.sent),
        "between": (total.first_at, total.last_at),
        "conversations": sorted(row.messages for row in await mine(usage_conversations)),
        "sessions": sorted(row.messages for row in await mine(sessions)),
        "spans": [
            (instant(row.start_ms), instant(row.end_ms), row.messages) for row in await mine(spans)
        ],
        "zone": (zone.at, zone.offset_minutes),
    }


def instant(milliseconds):
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


async def test_any_order_and_any_batches_end_in_the_same_usage(world):
    examples = []

    @settings(max_examples=20, database=None)
    @given(st.lists(events, min_size=1, max_size=14), st.integers(1, 5))
    def collect(arrived, batch):
        examples.append((arrived, batch))

    collect()
    for number, (arrived, batch) in enumerate(examples):
        user = f"user {number}"
        await world.publish(*(as_event(user, one) for one in arrived))
        await world.settle(world.stage(VIEW), batch)

        assert await found(world, user) == expected(arrived)
