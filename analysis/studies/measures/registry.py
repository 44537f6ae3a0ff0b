"""Every measure, by key. A family is a file beside this one with its ``MEASURES``; add it to ``_FAMILIES``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from analysis.errors import InvalidStudy
from analysis.studies.measures import alice_or_bob, findings, named, planted, polysemanticity, sets, single, stories
from analysis.studies.measures.criteria import criterion_measures
from analysis.studies.measures.measure import Measure

_FAMILIES: Final[tuple[tuple[Measure, ...], ...]] = (
    findings.MEASURES,
    named.MEASURES,
    single.MEASURES,
    sets.MEASURES,
    alice_or_bob.MEASURES,
    stories.MEASURES,
    polysemanticity.MEASURES,
    planted.MEASURES,
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


def measures_of(keys: Sequence[str], criteria: Sequence[str]) -> dict[str, Measure]:
    """Everything that a design measures, by key: its measures in order, then how many explanations pass its criteria.

    Raises:
        InvalidStudy: an unknown measure.
        InvalidCriterion: an unknown criterion.
    """
    named = [measure_named(key) for key in keys]
    return {measure.key: measure for measure in (*named, *criterion_measures(criteria))}
