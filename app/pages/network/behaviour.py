"""What a network, or a circuit of it, does on every Boolean input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.circuits.result import FRAGILE_MARGIN
from analysis.networks.mlp import forward
from analysis.tasks import input_table
from analysis.validity import DecisionRule, decide, margin_to_edge
from app.options import PageModel
from app.pages.place import Place


class BehaviourRow(PageModel):
    """What the network, or a circuit of it, does on one Boolean input."""

    bits: list[int] = Field(description="The Boolean input, first one most significant.")
    row: list[float] = Field(description="The numbers that stand for it in the data record.")
    output: float = Field(description="Raw output.")
    decision: int | None = Field(description="0, 1, or None for neither.")
    target: int
    right: bool
    margin: float = Field(description="Distance to the nearest edge of the decision.")
    fragile: bool = Field(description="Whether the margin is below 1e-6.")


def behaviour_of(place: Place, outputs: NDArray[np.float64]) -> list[BehaviourRow]:
    """One row for each Boolean input.

    Args:
        place: the network, its task and its rules.
        outputs: ``[2^n]`` raw outputs on the data record's representatives.
    """
    rule: DecisionRule = place.question.protocol.circuit_decision
    decisions, margins = decide(outputs, rule), margin_to_edge(outputs, rule)
    bits = input_table(place.question.model.n_inputs).astype(int).tolist()
    return [
        BehaviourRow(
            bits=bits[row],
            row=place.question.data.representatives[row].tolist(),
            output=float(outputs[row]),
            decision=None if decisions[row] < 0 else int(decisions[row]),
            target=target,
            right=int(decisions[row]) == target,
            margin=float(margins[row]),
            fragile=float(margins[row]) < FRAGILE_MARGIN,
        )
        for row, target in enumerate(place.question.task.truth_table)
    ]


def validation_right(place: Place) -> tuple[int, int]:
    """On how many of the data record's validation rows the whole network decides right, and how many there are."""
    rows, labels = place.question.judged
    decisions = decide(forward(place.question.cut, rows)[:, 0], place.question.protocol.circuit_decision)
    return int((decisions == labels).sum()), len(labels)
