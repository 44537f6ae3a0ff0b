"""Sums, exp and tanh in a fixed order: as NumPy's up to rounding, and with bits that are written down here."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.numerics import fixed_order

RANDOM = np.random.default_rng(0)


def ulps(found, expected):
    return np.abs(found - expected) / np.spacing(np.maximum(np.abs(expected), np.finfo(float).tiny))


def test_exp_and_tanh_are_those_of_the_library_up_to_the_last_bits() -> None:
    values = np.concatenate([np.exp(RANDOM.normal(scale=4, size=20_000)), [0.0, 1e-300, 1e-9, 20.0, 700.0]])
    values = values[values < 700]
    assert ulps(fixed_order.exp_of_negative(-values), np.exp(-values)).max() <= 2
    assert ulps(fixed_order.tanh(values), np.tanh(values)).max() <= 4
    assert (fixed_order.tanh(-values) == -fixed_order.tanh(values)).all()


def test_ends_and_what_is_no_number() -> None:
    assert fixed_order.exp_of_negative(np.array([0.0, -709.0, -1e300, -np.inf])).tolist() == [1, 0, 0, 0]
    assert fixed_order.tanh(np.array([np.inf, -np.inf, 1.7e308, 0.0])).tolist() == [1, -1, 1, 0]
    assert np.signbit(fixed_order.tanh(np.array([-0.0]))[0])
    for function in (fixed_order.tanh, fixed_order.exp_of_negative):
        assert np.isnan(function(np.array([np.nan, -1.0]))).tolist() == [True, False]
    assert fixed_order.tanh(np.zeros((2, 0, 3))).shape == (2, 0, 3)


def test_the_bits_are_the_same_on_every_machine() -> None:
    """Written down on one machine; NumPy's own differ between processors in these."""
    values = np.array([0.1, 0.7, 1.9, 3.3, 7.7])
    assert [x.hex() for x in fixed_order.tanh(values).tolist()] == TANH
    assert [x.hex() for x in fixed_order.exp_of_negative(-values).tolist()] == EXP
    left, right = np.array([[0.1, 0.2, 0.3, 1e16]]), np.array([[1.0, 1.0, 1.0, 1.0], [3.0, -2.0, 7.0, 1e-16]])
    product = [((0.1 + 0.2) + 0.3) + 1e16, ((0.1 * 3.0 + 0.2 * -2.0) + 0.3 * 7.0) + 1e16 * 1e-16]
    for many in (1, 100):  # few products are summed in another way than many
        assert fixed_order.inner(np.repeat(left, many, axis=0), right).tolist() == [product] * many
        assert not np.signbit(fixed_order.inner(np.full((many, 2), -0.0), np.ones((3, 2)))).any()


@pytest.mark.parametrize("shape", [(0, 2), (3, 0), (0, 0), (400, 0), (400, 2)])
def test_products_of_nothing_are_0(shape: tuple[int, int]) -> None:
    left = np.ones((2, *shape))
    assert fixed_order.inner(left, np.ones((0, shape[1]))).shape == (2, shape[0], 0)
    assert fixed_order.inner(left, np.ones((3, shape[1]))).tolist() == [[[float(shape[1])] * 3] * shape[0]] * 2


TANH = [
    "0x1.983d7795f413ap-4",
    "0x1.356fb17af2e92p-1",
    "0x1.e997f4c3bcd47p-1",
    "0x1.fe9bdf44f7c02p-1",
    "0x1.fffff23d39f06p-1",
]
EXP = [
    "0x1.cf46d99d52b3ap-1",
    "0x1.fc80db9dd5542p-2",
    "0x1.325108408d817p-3",
    "0x1.2e259bb85be84p-5",
    "0x1.dad2df0f5035dp-12",
]


@pytest.mark.parametrize(("m", "n"), [(4, 3), (4, 8), (8, 8), (16, 5), (1, 3), (3, 1)])
def test_a_decomposition_is_one(m, n) -> None:
    matrix = RANDOM.normal(size=(m, n)) * 10.0 ** RANDOM.integers(-3, 4, n)
    matrix[:, -1] = matrix[:, 0]
    left, singular, right = fixed_order.decomposed(matrix, 1e-10)
    assert len(singular) == np.linalg.matrix_rank(matrix, rtol=1e-10)
    np.testing.assert_allclose((left.T * singular) @ right, matrix, atol=1e-10 * np.abs(matrix).max())
    for rows in (left, right):
        np.testing.assert_allclose(rows @ rows.T, np.eye(len(rows)), atol=1e-12)
    np.testing.assert_allclose(
        sorted(singular, reverse=True), np.linalg.svd(matrix)[1][: len(singular)], rtol=1e-9, atol=0
    )


def test_no_decomposition_of_nothing_and_none_of_it_overflows() -> None:
    assert [len(part) for part in fixed_order.decomposed(np.zeros((4, 3)), 1e-10)] == [0, 0, 0]
    large = fixed_order.decomposed(np.array([[3e299, 0.0], [0.0, 4e299]]), 1e-10)[1]
    assert sorted(large.tolist()) == [3e299, 4e299]
