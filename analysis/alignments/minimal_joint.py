"""Alignments that are minimal among those right under single and under joint interchange.

The order matters. Joint interchange may refuse every alignment that is minimal under single interchange although it
confirms a larger one that contains it; so what is small is asked last, among what passes everything else.

Joint interchange can refuse an alignment, but never a two-variable algorithm that one layer carries: if a set carries
one variable its complement carries the other, and that pair passes (the glossary's "Duality of places").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Alignment
from analysis.alignments.decisions import site_decisions
from analysis.alignments.joint import score_joint
from analysis.alignments.result import AlgorithmSearch
from analysis.alignments.search import align_with
from analysis.errors import BeyondLimits
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

MAX_ALIGNMENTS: Final = 10_000  # of one algorithm, in order of size


@dataclass(frozen=True)
class MinimalJoint:
    """How many alignments are minimal among the jointly right ones.

    Args:
        found: those found.
        why_more: why there may be others, one clause; "" if these are all.
    """

    found: int
    why_more: str = ""


def count_minimal_joint(question: Question, search: AlgorithmSearch, work: Work = DEFAULT_WORK) -> MinimalJoint:
    """Count them over all candidate algorithms; an algorithm without variables counts its empty alignment.

    Valid are the alignments that pass the protocol's single interchanges, kept by the search or not.

    Args:
        question: that the search answers.
        search: the candidates, with how many valid alignments each has.
        work: may end between two runs.

    Raises:
        OutOfTime: the time is up.
    """
    if search.truncated_at is not None:
        return MinimalJoint(0, "not every candidate algorithm was aligned")
    aligned = [result.algorithm for result in search.algorithms if result.n_valid and result.algorithm.responses]
    n_empty = sum(1 for result in search.algorithms if result.n_valid and not result.algorithm.responses)
    rules = question.protocol.model_copy(
        update={"alignments_kept": "all", "n_near_misses": 0, "max_alignments": MAX_ALIGNMENTS}
    )
    found, why_more = n_empty, ""
    try:
        every = align_with(site_decisions(question), aligned, rules, work) if aligned else ()
        for result in every:
            valid = [scored.alignment for scored in result.alignments]
            found += len(minimal_jointly_right(replace(question, protocol=rules), result.algorithm, valid, work))
            if result.truncated_at is not None:
                why_more = f"an algorithm has {result.n_valid:,} valid alignments, of which {len(valid):,} were tried"
    except BeyondLimits as refusal:
        return MinimalJoint(found, refusal.cause)
    return MinimalJoint(found, why_more)


def minimal_jointly_right(
    question: Question, algorithm: HighLevelModel, valid: Sequence[Alignment], work: Work = DEFAULT_WORK
) -> list[Alignment]:
    """Of the valid alignments of one algorithm those that are right jointly and contain no other that is.

    Raises:
        BeyondLimits: too many joint interchanges.
    """
    minimal: list[Alignment] = []
    for alignment in sorted(valid, key=_n_neurons):  # what lies within another has fewer neurons
        if any(_within(smaller, alignment) for smaller in minimal):
            continue
        if jointly_right(question, algorithm, alignment, work):
            minimal.append(alignment)
    return minimal


def jointly_right(
    question: Question, algorithm: HighLevelModel, alignment: Alignment, work: Work = DEFAULT_WORK
) -> bool:
    """Whether every joint interchange confirms a valid alignment; one without variables has none to be confirmed by.

    Raises:
        BeyondLimits: too many joint interchanges.
    """
    if not alignment.places:
        return True
    score = score_joint(question, algorithm, alignment, work)
    return score.agreed == score.of


def _n_neurons(alignment: Alignment) -> int:
    return sum(len(site.neurons) for _, site in alignment.places)


def _within(smaller: Alignment, larger: Alignment) -> bool:
    """Whether every variable lies within its own neurons in another alignment of the same algorithm."""
    return all(
        inner.layer == outer.layer and not inner.bits & ~outer.bits
        for (_, inner), (_, outer) in zip(smaller.places, larger.places, strict=True)
    )
