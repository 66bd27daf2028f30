"""Which cluster and which topics these are: ids that a topic made anew does not share."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.adapters.kafka.connect import connection
from pipeline.adapters.kafka.metadata import describe
from pipeline.adapters.kafka.options import KafkaOptions


@dataclass(frozen=True, slots=True)
class ClusterIdentity:
    """What an installation is bound to at its first use.

    Ids are written as Kafka's own tools print them. A topic that does not exist is in neither
    mapping.
    """

    cluster_id: str
    partitions: Mapping[str, int]
    topic_ids: Mapping[str, str]


async def cluster_identity(options: KafkaOptions, topics: Sequence[str]) -> ClusterIdentity:
    """Read the ids of the cluster and of `topics`.

    Raises:
        StoreUnavailable: no broker answers.
    """
    async with connection(options) as client:
        cluster_id, found = await describe(client, topics)
    return ClusterIdentity(
        cluster_id=cluster_id,
        partitions={topic.name: len(topic.leaders) for topic in found},
        topic_ids={topic.name: _as_kafka_prints(topic.id) for topic in found},
    )


def _as_kafka_prints(topic_id: bytes) -> str:
    return urlsafe_b64encode(topic_id).decode().rstrip("=")
