"""The root secrets: where they come from, what is refused, and wrapping with them."""

from pipeline.adapters.keys.file import create_key_file, secrets_from_file
from pipeline.adapters.keys.provider import LocalKeys
from pipeline.adapters.keys.secrets import (
    PUBLISHED_SAMPLES,
    Secrets,
    check_secrets,
    secrets_from_text,
)

__all__ = [
    "PUBLISHED_SAMPLES",
    "LocalKeys",
    "Secrets",
    "check_secrets",
    "create_key_file",
    "secrets_from_file",
    "secrets_from_text",
]
