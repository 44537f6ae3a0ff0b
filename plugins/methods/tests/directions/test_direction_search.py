"""The search: what it finds on known networks, and nothing missed beside trying everything."""

from __future__ import annotations

from itertools import product

import pytest

from pluriscope.analysis.algorithms.candidates import Candidates, candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node
from pluriscope.analysis.placements.directions import parse_directions
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.placements.joint import score_with_joint
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.directions.integers import integer_directions
from pluriscope_methods.directions.report import directions_report
from pluriscope_methods.directions.result import CLOSED
from pluriscope_methods.directions.search import search_directions
from pluriscope_methods.directions.table import DirectionTable
from tests.factories import pretrained_xor, two_xor_algorithms
from tests.golden_files import golden_network
from tests.oracles import brute_force_directions as plain

XOR = candidate_algorithms(named_task("XOR", 2), COMPLETE, 2)
DATA = clean_data(2)
ROWS = input_table(2)


@pytest.mark.parametrize("name", ["xor_sigmoid_3-3", "xor_3-3_tight"])
def test_neuron_sets_pass_where_no_orthogonal_direction_does(name) -> None:
    network = golden_network(name).network
    on_sets = search_formulas(ask(network, data=DATA), XOR)
    assert any(r.n_valid for r in on_sets.algorithms if r.irredundant["irredundant-literals"])
    table = DirectionTable(ask(network))
    straight = search_directions(ask(network, data=DATA), XOR, "orthogonal", table=table)
    assert (straight.n_valid, straight.is_exact) == (0, True)
    assert all(r.n_placements == 4 for r in straight.algorithms)
    assert search_directions(ask(network, data=DATA), XOR, "oblique", table=table).n_aligned == 2


@pytest.mark.slow
def test_the_pretrained_network_class_by_class() -> None:
    network = pretrained_xor().network
    table = DirectionTable(ask(network))
    found = {
        key: search_directions(ask(network, data=DATA), XOR, key, table=table)
        for key in ("integer", "integer-any", "orthogonal", "oblique")
    }
    assert {key: (f.n_aligned, f.n_valid) for key, f in found.items()} == {
        "integer": (0, 0),
        "integer-any": (1, 12),
        "orthogonal": (1, 1),
        "oblique": (2, 8),
    }
    families = directions_report([found["oblique"]], table).kept
    assert {(f.dimension, f.answer) for kept in families for f in kept.families} == {(2, "some")}
    for search in found.values():
        assert search.n_candidates == 250
        for result in search.algorithms:
            for scored in result.alignments:  # every alignment stands by itself, from its text
                again = parse_directions(result.algorithm.text, scored.alignment.text)
                fresh = score_with_joint(ask(network, data=DATA), result.algorithm, again)
                assert fresh.iia == scored.iia
                assert scored.joint is None or fresh.joint.agreed == scored.joint.agreed
                assert fresh.margin == pytest.approx(scored.margin)


@pytest.mark.slow
def test_integer_directions_one_by_one() -> None:
    """Every pair of directions in plain Python, for one layer."""
    network = pretrained_xor().network
    for algorithm in two_xor_algorithms():
        fits = []
        for path in sorted(algorithm.responses):
            function, low, high = algorithm.responses[path]
            good = set()
            for layer in (1, 2):
                for w in plain.small_integer_rows(3):
                    right = all(
                        (plain.orthogonal_swap(network, layer, w, ROWS[s], ROWS[b]) > 0.5)
                        == bool((high if function >> s & 1 else low) >> b & 1)
                        for s, b in product(range(4), repeat=2)
                        if s != b
                    )
                    if right:
                        good.add((layer, tuple(map(abs, w)), tuple(x * w[[bool(y) for y in w].index(True)] for x in w)))
            fits.append(good)
        expected = sum(1 for one, other in product(*fits) if one != other)
        searched = search_directions(ask(network, data=DATA), XOR, "integer-any")
        mine = next(r for r in searched.algorithms if r.algorithm.text == algorithm.text)
        assert mine.n_valid == expected
        assert mine.n_placements == 26 * 26 - 26
    assert len(integer_directions(1, 3)) == 13


def test_layers_without_a_read_out_are_named() -> None:
    network = golden_network("xor_2-2").network
    narrow = search_directions(ask(network, data=DATA), XOR, "orthogonal")
    missing = [unread for result in narrow.algorithms for unread in result.unread]
    assert missing  # two neurons have no exact read-out for most variables
    assert all(unread.residual > 1e-6 for unread in missing)
    assert narrow.is_exact
    few = Candidates(XOR.algorithms[:10], XOR.n_candidates, 10)
    assert not search_directions(ask(network, data=DATA), few, "orthogonal").is_exact


@pytest.mark.parametrize("direction_class", CLOSED)
def test_an_algorithm_without_variables_is_searched_on_a_network_that_decides_otherwise(direction_class) -> None:
    """Its empty alignment fails jointly, and there is no family of directions in which to look for another one."""
    leaf = HighLevelModel("and_inverter", 2, Node("input", (), 0))
    network = pretrained_xor().network
    (found,) = search_directions(ask(network, data=DATA), Candidates((leaf,), 1), direction_class).algorithms
    assert [scored.joint_valid for scored in found.alignments] == [False]
