"""Persist: every message of every role, conversations, profiles and users, sealed."""

from datetime import timedelta
from uuid import UUID

import pytest

from consumers.persist import VIEW
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import conversations, messages, metadata, profiles, users
from pipeline.domain.content import RoleCode, open_conversation, open_message, open_profile
from pipeline.domain.crypto import Kind, TamperedRecord, box_header
from tests.integration.stages_support import NOON, event_id, pid, profile, said

ANA, BEN = pid("ana"), pid("ben")


async def persisted(world, *values, batch=100):
    await world.publish(*values)
    await world.settle(world.stage(VIEW), batch)


async def key_of(world, row):
    header = box_header(row.box)
    name = (row.pid, header.epoch, header.kver)
    return (await world.keyring.content([name]))[name]


async def read_back(world, user="ana"):
    rows = [row for row in await world.rows(messages, messages.c.seq) if row.pid == pid(user)]
    return [
        open_message(await key_of(world, row), row.pid, row.id, row.role, row.box) for row in rows
    ]


async def profile_of(world, user="ana"):
    (row,) = [row for row in await world.rows(profiles) if row.pid == pid(user)]
    return row.rev, open_profile(await key_of(world, row), row.pid, row.rev, row.box)


async def test_a_message_is_read_back_as_it_was_said(world):
    whole = said(
        "ana",
        "Grüße 🌊 שלום",
        id=event_id(1),
        message_id="m1",
        conversation_id="c",
        session_id="s",
        channel="general",
        reply_to="m0",
        tz="Asia/Kolkata",
        metadata={"source": "web", "nested": {"a": [1, None, True]}},
    )
    await persisted(world, whole, said("ana", "bare"))

    first, bare = await read_back(world)
    assert first.id == UUID(event_id(1))
    assert first.at == NOON
    for name in ("message_id", "role", "channel", "conversation_id", "session_id", "reply_to"):
        assert getattr(first, name) == whole[name]
    assert (first.tz, first.content, first.metadata) == (
        whole["tz"],
        whole["content"],
        whole["metadata"],
    )
    assert (bare.channel, bare.conversation_id, bare.metadata) == ("ai", None, {})


async def test_every_role_tool_calls_and_failed_turns_are_kept(world):
    turns = [
        ("user", "hello", {}),
        ("assistant", "hello", {}),
        ("system", "be kind", {}),
        ("assistant", "", {"tool_calls": [{"name": "tide", "arguments": {"at": "Reine"}}]}),
        ("tool", "low at six", {"tool_name": "tide", "tool_call_id": "call 1"}),
        ("tool", "", {"tool_call_id": "call 2"}),
        ("assistant", "", {"error": "the model did not answer"}),
    ]
    await persisted(world, *(said(role=r, content=c, metadata=m) for r, c, m in turns))

    rows, kept = await world.rows(messages, messages.c.seq), await read_back(world)
    assert [(one.role, one.content, one.metadata) for one in kept] == turns
    assert [row.role for row in rows] == [RoleCode.of(role) for role, _, _ in turns]


async def test_a_users_messages_are_in_order_of_arrival(world):
    await persisted(world, *(said(content=str(n), minutes=-n) for n in range(7)), batch=3)

    assert [message.content for message in await read_back(world)] == list("0123456")


async def test_two_users_may_use_the_same_event_id(world):
    await persisted(world, said("ana", "a", id=event_id(1)), said("ben", "b", id=event_id(1)))

    assert [one.content for one in await read_back(world, "ana")] == ["a"]
    assert [one.content for one in await read_back(world, "ben")] == ["b"]


async def test_a_conversation_counts_its_messages_and_keeps_where_it_began(world):
    await persisted(
        world,
        said(conversation_id="c", channel="general", minutes=5),
        said(conversation_id="c", channel="ai", minutes=9, role="assistant"),
        said(conversation_id="d", minutes=1),
        said(),
        said(conversation_id="c", minutes=-3),
        said("ben", conversation_id="c"),
        batch=2,
    )

    rows = [row for row in await world.rows(conversations) if row.pid == ANA]
    found = {}
    for row in rows:
        words = open_conversation(await key_of(world, row), ANA, row.conversation, row.box)
        times = ((at - NOON) / timedelta(minutes=1) for at in (row.first_at, row.last_at))
        found[words.conversation_id] = (words.channel, row.messages, *times)
    assert found == {"c": ("general", 3, -3, 9), "d": ("ai", 1, 1, 1)}


async def test_columns_hold_tokens_that_find_a_channel_and_a_conversation(world):
    await persisted(
        world, said(conversation_id="c", channel="general"), said("ben", conversation_id="c")
    )

    mine, other = await world.rows(messages, messages.c.seq)
    keys = (await world.keyring.users([(ANA, 1)]))[ANA, 1]
    assert mine.conversation == keys.conversation("c")
    assert mine.channel == keys.channel("general")
    assert other.conversation != mine.conversation


@pytest.mark.parametrize("batch", [1, 100])
async def test_profile_patches_apply_in_order(world, batch):
    await persisted(
        world,
        profile(name="Ana", role="diver", preferences={"tone": "dry", "units": "metric"}),
        profile(role=None, current_focus="tides", preferences={"tone": None, "depth": 30}),
        profile("ben", name="Ben"),
        profile(name="Ana M.", username="ana", last_topics=["kelp"], recent_documents=["log"]),
        profile(last_topics=None, language="nb-NO"),
        batch=batch,
    )

    assert await profile_of(world) == (
        4,
        {
            "name": "Ana M.",
            "username": "ana",
            "current_focus": "tides",
            "preferences": {"units": "metric", "depth": 30},
            "recent_documents": ["log"],
            "language": "nb-NO",
        },
    )
    assert await profile_of(world, "ben") == (1, {"name": "Ben"})


async def test_a_profile_that_was_put_back_to_an_older_state_is_refused(world):
    await persisted(world, profile(name="Ana"))
    (old,) = await world.rows(profiles)
    await persisted(world, profile(name="Other"))
    async with transaction(world.engine) as connection:
        await connection.execute(profiles.update().values(box=old.box))

    with pytest.raises(TamperedRecord):
        await profile_of(world)


async def test_users_are_listed_with_what_they_did(world):
    await persisted(
        world,
        said("ana", minutes=3),
        profile("ana", 9, name="Ana"),
        said("ana", minutes=-4),
        profile("ben", 2, name="Ben"),
        batch=2,
    )

    found = {row.pid: (row.messages, row.first_at, row.last_at) for row in await world.rows(users)}
    minutes = [NOON + timedelta(minutes=n) for n in (-4, 9, 2)]
    assert found == {ANA: (2, minutes[0], minutes[1]), BEN: (0, minutes[2], minutes[2])}


async def test_messages_may_be_opened_by_nobody_else(world):
    await persisted(world, said("ana", "a"), said("ben", "b"))

    rows = {row.pid: row for row in await world.rows(messages)}
    with pytest.raises(TamperedRecord):
        open_message(await key_of(world, rows[BEN]), BEN, rows[ANA].id, 1, rows[ANA].box)
    with pytest.raises(TamperedRecord):
        open_message(await key_of(world, rows[ANA]), ANA, rows[ANA].id, 2, rows[ANA].box)
    assert box_header(rows[ANA].box).kind is Kind.MESSAGE


async def test_nothing_that_was_said_or_named_rests_in_the_clear(world):
    words = [f"canary{n}" for n in range(9)]
    await persisted(
        world,
        said(
            words[0],
            words[1],
            message_id=words[2],
            conversation_id=words[3],
            channel=words[4],
            session_id=words[5],
            source=words[6],
            metadata={words[7]: words[7]},
        ),
        profile(words[0], name=words[8]),
    )

    resting = b""
    for table in metadata.tables.values():
        for row in await world.rows(table):
            resting += b"".join(v if isinstance(v, bytes) else repr(v).encode() for v in row)
    assert len(resting) > 500
    assert b"canary" not in resting
