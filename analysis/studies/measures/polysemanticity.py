"""How many different Boolean functions the valid interpretations of one network give its neurons.

Where there are more than :data:`MAX_ASKED` valid circuits, as many are drawn uniformly, and numbers are lower bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean
from typing import Final

from analysis.errors import BeyondLimits
from analysis.interpretations.given_functions import GivenFunctions, given_functions
from analysis.stories.search import uniform_sample
from analysis.studies.measures.measure import Measure, Measured, Need
from analysis.studies.subject import Studied

MAX_ASKED: Final = 2_000
_NEEDS: Final[frozenset[Need]] = frozenset({"circuits"})


def _given(studied: Studied) -> GivenFunctions | str:
    """Those of all valid circuits or of uniform draws; why there are none."""

    def compute() -> GivenFunctions | str:
        masks = uniform_sample(studied.analysis.circuits.masks, MAX_ASKED)
        if not len(masks):
            return "no circuit is valid"
        try:
            return given_functions(studied.question, masks)
        except BeyondLimits as problem:
            return problem.cause

    return studied.once("given functions", compute)


def _number(summary: Callable[[Sequence[int]], float]) -> Callable[[Studied], Measured]:
    def measure(studied: Studied) -> Measured:
        found = _given(studied)
        if isinstance(found, str):
            return Measured(None, note=found)
        if not found.numbers:
            return Measured(None, note="no neuron has a gate")
        whole = found.of == studied.analysis.circuits.n_valid
        return Measured(summary(found.numbers), truncated_at=None if whole else found.of)

    return measure


MEASURES: Final = (
    Measure(
        "functions-per-neuron",
        "functions per neuron",
        "Different Boolean functions that the interpretations of valid circuits give a hidden neuron, in the mean over "
        "the neurons that any gives one.",
        "number",
        _number(mean),
        unit="functions",
        needs=_NEEDS,
    ),
    Measure(
        "functions-most",
        "most functions of a neuron",
        "Different Boolean functions that the interpretations of valid circuits give the hidden neuron with most.",
        "count",
        _number(max),
        unit="functions",
        needs=_NEEDS,
    ),
)
