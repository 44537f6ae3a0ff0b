"""Every measure, by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from analysis.studies.measures import answers, networks
from analysis.studies.measures.criteria import criterion_measures
from analysis.studies.measures.measure import Measure

_FAMILIES: Final = {
    "Circuits, interpretations and alignments in numbers": networks.MEASURES,
    "Answers of discovery methods, which a study file names": answers.MEASURES,
}
MEASURES: Final[Mapping[str, Measure]] = {one.key: one for family in _FAMILIES.values() for one in family}
GROUPS: Final = {title: [one.key for one in family] for title, family in _FAMILIES.items()}
"""The keys of each family, under what it is about."""


def measures_of(keys: Iterable[str], criteria: Sequence[str], methods: Sequence[str] = ()) -> dict[str, Measure]:
    """Everything that a design measures, by key: its measures in order, then how many explanations pass its criteria.

    A measure of answers is there once for each method. Those that are not known here, as tables may have, are left out.

    Raises:
        InvalidCriterion: an unknown criterion.
    """
    found: list[Measure] = []
    for measure in (MEASURES[key] for key in keys if key in MEASURES):
        found += map(measure.of_method, methods) if measure.of_answer else [measure]
    return {measure.key: measure for measure in (*found, *criterion_measures(criteria))}


def answer_measures(keys: Iterable[str]) -> dict[str, Measure]:
    """Those of some measures that are of answers, by key."""
    return {key: MEASURES[key] for key in keys if key in MEASURES and MEASURES[key].of_answer}
