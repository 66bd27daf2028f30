"""A profile and the patches that change it."""

from collections.abc import Mapping
from typing import Any

MERGED = "preferences"  # patched member by member; every other field is replaced whole


def patched(profile: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profile after a patch: null clears a field, or one preference, or all of them."""
    changes = dict(changes)
    if isinstance(changes.get(MERGED), Mapping):
        changes[MERGED] = _without_nulls({**profile.get(MERGED, {}), **changes[MERGED]})
    return _without_nulls({**profile, **changes})


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
