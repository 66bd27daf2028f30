"""The one place that calls into Edge: its configuration objects, and its errors made ours."""

import logging
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import qdrant_edge as qe

from ops.embedded.vectors.config import CollectionConfig, IndexSchema
from ops.embedded.vectors.refused import EngineFailed, Refused
from pipeline.errors import EXIT_FATAL

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call into Edge. Its messages may quote points, so only the kind of error leaves here.

    A Rust panic (a `BaseException` that cannot be imported) leaves the shard in an unknown state:
    the process ends at once, and the next start replays the log.
    """
    try:
        return function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001  Edge raises bare Exception
        raise EngineFailed(f"Edge raised {type(error).__name__}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        log.critical("Edge panicked; the process ends and its log will be replayed")
        os._exit(EXIT_FATAL)


def build(constructor: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make one of Edge's request objects; what it cannot hold is the request's fault."""
    try:
        return constructor(*args, **kwargs)
    except (TypeError, ValueError, OverflowError):
        raise Refused(400, "a key or value that cannot be represented") from None


def edge_config(config: CollectionConfig) -> qe.EdgeConfig:
    """Translate our stored configuration; the log is always on."""
    return qe.EdgeConfig(
        vectors=qe.EdgeVectorParams(
            size=config.size, distance=getattr(qe.Distance, config.distance)
        ),
        hnsw_config=qe.HnswIndexConfig(
            m=config.m,
            ef_construct=config.ef_construct,
            full_scan_threshold=config.full_scan_threshold,
            payload_m=config.payload_m,
        ),
        optimizers=qe.EdgeOptimizersConfig(
            deleted_threshold=config.deleted_threshold,
            vacuum_min_vector_number=config.vacuum_min_vector_number,
        ),
        wal_enabled=True,
    )


def create_index(field: str, schema: IndexSchema) -> qe.UpdateOperation:
    """Build the operation that indexes one payload field."""
    return build(qe.UpdateOperation.create_field_index, field, _index_params(schema))


def _index_params(schema: IndexSchema) -> qe.KeywordIndexParams | qe.IntegerIndexParams:
    if schema.type == "keyword":
        return qe.KeywordIndexParams(is_tenant=schema.is_tenant, enable_hnsw=schema.enable_hnsw)
    return qe.IntegerIndexParams(
        lookup=schema.lookup, range=schema.range, enable_hnsw=schema.enable_hnsw
    )
