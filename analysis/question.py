"""The question that an analysis answers: how does one output of a model come to its decisions?

Everything that an answer depends on is here, so that what is found under the same question is the same on every
machine: the model, which of its outputs, the task that this output should compute, the rules, and the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.answers import answers
from analysis.data import DataRecord, clean_data, noisy_data
from analysis.digest import canonical_json, sha256_hex
from analysis.errors import InvalidData
from analysis.protocol import COMPLETE, Protocol
from analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from analysis.subjects.perceptron.mlp import Ablation, ablation_values, activations, circuit_activations, forward
from analysis.subjects.perceptron.network import Network
from analysis.tasks import Task, name_of

Carried = tuple[NDArray[np.float64], ...]
"""What absent edges carry, ``[n_l]`` for layers 0 … L − 1."""


@dataclass(frozen=True, eq=False)
class Question:
    """One output of a model, its task, the rules and the rows.

    A question may be one that cannot be analysed: :func:`analysis.preflight.preflight` says why.

    Args:
        model: the whole network, all outputs.
        output: the analysed one, from 0.
        task: what it should compute.
        record: the rows as they were handed in: one representative row for each Boolean input, and what circuits are
            judged on.
    """

    model: Network
    output: int
    task: Task
    protocol: Protocol
    record: DataRecord

    @cached_property
    def data(self) -> DataRecord:
        """The rows that everything runs on: the record, or noisy rows where the protocol draws some.

        Each network has noisy rows of its own, named by its digest, as each has in the authors' program.

        Raises:
            InvalidData: noisy rows that cannot be read, or a record of the user's own beside them.
        """
        rules = self.protocol
        if not rules.noise_std:
            return self.record
        if not self.record.is_clean:
            cause, cure = "draws noisy rows, and a data record has rows of its own", "use one of the two"
            raise InvalidData(f"protocol {rules.name}", cause, cure)
        seeds = [rules.noise_seed, int(self.model.digest, 16)]
        stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seeds)))
        cut = rules.noise_reading == "cut"
        return noisy_data(self.task.truth_table, self.model.n_outputs, rules.noise_std, stream, cut=cut)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that is asked; names are no part of it."""
        table = list(self.task.truth_table)
        asked = [self.model.digest, self.output, table, self.protocol.digest, self.record.digest]
        return sha256_hex(canonical_json(asked))

    @cached_property
    def cut(self) -> Network:
        """The model with its last layer cut to the analysed output; one with a single output is taken to be cut.

        Raises:
            InvalidNetwork: there is no such output.
        """
        return self.model if self.model.n_outputs == 1 else self.model.for_output(self.output)

    @cached_property
    def layout(self) -> EdgeLayout:
        """The edges of the cut model in the order of mask bits."""
        return EdgeLayout(self.cut.sizes)

    @cached_property
    def judged(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The rows on which circuits must decide right, ``[rows, n0]``, and the right decision on each, ``[rows]``.

        Raises:
            InvalidData: there is not one label for each row.
        """
        data = self.data
        rows = data.representatives if data.validation_inputs is None else data.validation_inputs
        if data.validation_labels is None:
            labels = np.array(self.task.truth_table, dtype=np.float64)
        else:
            labels = np.asarray(data.validation_labels, dtype=np.float64)[:, self.output]
        if len(labels) != len(rows):
            raise InvalidData(
                "validation rows", f"{len(rows)} rows but {len(labels)} labels", "give a label for each row"
            )
        return np.asarray(rows, dtype=np.float64), labels

    @cached_property
    def method_rows(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The rows that methods look at, ``[rows, n0]``, and the right decision on each, ``[rows]``: one row for each
        Boolean input, or :attr:`judged` where rows stand for none.

        Raises:
            InvalidData: rows stand for no Boolean inputs, and there is not one label for each.
        """
        if self.data.boolean:
            rows, labels = self.data.clean_rows, np.array(self.task.truth_table, dtype=np.float64)
            return np.asarray(rows, dtype=np.float64), labels
        return self.judged

    @cached_property
    def clean_rows(self) -> NDArray[np.float64]:
        """One row for each Boolean input, ``[2^n, n0]``."""
        return np.asarray(self.data.clean_rows, dtype=np.float64)

    @cached_property
    def clean_activations(self) -> tuple[NDArray[np.float64], ...]:
        """The cut model on the clean rows, ``[2^n, n_l]`` for layers 0 … L."""
        return activations(self.cut, self.clean_rows)

    def activations_on(self, source: int) -> Carried:
        """The cut model on one clean row, ``[n_l]`` for layers 0 … L − 1."""
        return tuple(layer[source] for layer in self.clean_activations[:-1])

    def carried(self, ablation: Ablation) -> Carried:
        """What absent edges carry under an ablation, ``[n_l]`` for layers 0 … L − 1."""
        return ablation_values(self.cut, ablation, self.data.clean_rows)

    @cached_property
    def absent(self) -> Carried:
        """What absent edges carry under the protocol's ablation."""
        return self.carried(self.protocol.ablation)

    @cached_property
    def ablations(self) -> tuple[tuple[Carried, ...], ...]:
        """A circuit is valid if it decides enough judged rows right under every member of one of these.

        That is the protocol's ablation; where the protocol looks at circuits valid under any, zero, mean, and as one
        the network's activations on each clean input.
        """
        if self.protocol.circuit_family == "own":
            return ((self.absent,),)
        resampled = tuple(map(self.activations_on, range(len(self.clean_rows))))
        return (self.carried("zero"),), (self.carried("mean"),), resampled

    def activations(self, circuit: Circuit, rows: NDArray[np.float64] | None = None) -> tuple[NDArray[np.float64], ...]:
        """A circuit's activations ``[rows, n_l]``, layer by layer, under the protocol's ablation.

        Args:
            circuit: one of the cut network.
            rows: input rows, the data record's representatives if not given.
        """
        return circuit_activations(
            self.cut,
            circuit,
            self.data.representatives if rows is None else rows,
            ablation=self.protocol.ablation,
            reference_rows=self.data.clean_rows,
        )


def ask(
    model: Network,
    *,
    output: int = 0,
    task: Task | None = None,
    protocol: Protocol = COMPLETE,
    data: DataRecord | None = None,
) -> Question:
    """The question about a model, with what usually goes without saying filled in.

    Args:
        model: the whole network.
        output: the output asked about.
        task: what it should compute; if not given, what it answers on one row of each Boolean input.
        data: the rows; every Boolean input once if not given.

    Raises:
        InvalidNetwork: no task is given, and there is no such output.
    """
    data = clean_data(model.n_inputs) if data is None else data
    if task is None:
        decisions = answers(forward(model.for_output(output), data.clean_rows)[:, 0])
        table = tuple(decisions.tolist())
        task = Task(table, name_of(table))
    return Question(model, output, task, protocol, data)
