"""The configuration of one collection: Edge cannot return it, so it lives in a small file."""

import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ops.embedded.vectors.files import read_json, write_json
from ops.embedded.vectors.refused import Refused
from ops.embedded.vectors.strict import fields, flag, integer, number

CONFIG_FILE = "config.json"
DISTANCES = ("Cosine", "Dot", "Euclid", "Manhattan")
MAX_SIZE = 65_536

# Also a directory name: no separators, no leading dot.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class IndexSchema:
    """How one payload field is indexed; `lookup` and `range` concern integers only."""

    type: str
    is_tenant: bool | None = None
    lookup: bool | None = None
    range: bool | None = None
    enable_hnsw: bool | None = None

    def described(self) -> dict[str, Any]:
        """Return it as Qdrant writes it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class CollectionConfig:
    """What a collection was created with, and the folder that holds its current shard."""

    size: int
    distance: str
    m: int = 16
    ef_construct: int = 100
    full_scan_threshold: int = 10_000  # kilobytes
    payload_m: int | None = None
    deleted_threshold: float = 0.2
    vacuum_min_vector_number: int = 1_000
    indexes: dict[str, IndexSchema] = field(default_factory=dict)
    shard: str = "shard-1"

    def indexed(self, name: str, schema: IndexSchema) -> "CollectionConfig":
        """Return it with one more index; `Refused` where the field has another one already."""
        if self.indexes.get(name, schema) != schema:
            raise Refused(400, "this field is already indexed in another way")
        return replace(self, indexes={**self.indexes, name: schema})

    def next_shard(self) -> "CollectionConfig":
        """Return it with the folder that a rewrite fills."""
        return replace(self, shard=f"shard-{int(self.shard.removeprefix('shard-')) + 1}")


def save(directory: Path, config: CollectionConfig) -> None:
    """Write it, whole or not at all."""
    write_json(directory / CONFIG_FILE, asdict(config))


def load(directory: Path) -> CollectionConfig:
    """Read what `save` wrote."""
    stored = read_json(directory / CONFIG_FILE)
    indexes = {name: IndexSchema(**schema) for name, schema in stored.pop("indexes").items()}
    return CollectionConfig(**stored, indexes=indexes)


def checked_name(name: str) -> str:
    """Return a collection name that is safe as a directory name."""
    if not _NAME.fullmatch(name):
        raise Refused(400, "a collection name is made of letters, digits, dot, dash, underscore")
    return name


def parse_collection(body: object) -> CollectionConfig:
    """Read the body of `PUT /collections/{name}`."""
    given = fields(body, {"vectors", "hnsw_config", "optimizers_config"}, required={"vectors"})
    vectors = fields(given["vectors"], {"size", "distance"}, required={"size", "distance"})
    if vectors["distance"] not in DISTANCES:
        raise Refused(400, f"distance is one of: {', '.join(DISTANCES)}")
    size = integer(vectors["size"], "size", low=1, high=MAX_SIZE)
    return CollectionConfig(
        size=size,
        distance=vectors["distance"],
        **_hnsw(given.get("hnsw_config", {})),
        **_optimizers(given.get("optimizers_config", {})),
    )


def _hnsw(body: object) -> dict[str, Any]:
    given = fields(body, {"m", "ef_construct", "full_scan_threshold", "payload_m"})
    return {name: integer(value, name) for name, value in given.items()}


def _optimizers(body: object) -> dict[str, Any]:
    given = fields(body, {"deleted_threshold", "vacuum_min_vector_number"})
    parsed: dict[str, Any] = {}
    if "deleted_threshold" in given:
        parsed["deleted_threshold"] = number(given["deleted_threshold"], "deleted_threshold")
    if "vacuum_min_vector_number" in given:
        name = "vacuum_min_vector_number"
        parsed[name] = integer(given[name], name)
    return parsed


def parse_index(body: object) -> tuple[str, IndexSchema]:
    """Read the body of `PUT /collections/{name}/index`: the field, and its schema."""
    given = fields(body, {"field_name", "field_schema"}, required={"field_name", "field_schema"})
    name, schema = given["field_name"], given["field_schema"]
    if not isinstance(name, str) or not name:
        raise Refused(400, "field_name is a non-empty string")
    return name, _index_schema({"type": schema} if isinstance(schema, str) else schema)


def _index_schema(body: object) -> IndexSchema:
    given = fields(body, {"type", "is_tenant", "lookup", "range", "enable_hnsw"}, required={"type"})
    kind = given.pop("type")
    if kind not in ("keyword", "integer"):
        raise Refused(400, "an index is of type keyword or integer here")
    foreign = {"lookup", "range"} if kind == "keyword" else {"is_tenant"}
    if foreign & given.keys():
        raise Refused(400, f"a {kind} index has no such option")
    return IndexSchema(type=kind, **{name: flag(value, name) for name, value in given.items()})
