"""The gradient of the output by the inputs on every row: at the corners of the input cube where rows are Boolean.

Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks" (2013); times the input: Shrikumar et al. (2016).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.lenses.boolean_inputs import row_name
from analysis.lenses.gradients import hidden_notes, kink_notes
from analysis.lenses.lens import Attribution, Lens
from analysis.method_settings import Setting, Settings
from analysis.networks.gradients import input_slopes
from analysis.question import Question
from analysis.work import Work


def _look(question: Question, settings: Settings, _work: Work) -> Attribution:
    rows = question.method_rows[0]
    slopes = input_slopes(question.cut, rows)
    scores = slopes * rows if settings["times_input"] else slopes
    return Attribution(scores, notes=(*kink_notes(question), *hidden_notes(question)))


def _says(question: Question, seen: Attribution) -> str:
    lengths = np.abs(seen.scores).max(axis=1)
    steepest = int(np.argmax(lengths))
    flat = [row_name(question, row) for row in np.flatnonzero(lengths == 0.0).tolist()]
    told = f"The output reacts most strongly on {row_name(question, steepest)}, by up to {lengths[steepest]:.3g}"
    return f"{told}; not at all on {', '.join(flat)}." if flat else f"{told}."


GRADIENT_CORNERS: Final = Lens(
    key="gradient-corners",
    label="Gradient at the corners",
    kind="attribution",
    definition="An input's score is the derivative of the output by it, on every row.",
    source="Simonyan, Vedaldi & Zisserman 2013 (arXiv:1312.6034); scores agree with captum 0.9.0, Saliency (signed) "
    "and InputXGradient",
    settings=(Setting("times_input", False, "whether the derivative is multiplied by the input"),),
    applies=None,
    look=_look,
    says=_says,
    can_know="A gradient tells how the output changes just beside an input, which no Boolean input shows: two "
    "networks that agree on every Boolean input may differ here. It tells nothing of units that are flat there.",
)
