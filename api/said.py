"""Messages as answers show them."""

from typing import Any

from pipeline.domain.content import Message
from schemas import responses
from schemas.responses import ContextMessage, SearchResult, Why


def fields(message: Message) -> dict[str, Any]:
    """What every answer that shows a message says of it."""
    return {
        "id": message.id,
        "message_id": message.message_id,
        "role": message.role,
        "channel": message.channel,
        "conversation_id": message.conversation_id,
        "session_id": message.session_id,
        "reply_to": message.reply_to,
        "at": message.at,
        "content": message.content,
        "metadata": message.metadata,
    }


def plain(message: Message) -> responses.Message:
    """A message of a history."""
    return responses.Message(**fields(message))


def recent(message: Message) -> ContextMessage:
    """A message of a context that is there because it is new."""
    return ContextMessage(**fields(message), why=(Why(reason="recent"),))


def relevant(message: Message, score: float) -> ContextMessage:
    """A message of a context that is there because it is near in meaning."""
    return ContextMessage(**fields(message), why=(_near(score),))


def result(message: Message, score: float) -> SearchResult:
    """A hit of a search."""
    return SearchResult(**fields(message), kind="message", score=score, why=(_near(score),))


def _near(score: float) -> Why:
    return Why(reason="semantic", score=score)
