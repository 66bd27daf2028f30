"""What the collection looks like, and whether an existing one fits.

A graph for each user (`m=0`, `payload_m=16`, tenant index): vectors are rotated per user, so a
graph across users would link frames that have nothing in common. No graphs for the other fields:
building them takes most of an optimiser's time and serves no query.
"""

from qdrant_client import models

from pipeline.adapters.qdrant.wire import INTEGERS, KEYWORDS
from pipeline.errors import ConfigError

Schema = models.KeywordIndexParams | models.IntegerIndexParams

HNSW = models.HnswConfigDiff(m=0, payload_m=16)

# Erased vectors leave a server's segments early: at 5 % deleted, not at 20.
OPTIMIZERS = models.OptimizersConfigDiff(deleted_threshold=0.05, vacuum_min_vector_number=100)


def vector_params(dim: int) -> models.VectorParams:
    """Return the one unnamed vector, compared by cosine."""
    return models.VectorParams(size=dim, distance=models.Distance.COSINE)


def indexes() -> dict[str, Schema]:
    """Return the index of every payload field."""
    keyword, integer = models.KeywordIndexType.KEYWORD, models.IntegerIndexType.INTEGER
    schemas: dict[str, Schema] = {
        key: models.KeywordIndexParams(type=keyword, enable_hnsw=False) for key in KEYWORDS
    }
    schemas["pid"] = models.KeywordIndexParams(type=keyword, is_tenant=True)
    for key in INTEGERS:
        schemas[key] = models.IntegerIndexParams(
            type=integer, lookup=True, range=True, enable_hnsw=False
        )
    return schemas


def require_fit(info: models.CollectionInfo, name: str, dim: int) -> None:
    """Raise `ConfigError` unless the collection holds cosine vectors of `dim`."""
    vectors = info.config.params.vectors
    if not isinstance(vectors, models.VectorParams):
        found = "named vectors"
    elif (vectors.size, vectors.distance) != (dim, models.Distance.COSINE):
        found = f"{vectors.size} dimensions compared by {vectors.distance.value}"
    else:
        return
    reason = f"collection {name} has {found}, the model needs {dim} compared by Cosine"
    raise ConfigError([f"{reason}: run `tidemark reembed`"])


def missing_indexes(info: models.CollectionInfo) -> dict[str, Schema]:
    """Return the indexes still to be made; `ConfigError` where a field has another type."""
    present = {key: each.data_type.value for key, each in info.payload_schema.items()}
    wanted = indexes()
    for key in present.keys() & wanted.keys():
        if present[key] != wanted[key].type.value:
            raise ConfigError([f"the payload field {key} is indexed as {present[key]}"])
    return {key: schema for key, schema in wanted.items() if key not in present}
