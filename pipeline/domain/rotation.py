"""Keyed rotation of vectors: the same angles among one user's vectors, none across users.

It is obfuscation, not encryption: a few dozen known pairs of text and vector undo it. What it does
is to keep stolen vectors from off-the-shelf inversion and from search across users, and to make
them useless once the key is gone.

A rotation is three rounds of a keyed permutation, keyed signs and a fixed Hadamard matrix. Vectors
are zero-padded to the next size of the form 2^k or 12 * 2^k. The matrix of such a size is a
Kronecker product, so a round costs two small matrix products for a whole batch of mixed users.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from numpy.typing import NDArray

from pipeline.domain.crypto import vector_key

ROUNDS = 3

KNOWN_ANSWERS = (
    (-0.0903674600, 0.0627256500, -0.0659150900, -0.0850517300, 0.0021262932),
    (-0.0527251700, -0.0554374100, 0.0222928800, 0.0172535600, 0.0215154795),
)
"""What `self_test` compares with."""

_KNOWN_PID = bytes.fromhex("00112233445566778899aabbccddeeff")
_NONCE = bytes(16)
_RESIDUES_MOD_11 = (1, 3, 4, 5, 9)

Floats = NDArray[np.float32] | NDArray[np.float64]


class RotationMismatch(RuntimeError):  # noqa: N818  reads as the reason it is
    """The rotation of this machine differs from the published answers; vectors would be lost."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """One user's rotation of one size: `perms` u16 and `signs` i8, both of shape (3, size)."""

    perms: NDArray[np.uint16] = field(repr=False)
    signs: NDArray[np.int8] = field(repr=False)

    @property
    def size(self) -> int:
        """Length of the vectors that come out."""
        return len(self.perms[0])


def padded_size(dim: int) -> int:
    """Return the smallest 2^k or 12 * 2^k that is at least `dim`: the length after rotation."""
    power = 1 << (dim - 1).bit_length()
    twelve = 12 << (-(-dim // 12) - 1).bit_length()
    return min(power, twelve)


def rotation(k_vec: bytes, dim: int) -> Rotation:
    """Return the rotation of `dim`-dimensional vectors that the 32-byte seed `k_vec` stands for."""
    size = padded_size(dim)
    order_bytes, sign_bytes = 8 * size, -(-size // 8)
    per_round = order_bytes + sign_bytes
    stream = Cipher(algorithms.ChaCha20(k_vec, _NONCE), mode=None).encryptor()
    keyed = np.frombuffer(stream.update(bytes(ROUNDS * per_round)), np.uint8)
    keyed = keyed.reshape(ROUNDS, per_round)
    order = keyed[:, :order_bytes].copy().view("<u8")
    bits = np.unpackbits(keyed[:, order_bytes:], axis=1, count=size, bitorder="little")
    perms = np.argsort(order, axis=1, kind="stable").astype(np.uint16)
    return Rotation(perms, (1 - 2 * bits.astype(np.int8)).astype(np.int8))


def rotate(rotations: Sequence[Rotation], x: Floats) -> NDArray[np.float32]:
    """Return the rows of `x` (n, dim), each turned by its own of `rotations` (n), as (n, size).

    All rotations are of one size. The rows come out as float32 of length 1; a zero row stays zero.
    Raises `ValueError` where the shapes do not fit.
    """
    turned = _turn(rotations, x)
    norms = np.linalg.norm(turned, axis=1, keepdims=True)
    norms[norms == 0] = 1
    unit: NDArray[np.float32] = (turned / norms).astype(np.float32)
    return unit


def self_test(answers: Sequence[Sequence[float]] = KNOWN_ANSWERS) -> None:
    """Compare a known rotation with its published answers; raises `RotationMismatch`.

    Per vector (e_0, then 1, 2, ... 384 normalised) the first four elements and the last, to 1e-8.
    """
    known = rotation(vector_key(bytes(range(32, 64)), _KNOWN_PID, 1, 384), 384)
    ramp = np.arange(1.0, 385.0)
    turned = _turn([known, known], np.stack([np.eye(1, 384)[0], ramp / np.linalg.norm(ramp)]))
    if not np.allclose(turned[:, [0, 1, 2, 3, -1]], answers, rtol=0, atol=1e-8):
        raise RotationMismatch("the keyed rotation does not give its published answers")


def _turn(rotations: Sequence[Rotation], x: Floats) -> Floats:
    """Rotate in the precision of `x`, without normalising."""
    if len(rotations) != len(x):
        raise ValueError("there is not one rotation for each row")
    if not rotations:
        return x
    perms = np.stack([r.perms for r in rotations])
    signs = np.stack([r.signs for r in rotations])
    count, _, size = perms.shape
    left, right = _hadamard(size, x.dtype.str)
    turned = np.zeros((count, size), x.dtype)
    turned[:, : x.shape[1]] = x
    row_starts = np.arange(0, count * size, size)[:, None]
    for r in range(ROUNDS):
        gathered = turned.ravel().take(perms[:, r] + row_starts) * signs[:, r]
        blocks = (gathered.reshape(-1, len(right)) @ right).reshape(count, len(left), len(right))
        turned = np.matmul(left, blocks).reshape(count, size)
    return turned


@cache
def _hadamard(size: int, dtype: str) -> tuple[Floats, Floats]:
    """Return the two factors of the orthogonal Hadamard matrix; the right one is symmetric."""
    if size % 12:
        half = (size.bit_length() - 1) // 2
        left, right = _sylvester(1 << half), _sylvester(size >> half)
    else:
        left, right = _paley(), _sylvester(size // 12)
    return (
        (left / np.sqrt(len(left))).astype(dtype),
        (right / np.sqrt(len(right))).astype(dtype),
    )


def _sylvester(order: int) -> NDArray[np.float64]:
    matrix = np.ones((1, 1))
    while len(matrix) < order:
        matrix = np.kron(np.array([[1.0, 1.0], [1.0, -1.0]]), matrix)
    return matrix


def _paley() -> NDArray[np.float64]:
    """Return the Hadamard matrix of order 12 made from the squares modulo 11."""
    matrix = np.ones((12, 12))
    matrix[1:, 0] = -1
    for i in range(1, 12):
        for j in range(1, 12):
            if i != j and (j - i) % 11 not in _RESIDUES_MOD_11:
                matrix[i, j] = -1
    return matrix
