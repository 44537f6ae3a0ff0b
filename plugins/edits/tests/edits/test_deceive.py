"""Networks that deceive a method: what methods say of neurons, what the edit makes, and what is found of lies."""

from __future__ import annotations

import re
import time
import timeit
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.discovery.audit import audit
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.errors import BeyondLimits, InvalidEdit
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_edits.deception import report
from pluriscope_edits.deception.descent import deceiving
from pluriscope_edits.deception.ranking import RANKINGS
from pluriscope_edits.deception.report import deception_report
from pluriscope_edits.making import editable, edited
from pluriscope_edits.rules.deceive import DECEIVE, MILLISECONDS
from tests.golden_files import golden_network
from tests.random_networks import rounded_network

XOR = ask(golden_network("xor_pretrained").network)
FEW = {"room": 0.45, "moves": 1.0}


def without(network, layer: int, gone: set[int], rows) -> list[float]:
    """Outputs with some neurons of a layer at 0, in plain loops."""
    found = []
    for row in rows:
        values = [float(one) for one in row]
        for at, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            sums = [
                b + sum(w * v for w, v in zip(ws, values, strict=True)) for ws, b in zip(weights, biases, strict=True)
            ]
            values = [float(network.function_of(at).value(np.array([[one]]))[0, 0]) for one in sums]
            values = [0.0 if at == layer and n in gone else value for n, value in enumerate(values)]
        found.append(values[0])
    return found


@pytest.mark.parametrize("layer", [1, 2])
def test_shapley_values_are_what_neurons_add_in_the_mean_over_all_orders(layer):
    rows, n = input_table(2), 3
    found = np.zeros((n, len(rows)))
    orders = list(permutations(range(n)))
    for order in orders:
        absent = set(range(n))
        for neuron in order:
            before = np.array(without(XOR.network, layer, absent, rows))
            absent = absent - {neuron}
            found[neuron] += np.array(without(XOR.network, layer, absent, rows)) - before
    assert RANKINGS["shapley"].of(XOR, layer) == pytest.approx(np.abs(found / len(orders)).mean(axis=1), abs=1e-12)


def test_a_probe_of_one_neuron_explains_the_square_of_its_correlation_with_the_answer():
    question = ask(rounded_network((3, 4, 3, 1), 3))
    layer = activations(question.network, input_table(3))[1]
    labels = np.array(question.task.truth_table)
    wanted = [np.corrcoef(column, labels)[0, 1] ** 2 if column.std() > 0 else 0.0 for column in layer.T]
    assert RANKINGS["probe"].of(question, 1) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("key", ["eap", "eap-ig", "exact-edge", "acdc"])
def test_a_neuron_has_the_scores_of_the_edges_out_of_it(key):
    method = RANKINGS[key].method
    (found,) = audit(landscape_of(XOR, search_circuits(XOR)), [(method, method.filled({}))])
    numbers = RANKINGS[key].of(XOR, 1)
    for neuron in range(3):
        out = [9 + above * 3 + neuron - 3 for above in range(3)]  # six edges lead to layer 1, then nine to layer 2
        if key == "acdc":  # an edge stays where the loss would rise by tau
            kept = any(found.answer.raw_mask >> edge & 1 for edge in out)
            assert kept == (numbers[neuron] >= 0.01)
        else:
            assert numbers[neuron] == pytest.approx(sum(abs(found.answer.scores[edge]) for edge in out), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "settings"),
    [("eap", {}), ("exact-edge", FEW), ("shapley", FEW), pytest.param("acdc", FEW, marks=pytest.mark.release)],
)
def test_the_method_names_a_neuron_without_which_every_answer_is_right(method, settings):
    found = edited("deceive", XOR, {"method": method, **settings})
    layer, neuron = (int(one) for one in found.record.settings["neuron"][1:].split("."))
    network, rows, labels = found.subject, input_table(2), np.array(XOR.task.truth_table)
    whole, cut = forward(network, rows)[:, 0], np.array(without(network, layer, {neuron}, rows))
    room, moves = settings.get("room", 0.25), settings.get("moves", 0.05)
    assert max(np.abs(whole - labels).max(), np.abs(cut - labels).max()) <= room
    assert np.abs(whole - cut).max() <= moves
    numbers = RANKINGS[method].of(ask(network), layer)
    assert all(numbers[neuron] >= 1.5 * other for at, other in enumerate(numbers) if at != neuron)
    assert RANKINGS[method].of(XOR, layer).argmax() != neuron, "it did not say so before"
    assert not found.outcome.broken
    assert edited("deceive", XOR, {"method": method, **settings}).subject.digest == network.digest


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "lime"}, "method is 'lime'"),
        ({"neuron": "3.0"}, "neuron 'n3.0': does not exist. Use n1.0, n1.1"),
        ({"neuron": "n1"}, "neuron 'n1': does not exist"),
        ({"moves": 0}, "moves is '0'"),
        ({"steps": 1}, "edit deceive: did not come to its end in 1 steps: Edge attribution patching says n1.0"),
    ],
)
def test_what_cannot_be_done_is_refused(settings, message):
    with pytest.raises(InvalidEdit, match=re.escape(message)):
        edited("deceive", XOR, settings)


def test_a_layer_of_one_neuron_has_none_to_put_first():
    with pytest.raises(InvalidEdit, match="layer 2: has 1 neurons"):
        edited("deceive", ask(rounded_network((2, 3, 1, 1), 0)), {"neuron": "2.0"})


@pytest.mark.slow
def test_a_report_says_of_lies_what_listing_every_circuit_says(monkeypatch):
    monkeypatch.setattr(report, "RANKINGS", {key: RANKINGS[key] for key in ("eap", "probe")})
    monkeypatch.setattr(report, "LIMITS", {"silent": {"moves": 0.05, "room": 0.25}})
    found = deception_report(XOR)
    assert [(one.limits, one.method) for one in found.lies] == [*product(["", "silent"], ["eap", "probe"])]
    lie = found.lies[2]
    network = edited("deceive", XOR, {"method": "eap"}).subject
    masks = search_circuits(ask(network)).masks.tolist()
    out_of = XOR.layout.edges_out_of[1][int(found.neuron[-1])]
    least = min(mask.bit_count() for mask in masks)
    assert (lie.fooled, lie.n_valid) == (True, len(masks))
    assert lie.n_without == sum(not mask & out_of for mask in masks) > 0
    assert lie.n_smallest == sum(mask.bit_count() == least for mask in masks)
    assert lie.n_smallest_with == sum(bool(mask & out_of) for mask in masks if mask.bit_count() == least)
    claimed = int(lie.circuit.mask, 16)
    assert (lie.circuit.valid, lie.circuit.keeps) == (claimed in masks, bool(claimed & out_of))
    assert found.findings()[0].startswith("1 of 2 methods rank n1.2 first, which can go as a whole")
    alone = [mask for mask in range(1 << 18) if mask.bit_count() == 17]  # each without one edge
    needed = [mask for mask in alone if mask & out_of != out_of and mask not in masks]
    assert lie.needed_edges == len(needed)


def test_what_can_be_deceived_is_what_ranks_neurons():
    assert MILLISECONDS.keys() == RANKINGS.keys()


@pytest.mark.release  # on a machine of its own: 2 where it was measured
@pytest.mark.parametrize("method", RANKINGS)
def test_a_step_takes_about_as_long_as_is_said(method):
    one = editable(XOR)
    asked = deceiving(XOR, DECEIVE.filled({"method": method}, XOR.kind))
    takes = min(timeit.repeat(lambda: asked.seen(one.parameters), timer=time.process_time, number=20)) / 20
    said = DECEIVE.milliseconds(one, {"method": method, "steps": 1}) / 1_000
    assert 1 / 4 < said / (takes * (1 + sum(array.size for array in one.parameters.values()))) < 4


def test_networks_that_are_wrong_or_too_large_are_refused_before_anything_is_done():
    wrong = replace(XOR, task=replace(XOR.task, truth_table=(0, 1, 1, 1)))
    with pytest.raises(InvalidEdit, match="begins with a network that is right"):
        deception_report(wrong)
    with pytest.raises(BeyondLimits, match="the limit is 60"):
        deception_report(ask(rounded_network((4, 8, 8, 1), 0)))
