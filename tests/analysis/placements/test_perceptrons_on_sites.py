"""The interchange of causal models on sites is that of Boolean formulas on the neurons of perceptrons."""

from itertools import combinations

import pytest

from pluriscope.analysis.algorithms.candidates import candidates_of
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.placements.iia import interchange_matrix
from pluriscope.analysis.placements.interchange import Interchange, Place
from pluriscope.analysis.placements.search import find
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.placements.test_on_sites import single
from tests.golden_files import golden_network


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"), [("xor_pretrained", "(!(!A&!B)&!(A&B))"), ("xor_3-3_a", "!(!(!(A&B)&A)&!(!(A&B)&B))")]
)
def test_every_placement_of_a_gate_has_the_score_of_the_engine_for_perceptrons(name, text):
    network = golden_network(name).network
    algorithm, question = parse_algorithm(text, "and_inverter", network.n_inputs), ask(network, protocol=COMPLETE)
    there = Interchange(question, inputs_of(question))
    model = algorithm.causal
    assert {f"v{path}" for path in algorithm.carriers} == {*model.variables}
    scores = set()
    for layer in range(1, network.n_hidden_layers + 1):
        width = network.sizes[layer]
        for some in (one for k in range(1, width + 1) for one in combinations(range(width), k)):
            found = single(there, model, (Place(f"h{layer}", None, some),))
            for path in algorithm.carriers:
                matrix = interchange_matrix(question, algorithm, path, NeuronSet(layer, some))
                known = int((matrix.agreed & matrix.tested).sum()), int(matrix.tested.sum())
                assert (found[f"v{path}"].agreed, found[f"v{path}"].of) == known, (layer, some, path)
                scores.add(known)
    assert len(scores) > 2


@pytest.mark.parametrize("name", ["xor_pretrained", "xor_2-2-2"])
def test_the_runs_of_all_sets_of_neurons_at_once_are_those_of_each(name):
    network = golden_network(name).network
    there = Interchange.of(ask(network, protocol=COMPLETE))
    for layer in range(1, network.n_hidden_layers + 1):
        width = network.sizes[layer]
        sets = [(Place(f"h{layer}", None, one),) for k in range(1, width + 1) for one in combinations(range(width), k)]
        for places, table in zip(sets, there.tables(sets, lambda _: pytest.fail("made by itself")), strict=True):
            alone = there.table(places)
            assert (table.digest, table.gap) == (alone.digest, alone.gap)


@pytest.mark.slow
def test_every_candidate_has_as_many_placements_on_neurons_in_both_searches():
    question = ask(golden_network("xor_pretrained").network, protocol=COMPLETE)
    results = search_formulas(question, candidates_of(question)).algorithms[:40]
    found = {one.id: one for one in find(question, [one.algorithm.causal for one in results]).algorithms}
    assert len(found) == len(results) == 40
    for one in results:
        placed = found[one.algorithm.causal.id]
        assert (placed.n_placed or 0, placed.n_minimal or 0) == (one.n_valid, one.n_minimal)
        if placed.n_placed is None:  # what no neurons carry directions may, and these are not counted
            assert all({place.map for place in each.places} - {"coordinates"} for each in placed.valid)
    assert sum(one.n_valid for one in results) == 3
