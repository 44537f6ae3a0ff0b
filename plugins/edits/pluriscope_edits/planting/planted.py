"""The value of a planted network: its weights, and the record of what was planted where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.planted.record import PlantedRecord
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.made import Made
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network


@dataclass(frozen=True, eq=False)
class Planted:
    """A network with an algorithm planted in it.

    Args:
        network: one output.
        record: what was planted where.
    """

    network: Network
    record: PlantedRecord

    @cached_property
    def n_wrong(self) -> int:
        """Inputs on which the network as it is now does not round to what the algorithm says."""
        decisions = decide(forward(self.network, input_table(self.network.n_inputs))[:, 0], "rounding")
        return int(np.count_nonzero(decisions != self.record.task.truth_table))

    @cached_property
    def name(self) -> str:
        """Name of its file unless another is given: the task, the sizes, and how it was made."""
        shape = "-".join(map(str, self.network.sizes))
        steps = ", ".join(made.step for made in self.record.made)
        return f"{self.record.task.name or self.record.algorithm.formula} planted in {shape}: {steps}"[:200]

    def file(self, name: str = "") -> NetworkFile:
        """Network file of the planted network."""
        return NetworkFile(name or self.name, self.network, (self.record.task,), planted=self.record)

    def remade(self, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike], made: Made) -> Planted:
        """Other weights, after one more step.

        Args:
            weights: ``W_l [n_l, n_(l-1)]``.
            biases: ``b_l [n_l]``.
            made: the step.
        """
        network = Network.from_arrays(
            weights,
            biases,
            activation=self.network.activation,
            output_activation=self.network.output_activation,
            negative_slope=self.network.negative_slope,
        )
        return Planted(network, replace(self.record, made=(*self.record.made, made)))
