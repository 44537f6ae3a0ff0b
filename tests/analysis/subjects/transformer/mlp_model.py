"""A multilayer perceptron as a kind of model, for tests: its circuits are known by another route.

Its task has two outputs, "0" and "1": how far the real output is above and below the decision's edge. So a row is right
if the output is on the right side of .5 under the threshold rule.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

from pluriscope.analysis.circuit_sets.judged_masks import judged_circuits
from pluriscope.analysis.circuit_sets.masks import MAX_LISTED, find_masks
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.network_files.files import NetworkFile, parse_network_file
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.graph import Edge, Graph, Node
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.perceptron.gradients import site_slopes
from pluriscope.analysis.subjects.perceptron.mlp import run_sites
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import Space, Subject, SubjectKind, Table

FORMAT = "test-perceptron/1"


@dataclass(frozen=True, eq=False)
class PerceptronModel(Subject):
    file: NetworkFile

    @property
    def name(self):
        return self.file.name

    task = "table"
    outputs = ("0", "1")
    facts = (("Made for", "tests"),)

    @property
    def network(self) -> Network:
        return self.file.network

    @property
    def inputs(self):
        return input_table(self.network.n_inputs)

    def run_sites(self, data, change):
        apart = run_sites(self.network, data, change)[:, 0] - 0.5
        return np.stack([-apart, apart], axis=1)

    def site_slopes(self, values, by_outputs):
        return site_slopes(self.network, values, by_outputs[:, 1:] - by_outputs[:, :1])

    @property
    def digest(self):
        return self.network.digest

    @property
    def task_document(self):
        return {"name": self.task, "truth_table": list(self.file.tasks[0].truth_table)}

    @property
    def rows(self):
        return tuple("".join(str(int(bit)) for bit in row) for row in self.inputs)

    @property
    def answers(self):
        return np.array(self.file.tasks[0].truth_table)

    def judged_as(self, other):
        self.network.judged_as(other.network)
        return replace(self, file=replace(self.file, tasks=other.file.tasks))

    def space(self, rules):
        return PerceptronSpace(self)


class PerceptronSpace(Space):
    batch = 512
    milliseconds = run_milliseconds = 1.0
    graph = None  # which is made with it

    def __init__(self, model):
        super().__init__(model, means=False)
        self.model, sizes = model, model.network.sizes
        self.layout = EdgeLayout(sizes)
        self.places = [(layer, neuron) for layer, size in enumerate(sizes) for neuron in range(size)]
        nodes = tuple(Node(f"n{a}.{b}", f"n{a}.{b}", a, 0 < a < len(sizes) - 1) for a, b in self.places)
        number = {place: at for at, place in enumerate(self.places)}
        self.ends = [
            ((layer - 1, source), (layer, out))
            for layer in range(1, len(sizes))
            for out in range(sizes[layer])
            for source in range(sizes[layer - 1])
        ]
        self.graph = Graph(nodes, tuple(Edge(number[a], number[b]) for a, b in self.ends))

    def inside(self, mask):
        rows = (("first", int(mask[0])), ("second", None))
        return (Table("Kept", "Edges that are kept", ("Edge", "Kept"), rows),)

    def effects(self, slope, at):
        return np.zeros(self.graph.n_bits)

    def reduce(self, masks):
        """A circuit has every input, as those of networks do; a mask without one is reduced to nothing."""
        left = super().reduce(masks)
        for place in self.places:
            if place[0] == 0:
                out = [at for at, (source, _) in enumerate(self.ends) if source == place]
                left[~left[:, out].any(axis=1)] = False
        return left

    def outputs(self, masks, absent, data=None, change=None):
        network = self.model.network
        results = []
        for mask in masks:
            values = self.model.inputs
            for layer, (weights, bias) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
                at = [number for number, (_, target) in enumerate(self.ends) if target[0] == layer]
                kept = mask[at].reshape(weights.shape)
                values = values @ (weights * kept).T + bias
                if layer < len(network.weights):
                    values = np.maximum(values, 0.0)
                    values[:, ~kept.any(axis=1)] = 0.0
            results.append(np.stack([0.5 - values[:, 0], values[:, 0] - 0.5], axis=1))
        return np.array(results).reshape(len(masks), len(self.model.inputs), 2)


class BareModel(PerceptronModel):
    def space(self, rules):
        return BareSpace(self)


class BareSpace(PerceptronSpace):
    """Space that leaves open what may be left open."""

    possible_by_bits = None

    def inside(self, mask):
        return ()


def read_perceptron(document):
    return PerceptronModel(parse_network_file(json.dumps({**document, "format": "pluriscope-network/1"}).encode()))


def mask_bits(space, text):
    """``[bits]`` of a mask in hexadecimal digits."""
    return space.graph.bits([int(text, 16)])[0]


def listed(kind, model, rules, work=DEFAULT_WORK, limit=MAX_LISTED):
    """The search for the valid circuits of a model, and each with its figures."""
    question = GraphQuestion(kind, model, rules)
    found = find_masks(question, work, limit=limit)
    return found, judged_each(question, found, ())


def judged_each(question, found, criteria=None):
    """Each listed circuit with its figures, the names of the nodes that have each role, and outcomes of criteria."""
    columns, verdicts = judged_circuits(question, found, criteria)
    numbers = {name: columns[name].tolist() for name in ("edges", "neurons", "right", "worst", "margin")}
    return [
        SimpleNamespace(
            mask=question.graph.to_hex(mask),
            **{name: column[at] for name, column in numbers.items()},
            roles=json.loads(columns["roles"][at]),
            outcomes={one.step.key: OUTCOMES[one.outcomes[at]] for one in verdicts},
        )
        for at, mask in enumerate(columns["mask"].tolist())
    ]


TOY = SubjectKind(
    key="toy",
    noun="toy network",
    plural="toy networks",
    definition="A multilayer perceptron of rectified linear units, for tests.",
    format=FORMAT,
    settings={"ablation": ("zero",)},
    read=read_perceptron,
    write=lambda model: {**DOCUMENT, "name": model.name},
)
BARE = replace(
    TOY,
    key="bare",
    noun="bare network",
    plural="bare networks",
    definition="A network for tests.",
    format="test-bare/1",
    read=lambda document: BareModel(read_perceptron(document).file),
    write=lambda model: {**DOCUMENT, "format": "test-bare/1", "name": model.name},
)
"""A kind with nothing but what docs/adding.md asks of each."""
DOCUMENT = {
    "format": FORMAT,
    "name": "AND of two",
    "sizes": [2, 2, 1],
    "weights": [[[1.0, 1.0], [1.0, 0.9]], [[1.0, 0.3]]],
    "biases": [[-1.0, -0.8], [0.0]],
    "activation": "relu",
    "output_activation": "linear",
    "tasks": [{"name": "AND", "truth_table": [0, 0, 0, 1]}],
}
