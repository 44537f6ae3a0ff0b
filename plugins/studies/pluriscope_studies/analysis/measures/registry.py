"""Every measure, by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pluriscope_studies.analysis.measures import answers, networks
from pluriscope_studies.analysis.measures.measure import Measure

_FAMILIES: Final = {
    "Circuits, interpretations and placements in numbers": networks.MEASURES,
    "Answers of discovery methods, which a study file names": answers.MEASURES,
}
MEASURES: Final[Mapping[str, Measure]] = {one.key: one for family in _FAMILIES.values() for one in family}
GROUPS: Final = {title: [one.key for one in family] for title, family in _FAMILIES.items()}
"""The keys of each family, under what it is about."""


def measures_of(keys: Iterable[str], methods: Iterable[str] = ()) -> dict[str, Measure]:
    """The measures of a design in order, by key: one of answers once for each method. Unknown ones are left out."""
    found: list[Measure] = []
    for measure in (MEASURES[key] for key in keys if key in MEASURES):
        found += map(measure.of_method, methods) if measure.of_answer else [measure]
    return {measure.key: measure for measure in found}


def answer_measures(keys: Iterable[str]) -> dict[str, Measure]:
    """Select the measures that are of answers, by key."""
    return {key: MEASURES[key] for key in keys if key in MEASURES and MEASURES[key].of_answer}
