"""What the cluster says about topics, by Kafka's Metadata request of version 12.

aiokafka stops at version 5, and ids came with 10; every broker since Kafka 2.8 speaks 12. The
layout follows MetadataRequest.json and MetadataResponse.json of Apache Kafka's clients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import ClassVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NoError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_API_KEY = 3
_VERSION = 12
_TAGS = ("tags", TaggedFields)
_NO_ID = bytes(16)  # asks by name instead


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that exists."""

    name: str
    id: bytes  # 16 bytes, another one after the topic was deleted and made again
    leaders: Mapping[int, int]  # partition -> node


async def describe(client: AIOKafkaClient, names: Sequence[str]) -> tuple[str, list[Topic]]:
    """The cluster's id, and those of the topics that exist. Creates none."""
    reply = await client.send(client.get_random_node(), _Metadata(names))
    found = [topic for topic in reply.to_object()["topics"] if _exists(topic["error_code"])]
    return reply.cluster_id, [
        Topic(
            name=topic["name"],
            id=topic["topic_id"],
            leaders={part["partition"]: part["leader"] for part in topic["partitions"]},
        )
        for topic in found
    ]


def _exists(code: int) -> bool:
    error = for_code(code)
    if error not in {NoError, UnknownTopicOrPartitionError}:
        raise error
    return error is NoError


class _Id(AbstractType):  # type: ignore[misc]  # aiokafka is not typed, here and below
    """The 16 bytes of a topic id."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        """As they are."""
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        """As they are."""
        return data.read(len(_NO_ID))


class _Reply(Response):  # type: ignore[misc]
    """The cluster's id, and every topic that was asked for with its id and partitions."""

    API_KEY: ClassVar = _API_KEY
    API_VERSION: ClassVar = _VERSION
    SCHEMA: ClassVar = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                _TAGS,
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString()),
                ("topic_id", _Id),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("authorized_operations", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Request(RequestStruct):  # type: ignore[misc]
    API_KEY: ClassVar = _API_KEY
    API_VERSION: ClassVar = _VERSION
    FLEXIBLE_VERSION: ClassVar = True
    RESPONSE_TYPE: ClassVar = _Reply
    SCHEMA: ClassVar = Schema(
        ("topics", CompactArray(("topic_id", _Id), ("name", CompactString()), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class _Metadata(Request[_Request]):  # type: ignore[misc]
    """Ask for these topics, creating none of them."""

    API_KEY: ClassVar = _API_KEY

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics: list[tuple[bytes, str, dict[int, bytes]]] = [
            (_NO_ID, name, {}) for name in topics
        ]

    def build(self, request_struct_class: type[_Request]) -> _Request:
        """The request on the wire."""
        return request_struct_class(self._topics, False, False, {})
