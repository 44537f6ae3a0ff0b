"""View of a network for a discovery method: its edges by name, its numbers and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.discovery.landscapes import masked_under
from pluriscope.analysis.discovery.masked_perceptron import MaskedPerceptron
from pluriscope.analysis.discovery.part_names import names_of
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_bench.key.condition import Ablation

Array = NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class NetworkView:
    """A network as a discovery method is given it; nothing of it can be changed.

    Args:
        kind: "perceptron" or "transformer".
        ablation: what left out edges carry: "zero", "mean", or "pairs".
        edges: E names, as answers give them: ``x0>1.2`` leads from input 0 to neuron 2 of hidden layer 1, ``2.0>y0`` to
            the output; in a transformer ``1.0>2.1.v`` leads from head 0 of layer 1 to what head 1 of layer 2 reads as
            value.
        ends: for each edge the nodes that it leads from and to.
        layers: nodes by layer, inputs first.
        inputs: ``[rows, n0]`` of a perceptron, ``[rows, context]`` tokens of a transformer; under "pairs" a row is a
            pair (x, c) of inputs with different labels, and this is x.
        labels: ``[rows]`` the right decision, 0 or 1; of a transformer the output that should be the largest.
        outputs: ``[rows]`` of the whole network, of a transformer ``[rows, outputs]``.
        weights: of each edge of a perceptron its weight; empty of a transformer.
        biases: of each neuron of a perceptron; empty of a transformer.
        activations: of each neuron of a perceptron the name of its activation function.
        values: ``[rows]`` what each input and hidden neuron of a perceptron gives in the whole network.
        absent: ``[rows]`` what a left out edge carries in its place, by the node that it leads from.
        parameters: of a transformer, by their names in its file, such as ``1.0.query``; empty of a perceptron.
    """

    kind: str
    ablation: Ablation
    edges: tuple[str, ...]
    ends: tuple[tuple[str, str], ...]
    layers: tuple[tuple[str, ...], ...]
    inputs: Array
    labels: Array
    outputs: Array
    weights: Mapping[str, float]
    biases: Mapping[str, float]
    activations: Mapping[str, str]
    values: Mapping[str, Array]
    absent: Mapping[str, Array]
    parameters: Mapping[str, Array]

    @classmethod
    def of(cls, question: SubjectQuestion, ablation: Ablation) -> NetworkView:
        """The network of a question.

        Raises:
            InvalidMethod: such networks, or these rows, do not know the ablation.
        """
        masked, graph = masked_under(question, ablation), question.graph
        layers: dict[int, list[str]] = {}
        for node in graph.nodes:
            layers.setdefault(node.layer, []).append(node.name)
        edges, nodes = tuple(names_of(graph).numbers), [node.name for node in graph.nodes]
        ends = tuple((nodes[one], nodes[other]) for one, other in graph.ends)
        head = (question.kind.noun, ablation, edges, ends, tuple(map(tuple, layers.values())))
        [outputs] = masked.outputs([(1 << graph.n_bits) - 1])
        found: Any
        if not isinstance(masked, MaskedPerceptron):
            model, none = question.subject, [_named((), ())] * 5
            rows = (_fixed(model.tokens), _fixed(model.answers), _fixed(outputs))
            found = (*head, *rows, *none, _named(model.parameters, map(_fixed, model.parameters.values())))
            return cls(*found)
        network, known = masked.question.network, masked.rows
        functions = [network.function_of(layer).text for layer, biases in enumerate(network.biases, 1) for _ in biases]
        found = (
            *head,
            *map(_fixed, (known.inputs, known.labels, outputs)),
            _named(edges, np.concatenate([one.reshape(-1) for one in network.weights]).tolist()),
            _named(nodes[network.n_inputs :], np.concatenate(network.biases).tolist()),
            _named(nodes[network.n_inputs :], functions),
            _named(nodes, [_fixed(one) for layer in activations(network, known.inputs)[:-1] for one in layer.T]),
            _named(nodes, [_fixed(one) for layer in known.absent for one in layer]),
            _named((), ()),
        )
        return cls(*found)

    def __repr__(self) -> str:
        sizes = "-".join(str(len(layer)) for layer in self.layers)
        some = ", ".join(self.edges[:3]) + (", …" if len(self.edges) > 3 else "")
        edges, rows = f"{len(self.edges)} edges ({some})", f"{len(self.inputs)} rows"
        return f"<{self.kind} {sizes}, {edges}, {rows}, {self.ablation} ablation>"


def _fixed(values: Array) -> Array:
    """A copy that cannot be changed."""
    found = np.array(values)
    found.flags.writeable = False
    return found


def _named(names: Iterable[str], values: Iterable[Any]) -> Mapping[str, Any]:
    """Values by name, as far as there are any."""
    return MappingProxyType(dict(zip(names, values, strict=False)))
