"""Algorithms as a kind of explanation: what the network computes, and not where."""

from __future__ import annotations

from typing import Final

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.explanations.explanation import Claim, Kind
from analysis.question import Question
from analysis.sandbox.predicting import SAYS_WHAT, predict_by_algorithm
from analysis.tasks import pattern_bits


def decided(_question: Question, algorithm: HighLevelModel) -> tuple[int, ...]:
    """The algorithm's output on each Boolean input."""
    return tuple(int(bit) for bit in pattern_bits(algorithm.function, algorithm.n_inputs))


ALGORITHM: Final = Kind[HighLevelModel](
    key="algorithm",
    letter="g",
    noun="algorithm",
    plural="algorithms",
    silence=SAYS_WHAT,
    traits=frozenset({"symbolic"}),
    outputs=decided,
    claims=lambda algorithm: tuple(
        Claim(0, function=variable.function, label=variable.shown) for variable in algorithm.variables
    ),
    by_hand=lambda _, algorithm, intervention, __: predict_by_algorithm(algorithm, intervention),
)
