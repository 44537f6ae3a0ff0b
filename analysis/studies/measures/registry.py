"""Every measure, by key. A family is a file beside this one that declares some; add it to ``_FAMILIES``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Final

from analysis.studies.measures import answers, networks
from analysis.studies.measures.criteria import criterion_measures
from analysis.studies.measures.measure import Measure, unknown_measure

_FAMILIES: Final[Mapping[str, ModuleType]] = {
    "Circuits, interpretations and alignments in numbers": networks,
    "Answers of discovery methods, which a study file names": answers,
}


def _declared(family: ModuleType) -> Iterator[Measure]:
    """The measures that a file declares, one by one or as a tuple, in its order."""
    for value in vars(family).values():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Measure):
                yield one


MEASURES: Final[Mapping[str, Measure]] = {one.key: one for family in _FAMILIES.values() for one in _declared(family)}
GROUPS: Final = {title: [one.key for one in _declared(family)] for title, family in _FAMILIES.items()}
"""The keys of each family, under what it is about."""


def measures_of(keys: Sequence[str], criteria: Sequence[str], methods: Sequence[str] = ()) -> dict[str, Measure]:
    """Everything that a design measures, by key: its measures in order, then how many explanations pass its criteria.

    A measure of answers is there once for each method. One that is not known here, as tables may have, is
    :func:`~analysis.studies.measures.measure.unknown_measure`.

    Raises:
        InvalidCriterion: an unknown criterion.
    """
    found: list[Measure] = []
    for measure in (MEASURES.get(key) or unknown_measure(key) for key in keys):
        found += map(measure.of_method, methods) if measure.of_answer else [measure]
    return {measure.key: measure for measure in (*found, *criterion_measures(criteria))}


def answer_measures(keys: Sequence[str]) -> dict[str, Measure]:
    """Those of some measures that are of answers, by key."""
    return {key: found for key in keys if (found := MEASURES.get(key)) is not None and found.of_answer}
