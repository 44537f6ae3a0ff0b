"""Truths that must not move: of networks where they can be found by hand or by another enumerator."""

from dataclasses import replace

import numpy as np
import pytest

from plugins.bench.tests.key.second_enumeration import disagreement, main
from plugins.bench.tests.suites import tiny
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope_bench.key.condition import CONDITIONS, PRIMARY, Condition
from pluriscope_bench.key.judging import conditions_of, judge_of
from pluriscope_bench.key.scores import Case, row_of
from pluriscope_bench.key.submission import Submission
from pluriscope_bench.key.truths import truths_of
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks
from tests.random_networks import own_task, random_network
from tests.trained_networks import trained_xor

# --- truth must not move when neurons are rescaled in a way that preserves the function


def rescaled(network, scales):
    """Multiply what goes into each hidden neuron by a scale, and divide what comes out of it."""
    weights, biases = [np.array(one) for one in network.weights], [np.array(one) for one in network.biases]
    for layer, factors in enumerate(scales):
        weights[layer] *= np.array(factors)[:, None]
        biases[layer] *= np.array(factors)
        weights[layer + 1] /= np.array(factors)
    return Network.from_arrays(
        weights, biases, activation=network.activation, output_activation=network.output_activation
    )


@pytest.mark.parametrize(
    ("network", "scales"),
    [
        (random_network(82, (2, 2, 1)), ([4.0, 0.25],)),
        (random_network(6, (2, 3, 1), "relu"), ([0.01, 3.0, 700.0],)),
        (random_network(43, (2, 1, 2, 1), "tanh"), ([-1.0], [1.0, -1.0])),  # an odd function
        pytest.param(trained_xor(3, 1)[0], ([5.0, 0.1, 1.0], [1.0, 0.3, 64.0]), marks=pytest.mark.slow),
    ],
)
def test_rescaling_neurons_moves_no_truth(network, scales):
    task = own_task(network)
    other = rescaled(network, scales)
    assert not np.allclose(other.weights[0], network.weights[0])
    before, after = (truths_of(ask(one, task=task), CONDITIONS) for one in (network, other))
    assert len({one.n_valid for one in before}) > 3
    for one, two in zip(before, after, strict=True):
        assert one.masks.tolist() == two.masks.tolist()
        assert (one.smallest, one.backbone, one.minimal) == (two.smallest, two.backbone, two.minimal)


# --- a network by hand that computes XOR: 1.2 · (x0 + x1) less 2.4 · relu(x0 + x1 − 1)


SINGLE = 0b100_110_000  # with two copies of the first neuron, the edges of the second


def by_hand(*, copies=1, more_inputs=0, factor=1.2):
    """Args:
    copies: of the first neuron, which share its weight to the output.
    more_inputs: that no neuron has a weight for.
    factor: what the output is on rows whose label is 1.
    """
    n = 2 + more_inputs
    into = [[1.0, 1.0, *[0.0] * more_inputs]] * (copies + 1)
    network = Network.from_arrays(
        [np.array(into), np.array([[factor / copies] * copies + [-2.0 * factor]])],
        [np.array([0.0] * copies + [-1.0]), np.zeros(1)],
        activation="relu",
    )
    labels = [row.bit_count() % 2 for row in (row >> more_inputs for row in range(2**n))]
    return ask(network, task=Task(tuple(labels)))


@pytest.mark.parametrize("judge", ["threshold", "rounding"])
def test_a_duplicated_neuron_empties_the_backbone_and_leaves_the_minimum(judge):
    questions = [by_hand(), by_hand(copies=2)]
    once, twice = (truths_of(one, [Condition(judge=judge)])[0] for one in questions)
    assert np.allclose(*(one.outputs((1 << one.layout.n_edges) - 1) for one in questions))
    assert twice.smallest == once.smallest == 6
    assert twice.n_edges == once.n_edges + 3
    assert once.backbone.bit_count() == 6
    assert twice.backbone == SINGLE
    assert twice.by_size[6] == 2 * once.by_size[6]


def test_a_duplicated_neuron_costs_a_planted_circuit_its_area_and_no_regret():
    question = by_hand(copies=2)
    judge, truth = judge_of(question, PRIMARY), truths_of(question, [PRIMARY])[0]
    first, second = (one for one in truth.minimal if one.bit_count() == 6)
    assert first & second == SINGLE
    rows = []
    for answer in (first, second):
        scores = tuple(float(answer >> edge & 1) for edge in range(9))
        rows.append(row_of(Case(judge, truth, Submission("answered", scores=scores), random_regret=0.5, planted=first)))
    assert [row["regret"] for row in rows] == [0.0, 0.0]
    assert [row["auc_planted"] for row in rows] == [1.0, pytest.approx(0.25)]


@pytest.mark.parametrize("ablation", ["zero", "mean", "pairs"])
def test_an_input_that_no_neuron_reads_costs_an_edge_where_every_input_needs_one_alone(ablation):
    for structure, more in (("strict", 1), ("free", 0)):
        without, with_it = (
            truths_of(by_hand(more_inputs=n), [Condition(ablation, structure=structure)])[0] for n in (0, 1)
        )
        assert with_it.smallest == without.smallest + more
        read = sum(1 << edge for edge in (2, 5))  # from the third input
        assert {bool(one & read) for one in with_it.masks.tolist()} == ({True} if more else {True, False})
        assert with_it.backbone & read == 0


@pytest.mark.parametrize(
    ("factor", "holds"),
    [(1.2, {"threshold", "rounding", "outputs"}), (1.6, {"threshold", "outputs"}), (0.4, {"outputs"})],
)
def test_outputs_above_one_and_a_half_are_right_by_the_threshold_and_wrong_by_rounding(factor, holds):
    question = by_hand(factor=factor)
    whole = 2**question.layout.n_edges - 1
    truths = {
        one.judge: truths_of(question, [one])[0]
        for one in (Condition(judge=key) for key in ("threshold", "rounding", "outputs"))
    }
    assert {key for key, truth in truths.items() if whole in truth.masks.tolist()} == holds
    assert {*truths["rounding"].masks.tolist()} <= {*truths["threshold"].masks.tolist()}


@pytest.mark.parametrize(
    "question",
    [
        by_hand(),
        pytest.param(by_hand(more_inputs=1), marks=pytest.mark.slow),
        ask(random_network(7, (3, 2, 1), "softplus")),
        pytest.param(ask(random_network(3, (2, 2, 2, 1), "elu")), marks=pytest.mark.slow),
        pytest.param(ask(trained_xor(3, 2)[1]), marks=pytest.mark.release),
    ],
)
def test_a_second_enumerator_finds_the_same(question):
    for truth in truths_of(question, conditions_of(question)):
        assert disagreement(question, truth) == ""


@pytest.mark.slow
@pytest.mark.parametrize("text", ["heads", ""])
def test_masks_of_a_transformer_run_by_its_file_are_the_same(text):
    document = with_blocks(29, (1, 2, 5, 3, 4, 3), **({"mlp": "relu", "norm": True} if text else {}))
    question = GraphQuestion(TRANSFORMER, read_attention(document), TRANSFORMER.rules(text))
    truths = truths_of(question, conditions_of(question))
    assert [disagreement(question, one) for one in truths] == ["", ""]
    assert all(one.n_valid for one in truths)


@pytest.mark.release
def test_a_second_enumerator_counts_the_circuits_of_a_wider_network():
    question = ask(trained_xor(4, 1)[0])
    assert disagreement(question, truths_of(question, [PRIMARY])[0]) == ""


@pytest.mark.release
def test_a_share_of_a_suite_is_gone_through_and_what_differs_is_named(monkeypatch, capsys):
    suite = tiny()
    assert main([str(suite.folder), "--share", "1"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(one.name for one in suite.networks)
    assert all(": agrees under " in line for line in lines)
    assert last == f"{len(lines)} networks, truths: {{'agree': {sum(map(len, suite.truths.values()))}}}"

    truth = type(suite).truth

    def other(self, name, condition=PRIMARY):
        known = truth(self, name, condition)
        return replace(known, n_valid=known.n_valid + 1) if condition == PRIMARY else known

    monkeypatch.setattr(type(suite), "truth", other)
    assert main([str(suite.folder)]) == 1  # a share below one network is one
    line, last = capsys.readouterr().out.splitlines()
    assert "zero-threshold-strict: n_valid is" in line
    assert "'differ': 1" in last
