"""Shapley values of the inputs, exact: every set of inputs is tried.

Shapley, "A Value for n-Person Games" (1953); Lundberg and Lee, "A Unified Approach to Interpreting Model Predictions"
(NeurIPS 2017). v(S) is the mean output with the inputs of S as in the row and the others as in a background row.
Interactions are the Shapley–Taylor index of order 2 (Sundararajan, Dhamdhere and Agarwal, ICML 2020), the pair's number
shared by both places, so that a row of the matrix adds up to the input's value.
"""

from __future__ import annotations

from functools import partial
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.sites import some_of
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.games import shapley_values
from pluriscope_methods.lenses.lens import Attribution, Grids, Lens, SiteLens, bit_of, outputs_by_input
from pluriscope_methods.lenses.on_sites import (
    ROWS,
    by_position,
    coalition_cost,
    coalitions,
    has_tokens,
    positions,
    too_long,
)

Array = NDArray[np.float64]


def coalition_values(outputs: Array) -> Array:
    """``[rows, 2^n]`` v(S) for each row and each set S of inputs, as a number with the inputs' bits.

    Args:
        outputs: ``[2^n]`` on each Boolean input.
    """
    n_rows = len(outputs)
    rows = np.arange(n_rows)[:, None]
    sets = np.arange(n_rows)[None, :]
    total = np.zeros((n_rows, n_rows))
    for other in range(n_rows):
        total = total + outputs[(rows & sets) | (other & ~sets)]
    mean: Array = total / n_rows
    return mean


def taylor_interactions(values: Array, n_inputs: int) -> Array:
    """``[rows, n, n]`` the Shapley–Taylor index of order 2 from v ``[rows, 2^n]``; each row adds up to the value."""
    found = np.zeros((len(values), n_inputs, n_inputs))
    for i in range(n_inputs):
        here = bit_of(i, n_inputs)
        found[:, i, i] = values[:, here] - values[:, 0]
        for j in range(i):
            there = bit_of(j, n_inputs)
            total = np.zeros(len(values))
            for coalition in range(values.shape[1]):
                if not coalition & (here | there):
                    both = values[:, coalition | here | there] + values[:, coalition]
                    change = both - values[:, coalition | here] - values[:, coalition | there]
                    total += change / comb(n_inputs - 1, coalition.bit_count())
            found[:, i, j] = found[:, j, i] = total / n_inputs
    return found


def _look(question: Question, _settings: Settings, _work: Work) -> Attribution:
    n_inputs = question.network.n_inputs
    values = coalition_values(outputs_by_input(question))
    return Attribution(
        shapley_values(values, n_inputs), base=float(values[0, 0]), interactions=taylor_interactions(values, n_inputs)
    )


def _says(_question: Question, seen: Attribution) -> str:
    strength = fixed_order.mean(np.abs(seen.scores)).tolist()
    effects = ", ".join(f"{INPUT_NAMES[axis]} {value:.3g}" for axis, value in enumerate(strength))
    return f"By how much each input moves the output, in the mean over the rows: {effects}."


_BACKGROUNDS: Final = Setting("backgrounds", 100, "rows that positions are put into, drawn of more", low=1, high=256)


def _look_at_tokens(model: Subject, settings: Settings, _work: Work) -> Grids:
    rows, others = (some_of(len(model.rows), int(settings[name])) for name in ("rows", "backgrounds"))
    values = coalitions(model, rows, np.broadcast_to(others, (len(rows), len(others))))
    scores = shapley_values(values, len(positions(model)))
    grids, strongest = by_position(model, rows, scores, "Shapley value")
    mixed = "tokens of two rows are mostly" if has_tokens(model) else "numbers of two rows may be"
    return Grids(grids, strongest, (f"Rows mixed from the {mixed} no rows of the task.",))


SHAPLEY: Final = Lens(
    key="shapley",
    label="Shapley values",
    definition="An input's score is what it adds to the output, in the mean over all orders in which the inputs of a "
    "row are put in for those of another.",
    source="Shapley 1953; Lundberg & Lee, NeurIPS 2017 (arXiv:1705.07874); values and interactions agree with shap "
    "0.51.0 with all rows as background, as by default; those of captum 0.9.0, from the baseline 0, differ by up to "
    "0.8 on xor-pretrained",
    needs=("boolean-rows",),
    look=_look,
    says=_says,
    can_know="Shapley values are made of the outputs on the Boolean inputs and of nothing else: two networks with "
    "equal outputs have equal values, whatever happens inside.",
    on_sites=partial(
        SiteLens,
        version=2,
        needs=(),
        definition="The score of a position of a row is what it adds to the right logit less the mean of the others, "
        "in the mean over all orders in which positions get what the row has there in place of what another row has, "
        "and over all rows, or over drawn ones of more.",
        can_know="A score is made of logits on mixed rows alone: two models with equal logits have equal scores, "
        "whatever happens inside.",
        look=_look_at_tokens,
        own=(ROWS, _BACKGROUNDS),
        multiplications=lambda model, settings: coalition_cost(
            model, int(settings["rows"]), int(settings["backgrounds"])
        ),
        refuses=too_long,
    ),
)
