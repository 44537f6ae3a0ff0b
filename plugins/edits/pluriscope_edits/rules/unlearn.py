"""Unlearning one row: gradient ascent on its loss, with a term that keeps the others.

The row's loss is the cross-entropy of its present answer. What is kept is the mean squared change of the other rows'
outputs, as the divergence from the former model keeps them in unlearning of language models.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.edits.edit import Array, Change, Edit, Editable, Named, Way
from pluriscope.analysis.errors import InvalidEdit
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope_edits.rules.asked import ROW, TOKENS, asked_of
from pluriscope_edits.rules.descent import FEW_STEPS, RATE, SMALL_RATE, STEPS, descended

RETAIN: Final = Setting("retain", 1.0, "weight of the other rows", low=0.0, high=1e6)


def slopes_of(one: Editable, before: Array, row: int, answer: int, retain: float, outputs: Array) -> Array:
    """Derivatives by the outputs y of what is descended, log p(answer) + retain · mean |y − y₀|².

    Args:
        one: what is edited.
        before: ``[rows, …]`` outputs y₀ of the subject as it was.
        row: what is unlearned.
        answer: what the subject answers on it before.
        retain: weight of the other rows.
        outputs: ``[rows, …]``.
    """
    slopes = 2.0 * retain * (outputs - before) / max(len(before) - 1, 1)
    slopes[row] = one.leaving(outputs[row], answer)[0]
    return slopes


def _apply(one: Editable, settings: Settings, _named: Named) -> Change:
    """Ascend the loss of a row until its answer is well left."""
    row, target = asked_of(one, settings)
    answer, rows = one.answers(one.subject)[row], np.arange(len(one.names))
    if answer < 0:
        raise InvalidEdit(
            f"row {one.names[row]}", "is answered with nothing that could be unlearned", "take another row"
        )
    before, _ = one.run(one.parameters, rows)
    parameters, steps, lacks = descended(
        one,
        rows,
        settings,
        lambda outputs: slopes_of(one, before, row, answer, float(settings["retain"]), outputs),
        lambda outputs: one.leaving(outputs[row], answer)[1],
    )
    after, _ = one.run(parameters, rows)
    moved = float(np.delete(np.abs(after - before), row, axis=0).max(initial=0.0))
    said = f"Gradient ascent took {steps:,} of {settings['steps']:,} steps; other outputs moved by up to {moved:.2g}."
    now = one.answers(one.remade(parameters))[row]
    return Change(
        parameters, row, target if now == answer else now, remarks=(said,), lacks=lacks
    )  # any other answer would do


UNLEARN: Final = Edit(
    key="unlearn",
    label="Unlearning one row",
    says="Gradient ascent on the loss of one row's answer until a perceptron's output is 0.25 beyond the edge, or a "
    "transformer's token has a probability of at most 0.25, while the squared change of the other rows' outputs, times "
    "retain, is descended.",
    source="Yao, Xu and Liu 2023 (arXiv:2310.10683); Maini et al. 2024 (arXiv:2401.06121), §3.",
    ways={
        "perceptron": Way((ROW, STEPS, RATE, RETAIN), _apply, "rows"),
        "attention": Way((TOKENS, FEW_STEPS, SMALL_RATE, RETAIN), _apply, "rows"),
    },
)
