"""The bundled conversations are valid events and show what a first start should show."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from schemas.events import MessageSent, dump_event, parse_event

SAMPLES = Path(__file__).parents[2] / "ops" / "samples"
BROKER_MS = 1_794_700_000_000  # 15 November 2026
LINES = {path.stem: path.read_bytes().splitlines() for path in sorted(SAMPLES.glob("*.jsonl"))}
EVENTS = {
    user: [parse_event(line, user.encode(), BROKER_MS) for line in lines]
    for user, lines in LINES.items()
}
MESSAGES = {
    user: [event for event in events if isinstance(event, MessageSent)]
    for user, events in EVENTS.items()
}
ALL = [event for events in EVENTS.values() for event in events]
SAID = [message for messages in MESSAGES.values() for message in messages]
QUESTIONS = json.loads((SAMPLES / "questions.json").read_bytes())


def local_day(event):
    return event.at.astimezone(ZoneInfo(event.tz)).date()


def longest_streak(days):
    ordered, longest, run = sorted(days), 0, 0
    for before, day in zip([None, *ordered], ordered, strict=False):
        run = run + 1 if before is not None and day - before == timedelta(days=1) else 1
        longest = max(longest, run)
    return longest


def test_each_file_is_one_user_in_order_as_our_own_models_write_it():
    for user, lines in LINES.items():
        assert [dump_event(event) for event in EVENTS[user]] == lines
        assert [event.at for event in EVENTS[user]] == sorted(event.at for event in EVENTS[user])


def test_every_line_can_be_published_again_without_harm():
    names = [(event.user_id, event.message_id) for event in ALL]

    assert all(name for _, name in names)
    assert len(set(names)) == len(names)


def test_there_are_some_hundred_events_of_several_users_over_weeks():
    assert 200 <= len(ALL) <= 400
    assert set(EVENTS) == {"ana", "marcus", "priya", "tama"}
    for user, events in EVENTS.items():
        assert local_day(events[-1]) - local_day(events[0]) > timedelta(weeks=3), user


def test_they_come_from_several_time_zones_one_of_them_a_move():
    zones = {user: {event.tz for event in events} for user, events in EVENTS.items()}

    assert zones["ana"] == {"Europe/Athens", "Europe/Oslo"}
    assert len(set.union(*zones.values())) == 5
    for event in ALL:
        assert event.at.utcoffset() == event.at.astimezone(ZoneInfo(event.tz)).utcoffset()


def test_every_role_and_kind_of_channel_occurs():
    roles = Counter(message.role for message in SAID)
    channels = Counter(message.channel for message in SAID)

    assert min(roles[role] for role in ("user", "assistant", "tool")) >= 5
    assert channels["ai"] > channels["general"] >= 10
    assert channels["room-book-club"] >= 3


def test_every_user_has_an_active_streak_of_days():
    for user, messages in MESSAGES.items():
        days = {local_day(message) for message in messages if message.role == "user"}

        assert longest_streak(days) >= 4, user


def test_every_tool_call_is_answered_or_fails():
    called = {call["id"] for m in SAID for call in m.metadata.get("tool_calls", [])}
    answered = {m.metadata["tool_call_id"] for m in SAID if m.role == "tool"}
    failed = [m for m in SAID if "error" in m.metadata]

    assert answered < called
    assert len(failed) >= len(called - answered) > 0


def test_other_things_than_messages_happen_too():
    types = {event.type for event in ALL}

    assert {
        "chat.session.started.v1",
        "chat.session.ended.v1",
        "memory.user.registered.v1",
        "memory.profile.updated.v1",
        "memory.fact.asserted.v1",
        "memory.memory.added.v1",
    } <= types


def test_the_answer_to_each_question_lies_further_back_than_the_recent_messages():
    assert len(QUESTIONS) == 3
    for question in QUESTIONS:
        talk = [m for m in MESSAGES[question["user_id"]] if m.channel == "ai"]
        (place,) = [
            i for i, m in enumerate(talk) if m.message_id == question["answer"]["message_id"]
        ]

        assert question["answer"]["contains"] in talk[place].content
        assert place < len(talk) - 40
