"""Kafka: connection options, topics, identity, offsets and the producer of the protocol."""

from pipeline.adapters.kafka.connect import reachable
from pipeline.adapters.kafka.identity import ClusterIdentity, cluster_identity
from pipeline.adapters.kafka.offsets import delete_records, end_offsets, start_offsets
from pipeline.adapters.kafka.options import (
    KafkaOptions,
    broker_url,
    client_arguments,
    ssl_context,
)
from pipeline.adapters.kafka.producer import (
    Record,
    Span,
    idempotent_producer,
    send_closed_batch,
)
from pipeline.adapters.kafka.topics import TopicsReport, apply_topics

__all__ = [
    "ClusterIdentity",
    "KafkaOptions",
    "Record",
    "Span",
    "TopicsReport",
    "apply_topics",
    "broker_url",
    "client_arguments",
    "cluster_identity",
    "delete_records",
    "end_offsets",
    "idempotent_producer",
    "reachable",
    "send_closed_batch",
    "ssl_context",
    "start_offsets",
]
