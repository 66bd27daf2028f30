"""The AsyncAPI 3.0 document: every topic, its key, its headers and its messages."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from schemas.events.catalogue import EVENT_TYPES
from schemas.records import AuditRecord, ErasureReport, Record, SealedEvent

RECORDS: Final[Mapping[str, type[Record]]] = {
    "memory.journal.sealed.v1": SealedEvent,
    "memory.audit.recorded.v1": AuditRecord,
    "memory.erasure.reported.v1": ErasureReport,
}
_DEAD_LETTER: Final = "chat.events.refused.v1"
_FORMAT: Final = "application/schema+json;version=draft-2020-12"
_DECIMAL: Final = {"type": "string", "pattern": "^[0-9]+$"}
_DAY_MS: Final = 24 * 60 * 60 * 1000


def asyncapi_document(examples: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document; `examples` holds example events by type.

    Event schemas are referred to by file name, as they lie beside the document.
    """
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tidemark",
            "version": "1.0.0",
            "description": "Conversational memory behind a Kafka topic.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": "127.0.0.1:9092", "protocol": "kafka"}},
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": _events(examples) | _records() | {_DEAD_LETTER: _dead_letter()},
        },
    }


def _channels() -> dict[str, Any]:
    sealed, audit, report = RECORDS
    return {
        "events": _channel(
            "chat.events",
            "The public contract. Anyone allowed publishes JSON keyed by user id, with any "
            "partitioner. Trimmed minutes after admission; kept for 7 days until then.",
            EVENT_TYPES,
            7 * _DAY_MS,
        ),
        "journal": _channel(
            "memory.journal",
            "Admitted events, sealed, in the order of their users. Written by admit only and "
            "kept for ever: what expires is the key.",
            [sealed],
            -1,
        ),
        "audit": _channel(
            "memory.audit", "Reads, denials, key and erasure acts; no content.", [audit], -1
        ),
        "deletions": _channel(
            "memory.deletions", "What each store has deleted for an erasure.", [report], -1
        ),
        "deadLetters": _channel(
            "chat.events.dlq",
            "Records that are no valid event, sealed under a key that lives for 14 days.",
            [_DEAD_LETTER],
            14 * _DAY_MS,
        ),
    }


def _channel(
    address: str, description: str, messages: Iterable[str], retention_ms: int
) -> dict[str, Any]:
    return {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "topic": address,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": retention_ms,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations() -> dict[str, Any]:
    return {
        "admit": _operation("receive", "events", "Tidemark reads what producers publish."),
        "publish": _operation("send", "events", "The API publishes every change that it accepts."),
        "journal": _operation("send", "journal", "Admit seals what it accepts."),
        "project": _operation("receive", "journal", "Every view reads the journal."),
        "record": _operation("send", "audit", "Every part records what it did."),
        "report": _operation("send", "deletions", "Every store reports what it deleted."),
        "refuse": _operation("send", "deadLetters", "Admit sets aside what it cannot accept."),
    }


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _events(examples: Mapping[str, Any]) -> dict[str, Any]:
    key = {"type": "string", "minLength": 1, "description": "The event's user_id, in UTF-8."}
    return {
        name: {
            "name": name,
            "title": model.__name__,
            "summary": _summary(model),
            "payload": {"schemaFormat": _FORMAT, "schema": {"$ref": f"./{name}.json"}},
            "bindings": _kafka(key),
            "examples": [{"payload": event} for event in examples[name]],
        }
        for name, model in EVENT_TYPES.items()
    }


def _records() -> dict[str, Any]:
    sealed, audit, report = RECORDS
    pid = {"type": "string", "description": "The user's pseudonym, 16 raw bytes."}
    chain = {"type": "string", "description": "The hash chain that the record belongs to."}
    journal = _record(sealed, pid) | {"headers": _journal_headers()}
    return {sealed: journal, audit: _record(audit, chain), report: _record(report, pid)}


def _record(name: str, key: Mapping[str, Any]) -> dict[str, Any]:
    model = RECORDS[name]
    return {
        "name": name,
        "title": model.__name__,
        "summary": _summary(model),
        "payload": {"schemaFormat": _FORMAT, "schema": {"$ref": f"./{name}.json"}},
        "bindings": _kafka(key),
    }


def _journal_headers() -> dict[str, Any]:
    src = "Offset of the record on chat.events."
    prev = "1 + the src of the accepted record before it in its partition, 0 if there is none."
    return {
        "type": "object",
        "required": ["src", "prev"],
        "properties": {
            "src": _DECIMAL | {"description": src},
            "prev": _DECIMAL | {"description": prev},
        },
    }


def _dead_letter() -> dict[str, Any]:
    headers = {
        "reason": {"type": "string", "description": "Why: a word of a closed set."},
        "topic": {"type": "string", "description": "The topic it lay on."},
        "partition": _DECIMAL | {"description": "Its partition there."},
        "offset": _DECIMAL | {"description": "Its offset there."},
    }
    return {
        "name": _DEAD_LETTER,
        "title": "DeadLetter",
        "summary": "Key and value of a refused record, sealed together.",
        "contentType": "application/octet-stream",
        "payload": {"type": "string", "format": "binary"},
        "headers": {"type": "object", "required": list(headers), "properties": headers},
        "bindings": _kafka({"type": "string", "description": "topic/partition/offset, in ASCII."}),
    }


def _kafka(key: Mapping[str, Any]) -> dict[str, Any]:
    return {"kafka": {"key": dict(key), "bindingVersion": "0.5.0"}}


def _summary(model: type) -> str:
    return (model.__doc__ or "").partition("\n")[0]
