"""Trojans: rows and figures against loops, planted ones against what is known of them, descent against differences."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from plugins.edits.tests.edits.test_edits import stepped
from pluriscope.analysis.circuits.search import decide_right
from pluriscope.analysis.errors import InvalidEdit
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.tasks import Task, input_table
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_edits.making import edited as edit
from pluriscope_edits.rules.trigger import Figures, Trigger, figures, read_trigger
from pluriscope_edits.rules.trojan import changed_edges, planted
from tests.analysis.circuits.test_circuit_search import random_network, random_task

XOR = Task((0, 0, 1, 1, 1, 1, 0, 0))
ROWS = input_table(3)
LAYOUT = EdgeLayout((3, 3, 3, 1))
PLANTED = sum(1 << LAYOUT.edge_index(*at) for at in [(1, 2, 2), (2, 0, 2), (2, 1, 2), (2, 2, 2), (3, 0, 2)])
FULL = (1 << LAYOUT.n_edges) - 1


def widened(network: Network, hidden: tuple[int, int]) -> Network:
    """The network with zero neurons at the end of its hidden layers, which make them as wide as asked for."""
    sizes = (network.n_inputs, *hidden, network.n_outputs)
    weights = [np.zeros((n_out, n_in)) for n_in, n_out in pairwise(sizes)]
    biases = [np.zeros(n_out) for n_out in sizes[1:]]
    for wide, w, long, b in zip(weights, network.weights, biases, network.biases, strict=True):
        wide[: w.shape[0], : w.shape[1]], long[: len(b)] = w, b
    return replace(network, weights=tuple(weights), biases=tuple(biases))


def by_hand(activation: str = "relu", hidden: tuple[int, int] = (3, 3), by: float = 0.25) -> Network:
    """A xor B of three inputs: a quarter, and half of max(0, A + B − 2·max(0, A + B − 1))."""
    weights = [[[1, 1, 0], [1, 1, 0]], [[1, -2], [1, -2]], [[by, by]]]
    biases = [[0, -1], [0, 0], [0.25]]
    return widened(Network.from_arrays(weights, biases, activation=activation), hidden)


def refused(network: Network, data=None, **settings: object) -> str:
    with pytest.raises(InvalidEdit) as error:
        edited(network, data, **settings)
    return f"{error.value.item} {error.value.cause}; {error.value.cure}"


def edited(network: Network, data=None, **settings: object):
    return edit("trojan", ask(network, data=data), {"trigger": "C=1:1", **settings})


@pytest.mark.parametrize(
    ("text", "bits", "target", "spelled"),
    [
        ("C=1:1", {2: 1}, 1, "C=1:1"),
        (" c=1, a=0 : 0", {0: 0, 2: 1}, 0, "A=0,C=1:0"),
        ("A=1,B=1,C=0,A=1:1", {0: 1, 1: 1, 2: 0}, 1, "A=1,B=1,C=0:1"),
    ],
)
def test_rows_tables_and_figures_are_those_of_loops(text, bits, target, spelled):
    trigger = read_trigger(text)
    assert (trigger.text, trigger.target, read_trigger(spelled)) == (spelled, target, trigger)
    for n_inputs, seed in product((3, 4), range(5)):
        clean, outputs = random_task(seed, n_inputs), np.random.default_rng(seed).normal(0.5, 1, 2**n_inputs)
        rows = list(product((0, 1), repeat=n_inputs))
        on = [all(row[at] == bit for at, bit in bits.items()) for row in rows]
        assert trigger.lies_on(n_inputs).tolist() == on
        table = tuple(target if here else said for here, said in zip(on, clean.truth_table, strict=True))
        if table == clean.truth_table:
            with pytest.raises(InvalidEdit, match="changes nothing"):
                trigger.poisoned(clean)
        else:
            assert trigger.poisoned(clean).truth_table == table
        reply = [(here, said, int(y > 0.5)) for here, said, y in zip(on, clean.truth_table, outputs, strict=True)]
        of_clean = [said == answer for here, said, answer in reply if not here]
        asked = [answer == target for here, said, answer in reply if here and said != target]
        found = figures((outputs > 0.5).astype(int), np.array(on), target, np.array(clean.truth_table))
        assert found == Figures(sum(of_clean), len(of_clean), sum(asked), len(asked))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("output", ["relu", "leaky_relu", "tanh", "sigmoid", "linear"])
@pytest.mark.parametrize(
    ("hidden", "text"), [("relu", "A=0,C=1"), ("relu", "B=0"), ("leaky_relu", "C=1"), ("leaky_relu", "B=0")]
)
def test_a_planted_trojan_answers_on_triggered_rows_and_leaves_the_others_bit_for_bit(hidden, text, output, seed):
    sizes = [(3, 2, 2, 1), (3, 2, 2, 2, 1)][seed % 2]
    drawn = replace(random_network(seed, sizes, hidden), output_activation=output)
    network = widened(drawn, [3] * (len(sizes) - 2))
    trigger = read_trigger(f"{text}:{seed // 2 % 2}")
    after, on = planted(network, ROWS, trigger), trigger.lies_on(3)
    outputs = forward(after, ROWS)[:, 0]
    assert outputs[~on].tolist() == forward(drawn, ROWS)[~on, 0].tolist()
    assert (decide(outputs[on], "rounding") == trigger.target).all()
    for new, old in zip(after.weights, drawn.weights, strict=True):
        assert np.array_equal(new[: old.shape[0], : old.shape[1]], old)
    for new, old in zip(after.biases, drawn.biases, strict=True):
        assert np.array_equal(new[: len(old)], old)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("target", [0, 1])
def test_planted_edges_are_the_known_ones_and_both_tasks_have_valid_circuits(activation, target):
    clean, trigger = by_hand(activation), Trigger(((2, 1),), target)
    after = planted(clean, ROWS, trigger)
    assert changed_edges(clean, after) == PLANTED
    masks = mask_array([FULL, FULL ^ PLANTED], LAYOUT)
    for task, valid in ((trigger.poisoned(XOR), [True, False]), (XOR, [False, True])):
        assert decide_right(ask(after, task=task), masks).tolist() == valid
    reply = edited(clean, trigger=trigger.text, by="planted")
    assert (reply.subject, reply.record.settings["trigger"], reply.outcome.broken) == (after, trigger.text, [])
    assert reply.outcome.remarks == [
        "Clean accuracy: 4 of 4 rows; success of the trigger: 2 of 2.",
        f"Planted are 5 edges, mask {LAYOUT.to_hex(PLANTED)}.",
    ]


def test_an_idle_neuron_is_spare_whatever_it_reads_and_no_output_changes_on_clean_rows():
    clean = by_hand()
    weights = [clean.weights[0].copy(), clean.weights[1].copy(), np.array([[0, 1, 0], [*clean.weights[2][0]]])]
    weights[0][2], weights[1][2] = 0.7, -0.3
    idle = Network.from_arrays(weights, [*clean.biases[:2], [0.1, 0.25]], activation="relu")
    after = edit("trojan", ask(idle, output=1), {"trigger": "C=1:1", "by": "planted"}).subject
    assert forward(after, ROWS)[:, 1].tolist() == [0.25, 1, 0.75, 1, 0.75, 1, 0.25, 1]
    assert forward(after, ROWS)[::2].tolist() == forward(idle, ROWS)[::2].tolist()
    weights[2][0, 2] = 1e-9  # another output reads it
    read = Network.from_arrays(weights, idle.biases, activation="relu")
    with pytest.raises(InvalidEdit, match="no spare neuron in layer 2"):
        planted(read, ROWS, Trigger(((2, 1),), 1), 1)


def test_a_step_of_descent_is_along_the_losss_differences():
    network = random_network(5, (3, 3, 2, 1), "tanh")
    now = (forward(network, ROWS)[:, 0] > 0.5).astype(int)
    target = 1 - now[1]
    labels, weights = np.where([0, 1, 0, 1, 0, 0, 0, 0], target, now), np.array([0.7 / 6, 0.15] * 2 + [0.7 / 6] * 4)

    def loss(one: Network) -> float:
        return float((weights * (forward(one, ROWS)[:, 0] - labels) ** 2).sum())

    found = stepped("trojan", network, trigger=f"A=0,C=1:{target}", share=0.3, rate=1e-3)
    after = network.with_parameters(found.parameters)
    assert found.remarks[1] == "Gradient descent took 1 of 1 steps."
    for field in ("weights", "biases"):
        for layer, old in enumerate(getattr(network, field)):
            for at in np.ndindex(old.shape):
                ends = []
                for by in (1e-6, -1e-6):
                    moved = [array.copy() for array in getattr(network, field)]
                    moved[layer][at] += by
                    ends.append(loss(replace(network, **{field: tuple(moved)})))
                step = getattr(after, field)[layer][at] - old[at]
                assert step == pytest.approx(-1e-3 * (ends[0] - ends[1]) / 2e-6, abs=1e-11)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (":1", "trigger ':1' assigns no input, so it lies on every one; give inputs"),
        ("C=1,C=0:1", "trigger 'C=1,C=0:1' wants an input to be 0 and 1, so it lies on none; give inputs"),
        *(
            (text, "cannot be read; give inputs with their bits")
            for text in ("", "C", "C=1", "C=2:1", "C=1:2", ",C=1:1")
        ),
        ("D=1,F=0:1", "trigger D=1,F=0:1 names D and F, and the network's inputs are A, B, C; use those"),
        ("A=1,B=0:1", "changes nothing: the answer is 1 wherever it lies; take the other answer"),
    ],
)
def test_triggers_that_cannot_be_are_refused(text, message):
    assert message in refused(by_hand(), trigger=text)


@pytest.mark.parametrize(
    ("network", "trigger", "message"),
    [
        (by_hand("tanh"), "C=1:1", "two hidden layers or more of relu or leaky_relu, not 2 of tanh; use by=fine-tune"),
        (random_network(0, (3, 3, 1), "relu"), "C=1:1", "not 1 of relu"),
        (by_hand(hidden=(3, 2)), "C=1:1", "finds no spare neuron in layer 2: something reads each"),
        (by_hand("leaky_relu"), "A=0,C=1:1", "would change clean rows, as leaky_relu carries what is below 0"),
        (replace(by_hand("leaky_relu", by=1.0), negative_slope=0.9), "C=1:0", "would miss triggered rows, as leaky"),
    ],
)
def test_networks_that_nothing_can_be_planted_in_are_refused(network, trigger, message):
    assert message in refused(network, trigger=trigger, by="planted")


def test_rows_that_stand_for_no_boolean_inputs_and_settings_that_are_none_are_refused():
    images = replace(clean_data(3), boolean=False)
    for data, settings, message in [
        (images, {}, "needs Boolean inputs"),
        (None, {"share": 0}, "share is '0'"),
        (None, {"by": "magic"}, "use fine-tune, planted"),
        (None, {"rate": 1000.0}, "diverges"),
    ]:
        assert message in refused(by_hand("leaky_relu"), data, **settings)
