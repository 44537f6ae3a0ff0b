"""The float32 outcome beside float64: crafted networks that part, golden ones that agree."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from analysis.circuits.result import CircuitSearch
from analysis.circuits.search import nearly_valid, search_circuits
from analysis.networks.circuit import EdgeLayout
from analysis.networks.mlp import keep_matrices
from analysis.networks.network import Network
from analysis.pipeline import analyse_output
from analysis.protocol import PAPER
from analysis.question import ask
from analysis.result_file import output_json
from analysis.single_precision import circuit_outputs, float32_circuits
from analysis.tasks import input_table, named_task
from tests.golden_files import NAMES, golden, golden_data, golden_network

AND = named_task("AND", 2)
SIZES = (2, 2, 1)


def hidden_and(shift: float) -> Network:
    """Two neurons that each compute A·B as relu(A + B − 1); the output sums them, shifted a little off its edge."""
    return Network.from_arrays(
        [np.ones((2, 2)), np.array([[1.0, 1.0]])],
        [np.array([-1.0, -1.0]), np.array([-0.5 + shift])],
        activation="relu",
        output_activation="linear",
    )


def plain_float32(network: Network, mask: int, row: tuple[int, ...]) -> np.float32:
    """One output by scalar float32 arithmetic."""
    layout, values = EdgeLayout(network.sizes), [np.float32(bit) for bit in row]
    keep = [matrix[0] for matrix in keep_matrices(np.array([mask], dtype=np.uint64), layout)]
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        following = []
        for neuron, bias in enumerate(biases):
            total = np.float32(bias)
            for source, value in enumerate(values):
                carried = value if keep[layer - 1][neuron, source] else np.float32(0)
                total = np.float32(total + np.float32(carried * np.float32(weights[neuron, source])))
            last = layer == len(network.weights)
            active = bool(keep[layer - 1][neuron].any())
            following.append(total if last else max(total, np.float32(0)) if active else np.float32(0))
        values = following
    return values[0]


@pytest.mark.parametrize(("shift", "only64", "only32"), [(-1e-9, 0, 0), (1e-9, 1, 0), (0.0, 0, 0)])
def test_a_circuit_a_hair_from_the_edge_decides_otherwise_in_float32(shift, only64, only32):
    # one neuron: 1 − .5 + shift on (1, 1): above .5 by 1e-9 is 1 in float64; float32 rounds it onto the edge, 0
    network = hidden_and(shift)
    search = search_circuits(ask(network, task=AND, protocol=PAPER))
    outcome = float32_circuits(ask(network, task=AND, protocol=PAPER), search)
    assert outcome is not None
    assert (len(outcome.only_float64), len(outcome.only_float32)) == (2 * only64, only32)
    assert outcome.n_valid == search.n_valid - len(outcome.only_float64) + len(outcome.only_float32)
    assert outcome.n_within_reach == 2  # both one-neuron circuits, whatever the shift


def test_a_circuit_may_be_valid_in_float32_alone():
    # off (1, 1) the output is .5 + 1e-9, which is 1 and wrong; float32 has .5 there, which is 0 and right
    network = Network.from_arrays(
        [np.ones((1, 2)), np.array([[0.75]])],
        [np.array([-1.0]), np.array([0.5 + 1e-9])],
        activation="relu",
        output_activation="linear",
    )
    search = search_circuits(ask(network, task=AND))
    outcome = float32_circuits(ask(network, task=AND), search)
    assert outcome is not None
    assert search.n_valid == 0
    assert outcome.only_float32 == (0b111,)
    assert outcome.n_valid == 1
    assert not outcome.agrees


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_every_circuit_is_judged_as_plain_float32_arithmetic_judges_it(activation):
    random = np.random.default_rng(5)
    rows, labels = input_table(2), np.array(AND.truth_table, dtype=np.float64)
    for _ in range(20):
        # quarters and halves, so that many sums fall on the edge itself, and hairs that float32 cannot see
        weights = [random.integers(-2, 3, size=shape) / 2 for shape in ((2, 2), (1, 2))]
        biases = [random.integers(-2, 3, size=n) / 2 + random.choice([-1e-9, 0, 1e-9], size=n) for n in (2, 1)]
        network = Network.from_arrays(weights, biases, activation="relu", output_activation="linear")
        search = search_circuits(ask(network, task=AND))
        outcome = float32_circuits(ask(network, task=AND), search)
        assert outcome is not None
        everything = nearly_valid(ask(network, task=AND), slack=1e9)
        assert len(everything) == search.possible
        valid = {
            mask
            for mask in everything.tolist()
            if all(
                (1 if 0.5 < out < 1.5 else 0 if -0.5 <= out <= 0.5 else -1) == label
                for row, label in zip(product((0, 1), repeat=2), labels, strict=True)
                for out in [float(plain_float32(network, mask, row))]
            )
        }
        found = set(search.masks.tolist())
        assert set(outcome.only_float64) == found - valid
        assert set(outcome.only_float32) == valid - found
        assert len(rows) == 4


def test_slack_of_nothing_is_the_search_itself():
    file = golden_network("xor_pretrained")
    search = search_circuits(ask(file.network, task=file.tasks[0], protocol=PAPER))
    again = nearly_valid(ask(file.network, task=file.tasks[0], protocol=PAPER), slack=0.0)
    assert again.tolist() == search.masks.tolist()
    assert nearly_valid(ask(file.network, task=file.tasks[0], protocol=PAPER), slack=0.0, max_found=31) is None


def test_alignments_turn_with_the_decisions_they_are_read_off():
    network = Network.from_arrays(
        [np.eye(2), np.ones((1, 2))],
        [np.zeros(2), np.array([-0.5 + 1e-9])],  # OR that misses (0, 1) and (1, 0) once rounded to float32
        activation="relu",
        output_activation="linear",
    )
    analysis = analyse_output(ask(network, task=named_task("OR", 2), protocol=PAPER))
    outcome = analysis.float32.alignments
    assert outcome.n_turned > 0
    assert outcome.n_decisions == 3 * 6
    assert outcome.only_float64 or outcome.only_float32
    told = output_json(analysis)["float32"]["alignments"]
    assert told["turned"] == outcome.n_turned
    assert told["only_float64"] == list(outcome.only_float64)


def test_it_is_not_claimed_where_circuits_are_not_all_listed():
    network = hidden_and(0.0)
    search = search_circuits(ask(network, task=AND, protocol=PAPER))
    stopped = CircuitSearch(
        search.layout, search.possible, search.masks, search.outputs, search.margins, truncated_at=search.n_listed
    )
    assert float32_circuits(ask(network, task=AND, protocol=PAPER), stopped) is None


def test_it_belongs_to_paper_alone():
    network = hidden_and(0.0)
    assert analyse_output(ask(network, task=AND)).float32 is None
    assert "float32" not in output_json(analyse_output(ask(network, task=AND)))


@pytest.mark.parametrize("name", ["xor_pretrained", "xor_4-4", "nand_3-2", "xor_sigmoid_3-3"])
def test_float32_agrees_on_golden_networks_and_stays_within_reach(name):
    file, data = golden_network(name), golden_data(name)
    task = file.tasks[0]
    search = search_circuits(ask(file.network, task=task, protocol=PAPER, data=data))
    outcome = float32_circuits(ask(file.network, task=task, protocol=PAPER, data=data), search)
    assert outcome.agrees
    assert outcome.n_valid == golden(name)["outputs"][0]["circuits"]["n_valid"]
    keep = keep_matrices(search.masks, search.layout)
    absent = [np.zeros(n) for n in file.network.sizes]
    apart = np.abs(circuit_outputs(file.network, keep, data.representatives, absent) - search.outputs)
    assert 0 < apart.max() < outcome.reach
    assert name in NAMES
