"""The context: profile, usage, the last messages of each channel, older ones near to the query."""

from uuid import uuid4

import pytest
from sqlalchemy import update

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import messages, user_keys
from pipeline.metrics import TAMPERED
from schemas.events import ProfileUpdated
from tests.integration.api.world import NOON, ids, message

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def context(http, user, **query):
    answer = await http.get(f"/memory/context/{user}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_last_messages_of_each_channel_come_oldest_first(world, http, user):
    many = [message(user, f"ai {n}", n) for n in range(25)]
    general = [message(user, f"general {n}", n, channel="general") for n in range(12)]
    room = [message(user, "in the room", channel="kitchen")]
    await world.fill(*many, *general, *room)

    found = await context(http, user, channel="kitchen")

    recent = {name: [each["content"] for each in said] for name, said in found["recent"].items()}
    assert recent == {
        "ai": [f"ai {n}" for n in range(5, 25)],
        "general": [f"general {n}" for n in range(2, 12)],
        "kitchen": ["in the room"],
    }
    assert all(
        each["why"] == [{"reason": "recent", "score": None}] for each in found["recent"]["ai"]
    )


async def test_older_messages_near_to_the_query_come_best_first_and_never_twice(world, http, user):
    dog = message(user, "my dog is called Rex", -9)
    dogs = message(user, "a dog", -8)
    newest = [message(user, "what is my dog called", n) for n in range(20)]
    await world.fill(dog, dogs, *newest)

    found = await context(http, user, query="what is my dog called", limit=2)

    relevant = found["relevant"]
    assert ids(relevant) == [dog.id, dogs.id]
    assert [each["why"][0]["reason"] for each in relevant] == ["semantic", "semantic"]
    assert relevant[0]["why"][0]["score"] > relevant[1]["why"][0]["score"]


async def test_without_a_query_nothing_is_relevant(world, http, user):
    await world.fill(message(user, "hello"))

    found = await context(http, user)

    assert found["relevant"] == []


async def test_profile_and_usage_are_part_of_it(world, http, user):
    await world.fill(
        ProfileUpdated(user_id=user, at=NOON, id=uuid4(), name="Ana", language="pt"),
        message(user, "hello"),
        message(user, "hello again", 60 * 24),
    )

    found = await context(http, user)

    assert found["profile"]["name"] == "Ana"
    assert (found["usage"]["messages"], found["usage"]["longest_streak"]) == (2, 2)


async def test_the_same_question_gets_the_same_context(world, http, user):
    await world.fill(*(message(user, f"word {n % 3}", n // 5) for n in range(40)))

    first, second = [await context(http, user, query="word 1") for _ in range(2)]

    assert first == second


async def test_a_row_that_was_tampered_with_is_left_out_and_the_rest_is_read(
    world, http, user, caplog
):
    moved, kept = message(user, "moved to another channel"), message(user, "untouched", 1)
    other = message(user, "in general", 2, channel="general")
    await world.fill(moved, kept, other)
    token = (await world.parts.keyring.users([_user(world, user)]))[_user(world, user)]
    async with transaction(world.parts.engine) as connection:
        wrong = update(messages).where(messages.c.id == moved.id)
        await connection.execute(wrong.values(channel=token.channel("general")))
    before = TAMPERED.labels("api")._value.get()

    found = await context(http, user)

    assert ids(found["recent"]["ai"]) == [kept.id]
    assert ids(found["recent"]["general"]) == [other.id]
    assert TAMPERED.labels("api")._value.get() == before + 1
    assert "left out" in caplog.text
    assert "moved to" not in caplog.text


async def test_what_no_key_opens_is_as_if_it_had_never_been(world, http, user):
    await world.fill(message(user, "gone with its month"))
    pid, _ = _user(world, user)
    async with transaction(world.parts.engine) as connection:
        keys = user_keys.delete().where(user_keys.c.pid == pid, user_keys.c.period.is_not(None))
        await connection.execute(keys)
    world.parts.keyring.purge()

    found = await context(http, user, query="gone")

    assert found["recent"]["ai"] == found["relevant"] == []


def _user(world, user):
    return world.parts.homes.pid(user), 1
