"""Profiles, usage, histories and the list of users, read back as they were said."""

from datetime import timedelta
from uuid import uuid4

import pytest

from schemas.events import ProfileUpdated
from tests.integration.api.world import NOON, ids, message

MANY = 200

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def read_pages(http, path, limit):
    """Every page of a listing; a listing that never ends is cut off."""
    pages = [(await http.get(path, params={"limit": limit})).json()]
    while (cursor := pages[-1]["next_cursor"]) and len(pages) < MANY:
        asked = {"limit": limit, "cursor": cursor}
        pages.append((await http.get(path, params=asked)).json())
    return pages


async def test_a_history_is_paged_newest_first_without_gaps_or_repeats(world, http, user):
    said = [message(user, f"number {n}", minutes=n // 2) for n in range(7)]
    await world.fill(*said)

    pages = [page["messages"] for page in await read_pages(http, f"/memory/messages/{user}", 3)]

    seen = [each for page in pages for each in page]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(ids(seen)) == sorted(each.id for each in said)
    assert [each["at"] for each in seen] == sorted((each["at"] for each in seen), reverse=True)


async def test_a_message_comes_back_as_it_was_said(world, http, user):
    sent = message(
        user,
        "",
        role="tool",
        channel="room/7",
        conversation_id="c-1",
        session_id="s-1",
        message_id="m-1",
        reply_to="m-0",
        metadata={"tool_name": "clock", "error": "too late"},
        at=NOON.astimezone().replace(microsecond=123456),
    )
    await world.fill(sent)

    [found] = (await http.get(f"/memory/messages/{user}")).json()["messages"]

    assert found == {
        "id": str(sent.id),
        "message_id": "m-1",
        "role": "tool",
        "channel": "room/7",
        "conversation_id": "c-1",
        "session_id": "s-1",
        "reply_to": "m-0",
        "at": sent.at.isoformat().replace("+00:00", "Z"),
        "content": "",
        "metadata": {"tool_name": "clock", "error": "too late"},
    }


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        ({"channel": "general"}, "b"),
        ({"conversation_id": "c-1"}, "ac"),
        ({"role": "assistant"}, "c"),
        ({"channel": "ai", "conversation_id": "c-1", "role": "user"}, "a"),
        ({"channel": "nowhere"}, ""),
    ],
)
async def test_a_history_is_narrowed(world, http, user, narrow, expected):
    await world.fill(
        message(user, "a", conversation_id="c-1"),
        message(user, "b", 1, channel="general"),
        message(user, "c", 2, conversation_id="c-1", role="assistant"),
    )

    found = (await http.get(f"/memory/messages/{user}", params=narrow)).json()["messages"]

    assert sorted(each["content"] for each in found) == list(expected)


async def test_conversations_come_latest_first_with_their_counts(world, http, user):
    await world.fill(
        message(user, "old", conversation_id="first"),
        message(user, "new", 5, conversation_id="second"),
        message(user, "newer", 9, conversation_id="second"),
        message(user, "alone", 99),
    )

    first = (await http.get(f"/memory/conversations/{user}", params={"limit": 1})).json()
    rest = (
        await http.get(f"/memory/conversations/{user}", params={"cursor": first["next_cursor"]})
    ).json()

    assert [(c["conversation_id"], c["messages"]) for c in first["conversations"]] == [
        ("second", 2)
    ]
    assert [(c["conversation_id"], c["messages"]) for c in rest["conversations"]] == [("first", 1)]
    assert rest["next_cursor"] is None


async def test_a_profile_holds_what_patches_left(world, http, user):
    await world.fill(
        ProfileUpdated(user_id=user, at=NOON, id=uuid4(), name="Ana", role="cook"),
        ProfileUpdated(user_id=user, at=NOON, id=uuid4(), role=None, last_topics=("rice",)),
    )

    found = (await http.get(f"/memory/profile/{user}")).json()

    assert (found["name"], found["role"], found["last_topics"]) == ("Ana", None, ["rice"])


async def test_usage_counts_days_in_the_users_own_zone(world, http, user):
    oslo = {"tz": "Europe/Oslo"}
    await world.fill(
        message(user, "late on the first", at=NOON.replace(hour=23, minute=30), **oslo),
        message(user, "on the fourth", at=NOON + timedelta(days=2), session_id="s", **oslo),
        message(user, "answer", at=NOON + timedelta(days=2), role="assistant", **oslo),
        message(user, "same session", at=NOON + timedelta(days=3), session_id="s", **oslo),
    )

    found = (await http.get(f"/memory/usage/{user}")).json()

    counted = ("messages", "user_messages", "conversations", "sessions", "active_days")
    assert [found[name] for name in counted] == [4, 3, 0, 3, 3]
    assert found["longest_streak"] == 3
    assert [(d["day"], d["messages"], d["sessions"]) for d in found["days"]] == [
        ("2026-03-03", 1, 1),
        ("2026-03-04", 2, 2),
        ("2026-03-05", 1, 1),
    ]


async def test_users_are_listed_once_each_with_their_counts(world, http, user):
    others = [f"{user}-{n}" for n in range(3)]
    await world.fill(*(message(each, "hello") for each in others))

    seen = [each for page in await read_pages(http, "/memory/users", 2) for each in page["users"]]

    mine = [each for each in seen if each["user_id"] in others]
    assert sorted(each["user_id"] for each in mine) == others
    assert {each["messages"] for each in mine} == {1}
    assert len({each["user_id"] for each in seen}) == len(seen)


@pytest.mark.parametrize("what", ["context", "profile", "usage", "messages", "conversations"])
async def test_a_user_who_was_never_seen_has_nothing_and_no_error(http, user, what):
    answer = await http.get(f"/memory/{what}/{user}", params={"query": "anything"})

    assert answer.status_code == 200
    assert answer.json().get("messages", 0) in (0, [])


async def test_a_user_id_may_hold_anything_that_a_path_can_spell(world, http, user):
    strange = f"{user}/ü %2F?#ß\n"
    await world.fill(message(strange, "here I am"))
    path = "".join(f"%{byte:02X}" for byte in strange.encode())

    found = (await http.get(f"/memory/messages/{path}")).json()["messages"]

    assert [each["content"] for each in found] == ["here I am"]


async def test_me_needs_someone_to_be_named(http):
    answer = await http.get("/memory/messages/me")

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/me-without-user")
