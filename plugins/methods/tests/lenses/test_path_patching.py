"""Path patching against runs neuron by neuron, and its signatures on networks that are one gate."""

from __future__ import annotations

from collections import Counter
from math import prod

import pytest

from pluriscope.analysis.sandbox.intervention import carrier_name
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.lenses.patching import paths_of, signatures
from pluriscope_methods.lenses.registry import LENSES
from tests.golden_files import golden_network
from tests.oracles.brute_force_algorithms import rows
from tests.oracles.brute_force_interchange import run

LENS = LENSES.by_key["path-patching"]


def by_hand(network: Network, path, source, base) -> float:
    """Along the path each neuron reads the changed one before it, off the path everything is the base's."""
    carried = {path[0]: run(network, source)[path[0][0]][path[0][1]]}
    for layer, neuron in path[1:]:
        carried = {(layer, neuron): run(network, base, carried)[layer][neuron]}
    return run(network, base, carried)[-1][0]


@pytest.mark.parametrize("name", ["xor_pretrained", "xor_tanh_3-3", "xor_2-2-2"])
def test_every_patch_is_a_run_by_hand(name):
    network = golden_network(name).network
    seen = LENS.answer(ask(network), LENS.defaults).view
    boolean, sizes = rows(2), network.sizes
    named = {" → ".join(carrier_name(one, sizes) for one in path): path for path in paths_of(sizes)}
    assert len(named) == prod(sizes)
    assert len(seen.rows) == 12 * len(named)
    for row in seen.rows:
        wanted = by_hand(network, named[row["path"]], boolean[row["source"]], boolean[row["base"]])
        assert row["output"] == pytest.approx(wanted, abs=1e-12)
    table = LENSES.by_key["patching-table"]
    for row in table.answer(ask(network), table.defaults).view.rows:
        wanted = by_hand(network, ((row["layer"], row["neuron"]),), boolean[row["source"]], boolean[row["base"]])
        assert row["output"] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("bias", "gate"), [(-1.5, "AND"), (-0.5, "OR")])
def test_one_gate_shows_in_one_direction_alone(bias, gate):
    """One neuron that decides AND or OR of both inputs; a pair that differs in one input fits both."""
    network = Network.from_arrays([[[1, 1]], [[9]]], [[bias], [0.5]], activation="tanh", output_activation="linear")
    seen = LENS.answer(ask(network), LENS.defaults).view
    reply = signatures(seen)
    for letter in "AB":
        assert Counter(reply[f"{letter} → n1.0 → y"]) == {gate: 1, "both": 1, "": 1}
    assert gate in LENS.says(ask(network), seen)


def test_where_all_rows_are_answered_alike_there_is_no_direction():
    question = ask(Network.from_arrays([[[0, 0]], [[1]]], [[0], [0]]))
    seen = LENS.answer(question, LENS.defaults).view
    assert LENS.says(question, seen) == "All rows are answered alike, so no pair has two directions."
    assert LENS.bars(seen) == ()
