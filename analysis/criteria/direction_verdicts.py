"""What the criteria for alignments say of alignments on directions by the scores that are kept alone."""

from __future__ import annotations

import typing
from typing import Any, Final

from analysis.alignments.iia import PairRule
from analysis.criteria.criterion import Settings
from analysis.criteria.registry import criteria_for
from analysis.criteria.verdict import Outcome

ASKED_OF_DIRECTIONS: Final = tuple(one.key for one in criteria_for("direction") if "direction" not in one.idle)
"""Criteria for alignments that are questions of alignments on directions too."""


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
        None for a criterion that is no question of directions. Never another outcome than the
        criterion itself has, but "undecided" where that runs the network.
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
