"""Answers as lines for people."""

from ops.cli.render import context_lines, context_path, search_lines

MESSAGE = {"at": "2026-02-03T10:00:00+00:00", "role": "user", "content": "My dog\nis Pixel."}
USAGE = {"messages": 7, "active_days": 3, "current_streak": 2, "longest_streak": 2}


def message(**more):
    return {**MESSAGE, "why": [{"reason": "recent", "score": None}], **more}


def test_user_ids_are_escaped_in_paths():
    assert context_path("a/b c", "what?") == "/memory/context/a%2Fb%20c?query=what%3F"


def test_a_context_tells_who_how_active_what_fits_and_what_was_last():
    answer = {
        "profile": {"name": "Ana", "preferences": {"tone": "brief"}},
        "usage": USAGE,
        "relevant": [message(why=[{"reason": "semantic", "score": 0.714}])],
        "recent": {"ai": [message(), message(), message()]},
    }

    lines = context_lines(answer)

    assert lines[0] == "  profile   Ana, tone: brief"
    assert "7 messages on 3 active days, streak 2" in lines[1]
    assert lines[2:4] == [
        "  relevant  2026-02-03 user, semantic 0.71",
        " " * 12 + "My dog is Pixel.",
    ]
    assert lines[-1].endswith("and 1 earlier in #ai")


def test_an_unknown_user_makes_a_context_too():
    lines = context_lines({"profile": {}, "usage": USAGE, "relevant": [], "recent": {}})

    assert lines[0].endswith("nothing known yet")


def test_long_messages_are_cut():
    [line] = search_lines({"results": [message(score=0.5, content="x" * 500)]})

    assert len(line) < 100
    assert line.endswith("…")


def test_no_hit_says_so():
    assert search_lines({"results": []}) == ["nothing found"]
