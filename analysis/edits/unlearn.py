"""Unlearning one row: gradient ascent on its loss, with a term that keeps the others.

The row's loss is the cross-entropy of its present answer, its output less 0.5 being the logit; squared error would
drive an output of 1.01 away from the edge instead of across it. What is kept is the mean squared change of the other
outputs, as the divergence from the former model keeps them in unlearning of language models.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.edits.asked import ROW, asked_of
from analysis.edits.descent import RATE, ROOM, STEPS, descended
from analysis.edits.edit import Array, Change, Edit, Named
from analysis.method_settings import Setting, Settings
from analysis.question import Question
from analysis.subjects.perceptron.activations import SIGMOID
from analysis.subjects.perceptron.mlp import forward

RETAIN: Final = Setting("retain", 1.0, "weight of the other rows", low=0.0, high=1e6)


def slopes_of(before: Array, row: int, sign: float, retain: float, outputs: Array) -> Array:
    """Derivatives ``[rows]`` by the outputs y of what is descended, log σ(m) + retain · mean (y − y₀)².

    Args:
        before: ``[rows]`` outputs y₀ of the network as it was.
        row: what is unlearned; its margin m is sign · (y − 0.5).
        sign: 1 if the row answers 1 before, else −1.
        retain: weight of the other rows.
        outputs: ``[rows]``.
    """
    slopes = 2.0 * retain * (outputs - before) / max(len(before) - 1, 1)
    slopes[row] = sign * SIGMOID.value(sign * (0.5 - outputs[row : row + 1]))[0]
    return slopes


def _apply(question: Question, settings: Settings, _named: Named) -> Change:
    """It ends once the row's output is 0.25 beyond the edge of another answer."""
    (row, target), rows = asked_of(question, settings), question.method_rows[0]
    before, sign = forward(question.cut, rows)[:, 0], 1.0 - 2.0 * target
    found, steps = descended(
        question.cut,
        rows,
        settings,
        lambda outputs: slopes_of(before, row, sign, float(settings["retain"]), outputs),
        lambda outputs: bool(sign * (outputs[row] - 0.5) <= -ROOM),
    )
    moved = float(np.delete(np.abs(forward(found, rows)[:, 0] - before), row).max(initial=0.0))
    said = f"Gradient ascent took {steps:,} of {settings['steps']:,} steps; other outputs moved by up to {moved:.2g}."
    return Change(found.weights, found.biases, row, target, remarks=(said,))


UNLEARN: Final = Edit(
    key="unlearn",
    label="Unlearning one row",
    says="Gradient ascent on the cross-entropy of one row's answer until its output is 0.25 beyond the edge, while the "
    "squared change of the other rows' outputs, times retain, is descended.",
    source="Yao, Xu and Liu 2023 (arXiv:2310.10683); Maini et al. 2024 (arXiv:2401.06121), §3.",
    settings=(ROW, STEPS, RATE, RETAIN),
    apply=_apply,
)
