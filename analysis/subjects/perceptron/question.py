"""The question that an analysis of a perceptron answers: how does one output come to its decisions?

Everything that an answer depends on is here, so that what is found under the same question is the same on every
machine: the model, which of its outputs, the task that this output should compute, the rules, and the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidData
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.data import DataRecord, clean_data, noisy_data
from pluriscope.analysis.questions.decisions import decided_right, margin_to_edge
from pluriscope.analysis.questions.protocol import COMPLETE, NAMED, Protocol, in_space
from pluriscope.analysis.questions.tasks import Task, input_table, name_of
from pluriscope.analysis.subjects.graph import Graph, perceptron_graph
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout, circuit_from_hex
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.perceptron.mlp import (
    Ablation,
    ablation_values,
    activations,
    batch_activations,
    forward,
    run_sites,
)
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.question import CircuitVerdict, Examples
from pluriscope.analysis.subjects.subject import Change, Table
from pluriscope.analysis.subjects.traits import TRAITS
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import canonical_json, sha256_hex

Carried = tuple[NDArray[np.float64], ...]
"""What absent edges carry, ``[n_l]`` for layers 0 … L − 1."""


@dataclass(frozen=True, eq=False, repr=False)
class Question(Described):
    """A question about a perceptron, an output with its task, the rules and the rows: a
    :class:`~pluriscope.analysis.subjects.question.SubjectQuestion`.

    A question may be one that cannot be analysed: :func:`pluriscope.analysis.explaining.preflight.preflight` says why.

    Args:
        subject: the whole network, all outputs.
        output: the analysed one, from 0.
        task: what it should compute.
        record: the rows as they were handed in: one representative row for each Boolean input, and what circuits are
            judged on.
    """

    subject: Network
    output: int
    task: Task
    protocol: Protocol
    record: DataRecord

    kind = PERCEPTRON
    refusal = obstacle = ""

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
        seeds = [rules.noise_seed, int(self.subject.digest, 16)]
        stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seeds)))
        cut = rules.noise_reading == "cut"
        return noisy_data(self.task.truth_table, self.subject.n_outputs, rules.noise_std, stream, cut=cut)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the whole question; names are no part of it."""
        table = list(self.task.truth_table)
        asked = [self.subject.digest, self.output, table, self.protocol.digest, self.record.digest]
        return sha256_hex(canonical_json(asked))

    @cached_property
    def network(self) -> Network:
        """The network with the analysed output alone; with a single output it is itself.

        Raises:
            InvalidNetwork: there is no such output.
        """
        return self.subject if self.subject.n_outputs == 1 else self.subject.for_output(self.output)

    @cached_property
    def layout(self) -> EdgeLayout:
        """The edges of the network in the order of mask bits."""
        return EdgeLayout(self.network.sizes)

    @property
    def graph(self) -> Graph:
        """Nodes and edges of the network that circuits are part of."""
        return perceptron_graph(self.layout.sizes)

    @property
    def task_document(self) -> dict[str, Any]:
        """The task as files have it."""
        return {"name": self.task.name, "truth_table": list(self.task.truth_table)}

    @property
    def data_document(self) -> dict[str, Any]:
        """The rows as result files name them."""
        record = self.record
        return {"digest": record.digest, "clean": record.is_clean, "description": record.description}

    @property
    def data_digest(self) -> str:
        """SHA-256 of the rows."""
        return self.record.digest

    @property
    def n_rows(self) -> int:
        """Rows that circuits are judged on."""
        return len(self.judged[0])

    @cached_property
    def examples(self) -> Examples:
        rows = input_table(self.network.n_inputs)
        texts = tuple(", ".join(f"{value:g}" for value in row) for row in rows)
        return Examples(self.kind.inputs, rows, texts, np.array(self.task.truth_table, dtype=np.int64), ("0", "1"))

    @property
    def rows_in_words(self) -> str:
        """The description of the rows."""
        return self.data.description or "every Boolean input, once"

    @property
    def under(self) -> str:
        """The protocol and, where there are several, the output, in words."""
        name = f"protocol {self.protocol.name}"
        if self.subject.n_outputs == 1:
            return name
        return f"{name}, output {self.output} ({self.task.name or ''.join(map(str, self.task.truth_table))})"

    def admitted(self) -> list[Question]:
        """Return the question under every protocol that has a name, the usual one first."""
        return [replace(self, protocol=one) for one in NAMED.values()]

    def refuses(self, trait: str) -> str:
        """Return why what needs a trait does not apply: these rows or this network lack it; "" where it does."""
        if TRAITS[trait].of_inputs and not self.data.boolean:
            return "the rows of this data record stand for no Boolean inputs, so there are only circuits on it"
        if trait == "neurons" and not self.network.hidden_sizes:
            return "the network has no hidden layer"
        return self.kind.refuses(trait)

    def outputs(self, mask: int) -> NDArray[np.float64]:
        """Run a circuit on the Boolean inputs, or on the rows that stand for none; its outputs, ``[2^n, 1]``."""
        return self.activations(Circuit(self.layout, mask))[-1]

    def inside(self, mask: int) -> tuple[Table, ...]:
        """Return no tables: interpretations describe what happens inside."""
        return ()

    def read_mask(self, text: str) -> int:
        """The circuit of a mask.

        Raises:
            InvalidMask: it is no possible circuit of this network.
        """
        return circuit_from_hex(text, self.network.sizes).mask

    def judge(self, mask: int) -> CircuitVerdict:
        """Judge whether a possible circuit is valid under the protocol, from the weights."""
        circuit, protocol = Circuit(self.layout, mask), self.protocol
        rows, labels = self.judged
        outputs = self.activations(circuit, rows)[-1][:, 0]
        right = decided_right(outputs, labels, protocol.circuit_decision)
        n_right, n = int(right.sum()), len(labels)
        margins = margin_to_edge(outputs, protocol.circuit_decision)
        looked_at = in_space(circuit.n_neurons, self.network.sizes, protocol)
        enough = any(all(self._is_right(circuit, one) for one in members) for members in self.ablations)
        if not looked_at:
            reason = f"protocol {protocol.name} leaves out circuits with so many active neurons"
        else:
            reason = f"it classifies {n_right} of {n} rows correctly"
            if not enough:
                reason += f", and a share above {protocol.accuracy_threshold:g} is asked for"
            elif n_right / n <= protocol.accuracy_threshold:
                reason += f" under {protocol.ablation} ablation, and enough under another"
        return CircuitVerdict(
            valid=looked_at and enough,
            reason=reason,
            n_right=n_right,
            n_rows=n,
            threshold=protocol.accuracy_threshold,
            in_space=looked_at,
            margin=float(margins.min()),
            worst=float(np.where(right, margins, -margins).min()),
        )

    def _is_right(self, circuit: Circuit, carried: Carried) -> bool:
        """Whether a circuit decides enough judged rows right when absent edges carry these values."""
        (rows, labels), protocol = self.judged, self.protocol
        with np.errstate(over="ignore", invalid="ignore"):
            keep = [matrix[None] for matrix in circuit.keep]
            outputs = batch_activations(self.network, keep, rows, carried)[-1][0, 0]
        right = decided_right(outputs, labels, protocol.circuit_decision)
        return int(right.sum()) / len(labels) > protocol.accuracy_threshold

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

    @property
    def inputs(self) -> NDArray[np.float64]:
        """The rows that methods look at, as the network reads them."""
        return self.method_rows[0]

    def run_sites(self, data: NDArray[np.float64], change: Change) -> NDArray[np.float64]:
        """Run the network site by site; see :func:`~pluriscope.analysis.subjects.perceptron.mlp.run_sites`."""
        return run_sites(self.network, data, change)

    @cached_property
    def clean_rows(self) -> NDArray[np.float64]:
        """The rows of the Boolean inputs, one for each, ``[2^n, n0]``."""
        return np.asarray(self.data.clean_rows, dtype=np.float64)

    @cached_property
    def clean_activations(self) -> tuple[NDArray[np.float64], ...]:
        """The network on the clean rows, ``[2^n, n_l]`` for layers 0 … L."""
        return activations(self.network, self.clean_rows)

    def activations_on(self, source: int) -> Carried:
        """The network on one clean row, ``[n_l]`` for layers 0 … L − 1."""
        return tuple(layer[source] for layer in self.clean_activations[:-1])

    def carried(self, ablation: Ablation) -> Carried:
        """Return the values of absent edges under an ablation, ``[n_l]`` for layers 0 … L − 1."""
        return ablation_values(self.network, ablation, self.data.clean_rows)

    @property
    def decided(self) -> str:
        return self.protocol.decision.words().removeprefix("decided ")

    @cached_property
    def absent(self) -> Carried:
        """The values of absent edges under the protocol's ablation."""
        return self.carried(self.protocol.ablation)

    @cached_property
    def ablations(self) -> tuple[tuple[Carried, ...], ...]:
        """The sets of values of absent edges; a circuit is valid if it decides enough judged rows right under every
        member of one of these.

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
            circuit: one of the network.
            rows: input rows, the data record's representatives if not given.
        """
        rows = self.data.representatives if rows is None else rows
        layers = batch_activations(self.network, [matrix[None] for matrix in circuit.keep], rows, self.absent)
        return tuple(layer[0].T for layer in layers)


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
        output: the output of the question.
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
