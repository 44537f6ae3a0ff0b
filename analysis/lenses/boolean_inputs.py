"""What lenses that take inputs apart share: composing one Boolean input from two others, and saying where they cannot.

Input i stands at bit n − 1 − i of a row's number, as in :func:`analysis.tasks.input_table`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.lenses.lens import APPLIES, Fit, not_applicable
from analysis.networks.mlp import forward
from analysis.question import Question

MAX_COALITION_INPUTS: Final = 12
"""Every one of 2^n sets of inputs is looked at, so that a value is exact."""


def boolean_fit(question: Question, noun: str) -> Fit:
    """Whether each input of a row can be replaced by itself.

    Args:
        noun: what is computed, as in "an exact Shapley value".
    """
    n_inputs = question.cut.n_inputs
    if n_inputs > MAX_COALITION_INPUTS:
        return not_applicable(
            f"{noun} takes every set of inputs: {n_inputs} inputs have 2^{n_inputs}, and {MAX_COALITION_INPUTS} is the "
            "most that is asked."
        )
    if not question.data.boolean:
        return not_applicable(f"The rows stand for no Boolean inputs, of which {noun} sets some to another value.")
    return APPLIES


def outputs_by_input(question: Question) -> NDArray[np.float64]:
    """``[2^n]`` the output on each Boolean input."""
    outputs: NDArray[np.float64] = forward(question.cut, question.method_rows[0])[:, 0]
    return outputs


def bit_of(axis: int, n_inputs: int) -> int:
    """The bit of a row's number at which an input stands."""
    return 1 << (n_inputs - 1 - axis)


def row_name(question: Question, row: int) -> str:
    """A row for people: its Boolean input ("01") or its number."""
    return f"{row:0{question.cut.n_inputs}b}" if question.data.boolean else f"row {row + 1}"
