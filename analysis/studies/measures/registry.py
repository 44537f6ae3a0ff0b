"""Every measure, by key. A family is a file beside this one with its ``MEASURES``; add it to ``_FAMILIES``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    polysemanticity,
    program_options,
    rungs,
    sets,
    single,
    stories,
    unmapped,
)
from analysis.studies.measures.criteria import criterion_measures
from analysis.studies.measures.measure import Measure

_FAMILIES: Final[tuple[tuple[Measure, ...], ...]] = (
    findings.MEASURES,
    named.MEASURES,
    program_options.MEASURES,
    single.MEASURES,
    sets.MEASURES,
    alice_or_bob.MEASURES,
    stories.MEASURES,
    polysemanticity.MEASURES,
    planted.MEASURES,
    answers.MEASURES,
    drawn.MEASURES,
    lenses.MEASURES,
    held_out.MEASURES,
    held_out_alignments.MEASURES,
    rungs.MEASURES,
    unmapped.MEASURES,
    patterns.MEASURES,
    bits.MEASURES,
)
MEASURES: Final[Mapping[str, Measure]] = {measure.key: measure for family in _FAMILIES for measure in family}


def measure_named(key: str) -> Measure:
    """A measure by its key.

    Raises:
        InvalidStudy: there is none.
    """
    try:
        return MEASURES[key]
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
    return {key: MEASURES[key] for key in keys if MEASURES[key].of_answer}
