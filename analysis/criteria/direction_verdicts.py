"""What the criteria for alignments say of alignments on directions: the same questions, asked of swaps along them."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any, Final

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.iia import PairRule
from analysis.criteria.alignment_context import AlignmentCriteriaContext
from analysis.criteria.criterion import Settings
from analysis.criteria.registry import criterion_named
from analysis.criteria.verdict import Outcome, Verdict
from analysis.directions.alignment import DirectionAlignment
from analysis.directions.scoring import score_directions
from analysis.question import Question

ASKED_OF_DIRECTIONS: Final = ("both-directions", "one-direction", "joint-interchange", "causal-order", "margin")
"""Criteria for alignments that are questions of alignments on directions too."""
_NOT_ASKED: Final[Mapping[str, str]] = {
    "minimal-alignment": "Directions are no sets of neurons, so none is contained in another.",
    "unmapped-inert": "A direction leaves no neuron of its layer out.",
    "abstraction-error": "A direction leaves no neuron of its layer out.",
    "above-random": "What chance reaches is told for each class of directions, on the ladder of map classes.",
    "representative": "Asked of explanations on neurons only.",
}


class KeptScores(typing.Protocol):
    """What is kept of an alignment on directions: single interchanges over the pairs that the rules test, and joint
    ones where they were run.
    """

    agreed: Any
    of: Any
    joint_agreed: Any
    joint_of: Any
    causal_order: Any
    margin: Any


def outcome_of_kept(key: str, kept: KeptScores, pairs: PairRule, settings: Settings) -> Outcome | None:
    """What a criterion for alignments says where the scores that were kept are all that is known.

    Args:
        key: of the criterion.
        kept: the scores.
        pairs: those that the protocol tests; what they do not tell of others is undecided.
        settings: of the criterion.

    Returns:
        None for a criterion that is no question of directions. Never another outcome than :func:`judge_directions`
        has, but "undecided" where that runs the network.
    """
    right = bool(kept.agreed == kept.of)
    if key == "both-directions":  # one direction of each pair is among them
        return "failed" if not right else "passed" if pairs == "ordered" else "undecided"
    if key == "one-direction":
        return "passed" if right else "failed" if pairs == "one_direction" else "undecided"
    if key == "joint-interchange":
        return "undecided" if kept.joint_agreed is None else _passed(kept.joint_agreed == kept.joint_of)
    if key == "causal-order":
        return _passed(kept.causal_order)
    if key == "margin":
        return _passed(kept.margin is None or kept.margin >= settings["least"])
    return None


def _passed(right: bool) -> Outcome:
    return "passed" if right else "failed"


def judge_directions(
    question: Question, algorithm: HighLevelModel, alignment: DirectionAlignment, keys: Sequence[str], *, max_runs: int
) -> dict[str, Verdict]:
    """The verdict of each criterion for alignments, with its default settings but for the joint interchanges.

    Args:
        algorithm: the algorithm that is aligned.
        alignment: its places, checked before.
        keys: of the criteria.
        max_runs: most joint interchanges.

    Returns:
        By key; a criterion that is no question of directions is not applicable, with the reason.
    """
    scored = score_directions(question, algorithm, alignment, joint=False)
    context = AlignmentCriteriaContext(question, ((algorithm, scored),))

    def verdict(key: str) -> Verdict:
        if key not in ASKED_OF_DIRECTIONS:
            return Verdict("not_applicable", None, None, None, _NOT_ASKED.get(key, ""), {})
        settings = {"max_runs": max_runs} if key == "joint-interchange" else None
        return criterion_named(key).judge("alignment", context, settings).at(0)

    return {key: verdict(key) for key in keys}
