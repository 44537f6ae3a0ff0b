"""What lenses that take inputs apart share: composing one Boolean input from two others.

Input i stands at bit n − 1 − i of a row's number, as in :func:`analysis.tasks.input_table`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.networks.mlp import forward
from analysis.question import Question


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
