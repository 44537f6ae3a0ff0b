"""Interface by which rules edit one output of a perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from pluriscope.analysis.edits.edit import Array, Backward, Numbers, Parameters
from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.tasks import name_of
from pluriscope.analysis.subjects.perceptron.activations import SIGMOID
from pluriscope.analysis.subjects.perceptron.gradients import backward
from pluriscope.analysis.subjects.perceptron.mlp import MAX_ACTIVATION, activation_bound, forward, forward_pass
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question

ROOM: Final = 0.25
"""How far beyond the edge of a decision, 0.5, an output has to be for a descent to end: half of the way to 0 or 1."""


@dataclass(frozen=True, eq=False)
class EditedPerceptron:
    """Output of a perceptron, as rules see it; its loss is the squared error."""

    question: Question
    kind = Question.kind
    adaptive = False
    tokens = None
    row_milliseconds = 0.0

    @property
    def subject(self) -> Network:
        return self.question.subject

    @property
    def output(self) -> int:
        return self.question.output

    @cached_property
    def rows(self) -> Array:
        """``[rows, n0]``."""
        return self.question.method_rows[0]

    @cached_property
    def names(self) -> Sequence[str]:
        """Bits, or numbers where rows stand for no Boolean inputs."""
        width = self.question.network.n_inputs
        return [f"{row:0{width}b}" if self.question.data.boolean else str(row) for row in range(len(self.rows))]

    def answers(self, subject: Network) -> list[int]:
        column = self.output if subject.n_outputs > 1 else 0
        found: list[int] = answers(forward(subject, self.rows)[:, column]).tolist()
        return found

    def answer_named(self, text: str) -> int:
        return int(text)

    def other_answer(self, row: int) -> int:
        return 1 - self.answers(self.subject)[row]

    @property
    def parameters(self) -> Parameters:
        return self.question.network.parameters

    def remade(self, parameters: Parameters) -> Network:
        whole, made = self.subject, dict(parameters)
        for name in list(made)[-2:]:  # of the last layer, where other outputs are not asked about
            if len(made[name]) < whole.n_outputs:
                last = whole.parameters[name].copy()
                last[self.output] = made[name][0]
                made[name] = last
        network = whole.with_parameters(made)
        if activation_bound(network) > MAX_ACTIVATION:
            raise InvalidNetwork("weights and biases", "are so large that activations may exceed float64", "scale them")
        return network

    def tasks(self, subject: Network) -> list[dict[str, Any]]:
        tables = answers(forward(subject, self.question.clean_rows)).T.tolist()
        return [{"name": name_of(table), "truth_table": table} for table in tables]

    def run(self, parameters: Parameters, rows: Numbers) -> tuple[Array, Backward]:
        arrays = tuple(parameters.values())
        network = self.question.network
        network = Network(
            arrays[::2], arrays[1::2], network.activation, network.output_activation, network.negative_slope
        )
        sums, layers = forward_pass(network, self.rows[rows])

        def back(slopes: Array) -> Parameters:
            above = backward(network, [one.T for one in sums], [one.T for one in layers], slopes)
            ones = np.ones((1, len(slopes)))
            pairs = [(inner(by, below.T), inner(by, ones)[:, 0]) for by, below in zip(above, layers[:-1], strict=True)]
            return dict(zip(parameters, (array for pair in pairs for array in pair), strict=True))

        return layers[-1][:, 0], back

    def slopes(self, outputs: Array, answers: Numbers) -> Array:
        return 2.0 * (outputs - answers)

    def lacks(self, outputs: Array, answers: Numbers) -> str:
        off = float(np.abs(outputs - answers).max())
        return "" if off <= ROOM else f"an output is {off:.3f} off, where at most {ROOM:g} is asked"

    def leaving(self, outputs: Array, answer: int) -> tuple[Array, str]:
        """Derivatives of log p, the output less 0.5 being the logit of 1: squared error would drive 1.01 away from the
        edge.
        """
        sign = 1.0 if answer else -1.0
        edge = 0.5 - sign * ROOM
        lacks = f"the output is {float(outputs):.3f}, where at {'most' if answer else 'least'} {edge:g} is asked"
        slopes = np.asarray(sign * SIGMOID.value(sign * (0.5 - outputs[None]))[0])
        return slopes, "" if sign * (outputs - 0.5) <= -ROOM else lacks
