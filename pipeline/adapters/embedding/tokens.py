"""Texts to padded batches, with the tokenizer that the export saved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

Ids = NDArray[np.int64]

# Enough rows to keep the matrix units busy, few enough for the activations to stay in cache:
# from 256 to 1024 the rate is flat, above it falls and memory grows.
BATCH_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of like length: their `rows` in the call, and the arrays (len(rows), longest)."""

    rows: list[int]
    ids: Ids
    mask: Ids  # 1 for a token, 0 for padding


def open_tokenizer(path: Path, max_length: int) -> Tokenizer:
    """Return the tokenizer saved at `path`, cutting at `max_length` tokens, specials included."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(max_length)
    tokenizer.no_padding()
    return tokenizer


def batches(tokenizer: Tokenizer, texts: Sequence[str], pad_id: int) -> Iterator[Batch]:
    """Yield the texts longest first, in batches of about `BATCH_TOKENS`.

    Texts of like length share a batch, so that little of it is padding.
    """
    ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]), reverse=True)
    start = 0
    while start < len(order):
        longest = max(1, len(ids[order[start]]))
        rows = order[start : start + max(1, BATCH_TOKENS // longest)]
        yield _padded(rows, ids, longest, pad_id)
        start += len(rows)


def _padded(rows: list[int], ids: list[list[int]], longest: int, pad_id: int) -> Batch:
    batch = Batch(
        rows,
        np.full((len(rows), longest), pad_id, np.int64),
        np.zeros((len(rows), longest), np.int64),
    )
    for line, row in enumerate(rows):
        batch.ids[line, : len(ids[row])] = ids[row]
        batch.mask[line, : len(ids[row])] = 1
    return batch
