"""A population's members are what their networks give alone, and none is lost."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.circuits.search import search_circuits
from analysis.data import clean_data
from analysis.errors import BeyondLimits, Cancelled, InvalidNetwork, InvalidTask
from analysis.limits import Limits
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.pipeline import analyse_output
from analysis.populations import population
from analysis.populations.population import analyse_outcomes, iterate_population
from analysis.populations.population_file import PopulationSummary, member_json
from analysis.preflight import preflight
from analysis.protocol import protocol_from_mapping
from analysis.question import ask
from analysis.result_file import result_json
from analysis.tasks import named_task
from analysis.work import Work
from tests.golden_files import golden_network

XOR = named_task("XOR", 2)
FEW = protocol_from_mapping({"max_depth": 2})


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


def analyse_population(*asked, **options):
    return tuple(iterate_population(*asked, **options))


def as_json(analyses):
    return result_json(analyses) | {"seconds": {}}


def assert_members_are_alone_the_same(networks, tasks, protocol, **options):
    members = analyse_population(networks, tasks, protocol, **options)
    assert [member.network for member in members] == list(networks)
    for member in members:
        data = clean_data(member.network.n_inputs)
        alone = [
            analyse_output(ask(member.network, output=k, task=task, protocol=protocol, data=data), **options)
            for k, task in enumerate(tasks)
        ]
        assert member.analysed
        assert as_json(member.analyses) == as_json(alone)
    return members


def test_members_are_what_their_networks_give_alone():
    assert_members_are_alone_the_same(near("xor_2-2", 3), [XOR], FEW)


@pytest.mark.parametrize("later", [{"noise_std": 0.1}, {"circuit_family": "any_ablation"}])
def test_noisy_rows_are_each_networks_own(later):
    protocol = FEW.model_copy(update={"name": "later", **later})
    members = assert_members_are_alone_the_same(near("xor_2-2", 2), [XOR], protocol)
    rows = [member.analyses[0].question.judged[0] for member in members]
    assert np.array_equal(*rows) == ("noise_std" not in later)


def test_noisy_rows_and_a_data_record_are_refused_together():
    protocol = protocol_from_mapping({"name": "noisy", "noise_std": 0.1})
    data = replace(clean_data(2), representatives=0.1 + clean_data(2).representatives)
    (problem,) = preflight(ask(near("xor_2-2", 1)[0], task=XOR, protocol=protocol, data=data))
    assert str(problem).startswith("protocol noisy: draws noisy rows, and a data record has rows of its own.")


def test_several_outputs_and_three_inputs():
    tasks = [named_task("AND", 3), named_task("MAJORITY", 3)]
    loose = protocol_from_mapping({"accuracy_threshold": 0.4, "max_depth": 1})
    members = assert_members_are_alone_the_same(random_networks((3, 2, 2), 2, activation="tanh"), tasks, loose)
    assert all(len(member.analyses) == 2 for member in members)
    assert any(analysis.circuits.n_valid for member in members for analysis in member.analyses)


@pytest.mark.parametrize("limits", [Limits(max_valid=3), Limits(max_possible=10), Limits(max_possible=10, n_samples=0)])
def test_limits_are_each_networks_own(limits):
    assert_members_are_alone_the_same(near("xor_2-2", 3), [XOR], FEW, work=Work(limits=limits))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "method"),
    [
        (Limits(max_possible=100, n_draws=20), "counted"),
        (Limits(max_possible=100, max_seconds=0, n_draws=20, n_samples=500), "estimated"),
    ],
)
def test_spaces_beyond_a_list_are_counted_or_estimated_member_by_member(limits, method):
    networks = near("xor_pretrained", n=2)
    members = analyse_population(networks, [XOR], FEW, Work(limits=limits))
    assert_members_are_alone_the_same(networks, [XOR], FEW, work=Work(limits=limits))
    for network, member in zip(networks, members, strict=True):
        circuits = member.analyses[0].circuits
        assert circuits.method == method
        if method == "counted":
            assert circuits.n_valid == search_circuits(ask(network, task=XOR, protocol=FEW)).n_valid
        else:
            assert circuits.interval is not None
            assert circuits.interval[0] <= circuits.n_valid <= circuits.interval[1]
    summary = PopulationSummary()
    for member in members:
        summary.add(member)
    assert summary.as_json()["summary"]["outputs"][0]["circuits_found"] == {method: 2}


@pytest.mark.slow
def test_failures_are_members_with_their_reason():
    specs = [TrainingSpec(seed=seed, hidden=(2, 2)) for seed in range(6)]
    specs += [TrainingSpec(seed=99, hidden=(2, 2), learning_rate=10)]
    members = list(analyse_outcomes(train_networks(specs), FEW))
    assert [member.training.spec.seed for member in members] == [0, 1, 2, 3, 4, 5, 99]
    assert [member.analysed for member in members] == [member.training.converged for member in members]
    assert len({member.training.converged for member in members}) == 2
    summary = PopulationSummary()
    for member in members:
        summary.add(member)
        line = json.loads(json.dumps(member_json(member), allow_nan=False))
        assert line["seed"] == member.training.spec.seed
        assert line["state"] == member.training.state
        assert bool(line["outputs"]) == member.analysed
        if not member.analysed:
            assert line["message"] != "converged"
    told = summary.as_json()["summary"]
    n_converged = sum(member.training.converged for member in members)
    assert told["networks"] == 7 == sum(told["states"].values())
    assert told["analysed"] == n_converged == told["outputs"][0]["of"]
    assert all(entry["of"] == n_converged for entry in told["outputs"][0]["algorithms"])


def test_a_network_that_cannot_be_analysed_is_no_others_trouble(monkeypatch):
    networks, real = near("xor_2-2", 3), population.analyse_output

    def refuse_one(question, work, **options):
        if question.model is networks[1]:
            raise BeyondLimits("this network", "is refused for the test", "do nothing")
        return real(question, work, **options)

    monkeypatch.setattr(population, "analyse_output", refuse_one)
    members = analyse_population(networks, [XOR], FEW)
    assert [member.analysed for member in members] == [True, False, True]
    assert "refused for the test" in member_json(members[1])["problem"]
    summary = PopulationSummary()
    for member in members:
        summary.add(member)
    told = summary.as_json()["summary"]
    assert (told["networks"], told["analysed"], sum(told["problems"].values())) == (3, 2, 1)


def test_figures_of_the_summary():
    networks = near("xor_2-2", 4)
    summary = PopulationSummary()
    for member in analyse_population(networks, [XOR], FEW):
        summary.add(member)
    (told,) = summary.as_json()["summary"]["outputs"]
    counts = sorted(analyse_output(ask(network, task=XOR, protocol=FEW)).circuits.n_valid for network in networks)
    figure = told["circuits_valid"]
    assert [figure[key] for key in ("least", "median", "most")] == [counts[0], counts[1], counts[3]]
    assert figure["none"] == counts.count(0)
    assert told["of"] == 4


def test_bad_populations():
    assert analyse_population([], [], FEW) == ()
    with pytest.raises(InvalidNetwork, match="network 1 of the population"):
        analyse_population([*near("xor_2-2", 1), golden_network("xor_pretrained").network], [XOR], FEW)
    with pytest.raises(InvalidTask, match="2 for 1 outputs"):
        analyse_population(near("xor_2-2", 1), [XOR, XOR], FEW)
    with pytest.raises(InvalidTask, match="rows for 2 inputs"):
        analyse_population(near("xor_2-2", 1), [named_task("AND", 3)], FEW)


def test_it_stops_when_asked():
    told = []

    def stop(progress, /):
        told.append(progress)
        if progress.stage == "networks" and progress.done == 1:
            raise Cancelled("networks")

    with pytest.raises(Cancelled):
        analyse_population(near("xor_2-2", 3), [XOR], FEW, Work(report=stop))
    assert {"circuits", "networks", "alignments"} <= {progress.stage for progress in told}
