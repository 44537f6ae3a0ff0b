"""What the criteria for alignments say of alignments on directions: the same questions, asked of swaps along them."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.iia import Behaviour, PairRule, tested_pairs
from analysis.criteria.criterion import Settings
from analysis.criteria.verdict import Outcome, Verdict, Witness
from analysis.data import DataRecord
from analysis.directions.alignment import DirectionAlignment
from analysis.directions.scoring import ScoredDirections, score_directions
from analysis.directions.swaps import swap_outputs
from analysis.networks.mlp import activations
from analysis.networks.network import Network
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.result import FRAGILE_MARGIN
from analysis.validity import decide

ASKED_OF_DIRECTIONS: Final = ("both-directions", "one-direction", "joint-interchange", "causal-order", "margin")
"""Criteria for alignments that are questions of alignments on directions too."""
_NOT_ASKED: Final[Mapping[str, str]] = {
    "minimal-alignment": "Directions are no sets of neurons, so none is contained in another.",
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
    """The verdict of each criterion for alignments, with its default settings.

    Args:
        algorithm: the algorithm that is aligned.
        alignment: its places, checked before.
        keys: of the criteria.
        max_runs: most joint interchanges.

    Returns:
        By key; a criterion that is no question of directions is not applicable, with the reason.
    """
    data = question.data
    scored = score_directions(question, algorithm, alignment, max_runs=max_runs)
    known: dict[str, Callable[[], Verdict]] = {
        "one-direction": lambda: _iia(question.cut, algorithm, alignment, question.protocol, data, "one_direction"),
        "both-directions": lambda: _iia(question.cut, algorithm, alignment, question.protocol, data, "ordered"),
        "joint-interchange": lambda: _joint(scored, data, max_runs),
        "causal-order": lambda: _order(scored),
        "margin": lambda: _margin(scored),
    }
    return {
        key: known[key]() if key in known else Verdict("not_applicable", None, None, None, _NOT_ASKED.get(key, ""), {})
        for key in keys
    }


def _iia(
    network: Network,
    algorithm: HighLevelModel,
    alignment: DirectionAlignment,
    protocol: Protocol,
    data: DataRecord,
    rule: PairRule,
) -> Verdict:
    rows = data.clean_rows
    tested = tested_pairs(network.n_inputs, rule)
    outputs = swap_outputs(network, activations(network, rows), [place for _, place in alignment.places])
    agreed = of = 0
    witness: Witness = {}
    for (path, place), output in zip(alignment.places, outputs, strict=True):
        says = Behaviour.of(algorithm.responses[path], algorithm.n_inputs).expected(algorithm.n_inputs)
        wrong = tested & (decide(output, protocol.alignment_decision) != says)
        agreed += int(tested.sum() - wrong.sum())
        of += int(tested.sum())
        if wrong.any() and not witness:
            source, base = (int(i) for i in np.argwhere(wrong)[0])
            witness = {
                "variable": path,
                "layer": place.layer,
                "source": rows[source].tolist(),
                "base": rows[base].tolist(),
                "output": float(output[source, base]),
            }
    reason = f"The network does what the algorithm says on {agreed} of {of} interchanges along its directions."
    return Verdict("passed" if agreed == of else "failed", agreed / of if of else 1.0, agreed, of, reason, witness)


def _joint(scored: ScoredDirections, data: DataRecord, max_runs: int) -> Verdict:
    score = scored.joint
    if score is None:
        return Verdict("undecided", None, None, None, f"Not tried: more than {max_runs:,} joint interchanges.", {})
    reason = f"The network does what the algorithm says on {score.agreed:,} of {score.of:,} joint interchanges."
    witness: Witness = {}
    if score.first_wrong is not None:
        rows, wrong = data.clean_rows, score.first_wrong
        paths = [path for path, _ in scored.alignment.places]
        witness = {
            "sources": {path: rows[source].tolist() for path, source in zip(paths, wrong.sources, strict=True)},
            "base": rows[wrong.base].tolist(),
            "expected": wrong.expected,
            "output": wrong.output,
        }
    outcome = score.agreed == score.of
    return Verdict("passed" if outcome else "failed", score.agreed / score.of, score.agreed, score.of, reason, witness)


def _order(scored: ScoredDirections) -> Verdict:
    if scored.causal_order:
        reason = "Every variable lies in an earlier layer than those computed from it."
        return Verdict("passed", None, None, None, reason, {})
    reason = "Some variable lies in no earlier layer than one computed from it."
    return Verdict("failed", None, None, None, reason, {})


def _margin(scored: ScoredDirections) -> Verdict:
    if np.isinf(scored.margin):
        return Verdict("passed", None, None, None, "Nothing is interchanged, so no output is close to the edge.", {})
    reason = f"Under interchange the closest output is {scored.margin:.3g} from the edge of its decision."
    outcome = scored.margin >= FRAGILE_MARGIN
    return Verdict("passed" if outcome else "failed", scored.margin, None, None, reason, {})
