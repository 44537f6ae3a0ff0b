"""Every measure, by key. A family is a file beside this one that declares some; add it to ``_FAMILIES``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Final

from analysis.errors import InvalidStudy
from analysis.studies.measures import (
    alice_or_bob,
    answers,
    bits,
    drawn,
    findings,
    held_out,
    held_out_alignments,
    lenses,
    named,
    patterns,
    planted,
    rungs,
    sets,
    single,
    stories,
    unmapped,
)
from analysis.studies.measures.criteria import criterion_measures
from analysis.studies.measures.measure import Measure, Measured
from analysis.studies.subject import Studied

_FAMILIES: Final[tuple[ModuleType, ...]] = (
    findings,
    named,
    single,
    sets,
    alice_or_bob,
    stories,
    planted,
    answers,
    drawn,
    lenses,
    held_out,
    held_out_alignments,
    rungs,
    unmapped,
    patterns,
    bits,
)
_GATE_FUNCTIONS: Final = "Different Boolean functions that the interpretations of valid circuits give a hidden neuron"
_FIRST: Final = (1, 5, 10, 15, 20, 30)


def _retired(_: Studied) -> Measured:
    return Measured(None, note="is not measured any more")


def _declared(family: ModuleType) -> Iterator[Measure]:
    """The measures that a file declares, one by one or as a tuple, in its order."""
    for value in vars(family).values():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Measure):
                yield one


MEASURES: Final[Mapping[str, Measure]] = {one.key: one for family in _FAMILIES for one in _declared(family)}
RETIRED: Final[Mapping[str, Measure]] = {
    one.key: one
    for one in (
        Measure("functions-per-neuron", "functions per neuron", f"{_GATE_FUNCTIONS}, in the mean.", "number", _retired),
        Measure("functions-most", "most functions of a neuron", f"{_GATE_FUNCTIONS}, the most.", "count", _retired),
        *(
            Measure(
                f"interpretations-first-{most}",
                f"interpretations, mean of the first {most} times circuits",
                f"Mean number of interpretations of the {most} smallest valid circuits, times all valid circuits.",
                "number",
                _retired,
            )
            for most in _FIRST
        ),
        *(
            Measure(
                f"alignments-{kind}-over-layers",
                f"{kind} alignments over layers",
                f"The {kind} alignments of all algorithms where one variable may lie in several hidden layers.",
                "count",
                _retired,
            )
            for kind in ("valid", "minimal")
        ),
    )
}
"""Measures of before: results that have them are read and shown, and none is measured any more."""
KNOWN: Final = {**MEASURES, **RETIRED}


def measure_named(key: str) -> Measure:
    """A measure by its key.

    Raises:
        InvalidStudy: there is none.
    """
    try:
        return KNOWN[key]
    except KeyError:
        raise InvalidStudy(f"measure {key!r}", "is unknown", f"use some of {', '.join(MEASURES)}") from None


def measures_of(keys: Sequence[str], criteria: Sequence[str], methods: Sequence[str] = ()) -> dict[str, Measure]:
    """Everything that a design measures, by key: its measures in order, then how many explanations pass its criteria.

    A measure of answers is there once for each method.

    Raises:
        InvalidStudy: an unknown measure.
        InvalidCriterion: an unknown criterion.
    """
    found: list[Measure] = []
    for measure in map(measure_named, keys):
        found += map(measure.of_method, methods) if measure.of_answer else [measure]
    return {measure.key: measure for measure in (*found, *criterion_measures(criteria))}


def answer_measures(keys: Sequence[str]) -> dict[str, Measure]:
    """Those of some known measures that are of answers, by key."""
    return {key: found for key in keys if (found := measure_named(key)).of_answer}
