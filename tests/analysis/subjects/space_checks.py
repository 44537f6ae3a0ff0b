"""Checks of the circuit spaces of subjects of any kind."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from pluriscope.analysis.subjects.enumeration import are_circuits


def check_uniform_draws(space: Any, bits: int, n: int = 1_000) -> None:
    """Circuits of a size are drawn uniformly, by χ²."""
    found = Counter(map(space.graph.number, space.draw(np.full(n, bits), np.random.default_rng(3))))
    n_circuits = space.possible_by_bits[bits]
    assert len(found) == n_circuits > 5
    assert all(are_circuits(space, space.graph.bits([*found])))
    assert sum((count - n / n_circuits) ** 2 for count in found.values()) * n_circuits / n < 3 * n_circuits


def check_linear_effects(space: Any, shape: tuple[int, int]) -> None:
    """Effects to first order are those of leaving out each bit alone, of a subject that is linear."""
    slopes = np.random.default_rng(5).normal(size=shape)
    whole = np.ones((1, space.graph.n_bits), dtype=bool)
    alone = space.run(whole & ~np.eye(space.graph.n_bits, dtype=bool)) - space.run(whole)
    for at in (0.0, 1.0):
        effects = space.effects(lambda _, rows: slopes[rows], at)
        assert effects == pytest.approx((alone * slopes).sum(axis=2).mean(axis=1))
