"""What a dead letter keeps of a record, and how much."""

import pytest

from pipeline.domain.originals import (
    KEPT_KEY_BYTES,
    KEPT_VALUE_BYTES,
    fits,
    pack_original,
    unpack_original,
)

LIMITS = (KEPT_KEY_BYTES, KEPT_VALUE_BYTES)


@pytest.mark.parametrize("key", [None, b"", b"ana", b"k" * KEPT_KEY_BYTES])
@pytest.mark.parametrize("value", [None, b"", b"{", b"v" * KEPT_VALUE_BYTES])
def test_what_fits_is_kept_whole_and_nothing_is_not_empty(key, value):
    assert fits(key, value)
    assert unpack_original(pack_original(key, value)) == (key, value)


@pytest.mark.parametrize("longer", [0, 1])
def test_what_is_too_long_is_cut_to_the_limit(longer):
    sizes = [limit + (1 if i == longer else 0) for i, limit in enumerate(LIMITS)]
    original = [b"x" * size for size in sizes]

    assert not fits(*original)
    assert [len(part) for part in unpack_original(pack_original(*original))] == list(LIMITS)
