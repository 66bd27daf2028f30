"""What the benchmarks compute with, so that a figure is not wrong before it is measured."""

import json
import math

import pytest

from schemas.events import parse_event
from tests.benchmarks.publishing import Sent
from tests.benchmarks.report import (
    BEGIN,
    END,
    PAGE,
    Report,
    Row,
    Table,
    percentile,
    rendered,
    write,
)
from tests.benchmarks.talk import VARIABLE, find_talk, said_by
from tests.benchmarks.watch import Watch

NOW_MS = 1_780_000_000_000


def heard(*payloads: str) -> Watch:
    watch = Watch()
    for payload in payloads:
        watch.hear(payload)
    return watch


def test_a_percentile_is_one_of_the_values():
    values = list(range(1, 101))

    assert percentile(values, 50) == 50
    assert percentile(values, 95) == 95
    assert percentile([7], 95) == 7
    assert math.isnan(percentile([], 50))


def test_made_up_talk_is_the_same_every_time_and_valid(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    said = said_by(find_talk(), 3, 200)

    assert said == said_by(find_talk(), 3, 200)
    for message in said:
        assert parse_event(message.value, message.key, NOW_MS).user_id == message.key.decode()


def test_no_user_says_two_things_under_one_message_id(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    talk = find_talk()
    said = said_by(talk, 4, 100) + said_by(talk, 4, 100, start=25)
    names = [(message.key, json.loads(message.value)["message_id"]) for message in said]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("talk.json", '[{"content": "hello"}, {"text": "there"}]', ("hello", "there")),
        ("talk.jsonl", '{"content": "hello"}\n\n{"content": " "}\n', ("hello",)),
        (
            "locomo.json",
            '[{"qa": [{"text": "no"}], "conversation": {"session_1": [{"text": "said"}]}}]',
            ("said",),
        ),
    ],
)
def test_talk_is_read_from_a_file(tmp_path, monkeypatch, name, content, texts):
    path = tmp_path / name
    path.write_text(content)
    monkeypatch.setenv(VARIABLE, str(path))

    assert find_talk().texts == texts


def test_an_event_is_seen_when_the_last_view_reaches_the_journal_of_its_admission():
    watch = heard("admit 0 5 4", "persist 0 3 0", "persist 0 4 0", "embed 0 4 0")

    first, last = watch.admitted_at(Sent(0, 4, 0.0)), watch.seen_at(Sent(0, 4, 0.0), ["persist"])
    assert first is not None
    assert last is not None
    assert first < last < (watch.seen_at(Sent(0, 4, 0.0), ["persist", "embed"]) or 0)


def test_an_event_is_not_seen_before_it_is_admitted_and_handled():
    watch = heard("admit 0 5 5", "persist 0 4 0", "persist 1 9 0")

    assert watch.seen_at(Sent(0, 4, 0.0), ["persist"]) is None
    assert watch.seen_at(Sent(0, 5, 0.0), []) is None
    assert watch.settled("persist") == 13


def test_figures_replace_the_ones_between_the_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    report = Report([Row("speed", "3/s", "≥ 2/s", met=True)], [Table("more", ("a",), [("1",)])])
    write(rendered(report), page)

    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| speed | 3/s | ≥ 2/s | reached |" in text
    assert "old" not in text


def test_the_page_has_its_marks():
    text = PAGE.read_text()

    assert text.index(BEGIN) < text.index(END)
