"""Rotation gives its published answers, keeps angles within a user and none across users."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.crypto import vector_key
from pipeline.domain.rotation import (
    KNOWN_ANSWERS,
    ROUNDS,
    Rotation,
    RotationMismatch,
    _hadamard,
    padded_size,
    rotate,
    rotation,
    self_test,
)

IDX = bytes(range(32, 64))
PID = bytes.fromhex("00112233445566778899aabbccddeeff")
KNOWN = rotation(vector_key(IDX, PID, 1, 384), 384)

sizes = st.sampled_from([1, 2, 3, 7, 12, 24, 30, 64, 100, 384, 400, 512])
seeds = st.binary(min_size=32, max_size=32)


def unit_rows(count: int, dim: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def dense(turn: Rotation) -> np.ndarray:
    """The rotation as one matrix, straight from its definition."""
    size = turn.size
    left, right = _hadamard(size, "<f8")
    matrix = np.eye(size)
    for r in range(ROUNDS):
        matrix = np.kron(left, right) @ (turn.signs[r][:, None] * matrix[turn.perms[r]])
    return matrix


def test_the_known_permutations_and_signs() -> None:
    assert KNOWN.perms[0][:4].tolist() == [117, 307, 136, 188]
    assert KNOWN.perms[2][-3:].tolist() == [107, 230, 62]
    assert KNOWN.signs[0][:8].tolist() == [-1, 1, -1, 1, 1, 1, -1, 1]


def test_the_known_rotated_vectors() -> None:
    e_0 = np.eye(384)[0]
    ramp = np.arange(1.0, 385.0) / np.linalg.norm(np.arange(1.0, 385.0))
    turned = dense(KNOWN) @ np.stack([e_0, ramp], axis=1)
    first = [-0.0903674600, 0.0627256500, -0.0659150900, -0.0850517300]
    second = [-0.0527251700, -0.0554374100, 0.0222928800, 0.0172535600]

    assert turned[:4, 0] == pytest.approx(first, abs=1e-8)
    assert turned[-1, 0] == pytest.approx(0.0021262932, abs=1e-8)
    assert turned[:4, 1] == pytest.approx(second, abs=1e-8)
    assert turned[-1, 1] == pytest.approx(0.0215154795, abs=1e-8)


def test_this_machine_passes_the_self_test() -> None:
    self_test()


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 4), (1, 0), (1, 4)])
def test_the_self_test_notices_a_deviation_of_a_ten_millionth(row: int, column: int) -> None:
    answers = np.array(KNOWN_ANSWERS)
    answers[row, column] += 1e-7

    with pytest.raises(RotationMismatch):
        self_test(answers.tolist())


@given(sizes, seeds)
def test_a_batch_is_rotated_as_the_definition_says(dim: int, seed: bytes) -> None:
    turns = [rotation(seed, dim), rotation(bytes(32), dim), rotation(seed, dim)]
    x = unit_rows(3, dim)
    padded = np.zeros((3, padded_size(dim)))
    padded[:, :dim] = x

    turned = rotate(turns, x)

    assert turned.shape == padded.shape
    assert turned.dtype == np.float32
    for turn, before, after in zip(turns, padded, turned, strict=True):
        assert after == pytest.approx(dense(turn) @ before, abs=1e-5)


@given(sizes, seeds, st.integers(0, 2**32))
def test_cosines_within_a_user_are_kept(dim: int, seed: bytes, noise: int) -> None:
    turn = rotation(seed, dim)
    x = unit_rows(8, dim, noise)

    turned = rotate([turn] * 8, x)

    assert np.abs(turned @ turned.T - x @ x.T).max() < 1e-5
    assert np.abs(np.linalg.norm(turned, axis=1) - 1).max() < 1e-6


def test_an_unrotated_or_foreign_query_finds_nothing() -> None:
    x = unit_rows(1, 384)
    mine, foreign = rotate([KNOWN, rotation(bytes(32), 384)], np.repeat(x, 2, axis=0))

    assert abs(float(mine @ foreign)) < 0.3
    assert abs(float(mine @ x[0])) < 0.3


def test_rows_come_out_at_length_one_and_zero_stays_zero() -> None:
    turned = rotate([KNOWN, KNOWN], np.stack([np.full(384, 5.0), np.zeros(384)]))

    assert np.linalg.norm(turned[0]) == pytest.approx(1, abs=1e-6)
    assert not turned[1].any()


def test_no_rows_give_no_rows() -> None:
    assert rotate([], np.zeros((0, 384), np.float32)).shape == (0, 384)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one rotation for each row"):
        rotate([KNOWN, KNOWN], unit_rows(1, 384))
    with pytest.raises(ValueError, match="broadcast"):
        rotate([KNOWN], unit_rows(1, 385))
    with pytest.raises(ValueError, match="same shape"):
        rotate([KNOWN, rotation(bytes(32), 512)], unit_rows(2, 384))


@given(st.integers(1, 5000))
def test_sizes_are_padded_to_the_next_that_has_a_matrix(dim: int) -> None:
    allowed = [factor << k for k in range(14) for factor in (1, 12)]

    assert padded_size(dim) == min(size for size in allowed if size >= dim)


@pytest.mark.parametrize("dim", [384, 512, 768, 1024, 1536, 3072])
def test_common_dimensions_need_no_padding(dim: int) -> None:
    assert padded_size(dim) == dim


@pytest.mark.parametrize("size", [1, 2, 8, 12, 48, 64, 384])
def test_the_fixed_matrix_is_a_scaled_hadamard_matrix(size: int) -> None:
    left, right = _hadamard(size, "<f8")
    matrix = np.kron(left, right)

    assert np.abs(matrix @ matrix.T - np.eye(size)).max() < 1e-12
    assert np.abs(np.abs(matrix) - size**-0.5).max() < 1e-12


@given(sizes, seeds)
def test_a_rotation_is_three_permutations_and_signs(dim: int, seed: bytes) -> None:
    turn = rotation(seed, dim)

    assert np.array_equal(np.sort(turn.perms, axis=1), [np.arange(turn.size)] * ROUNDS)
    assert set(np.unique(turn.signs)) <= {-1, 1}
    assert turn.perms.nbytes + turn.signs.nbytes == 9 * turn.size


def test_a_rotation_does_not_show() -> None:
    assert repr(KNOWN) == "Rotation()"
