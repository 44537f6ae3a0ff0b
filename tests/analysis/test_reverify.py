"""Recomputing one explanation: equal to what the searches found by other ways, unequal once a weight moves."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.data import clean_data
from analysis.errors import InvalidIndex
from analysis.networks.circuit import circuit_from_hex
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.reverify import (
    RELATIVE_TOLERANCE,
    Recomputed,
    hold_against,
    recompute_algorithm,
    recompute_alignment,
    recompute_circuit,
    recompute_interpretation,
    recompute_network,
    smaller_by_one,
)
from tests.factories import pretrained_xor, real_analysis

DATA = clean_data(2)


def values(figures) -> dict[str, object]:
    return {figure.key: figure.value for figure in figures}


@pytest.fixture(scope="module")
def found():
    return real_analysis(COMPLETE)


def nudged(network: Network, by: float) -> Network:
    weights = [np.array(w) for w in network.weights]
    weights[0][0, 0] += by
    return Network.from_arrays(
        weights,
        network.biases,
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
    )


def test_circuits_give_what_the_search_and_the_transfer_over_layers_gave(found) -> None:
    file = pretrained_xor()
    masks = found.circuits.masks.tolist()
    for position in range(0, len(masks), 23):
        circuit = circuit_from_hex(found.circuits.layout.to_hex(masks[position]), file.network.sizes)
        again = values(recompute_circuit(ask(file.network, task=file.tasks[0], data=DATA), circuit))
        assert again["valid"] is True
        assert again["right"] == "4/4"
        assert again["margin"] == pytest.approx(found.circuits.margins[position], rel=1e-12)
        assert again["outputs"] == pytest.approx(found.circuits.outputs[position].tolist(), rel=1e-12)
        assert again["interpretations"] == found.interpretations.by_circuit[position]
        assert again["observed"] == found.interpretations.observed_by_circuit[position]
        without = {masks[position] & ~(1 << edge) for edge in range(18) if masks[position] >> edge & 1}
        assert again["valid_without_one_edge"] == len(without & set(masks))


def test_a_circuit_that_is_not_valid_has_no_interpretations_and_says_why(found) -> None:
    file = pretrained_xor()
    valid = set(found.circuits.masks.tolist())
    full = circuit_from_hex("3ffff", file.network.sizes)
    smaller = next(one for one in smaller_by_one(full) if one.mask not in valid)
    figures = recompute_circuit(ask(file.network, task=file.tasks[0], data=DATA), smaller)
    assert values(figures)["valid"] is False
    counted = next(figure for figure in figures if figure.key == "interpretations")
    assert counted.value is None
    assert "valid" in counted.note


def test_alignments_give_what_the_search_gave(found) -> None:
    file = pretrained_xor()
    checked = 0
    for result in found.algorithms.algorithms[::17]:
        for scored in result.alignments[:3]:
            again = values(recompute_alignment(ask(file.network, data=DATA), result.algorithm, scored.alignment))
            assert again["iia"] == f"{scored.iia.agreed}/{scored.iia.of}"
            assert (again["valid"], again["minimal"]) == (scored.valid, scored.minimal)
            assert again["margin"] == pytest.approx(scored.margin, rel=1e-12)
            checked += 1
        told = values(recompute_algorithm(result.algorithm, file.tasks[0]))
        assert told["computes_task"] is True
        assert {key: told[key.replace("-", "_")] for key in result.irredundant} == dict(result.irredundant)
    assert checked > 10


def test_interpretations_agree_with_the_activations_and_lead_back_to_their_index() -> None:
    file = pretrained_xor()
    circuit = circuit_from_hex("1839f", file.network.sizes)
    for index in range(6):
        told = values(recompute_interpretation(ask(file.network, task=file.tasks[0], data=DATA), circuit, index))
        assert told["index"] == index
        assert told["gates"] == "6/6"
        assert told["computes_task"] is True
    with pytest.raises(InvalidIndex):
        recompute_interpretation(ask(file.network, task=file.tasks[0], data=DATA), circuit, 6)


def test_a_moved_weight_is_noticed_wherever_it_matters() -> None:
    file = pretrained_xor()
    circuit = circuit_from_hex("081ff", file.network.sizes)
    stored = values(recompute_circuit(ask(file.network, task=file.tasks[0], data=DATA), circuit))
    moved = nudged(file.network, 1e-6)
    held = hold_against(recompute_circuit(ask(moved, task=file.tasks[0], data=DATA), circuit), stored)
    by_key = {figure.key: figure.status for figure in held}
    assert "differs" in {figure.status for figure in held}
    assert by_key["outputs"] == "differs"
    assert by_key["edges"] == "equal"
    digests = [values(recompute_network(one, file.tasks))["network_digest"] for one in (file.network, moved)]
    assert digests[0] != digests[1]


def test_real_figures_may_differ_by_rounding_and_then_say_by_how_much() -> None:
    near = hold_against([Recomputed("margin", "Margin", 0.5)], {"margin": 0.5 + RELATIVE_TOLERANCE / 2})[0]
    assert near.status == "equal"
    assert 0 < near.difference <= RELATIVE_TOLERANCE
    far = hold_against([Recomputed("margin", "Margin", 0.5)], {"margin": 0.5 + 3 * RELATIVE_TOLERANCE})[0]
    assert far.status == "differs"


@pytest.mark.parametrize(
    ("stored", "status"),
    [(4, "equal"), (5, "differs"), (None, "not_stored"), ((4.0, 4.0), "differs"), ("4", "differs")],
)
def test_what_is_no_real_number_must_be_the_same(stored, status) -> None:
    held = hold_against([Recomputed("edges", "Edges", 4)], {} if stored is None else {"edges": stored})
    assert held[0].status == status


def test_what_is_only_stored_is_told_as_not_recomputed() -> None:
    held = hold_against([], {"valid_alignments": 3})
    assert [(figure.key, figure.status, figure.stored) for figure in held] == [
        ("valid_alignments", "not_recomputed", 3)
    ]


def test_more_than_one_edge_less_is_not_one_edge_less() -> None:
    circuit = circuit_from_hex("3ffff", pretrained_xor().network.sizes)
    assert {(circuit.mask ^ one.mask).bit_count() for one in smaller_by_one(circuit)} == {1}
