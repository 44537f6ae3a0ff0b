"""Fine-tuning on one row."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.edits.asked import ROW, TARGET, asked_of, layers_of
from analysis.edits.descent import RATE, ROOM, STEPS, descended
from analysis.edits.edit import Change, Edit, Named
from analysis.method_settings import Setting, Settings
from analysis.question import Question

LAYERS: Final = Setting(
    "layers",
    "all",
    "whose weights and biases move: a number from 1, last, or all",
    reads=str.strip,
    example="all, last or 2",
)


def _apply(question: Question, settings: Settings, _named: Named) -> Change:
    """Gradient descent on (output − target)² of the row; it ends once the output is within 0.25 of the target."""
    row, target = asked_of(question, settings)
    tuned, steps = descended(
        question.cut,
        question.method_rows[0][row][None],
        settings,
        lambda outputs: 2.0 * (outputs - target),
        lambda outputs: bool(np.abs(outputs - target).max() <= ROOM),
        layers_of(question, str(settings["layers"]), "all"),
    )
    said = f"Gradient descent took {steps:,} of {settings['steps']:,} steps."
    return Change(tuned.weights, tuned.biases, row, target, remarks=(said,))


FINE_TUNE: Final = Edit(
    key="fine-tune",
    label="Fine-tuning on one row",
    says="Gradient descent on the squared error of one row until its output is within 0.25 of the target.",
    source="The baseline of Meng et al., NeurIPS 2022 (arXiv:2202.05262), §3.2, here without Adam.",
    settings=(ROW, TARGET, LAYERS, STEPS, RATE),
    apply=_apply,
)
