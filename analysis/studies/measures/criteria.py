"""How many explanations of a network pass each criterion that a study names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Final

from analysis.criteria.criterion import Kind
from analysis.criteria.judging import Subject, judge_analysis
from analysis.criteria.steps import CriterionStep, parse_steps
from analysis.result import CriterionTally
from analysis.studies.measures.measure import Measure, Measured
from analysis.studies.subject import Studied
from analysis.work import DEFAULT_WORK, Work

_NOUNS: Final[dict[Kind, str]] = {
    "circuit": "circuits",
    "interpretation": "interpretations",
    "algorithm": "algorithms",
    "alignment": "alignments",
}


def criterion_measures(texts: Sequence[str]) -> tuple[Measure, ...]:
    """The measures of a study's criteria: for each, and each kind of explanation it judges, how many pass.

    Raises:
        InvalidCriterion: a text that is no criterion.
    """
    return tuple(
        Measure(
            _key(kind, step),
            f"{_NOUNS[kind]} that pass {step}",
            "count",
            partial(_passing_one, kind=kind, step=step),
            f"{_NOUNS[kind].capitalize()} that pass the criterion: {step.criterion.definition}",
            _NOUNS[kind],
            True,
            ("circuits", "interpretations", "algorithms", "criteria"),
        )
        for kind, step in _wanted(tuple(texts))
    )


def passing(studied: Studied, texts: Sequence[str], work: Work = DEFAULT_WORK) -> dict[str, Measured]:
    """How many explanations pass each criterion, by measure key.

    Where some are undecided the value is an interval: those that pass, and those that may. Where not all valid circuits
    are listed, numbers are of the listed ones and say so.

    Args:
        studied: one output with its analysis.
        texts: criteria as addresses write them.
        work: told how far judging is; may raise Cancelled.
    """
    subject = Subject.of(studied.analysis)
    wanted = _wanted(tuple(texts))
    tallies = {_key(one.kind, one.step): one.tally for one in judge_analysis(subject, wanted, work)}
    return {_key(kind, step): _measured(studied, kind, tallies[_key(kind, step)]) for kind, step in wanted}


def _passing_one(studied: Studied, *, kind: Kind, step: CriterionStep) -> Measured:
    return passing(studied, [str(step)])[_key(kind, step)]


def _measured(studied: Studied, kind: Kind, tally: CriterionTally) -> Measured:
    partial = None
    if kind in ("circuit", "interpretation"):
        search = studied.analysis.circuits
        partial = search.n_listed if search.n_listed < search.n_valid else search.truncated_at
    if not tally.undecided:
        return Measured(tally.passed, truncated_at=partial)
    most = tally.passed + tally.undecided
    return Measured(tally.passed, tally.passed, most, truncated_at=partial, note=f"{tally.undecided:,} undecided")


@lru_cache(maxsize=16)  # asked of every network
def _wanted(texts: tuple[str, ...]) -> tuple[tuple[Kind, CriterionStep], ...]:
    return tuple((kind, step) for step in parse_steps(texts) for kind in step.criterion.kinds)


def _key(kind: Kind, step: CriterionStep) -> str:
    return f"passes:{kind}:{step}"
