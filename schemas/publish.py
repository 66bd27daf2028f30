"""Writes `schemas/published/`: a JSON Schema per event version, and the AsyncAPI document.

Run `python -m schemas.publish` after a change of a model; with `--check` it only compares.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from schemas.asyncapi import RECORDS, asyncapi_document
from schemas.events.catalogue import EVENT_TYPES

PUBLISHED: Final = Path(__file__).with_name("published")
EXAMPLES: Final = PUBLISHED / "examples"


class _Schema(GenerateJsonSchema):
    """JSON Schema without titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: CoreSchema | Any) -> bool:  # noqa: ARG002
        return False


def json_schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what producers of this type may publish."""
    schema = model.model_json_schema(mode="validation", schema_generator=_Schema)
    head = {"$schema": _Schema.schema_dialect, "$id": f"urn:tidemark:schema:{name}"}
    if name in EVENT_TYPES:
        schema["required"] = ["type", *schema["required"]]
        schema["properties"]["type"] = {
            "const": name,
            "description": "What happened, in which version.",
            "type": "string",
        }
    return head | schema


def documents() -> dict[str, str]:
    """Return the text of every published file by its name."""
    models: dict[str, type[BaseModel]] = {**EVENT_TYPES, **RECORDS}
    found = {f"{name}.json": json_schema(name, model) for name, model in models.items()}
    examples = {name: json.loads((EXAMPLES / f"{name}.json").read_bytes()) for name in EVENT_TYPES}
    found["asyncapi.json"] = asyncapi_document(examples)
    return {name: json.dumps(found[name], indent=2, ensure_ascii=False) + "\n" for name in found}


def differing() -> list[str]:
    """Return the names of published files that are missing, stale or of no model, sorted."""
    wanted = documents()
    present = {path.name: path.read_text("utf-8") for path in PUBLISHED.glob("*.json")}
    names = wanted.keys() | present.keys()
    return sorted(name for name in names if wanted.get(name) != present.get(name))


def main(arguments: Sequence[str]) -> int:
    """Write the documents, or with `--check` name those that differ; return the exit status.

    A file whose model is gone is only named: a version once published is not withdrawn unseen.
    """
    wanted = documents()
    stale = differing()
    left = stale if "--check" in arguments else [name for name in stale if name not in wanted]
    for name in stale:
        if name not in left:
            (PUBLISHED / name).write_text(wanted[name], "utf-8")
    for name in left:
        cure = "run python -m schemas.publish" if name in wanted else "it has no model"
        sys.stdout.write(f"{name} differs: {cure}\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
