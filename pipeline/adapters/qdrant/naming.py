"""A collection is named after everything that makes vectors incomparable."""

import re

MAX_NAME = 200


def collection_name(model: str, dim: int, privacy: str, prefix: str = "") -> str:
    """Return `<prefix>tidemark-<model>-<dim>-<privacy>`, safe in URLs and as a directory name.

    Raises `ValueError` when it would be longer than any store takes.
    """
    slug = re.sub(r"[^a-z0-9._]+", "-", model.lower()).strip("-._")
    name = f"{prefix}tidemark-{slug}-{dim}-{privacy}"
    if not slug or len(name) > MAX_NAME:
        raise ValueError("a model name has 1 to 150 letters, digits, dots and dashes")
    return name
