"""Records that no event can be read from, each with the reason that its dead letter must name."""

# ruff: noqa: RUF001  other scripts have letters that look alike

from dataclasses import dataclass
from typing import Any

import orjson

from tests.integration.stages_support import event_id, said

CANARY = "canary-7f3a"
USER = f"{CANARY}-user"
ID_TAKEN = event_id("taken")


@dataclass(frozen=True)
class Bad:
    """A record, and why it is refused."""

    name: str
    reason: str
    value: bytes | None
    key: bytes | None = USER.encode()


def event(**fields: Any) -> bytes:
    """A message with something wrong in it; a field that is None is left out."""
    given = {**said(USER, CANARY), **fields}
    return orjson.dumps({name: value for name, value in given.items() if value is not None})


def spelled(text: str) -> bytes:
    """A message whose content is spelled as it stands, inside the quotes."""
    return event(content="@").replace(b'"@"', b'"%s"' % text.encode())


BAD = (
    Bad("not JSON", "not_json", b'{"content": "%s' % CANARY.encode()),
    Bad("not UTF-8", "not_json", event()[:-2] + b'\xff"}'),
    Bad("nothing at all", "not_json", b""),
    Bad("a list", "not_an_object", b"[%s]" % event()),
    Bad("a tombstone", "tombstone", None),
    Bad("nested for ever", "too_deep", b'{"content":' + b"[" * 100_000),
    Bad("no type", "missing_type", event(type=None)),
    Bad("an unknown type", "unknown_type", event(type=f"{CANARY}.v1")),
    Bad("a newer version", "unsupported_version", event(type="chat.message.sent.v2")),
    Bad("another shape", "schema", event(role=CANARY)),
    Bad("a missing field", "schema", event(role=None)),
    Bad("a number that is none", "schema", event(metadata={CANARY: "@"}).replace(b'"@"', b"1e999")),
    Bad("no user", "missing_user", event(user_id=None)),
    Bad("an empty user", "missing_user", event(user_id=""), None),
    Bad("a long user", "user_id_too_long", event(user_id=CANARY * 12), None),
    Bad("everyone", "reserved_user", event(user_id="*"), b"*"),
    Bad("another user's key", "key_mismatch", event(), b"%s-other" % CANARY.encode()),
    Bad("no text", "empty_text", event(content="")),
    Bad("white space", "empty_text", event(content=" \n\t")),
    Bad("33 KiB of text", "text_too_long", event(content=(CANARY * 4000)[: 33 * 1024])),
    Bad("32 KiB in too many bytes", "text_too_long", event(content="é" * (16 * 1024 + 1))),
    Bad("300 KiB of text", "too_large", event(content=CANARY * (300 * 1024 // len(CANARY)))),
    Bad("NUL", "nul_character", spelled(f"{CANARY}\\u0000")),
    Bad("half a pair", "lone_surrogate", spelled(f"{CANARY}\\ud83d")),
    Bad("half a pair in bytes", "lone_surrogate", event()[:-2] + b'\xed\xa0\xbd"}'),
    Bad("the year 1970", "time_before_2000", event(at="1970-01-01T00:00:00Z")),
    Bad("the year 2100", "time_in_future", event(at="2100-01-01T00:00:00Z")),
    Bad("no offset", "time_without_offset", event(at="2025-03-03T12:00:00")),
    Bad("no such day", "schema", event(at="2025-02-30T12:00:00Z")),
    Bad("an unknown zone", "unknown_time_zone", event(tz=f"Mars/{CANARY}")),
    Bad("a taken id", "id_conflict", event(id=ID_TAKEN, content=f"{CANARY} other")),
)

# Published over and over among the bad ones, and once more without a key.
GOOD = (
    said(USER, f"{CANARY} first", id=ID_TAKEN),
    said(USER, f"{CANARY} 🌊👩🏽‍🚀 𝄞", id=event_id("emoji"), tz="Asia/Kathmandu"),
    said(USER, f"{CANARY} مرحبا \u202eשלום\u202c", id=event_id("right to left")),
    said(USER, CANARY.ljust(32 * 1024, "x"), id=event_id("32 KiB")),
    said(USER, "é" * 16 * 1024, id=event_id("32 KiB in bytes")),
    said(USER, f"{CANARY} leap", at="2024-02-29T23:59:59.999999999Z",
         id=event_id("leap")),
    said(USER, f"{CANARY} 2000", at="2000-01-01T00:00:00Z", id=event_id("2000")),
)  # fmt: skip
