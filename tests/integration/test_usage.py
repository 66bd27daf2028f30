"""Usage: what the events' own time says, however they arrive and are batched."""

from datetime import date, timedelta

from consumers.usage import VIEW
from pipeline.adapters.postgres.tables import (
    days,
    sessions,
    spans,
    totals,
    zones,
)
from tests.integration.stages_support import NOON, pid, said

ANA = pid("ana")
HALF_AN_HOUR = timedelta(minutes=30)


async def used(world, *values, batch=100):
    await world.publish(*values)
    await world.settle(world.stage(VIEW), batch)


async def day_counts(world):
    return {row.day: (row.messages, row.sent) for row in await world.rows(days)}


async def silences(world):
    """Sessions known by silence: start and end in minutes after noon, and messages."""
    noon = NOON.timestamp() * 1000
    return [
        ((row.start_ms - noon) / 60_000, (row.end_ms - noon) / 60_000, row.messages)
        for row in await world.rows(spans)
    ]


async def test_a_day_is_the_users_day_across_changes_of_the_clock(world):
    wanted = {
        ("2025-03-30T00:59:00+01:00", "Europe/Oslo"): "2025-03-30",
        ("2025-03-30T22:30:00+00:00", "Europe/Oslo"): "2025-03-31",  # summer time began that day
        ("2025-03-29T22:30:00+00:00", "Europe/Oslo"): "2025-03-29",  # and not the day before
        ("2024-11-03T04:30:00+00:00", "America/New_York"): "2024-11-03",
        ("2024-11-04T04:30:00+00:00", "America/New_York"): "2024-11-03",  # of 25 hours
        ("2025-01-01T00:30:00+00:00", "Pacific/Apia"): "2025-01-01",
        ("2025-01-01T10:30:00+00:00", "Pacific/Kiritimati"): "2025-01-02",
        ("2024-12-31T23:30:00-05:00", None): "2024-12-31",
        ("2025-01-01T00:30:00+14:00", None): "2025-01-01",
        ("2025-01-01T00:30:00+14:00", "UTC"): "2024-12-31",
        ("2024-02-29T23:59:59.999999Z", None): "2024-02-29",
    }
    zoned = [said(f"{at} {tz}", at=at) | ({"tz": tz} if tz else {}) for at, tz in wanted]
    await used(world, *zoned)

    found = {row.pid: row.day for row in await world.rows(days)}
    assert {
        place: found[pid(event["user_id"])].isoformat()
        for place, event in zip(wanted, zoned, strict=True)
    } == wanted


async def test_only_what_the_user_said_makes_a_day_active(world):
    await used(
        world,
        said(),
        said(role="assistant"),
        said(role="tool"),
        said(role="assistant", minutes=60 * 24),
    )

    assert await day_counts(world) == {date(2025, 3, 3): (3, 1), date(2025, 3, 4): (1, 0)}
    ((total,)) = await world.rows(totals)
    assert (total.messages, total.sent) == (4, 1)
    assert (total.first_at, total.last_at) == (NOON, NOON + timedelta(days=1))


async def test_half_an_hour_of_silence_ends_a_session(world):
    await used(world, *(said(minutes=n) for n in (0, 29.99, 60, 89.9, 119.9)))

    assert await silences(world) == [(0, 29.99, 2), (60, 89.9, 2), (119.9, 119.9, 1)]


async def test_a_late_message_joins_two_sessions(world):
    await used(world, said(minutes=0), said(minutes=45))
    before = await silences(world)
    await used(world, said(minutes=20))

    assert before == [(0, 0, 1), (45, 45, 1)]
    assert await silences(world) == [(0, 45, 3)]


async def test_a_named_session_holds_however_long_the_silence(world):
    await used(
        world,
        said(session_id="s"),
        said(session_id="s", minutes=300),
        said(session_id="t", minutes=10),
        said(minutes=5),
    )

    keys = (await world.keyring.users([(ANA, 1)]))[ANA, 1]
    found = {row.session: (row.messages, row.last_at) for row in await world.rows(sessions)}
    assert found == {
        keys.session("s"): (2, NOON + timedelta(minutes=300)),
        keys.session("t"): (1, NOON + timedelta(minutes=10)),
    }
    assert await silences(world) == [(5, 5, 1)]


async def test_the_zone_is_that_of_the_latest_event_not_of_the_latest_arrival(world):
    await used(
        world,
        said(minutes=10, tz="Asia/Kolkata"),
        said(minutes=5, tz="America/New_York"),
        said(at="2025-03-03T13:00:00+01:00"),
    )

    ((row,)) = await world.rows(zones)
    assert (row.at, row.offset_minutes) == (NOON + timedelta(minutes=10), 330)


async def test_users_are_counted_apart(world):
    await used(world, *(said(user, minutes=n) for n in range(6) for user in ("ana", "ben")))

    assert [(row.messages, row.sent) for row in await world.rows(totals)] == [(6, 6)] * 2
    assert [row.messages for row in await world.rows(spans)] == [6, 6]


async def test_what_is_not_a_message_is_no_use(world):
    await used(world, {"type": "memory.profile.updated.v1", "user_id": "ana", "at": said()["at"]})

    assert await world.rows(totals) == []
