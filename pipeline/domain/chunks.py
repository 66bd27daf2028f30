"""Cutting a long text into pieces that an encoder reads whole."""

import re
import unicodedata
from collections.abc import Iterator

MAX_CHARACTERS = 400

_CLOSING = r"[\"')\]\u2019\u201d\u00bb\u300d\u300f\uff09]*"
_SENTENCE_END = re.compile(
    rf"[.!?\u2026\u061f\u06d4\u0964]{_CLOSING}(?=\s)"  # a stop counts only before white space,
    rf"|[\u3002\uff01\uff1f]{_CLOSING}"  # the wide ones of Chinese and Japanese anywhere,
    r"|\S(?=[^\S\n]*\n)"  # and so does the end of a line
)
_WORD_END = re.compile(r"\S(?=\s)")
_JOINER = "\u200d"
_SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"


def chunks(text: str, limit: int = MAX_CHARACTERS) -> list[str]:
    """Return the pieces of `text` in order, each of 1 to `limit` code points, trimmed.

    A cut is made after the last sentence that fits, else after the last word, else anywhere but
    within a combined character. Only white space at the cuts is lost; a text of nothing else has
    no pieces. The numbers of the pieces name stored points: other rules need a new collection.
    """
    return list(_pieces(text.strip(), limit))


def _pieces(text: str, limit: int) -> Iterator[str]:
    start = 0
    while len(text) - start > limit:
        end = _cut(text, start, start + limit)
        yield text[start:end]
        start = _after_spaces(text, end)
    if text:
        yield text[start:]


def _cut(text: str, start: int, furthest: int) -> int:
    """Return where to end the piece that begins at `start`: after it, at most at `furthest`."""
    for boundary in (_SENTENCE_END, _WORD_END):
        # One code point more in sight shows whether a word ends just at the limit.
        ends = [found.end() for found in boundary.finditer(text, start, furthest + 1)]
        if fitting := [end for end in ends if end <= furthest]:
            return fitting[-1]
    return _between_characters(text, start, furthest)


def _between_characters(text: str, start: int, furthest: int) -> int:
    """Return the last place up to `furthest` that splits no combined character, if there is one."""
    for end in range(furthest, start, -1):
        if not _continues(text[end - 1], text[end]):
            return end
    return furthest


def _continues(before: str, here: str) -> bool:
    """Tell whether `here` is drawn as one with `before`: accents, joined and coloured emoji."""
    return (
        unicodedata.category(here).startswith("M")
        or _JOINER in (before, here)
        or here in _SKIN_TONES
    )


def _after_spaces(text: str, position: int) -> int:
    while text[position].isspace():
        position += 1
    return position
