"""Search by meaning over real vectors: order, filters, pages, and what must never surface."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import messages
from tests.integration.api.world import NOON, ids, message

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def search(http, user, query, **more):
    answer = await http.post("/memory/search", json={"user_id": user, "query": query, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_nearest_message_comes_first_and_says_why(world, http, user):
    await world.fill(
        message(user, "my dog is called Rex"),
        message(user, "the weather is fine today", 1),
        message(user, "my cat is called Tom", 2, role="assistant"),
    )

    found = await search(http, user, "what is my dog called")

    best = found["results"][0]
    scores = [each["score"] for each in found["results"]]
    assert best["content"] == "my dog is called Rex"
    assert best["why"] == [{"reason": "semantic", "score": best["score"]}]
    assert scores == sorted(scores, reverse=True)
    assert found["mode"] == "semantic"


async def test_a_long_message_is_found_once_by_its_best_part(world, http, user):
    filler = "Nothing of any interest happened on that quiet afternoon. " * 12
    long = message(user, f"{filler}The treasure lies under the oak. {filler}")
    await world.fill(long, message(user, "a quiet afternoon", 1))

    found = await search(http, user, "treasure under the oak")

    assert ids(found["results"])[0] == long.id
    assert len(ids(found["results"])) == len(set(ids(found["results"])))


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        ({"roles": ["assistant"]}, "c"),
        ({"channels": ["general"]}, "b"),
        ({"channels": ["general", "room"]}, "bd"),
        ({"conversation_id": "talk"}, "ac"),
        ({"since": (NOON + timedelta(minutes=1)).isoformat()}, "bcd"),
        ({"until": (NOON + timedelta(minutes=1)).isoformat()}, "a"),
        ({"since": "0001-01-01T00:00:00+14:00", "until": "9998-12-31T23:59:59-12:00"}, "abcd"),
        ({"kinds": ["fact", "memory"]}, ""),
    ],
)
async def test_a_search_is_narrowed(world, http, user, narrow, expected):
    await world.fill(
        message(user, "word a", conversation_id="talk"),
        message(user, "word b", 1, channel="general"),
        message(user, "word c", 2, role="assistant", conversation_id="talk"),
        message(user, "word d", 3, channel="room"),
    )

    found = await search(http, user, "word", **narrow)

    assert sorted(each["content"][-1] for each in found["results"]) == list(expected)


async def test_pages_hold_every_message_once_in_one_order(world, http, user):
    said = [message(user, f"word {'more ' * n}", n) for n in range(9)]
    await world.fill(*said)
    whole = await search(http, user, "word", limit=100)

    pages = [await search(http, user, "word", limit=4)]
    while (cursor := pages[-1]["next_cursor"]) and len(pages) < len(said):
        pages.append(await search(http, user, "word", limit=4, cursor=cursor))
    seen = [id_ for page in pages for id_ in ids(page["results"])]

    assert [len(page["results"]) for page in pages] == [4, 4, 1]
    assert seen == ids(whole["results"])
    assert sorted(seen) == sorted(each.id for each in said)


async def test_a_new_message_does_not_disturb_the_pages_behind_it(world, http, user):
    await world.fill(*(message(user, f"word {'more ' * n}", n) for n in range(6)))
    first = await search(http, user, "word", limit=3)
    rest = await search(http, user, "word", limit=3, cursor=first["next_cursor"])

    await world.fill(message(user, "word", 99))
    again = await search(http, user, "word", limit=3, cursor=first["next_cursor"])

    assert ids(again["results"]) == ids(rest["results"])


async def test_one_users_memory_is_not_anothers(world, http, user):
    await world.fill(message(user, "my secret"), message(f"{user}-2", "my secret", 1))

    found = await search(http, user, "my secret")

    assert len(found["results"]) == 1


async def test_a_point_without_its_message_is_no_hit(world, http, user):
    gone, kept = message(user, "word here"), message(user, "word there", 1)
    await world.fill(gone, kept)
    async with transaction(world.parts.engine) as connection:
        await connection.execute(delete(messages).where(messages.c.id == gone.id))

    found = await search(http, user, "word here")

    assert ids(found["results"]) == [kept.id]


async def test_the_mode_that_is_not_there_is_refused(http, user):
    asked = {"user_id": user, "query": "word", "mode": "text"}

    answer = await http.post("/memory/search", json=asked)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/unsupported-mode")


async def test_a_cursor_of_another_search_is_refused(world, http, user):
    await world.fill(*(message(user, f"word {n}", n) for n in range(3)))
    cursor = (await search(http, user, "word", limit=1))["next_cursor"]

    asked = {"user_id": user, "query": "another", "cursor": cursor}
    answer = await http.post("/memory/search", json=asked)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-cursor")
