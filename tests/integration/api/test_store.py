"""Writes: what lands on the public topic, where, and what the answer says of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from pipeline.domain.identity import event_id_of, murmur2_partition
from pipeline.domain.positions import MAX_POSITIONS, Position, decode_position
from schemas.events import parse_event
from tests.integration.api.world import PARTITIONS, message
from tests.kafka_records import read_all

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def store(http, body):
    answer = await http.post("/memory/store", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def published(world, user):
    """The user's events on the public topic, with where they lie."""
    records = await read_all(world.kafka, world.topics.events)
    return [
        (Position(each.partition, each.offset), parse_event(each.value, each.key, each.timestamp))
        for each in records
        if each.key == user.encode()
    ]


async def test_one_message_becomes_one_event_at_the_position_that_is_answered(world, http, user):
    answer = await store(http, {"user_id": user, "content": "I moved to Bergen."})

    [(position, event)] = await published(world, user)
    [named] = answer["events"]
    assert (event.content, event.role, event.source) == ("I moved to Bergen.", "user", "api")
    assert (UUID(named["id"]), named["message_id"]) == (event.id, None)
    assert decode_position(answer["position"]) == (position,)
    assert abs(event.at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_conversation_keeps_its_order_and_its_ids(world, http, user):
    said = [
        {
            "message_id": f"m-{n}",
            "role": "user" if n % 2 == 0 else "assistant",
            "content": f"number {n}",
            "at": f"2026-03-02T12:00:0{n}+00:00",
            "session_id": "s-1",
        }
        for n in range(5)
    ]
    body = {"user_id": user, "conversation_id": "c-1", "messages": said}

    answer = await store(http, body)

    pid = world.parts.homes.pid(user)
    events = [event for _, event in await published(world, user)]
    assert [event.content for event in events] == [each["content"] for each in said]
    assert {(event.conversation_id, event.session_id) for event in events} == {("c-1", "s-1")}
    assert answer["events"] == [
        {"id": str(event_id_of(pid, each["message_id"])), "message_id": each["message_id"]}
        for each in said
    ]


async def test_a_retry_names_the_same_events(http, user):
    body = {"user_id": user, "query": "where?", "response": "here", "message_id": "pair"}

    first, second = await store(http, body), await store(http, body)

    assert first["events"] == second["events"]
    assert [each["message_id"] for each in first["events"]] == ["pair:query", "pair:response"]


async def test_a_list_of_several_users_gets_one_position_for_all(world, http, user):
    users = [f"{user}-{n}" for n in range(8)]

    answer = await store(http, [{"user_id": each, "content": "hello"} for each in users])

    lie = [position for each in users for position, _ in await published(world, each)]
    furthest = {p.partition: p for p in sorted(lie)}
    assert len(answer["events"]) == 8
    assert decode_position(answer["position"]) == tuple(sorted(furthest.values()))


async def test_a_user_never_seen_goes_by_murmur2_and_a_known_one_goes_home(world, http, user):
    known = f"{user}-known"
    await world.fill(message(known, "admitted in partition 3"))

    for each in (user, known):
        await store(http, {"user_id": each, "content": "hello"})

    [(new, _)], [(home, _)] = await published(world, user), await published(world, known)
    assert new.partition == murmur2_partition(user.encode(), PARTITIONS)
    assert home.partition == 3


async def test_more_partitions_than_a_position_can_name_are_refused_whole(
    world, http, user, monkeypatch
):
    async def scattered(users):
        return {each: n for n, each in enumerate(sorted(users))}

    monkeypatch.setattr(world.parts.homes, "find", scattered)
    users = [f"{user}-{n}" for n in range(MAX_POSITIONS + 1)]
    answer = await http.post("/memory/store", json=[{"user_id": u, "content": "x"} for u in users])

    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    assert "partitions" in answer.json()["detail"]
    assert user not in answer.text
    assert [found for each in users[:3] for found in await published(world, each)] == []


async def test_a_profile_patch_is_an_event_that_says_what_was_cleared(world, http, user):
    answer = await http.patch(f"/memory/profile/{user}", json={"name": "Ana", "role": None})

    [(position, event)] = await published(world, user)
    assert answer.status_code == 202
    assert event.changes() == {"name": "Ana", "role": None}
    assert decode_position(answer.json()["position"]) == (position,)


@pytest.mark.parametrize(
    ("body", "pointer", "reason"),
    [
        ({"content": "x" * 33_000}, "/content", "text_too_long"),
        ({"content": "  "}, "", "empty_text"),
        ({"content": "a\0b"}, "/content", "nul_character"),
        ({"content": "x", "at": "1970-01-01T00:00:00Z"}, "/at", "time_before_2000"),
        ({"content": "x", "at": "2100-01-01T00:00:00Z"}, "/at", "time_in_future"),
        ({"content": "x", "at": "2026-01-01T00:00:00"}, "/at", "time_without_offset"),
        ({"content": "x", "tz": "Mars/Olympus"}, "/tz", "unknown_time_zone"),
        ({"content": "x", "message_id": "m" * 129}, "/message_id", "schema"),
        ({"content": "x", "id": "secret"}, "/id", "schema"),
        ({"content": "x", "secret": "secret"}, "", "schema"),
        ({"content": "x", "user_id": "*"}, "/user_id", "reserved_user"),
        ({"content": "x", "user_id": "u\0"}, "/user_id", "nul_character"),
        ({"messages": [{"content": "x"}, {"content": ""}]}, "/messages/1", "empty_text"),
        ({"query": "x"}, "/response", "schema"),
    ],
)
async def test_what_could_not_be_admitted_is_refused_and_not_repeated(
    world, http, user, body, pointer, reason
):
    answer = await http.post("/memory/store", json={"user_id": user, **body})

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "/problems/invalid-request")
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["reason"]) == (pointer, reason)
    assert "secret" not in answer.text
    assert await published(world, user) == []


@pytest.mark.parametrize("where", ["content", "user_id", "conversation_id", "metadata"])
async def test_half_of_a_surrogate_pair_is_refused_wherever_it_stands(http, user, where):
    value = '{"k": "\\ud800"}' if where == "metadata" else '"\\ud800"'
    fields = {"user_id": f'"{user}"', "content": '"x"', where: value}
    body = "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"

    answer = await http.post(
        "/memory/store", content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["reason"] == "lone_surrogate"


async def test_a_profile_that_no_record_could_carry_is_refused(http, user):
    lines = ["\u0001" * 512] * 50

    answer = await http.patch(
        f"/memory/profile/{user}", json={"recent_documents": lines, "last_topics": lines}
    )

    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
