"""Single alignments: matrices, scores, refusals."""

from __future__ import annotations

import pytest

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.placements import iia
from pluriscope.analysis.placements.directions import DirectionPlacement
from pluriscope.analysis.placements.iia import interchange_matrix, score_placement
from pluriscope.analysis.placements.joint import score_joint
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, protocol_from_mapping
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden, golden_network
from tests.oracles import brute_force_alignments as oracle
from tests.oracles.brute_force_algorithms import evaluate, rows

BOB = parse_algorithm("(!(!A&!B)&!(A&B))", "and_inverter", 2)
PRETRAINED = golden_network("xor_pretrained").network
DATA = clean_data(2)


def placed(**places):
    return NeuronPlacement.of(BOB.text, {path.strip("p"): NeuronSet(*site) for path, site in places.items()})


def test_ordered_pairs_are_all_but_the_diagonal():
    for n_inputs in (1, 2, 3, 6):
        n_rows = 2**n_inputs
        assert iia.tested_pairs(n_inputs, "ordered").sum() == n_rows * (n_rows - 1)
        one = iia.tested_pairs(n_inputs, "one_direction")
        assert (one ^ one.T).sum() == n_rows * (n_rows - 1)
        assert not (one & one.T).any()


def test_one_direction_follows_the_authors_order_of_samples():
    stored = golden("xor_pretrained")["outputs"][0]["algorithms"]["sample_order"]
    rank = {tuple(row): place for place, row in enumerate(stored)}
    expected = [[rank[s] < rank[b] for b in rows(2)] for s in rows(2)]
    assert iia.tested_pairs(2, "one_direction").tolist() == expected
    assert [tuple(map(bool, pair)) for pair in (iia.tested_pairs(3, "one_direction")[[4, 2], [2, 4]],)] == [
        (True, False)
    ]


@pytest.mark.parametrize("protocol", [COMPLETE, PAPER, protocol_from_mapping({"alignment_decision": "rounding"})])
@pytest.mark.parametrize("path", ["0", "1"])
@pytest.mark.parametrize("site", [(1, (0,)), (1, (1,)), (2, (0, 2)), (1, (0, 1, 2))])
def test_a_matrix_holds_every_interchange(protocol, path, site):
    matrix = interchange_matrix(ask(PRETRAINED, protocol=protocol, data=DATA), BOB, path, NeuronSet(*site))
    one_by_one = oracle.Interchange(PRETRAINED, rows(2), protocol.interchange_pairs, protocol.alignment_decision)
    sub = {"0": "(!A&!B)", "1": "(A&B)"}[path]
    for s, source in enumerate(rows(2)):
        for b, base in enumerate(rows(2)):
            output = one_by_one.output(site, s, b)
            assert matrix.outputs[s, b] == pytest.approx(output, abs=1e-12)
            assert matrix.decisions[s, b] == oracle.decision(output, protocol.alignment_decision)
            assert matrix.expected[s, b] == evaluate(BOB.text, base, {path: evaluate(sub, source)})
            assert matrix.agreed[s, b] == (matrix.decisions[s, b] == matrix.expected[s, b])
            assert matrix.tested[s, b] == ((s, b) in one_by_one.pairs)
    assert (matrix.agreed & matrix.tested).sum() == one_by_one.agreed(BOB.text, path, site)


def test_single_neurons_only_where_the_protocol_says_so():
    narrow = protocol_from_mapping({"alignment_sites": "single_neurons"})
    assert score_placement(ask(PRETRAINED, protocol=narrow, data=DATA), BOB, placed(p0=(1, (1,)), p1=(1, (0,)))).valid
    with pytest.raises(InvalidPlacement, match="one neuron only"):
        score_placement(ask(PRETRAINED, protocol=narrow, data=DATA), BOB, placed(p0=(1, (1, 2)), p1=(1, (0,))))


def along(text: str = BOB.text, **places) -> DirectionPlacement:
    """Place each variable on one direction of a layer."""
    return DirectionPlacement.of(text, {path[1:]: Subspace.of(layer, [row]) for path, (layer, row) in places.items()})


TWICE = (("0", NeuronSet(1, (0,))), ("0", NeuronSet(1, (1,))), ("1", NeuronSet(1, (2,))))


@pytest.mark.parametrize("score", [score_placement, score_joint])
@pytest.mark.parametrize(
    ("alignment", "cause"),
    [
        (placed(p0=(1, (0,))), "gives no place to 1"),
        (placed(p0=(1, (0,)), p1=(1, (1,)), p7=(1, (2,))), "no such variable"),
        (placed(p0=(0, (0,)), p1=(1, (1,))), "2 hidden layers"),
        (placed(p0=(3, (0,)), p1=(1, (1,))), "2 hidden layers"),
        (placed(p0=(1, (3,)), p1=(1, (1,))), "neurons 0 to 2"),
        (placed(p0=(1, (-1,)), p1=(1, (1,))), "neurons 0 to 2"),
        (placed(p0=(1, ()), p1=(1, (1,))), "neurons 0 to 2"),
        (placed(p0=(1, (2, 0)), p1=(1, (1,))), "neurons 0 to 2"),
        (placed(p0=(1, (0, 1)), p1=(1, (1, 2))), "shares neuron 1 of layer 1"),
        (NeuronPlacement("(A&B)", ()), "not of"),
        (NeuronPlacement(BOB.text, TWICE), "twice"),
        (along(p0=(1, [1, 0, 0])), "gives no place to 1"),
        (along(p0=(1, [1, 0, 0]), p1=(1, [0, 1, 0]), p00=(2, [1, 0, 0])), "no such variable"),
        (along(p0=(1, [1, 0, 0]), p1=(1, [1, 0])), "2 numbers for 3 neurons"),
        (along(p0=(1, [1, 0, 0]), p1=(1, [1, 0, 0])), "cannot be set at once"),
        (along("A", p0=(1, [1, 0, 0])), "not of"),
    ],
)
def test_alignments_that_do_not_fit_are_refused(alignment, cause, score):
    with pytest.raises(InvalidPlacement, match=cause):
        score(ask(PRETRAINED, data=DATA), BOB, alignment)


def test_a_matrix_of_an_unknown_variable_or_site_is_refused():
    with pytest.raises(InvalidPlacement, match="0, 1"):
        interchange_matrix(ask(PRETRAINED, data=DATA), BOB, "", NeuronSet(1, (0,)))
    with pytest.raises(InvalidPlacement):
        interchange_matrix(ask(PRETRAINED, data=DATA), BOB, "0", NeuronSet(1, (7,)))
