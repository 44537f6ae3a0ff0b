"""Moments and phases of trainings, on courses made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.over_training import DESIGN
from benchmarks.over_training_table import Change, changes, courses, interval

STEPS = DESIGN["checkpoints"]
GROKS = ([4, 42, 41, *[42] * 9], [1, 0, 1, 1, 2, 3, 4, 6, 7, 6, 7, 7])


def rows(seed, learned, held_out, circuits, arm="learned"):
    for at, step in enumerate(STEPS):
        of = {"arm": arm, "seed": seed, "step": step, "learned": learned[at], "held_out": held_out[at]}
        for judged in ("training rows", "all rows"):
            yield from (of | {"judged": judged, "ablation": one, "circuits": circuits[at]} for one in ("zero", "mean"))


@pytest.mark.parametrize(
    ("learned", "held_out", "moments"),
    [
        (*GROKS, {"F": STEPS[3], "B": STEPS[5], "G": STEPS[8], "end": STEPS[-1]}),
        ([42] * 12, [0, 7, *[7] * 10], {"F": 0, "B": 0, "G": STEPS[1], "end": STEPS[-1]}),
        ([41, *[42] * 11], [0, 2, *[7] * 10], {}),  # two right at F
        ([41, *[42] * 11], [0, 0, 7, *[7] * 9], {}),  # too soon
        ([42] * 12, [0] * 11 + [6], {}),
        ([42] * 11 + [41], [0] * 11 + [7], {}),
    ],
)
def test_moments_are_those_of_the_design(learned, held_out, moments):
    found = courses([*rows(0, learned, held_out, [1] * 12)])
    assert found["learned"][0].moments == moments


def test_phases_compare_the_number_at_their_ends():
    circuits = [0, 9, 9, 8, 9, 2, 9, 9, 16, 9, 9, 4]
    made = [*rows(0, *GROKS, circuits), *rows(0, *GROKS, [0] * 11 + [2], "shuffled")]
    made += [*rows(1, [0] * 12, [0] * 12, circuits), *rows(1, [0] * 12, [0] * 12, circuits, "shuffled")]
    found = changes(made)
    assert [one.ratios.tolist() for one in found] == [[-2], [3], [-2], [-1]] * 2
    assert [one.null.tolist() for one in found] == [[0], [0], [1], [1]] * 2
    assert {one.verdict for one in found} == {"not enough to say"}


@pytest.mark.parametrize(
    ("sign", "p", "verdict"), [(1, 0.01, "grows"), (-1, 0.01, "shrinks"), (1, 0.2, "not enough to say")]
)
def test_a_verdict_needs_the_interval_and_the_test(sign, p, verdict):
    one = Change("after the rise", "zero", sign * np.arange(1.0, 9.0), np.zeros(8), p)
    assert one.verdict == verdict
    mean, low, high = interval(one.ratios)
    assert mean == 4.5 * sign
    assert low < mean < high
    assert one.cells[1] == ("0 / 0 / 8" if sign > 0 else "8 / 0 / 0")
