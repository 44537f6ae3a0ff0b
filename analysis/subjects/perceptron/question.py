"""The question that an analysis of a perceptron answers: how does one output come to its decisions?

Everything that an answer depends on is here, so that what is found under the same question is the same on every
machine: the model, which of its outputs, the task that this output should compute, the rules, and the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import AnalysisError, InvalidData, InvalidProtocol
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.data import DataRecord, clean_data, noisy_data
from pluriscope.analysis.questions.decision import Decision
from pluriscope.analysis.questions.decisions import decided_right, margin_to_edge
from pluriscope.analysis.questions.protocol import COMPLETE, GRAINS, NAMED, Protocol, in_space
from pluriscope.analysis.questions.tasks import MAX_INPUTS, Task, input_table, name_of
from pluriscope.analysis.subjects.classifier import Classifier, ClassifierSpace
from pluriscope.analysis.subjects.graph import Graph, perceptron_graph
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout, circuit_from_hex
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON, PERCEPTRON
from pluriscope.analysis.subjects.perceptron.logits import difference_of, two_logits
from pluriscope.analysis.subjects.perceptron.mlp import (
    Ablation,
    ablation_values,
    activations,
    batch_activations,
    forward,
    run_sites,
)
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.question import CircuitVerdict, Examples, GraphQuestion
from pluriscope.analysis.subjects.subject import Change, Rules, Table
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
        classes: the network with both logits, where ``subject`` is their difference; None for others.
    """

    subject: Network
    output: int
    task: Task
    protocol: Protocol
    record: DataRecord
    classes: Classifier | None = field(default=None, kw_only=True)

    kind = PERCEPTRON
    refusal = obstacle = ""

    @property
    def rules(self) -> Rules:
        """The settings that circuits have whatever they are made of."""
        return {"granularity": "edges", "ablation": self.protocol.ablation}

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
        rows, labels = self.judged
        if self.task.truth_table:
            rows, labels = input_table(self.network.n_inputs), np.array(self.task.truth_table)
        texts = tuple(", ".join(f"{value:g}" for value in row) for row in rows)
        return Examples(self.kind.inputs, rows, texts, labels.astype(np.int64), ("0", "1"))

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

    def admitted(self) -> list[Question | GrainQuestion]:
        """Return the question under every protocol that has a name and fits, the usual one first."""
        if self.classes is not None:
            return admitted_of_classes(self.classes)
        found = list[Question | GrainQuestion]()
        for one in NAMED.values():
            with suppress(AnalysisError):
                found.append(by_grain(replace(self, protocol=one)))
        return found

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
    def decision(self) -> Decision:
        return self.protocol.decision

    @property
    def share(self) -> float:
        return self.protocol.accuracy_threshold

    def margins(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        apart: NDArray[np.float64] = self.decision.margins(outputs, self.judged[1][:, None])
        return apart

    @property
    def decided(self) -> str:
        return self.decision.words().removeprefix("decided ")

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


@dataclass(frozen=True, eq=False, repr=False)
class GrainQuestion(GraphQuestion):
    """A question about a perceptron whose circuits are made of something coarser than its edges.

    Args:
        by_edges: the question about one output of a network file, with the protocol of this one; None where the network
            was read with its classes, of which the largest decides.
    """

    subject: Classifier
    by_edges: Question | None = None

    @property
    def output(self) -> int:  # type: ignore[override]
        return 0 if self.by_edges is None else self.by_edges.output

    @property
    def protocol(self) -> Any:
        return super().protocol if self.by_edges is None else self.by_edges.protocol

    @property
    def digest(self) -> str:
        return super().digest if self.by_edges is None else self.by_edges.digest

    @property
    def task_document(self) -> Mapping[str, Any]:
        return super().task_document if self.by_edges is None else self.by_edges.task_document

    @property
    def data_document(self) -> Mapping[str, Any]:
        return super().data_document if self.by_edges is None else self.by_edges.data_document

    @property
    def record(self) -> DataRecord | None:  # type: ignore[override]
        return None if self.by_edges is None else self.by_edges.record

    @property
    def under(self) -> str:
        return super().under if self.by_edges is None else self.by_edges.under

    @property
    def decided(self) -> str:
        return super().decided if self.by_edges is None else self.by_edges.decided

    def as_edges(self, mask: int) -> tuple[Question, int] | None:
        """Return the question by edges with the circuit of edges that keeps the same, and so decides the same; None
        where there is none: edges lead to several logits, nothing is left of a layer, or nothing reads an input.
        """
        weights, grain = self.subject.network.weights, self.rules["granularity"]
        if grain == "logit-edges" or len(self.subject.outputs) > 2:
            return None
        layers = [one[0] for one in cast(ClassifierSpace, self.space).kept(self.graph.bits([mask]))]
        if grain == "neurons":  # each of the first layer reads every input, and both logits read the last ones alike
            first = np.repeat(layers[0].any(axis=0)[:, None], self.subject.network.n_inputs, axis=1)
            layers = [first, *layers[:-1], layers[-1][:1]]
        below = [np.ones(one.shape, dtype=np.bool_) for one in weights[: len(weights) - len(layers)]]
        layers = [*below, *layers]
        for into, out_of in zip(layers[-2::-1], layers[:0:-1], strict=True):
            into &= out_of.any(axis=0)[:, None]  # nobody reads the others
        if not layers[0].any(axis=0).all() or not all(one.any() for one in layers):
            return None
        protocol = _BY_EDGES["edges" if self.rules["ablation"] == "zero" else "edges-mean"]
        asked = replace(self.by_edges, protocol=protocol) if self.by_edges else _by_difference(self.subject, protocol)
        return asked, asked.graph.number(np.concatenate([one.ravel() for one in layers]))

    def admitted(self) -> list[Any]:
        """Return the question under all rules that fit, those by edges among them, the usual ones first."""
        return self.by_edges.admitted() if self.by_edges else admitted_of_classes(self.subject)


def by_grain(question: Question) -> Question | GrainQuestion:
    """Return the question itself where its protocol asks for edges, else the question by the coarser grain.

    Raises:
        InvalidProtocol: another setting than the ablation differs from what is usual by this grain, a label is neither
            0 nor 1, or the network has no such parts.
        InvalidNetwork: its output is not decided at ½.
    """
    protocol, grain = question.protocol, question.protocol.granularity
    if grain == "edges":
        return question
    usual = GRAINS[grain].model_copy(update={"ablation": protocol.ablation})
    if usual.digest != protocol.digest:
        cause = f"asks by {grain}, of which the ablation alone can be chosen, and 'threshold' decides"
        cure = 'set circuit_decision "threshold", and leave others out'
        raise InvalidProtocol(f"protocol {protocol.name}", cause, cure)
    rows, labels = question.judged
    if not np.isin(labels, (0, 1)).all():
        raise InvalidProtocol(f"circuits by {grain}", "need labels of 0 or 1", "correct the data record")
    if not question.network.hidden_sizes:
        raise InvalidProtocol(f"circuits by {grain}", "need a hidden layer", "use a network that has one")
    subject = Classifier(
        question.task.label,
        two_logits(question.network),
        ("0", "1"),
        rows,
        labels.astype(np.int64),
        question.task.label,
        read_from=question.subject.digest,
    )
    rules = {"granularity": grain, "ablation": protocol.ablation}
    found = GrainQuestion(COARSER_PERCEPTRON, subject, rules, question)
    found.graph  # noqa: B018  # refused where masks have too many bits
    return found


_BY_EDGES: Final[Mapping[str, Protocol]] = {
    one.name: one
    for one in (GRAINS["edges"], GRAINS["edges"].model_copy(update={"name": "edges-mean", "ablation": "mean"}))
}
"""The protocols of networks that are read with two classes, by their edges."""


def of_classes(subject: Classifier, rules: str | Mapping[str, Any]) -> Question | GrainQuestion:
    """The question about a network that was read with its classes.

    Args:
        rules: as addresses write them, or the settings of a result file.

    Raises:
        InvalidProtocol: no rules of such networks, or none that fit.
    """
    if isinstance(rules, Mapping):
        if "circuit_decision" not in rules and rules.get("granularity") == "edges":  # its name at first
            rules = {**rules, "granularity": "logit-edges"}
        if rules.get("name") not in _BY_EDGES and not COARSER_PERCEPTRON.settings.keys() <= rules.keys():
            COARSER_PERCEPTRON.require("protocols", f"protocol {str(rules.get('name', ''))[:40]!r}")
        if "circuit_decision" in rules:
            rules = str(rules["name"])
        else:
            rules = COARSER_PERCEPTRON.write_rules({key: str(rules[key]) for key in COARSER_PERCEPTRON.settings})
    if rules in _BY_EDGES and len(subject.outputs) == 2:
        return _by_difference(subject, _BY_EDGES[rules])
    rules = rules.replace("edges", "logit-edges") if rules in _BY_EDGES else rules  # there are no others
    found = GrainQuestion(COARSER_PERCEPTRON, subject, COARSER_PERCEPTRON.rules(rules))
    found.graph  # noqa: B018  # rules that do not fit are refused here
    return found


def _by_difference(subject: Classifier, protocol: Protocol) -> Question:
    """The question by edges about a network with two classes: about the difference of their logits, decided at ½ since
    it is raised by that.
    """
    network = difference_of(subject.network, 0.5, subject.digest)
    rows, n = subject.data, subject.network.n_inputs
    order = np.lexsort(rows.T[::-1])  # the first input counts most
    if n <= MAX_INPUTS and np.array_equal(rows[order], input_table(n)):
        table = tuple(subject.answers[order].tolist())
        return Question(network, 0, Task(table, subject.task), protocol, clean_data(n), classes=subject)
    labels = subject.answers[:, None].astype(np.float64)
    record = DataRecord(rows, None, labels, None, f"{len(rows):,} rows of numbers", boolean=False)
    return Question(network, 0, Task((), subject.task), protocol, record, classes=subject)


def admitted_of_classes(subject: Classifier) -> list[Question | GrainQuestion]:
    """The question about a network that was read with its classes, under all rules that fit, the usual ones first;
    edges to each logit are left out where the difference of two can be asked about.
    """
    every = [GrainQuestion(COARSER_PERCEPTRON, subject, one) for one in COARSER_PERCEPTRON.admitted_rules(subject)]
    if len(subject.outputs) != 2:
        return [*every]
    offered = [one for one in every if one.rules["granularity"] != "logit-edges"]
    return [*offered, *(_by_difference(subject, one) for one in _BY_EDGES.values())]
