"""Sealing: boxes for content, wraps for keys, and the subkeys and tokens derived from them.

    ValueError
    ├── UnsupportedBox   a version, algorithm, flag or kind this reader does not know
    ├── TamperedRecord   authentication failed, or the box is not the one that was asked for
    └── UnknownKek       a key wrapped under a key-encryption key that is not configured

None of them carries content, identifiers or keys.
"""

from pipeline.domain.crypto.aead import Alg
from pipeline.domain.crypto.box import (
    BOX_OVERHEAD,
    BoxHeader,
    ContentKey,
    Kind,
    box_header,
    open_box,
    seal,
)
from pipeline.domain.crypto.errors import TamperedRecord, UnknownKek, UnsupportedBox
from pipeline.domain.crypto.subkeys import (
    content_key,
    dead_letter_key,
    ledger_key,
    segment_key,
    token,
    token_key,
    vector_key,
)
from pipeline.domain.crypto.wrap import (
    DEK_BYTES,
    WRAPPED_BYTES,
    Kek,
    Purpose,
    kek_id_of,
    unwrap_key,
    wrap_key,
)

__all__ = [
    "BOX_OVERHEAD",
    "DEK_BYTES",
    "WRAPPED_BYTES",
    "Alg",
    "BoxHeader",
    "ContentKey",
    "Kek",
    "Kind",
    "Purpose",
    "TamperedRecord",
    "UnknownKek",
    "UnsupportedBox",
    "box_header",
    "content_key",
    "dead_letter_key",
    "kek_id_of",
    "ledger_key",
    "open_box",
    "seal",
    "segment_key",
    "token",
    "token_key",
    "unwrap_key",
    "vector_key",
    "wrap_key",
]
