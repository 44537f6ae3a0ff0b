"""Exact volumes: against formulas, and against counting lattice points of shapes that have them."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import factorial

import pytest

from analysis.contradictions.hidden_cube import volume

F = Fraction


def cube(d, low=0, high=1):
    units = [tuple(F(int(i == j)) for j in range(d)) for i in range(d)]
    return [(u, F(high)) for u in units] + [(tuple(-x for x in u), F(-low)) for u in units]


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_cubes_and_simplices(d) -> None:
    assert volume(cube(d)) == 1
    assert volume(cube(d, -1, 2)) == 3**d
    assert volume([*cube(d), ((F(1),) * d, F(1))]) == F(1, factorial(d))


@pytest.mark.parametrize("d", [2, 3, 4])
def test_sums_of_uniform_numbers(d) -> None:
    """P(x1 + … + xd ≤ t) is Irwin and Hall's."""
    for tenth in range(1, 10 * d, 7):
        t = F(tenth, 10)
        wanted = sum(
            ((-1) ** k * F(factorial(d), factorial(k) * factorial(d - k)) * (t - k) ** d for k in range(int(t) + 1)),
            F(0),
        ) / factorial(d)
        assert volume([*cube(d), ((F(1),) * d, t)]) == wanted


@pytest.mark.slow
def test_a_plane_parts_a_cube_into_volumes_that_add_up() -> None:
    for weights in product((-2, 0, 1), repeat=3):
        if any(weights):
            row = tuple(map(F, weights))
            for level in (F(-1, 2), F(0), F(1, 3), F(1)):
                one = volume([*cube(3), (row, level)])
                other = volume([*cube(3), (tuple(-x for x in row), -level)])
                assert one + other == 1
                assert 0 <= one <= 1


def test_what_is_empty_or_flat_has_no_volume() -> None:
    assert volume([*cube(2), ((F(1), F(1)), F(-1))]) == 0
    assert volume([*cube(3), ((F(1), F(0), F(0)), F(1, 2)), ((F(-1), F(0), F(0)), F(-1, 2))]) == 0
    assert volume([*cube(2), ((F(0), F(0)), F(-1))]) == 0


def test_a_side_said_twice_counts_once() -> None:
    twice = [*cube(2), ((F(2), F(2)), F(2)), ((F(1), F(1)), F(1)), ((F(1), F(1)), F(3))]
    assert volume(twice) == F(1, 2)
