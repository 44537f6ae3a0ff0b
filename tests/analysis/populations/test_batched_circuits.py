"""The batched search finds what the search of one network finds, bit for bit, whatever device looks."""

import numpy as np
import pytest
import torch

from analysis.circuits.search import search_circuits
from analysis.data import DataRecord, clean_data
from analysis.errors import BeyondLimits, Cancelled, InvalidNetwork, InvalidTraining
from analysis.networks import devices
from analysis.networks.mlp import ablation_values
from analysis.networks.network import ACTIVATIONS, Network
from analysis.networks.tolerance import LEAST_TOLERANCE, MOST_TOLERANCE, output_tolerance
from analysis.populations import batched_circuits, stacked_space
from analysis.populations.batched_circuits import search_circuits_together
from analysis.protocol import COMPLETE, PAPER, protocol_from_mapping
from analysis.question import ask
from analysis.tasks import Task, input_table, named_task
from analysis.work import Work
from tests.golden_files import golden_data, golden_network

XOR = named_task("XOR", 2)
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device on this machine")
DEVICES = ["cpu", pytest.param("cuda", marks=GPU)]


def random_networks(sizes, n=4, seed=0, scale=1.5, **kind):
    random = np.random.default_rng(seed)
    shapes = list(zip(sizes[1:], sizes, strict=False))
    return [
        Network.from_arrays(
            [random.normal(0, scale, shape) for shape in shapes],
            [random.normal(0, scale, shape[0]) for shape in shapes],
            **kind,
        )
        for _ in range(n)
    ]


def near(name, n=4, spread=0.03):
    """A golden network, and others with weights a little beside its own."""
    network, random = golden_network(name).network, np.random.default_rng(7)
    others = [
        Network.from_arrays(
            [w + random.normal(0, spread, w.shape) for w in network.weights],
            [b + random.normal(0, spread, b.shape) for b in network.biases],
            activation=network.activation,
            output_activation=network.output_activation,
            negative_slope=network.negative_slope,
        )
        for _ in range(n - 1)
    ]
    return [network, *others]


LOOSE = protocol_from_mapping({"accuracy_threshold": 0.4})


def assert_equal(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.masks.dtype == other.masks.dtype
        np.testing.assert_array_equal(one.masks, other.masks)
        np.testing.assert_array_equal(one.outputs, other.outputs)
        np.testing.assert_array_equal(one.margins, other.margins)
        assert (one.layout, one.possible, one.truncated_at) == (other.layout, other.possible, other.truncated_at)


def compare(networks, task, protocol=COMPLETE, data=None, device="cpu", **limits):
    questions = [ask(network, task=task, protocol=protocol, data=data) for network in networks]
    expected = [search_circuits(question, **limits) for question in questions]
    assert_equal(search_circuits_together(questions, device=device, **limits), expected)
    return sum(search.n_valid for search in expected)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(2, 3, 1), (2, 2, 2, 1), (3, 2, 1)])
def test_random_networks_of_every_activation(activation, sizes, device):
    n = 2 ** sizes[0]
    networks = random_networks(sizes, activation=activation, output_activation="linear", seed=len(sizes))
    tables = [tuple(int(b) for b in f"{pattern:0{n}b}") for pattern in (1, 6, 2**n - 2)]
    assert sum(compare(networks, Task(table), LOOSE, device=device) for table in tables)
    for table in tables:
        compare(networks, Task(table), device=device)


@pytest.mark.parametrize("protocol", [
    PAPER,
    protocol_from_mapping({"ablation": "mean"}),
    protocol_from_mapping({"circuit_decision": "threshold"}),
    protocol_from_mapping({"accuracy_threshold": 0.7}),
    protocol_from_mapping({"accuracy_threshold": 0.4, "ablation": "mean", "circuit_decision": "threshold"}),
])  # fmt: skip
def test_every_rule_of_a_protocol(protocol):
    assert compare(near("xor_pretrained"), XOR, protocol)


@pytest.mark.slow
@pytest.mark.parametrize("cells", [1, 100, 4_000])
def test_small_budgets_split_networks_prefixes_and_combinations(cells, monkeypatch):
    monkeypatch.setitem(batched_circuits._BUDGETS, "cpu", batched_circuits._Budget(cells, 3))
    networks = random_networks((2, 2, 2, 1), n=5, scale=1.0)
    assert compare(networks, XOR, LOOSE)
    assert compare(networks, XOR) == 0
    assert compare(near("xor_2-2"), XOR)


def test_many_inputs_end_rows_early():
    random = np.random.default_rng(5)
    task = Task(tuple(int(b) for b in random.integers(0, 2, 16)))
    assert compare(random_networks((4, 2, 2, 1), scale=0.7), task, protocol_from_mapping({"accuracy_threshold": 0.5}))


@pytest.mark.slow
def test_labels_and_rows_of_a_data_record():
    network, data = golden_network("xor_noise_3-3").network, golden_data("xor_noise_3-3")
    assert data.validation_inputs is not None
    assert compare([network, network], XOR, PAPER, data)


@pytest.mark.parametrize("name", ["xor_pretrained", "xor_3-3_tight", "xor_sigmoid_3-3", "xor_tanh_3-3", "xor_relu_3-3"])
def test_trained_networks(name):
    assert compare(near(name), XOR)


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["xor_4-4", "majority_3-3"])
def test_larger_trained_networks(name, device):
    file = golden_network(name)
    assert compare(near(name, 2), file.tasks[0], device=device)


@pytest.mark.parametrize("device", DEVICES)
def test_ties_at_edges_are_the_references_to_decide(device):
    # outputs are sums of tenths: many circuits end at .5 but for the last bit, on either side of it
    random = np.random.default_rng(1)
    networks = []
    for _ in range(6):
        tenths = [random.integers(-5, 6, shape) / 10 for shape in [(3, 2), (1, 3)]]
        networks.append(Network.from_arrays(tenths, [random.integers(-5, 6, 3) / 10, [0.5]], activation="linear"))
    data = clean_data(2)
    loose = protocol_from_mapping({"accuracy_threshold": 0.2})
    n_near = sum(
        (search_circuits(ask(network, task=XOR, protocol=loose, data=data)).margins < 1e-12).sum()
        for network in networks
    )
    assert n_near > 10
    for threshold in (0.2, 0.4, 0.6, 0.99):
        compare(networks, XOR, protocol_from_mapping({"accuracy_threshold": threshold}), device=device)


def test_a_device_that_is_a_little_off_changes_nothing(monkeypatch):
    exact = stacked_space.activate_tensor
    random = torch.Generator().manual_seed(0)

    def noisy(values, activation, slope):
        result = exact(values, activation, slope)
        return result + 1e-11 * (torch.rand(result.shape, generator=random, dtype=result.dtype) - 0.5)

    monkeypatch.setattr(stacked_space, "activate_tensor", noisy)
    assert compare(near("xor_pretrained"), XOR)
    test_ties_at_edges_are_the_references_to_decide("cpu")


def test_huge_weights_are_left_to_the_reference():
    networks = [*random_networks((2, 2, 2, 1), n=2), *random_networks((2, 2, 2, 1), n=2, scale=1e200)]
    rows, absent = input_table(2), ablation_values(networks[3], "zero")
    assert not output_tolerance(networks[3], rows, absent) <= MOST_TOLERANCE
    assert output_tolerance(networks[0], rows, absent) == LEAST_TOLERANCE
    compare(networks, XOR)
    compare(networks, XOR, protocol_from_mapping({"accuracy_threshold": 0.4}))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_tolerance_covers_another_order_of_sums_in_lower_precision(activation):
    # float32 stands in for a machine whose unit is 2^29 times as large
    for network in random_networks((3, 5, 4, 1), n=20, scale=3.0, activation=activation):
        rows = input_table(3)
        absent = ablation_values(network, "zero")
        values, narrow = rows, rows.astype(np.float32)
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            kind = network.activation_of(layer)
            values = stacked_space.activate_tensor(torch.tensor(values @ weights.T + biases), kind, 0.01).numpy()
            sums = narrow[:, ::-1] @ weights.astype(np.float32).T[::-1] + biases.astype(np.float32)
            narrow = stacked_space.activate_tensor(torch.tensor(sums), kind, 0.01).numpy()
        bound = _raw_tolerance(network, rows, absent)
        # weights are rounded to float32 too: one more unit for each of them
        assert np.abs(values - narrow).max() <= 2**29 * bound


def _raw_tolerance(network, rows, absent):
    from unittest.mock import patch

    with patch("analysis.networks.tolerance.LEAST_TOLERANCE", 0.0):
        return output_tolerance(network, rows, absent)


def test_limits_are_those_of_the_single_search():
    networks = random_networks((2, 3, 1), n=3, scale=1.0)
    task = Task((1, 1, 1, 1))
    loose = protocol_from_mapping({"accuracy_threshold": 0.2})
    most = max(search_circuits(ask(network, task=task, protocol=loose)).n_valid for network in networks)
    compare(networks, task, loose, max_valid=most - 1)
    compare(networks, task, loose, max_valid=1)
    with pytest.raises(BeyondLimits):
        search_circuits_together([ask(one, task=task, protocol=loose) for one in networks], max_possible=5)


def test_no_networks_and_different_ones():
    assert search_circuits_together([]) == ()
    mixed = [*random_networks((2, 2, 1), n=1), *random_networks((2, 3, 1), n=1)]
    with pytest.raises(InvalidNetwork, match="network 1 of the population"):
        search_circuits_together([ask(one, task=XOR) for one in mixed])


def test_it_tells_how_far_it_is_and_stops_when_asked():
    networks = random_networks((2, 3, 1), n=3)
    told = []
    search_circuits_together([ask(one, task=XOR) for one in networks], Work(report=told.append))
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert told[-1].done == told[-1].total == 3 * search_circuits(ask(networks[0], task=XOR)).possible

    def stop(progress, /):
        raise Cancelled("circuits")

    with pytest.raises(Cancelled):
        search_circuits_together([ask(one, task=XOR) for one in networks], Work(report=stop))


def test_representatives_that_are_no_bits():
    data = DataRecord(input_table(2) * 2 - 1, interchange_rows=input_table(2))
    assert compare(random_networks((2, 3, 1), scale=1.0), XOR, LOOSE, data)


def test_a_device_that_is_not_there():
    with pytest.raises(InvalidTraining, match="device 'abacus'"):
        search_circuits_together([ask(one, task=XOR) for one in random_networks((2, 2, 1))], device="abacus")


def test_a_device_without_float64_is_passed_over_for_the_cpu(monkeypatch):
    zeros = torch.zeros

    def no_float64(*shape, dtype=None, device=None):
        if dtype == torch.float64 and device is not None:
            raise TypeError("this device has no float64")
        return zeros(*shape, dtype=dtype)

    monkeypatch.setattr(torch, "zeros", no_float64)
    monkeypatch.setattr(devices, "available_device", torch.device)
    assert devices.with_float64("meta") == torch.device("cpu")
