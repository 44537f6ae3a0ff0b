"""The interchange of causal models on sites is that of Boolean formulas on the neurons of perceptrons."""

from itertools import combinations

import pytest

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.alignments.iia import interchange_matrix
from pluriscope.analysis.alignments.on_sites import Interchange, Place
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network


def causal(algorithm):
    """A formula as a causal model, whose variables are the gates below the root: ``v0``, ``v1``, ``v00``, …"""
    statements = []

    def written(node, path):
        if node.operator == "not":
            return f"(not {written(node.children[0], path)})"
        if not node.is_gate:
            return f"({node.text.lower()} == 1)"
        text = " and ".join(written(child, path + str(k)) for k, child in enumerate(node.children))
        if path:
            statements.append(f"v{path} = ({text})")
            return f"v{path}"
        return f"({text})"

    last = written(algorithm.root, "")
    return read_causal_model("; ".join([*statements, f"y = {last}"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("xor_pretrained", "(!(!A&!B)&!(A&B))"),
        ("xor_3-3_a", "!(!(!(A&B)&A)&!(!(A&B)&B))"),
        ("xor_4-4", "(!(!A&!B)&!(A&B))"),
    ],
)
def test_every_placement_of_a_gate_has_the_score_of_the_engine_for_perceptrons(name, text):
    network = golden_network(name).network
    algorithm, question = parse_algorithm(text, "and_inverter", network.n_inputs), ask(network, protocol=COMPLETE)
    there = Interchange(question, inputs_of(question))
    model = causal(algorithm)
    assert {f"v{path}" for path in algorithm.carriers} == {*model.variables}
    scores = set()
    for layer in range(1, network.n_hidden_layers + 1):
        width = network.sizes[layer]
        for some in (one for k in range(1, width + 1) for one in combinations(range(width), k)):
            found = there.single(model, (Place(f"h{layer}", None, some),))
            for path in algorithm.carriers:
                matrix = interchange_matrix(question, algorithm, path, NeuronSet(layer, some))
                known = int((matrix.agreed & matrix.tested).sum()), int(matrix.tested.sum())
                assert (found[f"v{path}"].agreed, found[f"v{path}"].of) == known, (layer, some, path)
                scores.add(known)
    assert len(scores) > 2
