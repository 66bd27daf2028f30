"""What `GET /collections/{name}` answers: Edge's counts beside our stored configuration."""

from typing import Any

from ops.embedded.vectors.collection import Collection
from ops.embedded.vectors.config import CollectionConfig
from ops.embedded.vectors.edge import call


def describe(collection: Collection) -> dict[str, Any]:
    """Return the collection as Qdrant describes one."""
    info = call(collection.shard.info)
    indexed = info.payload_schema
    return {
        "status": "green",
        "optimizer_status": "ok",
        "points_count": info.points_count,
        "indexed_vectors_count": info.indexed_vectors_count,
        "segments_count": info.segments_count,
        "config": _config(collection.config),
        "payload_schema": {
            field: {
                "data_type": schema.type,
                "params": schema.described(),
                "points": indexed[field].points,
            }
            for field, schema in collection.config.indexes.items()
            if field in indexed  # a power loss may have taken an index: its owner makes it again
        },
    }


def _config(config: CollectionConfig) -> dict[str, Any]:
    return {
        "params": {"vectors": {"size": config.size, "distance": config.distance}},
        "hnsw_config": {
            "m": config.m,
            "ef_construct": config.ef_construct,
            "full_scan_threshold": config.full_scan_threshold,
            "payload_m": config.payload_m,
        },
        "optimizer_config": {
            "deleted_threshold": config.deleted_threshold,
            "vacuum_min_vector_number": config.vacuum_min_vector_number,
            "default_segment_number": 0,
            # Required by Qdrant's schema; flushing goes by count here, not by time.
            "flush_interval_sec": 0,
        },
        "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
    }
