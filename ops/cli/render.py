"""Answers of the API as lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any
from urllib.parse import quote, urlencode

_WIDTH = 96
_PROFILE = ("name", "username", "role", "language", "current_focus")
_RECENT = 2  # of a channel
_IN = " " * 12


def context_path(user: str, query: str, limit: int = 0) -> str:
    """The path and query string of a question for a context."""
    asked: dict[str, object] = {"query": query, "limit": limit}
    given = urlencode({name: value for name, value in asked.items() if value})
    return f"/memory/context/{quote(user, safe='')}" + (f"?{given}" if given else "")


def context_lines(answer: Mapping[str, Any]) -> list[str]:
    """Who it is, how active they are, what fits the question and what was said last."""
    return [*_profile(answer), *_usage(answer), *_relevant(answer), *_recent(answer)]


def search_lines(answer: Mapping[str, Any]) -> list[str]:
    """One hit a line, best first."""
    return [_message(hit, f"{hit['score']:.3f}") for hit in answer["results"]] or ["nothing found"]


def _profile(answer: Mapping[str, Any]) -> Iterator[str]:
    profile = answer["profile"]
    known = [str(profile[name]) for name in _PROFILE if profile.get(name)]
    preferences = profile.get("preferences") or {}
    known += [f"{name}: {value}" for name, value in preferences.items()]
    yield _cut("  profile   " + (", ".join(known) or "nothing known yet"))


def _usage(answer: Mapping[str, Any]) -> Iterator[str]:
    usage = answer["usage"]
    yield (
        f"  usage     {usage['messages']} messages on {usage['active_days']} active days,"
        f" streak {usage['current_streak']} (longest {usage['longest_streak']})"
    )


def _relevant(answer: Mapping[str, Any]) -> Iterator[str]:
    for message in answer["relevant"]:
        yield f"  relevant  {message['at'][:10]} {message['role']}, {_why(message)}"
        said = " ".join(message["content"].split())
        yield from wrap(
            said, _WIDTH, max_lines=2, placeholder=" …", initial_indent=_IN, subsequent_indent=_IN
        )


def _recent(answer: Mapping[str, Any]) -> Iterator[str]:
    for channel, messages in answer["recent"].items():
        more = len(messages) - _RECENT
        for message in messages[-_RECENT:]:
            yield _message(message, f"#{channel}", "  recent    ")
        if more > 0:
            yield f"            and {more} earlier in #{channel}"


def _why(message: Mapping[str, Any]) -> str:
    reasons: Sequence[Mapping[str, Any]] = message["why"]
    return ", ".join(
        why["reason"] + (f" {why['score']:.2f}" if why.get("score") is not None else "")
        for why in reasons
    )


def _message(message: Mapping[str, Any], why: str, label: str = "") -> str:
    day, said = message["at"][:10], " ".join(message["content"].split())
    return _cut(f"{label}{day} {message['role']:<9} {why}: {said}")


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"
