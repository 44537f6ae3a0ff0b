"""Steering against plain forward passes, bisection, explanations asked by hand, and numpy's least squares."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

import pluriscope
from pluriscope.analysis.algorithms.redundancy import placed_algorithms
from pluriscope.analysis.common_ground.interpreted import choose_classes
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import Task, input_table
from pluriscope.analysis.sandbox import predicting as by_hand
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.resources import RESOURCES
from pluriscope_methods.steering.directions import direction_of
from pluriscope_methods.steering.flips import exact_flips
from pluriscope_methods.steering.predicting import UNREAD, classes_predict, placement_predicts
from pluriscope_methods.steering.report import find
from pluriscope_methods.steering.sites import steerable
from pluriscope_methods.steering.transfer import affine_map, as_meant, null_of
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks
from tests.random_networks import own_task, random_network

BUNDLED = RESOURCES / "app" / "bundled"
SHAPE = (2, 3, 3, 1)


def plain(network, layer, added):
    """The output on each Boolean input with something added to a layer, by numpy's own products."""
    values = input_table(network.n_inputs)
    for at, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        values = network.function_of(at).value(values @ weights.T + biases)
        if at == layer:
            values = values + added
    return values[:, 0]


def asked(seed, sizes=SHAPE, activation="relu", output_activation="linear"):
    """A question about a network of drawn weights that answers both 0 and 1."""
    for at in range(seed, 10_000, 100):
        network = random_network(at, sizes, activation, output_activation=output_activation)
        task = own_task(network)
        if len(set(task.truth_table)) == 2:
            return ask(network, task=task)
    raise AssertionError


def steer(question, **settings):
    return find(Analysed(question, None), settings)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "sigmoid"])
@pytest.mark.parametrize(
    ("layer", "settings"),
    [
        (1, {}),
        (2, {"of": "0011"}),
        (1, {"along": "numbers", "on": "1,-0.5,2", "most": 3.0}),
        (2, {"along": "placement", "on": "0+2", "of": "0101"}),
        (1, {"along": "placement", "on": "1,1,0"}),
    ],
)
def test_every_dose_is_a_plain_forward_pass_with_the_direction_added(activation, layer, settings):
    question = asked(3, activation=activation)
    found = steer(question, at=str(layer), steps=4, **settings).steered
    values = input_table(2)
    for at in range(1, layer + 1):
        values = question.network.function_of(at).value(
            values @ question.network.weights[at - 1].T + question.network.biases[at - 1]
        )
    ones = np.array([int(bit) for bit in settings.get("of") or "".join(map(str, question.task.truth_table))]) == 1
    apart = values[ones].mean(axis=0) - values[~ones].mean(axis=0)
    on = np.array([float(one) for one in settings["on"].split(",")]) if "," in settings.get("on", "") else None
    expected = {
        "means": apart,
        "numbers": on,
        "placement": apart * [1, 0, 1] if on is None else (apart @ on if on is not None else 0) * np.array(on) / 2,
    }[settings.get("along", "means")]
    assert found.direction == pytest.approx(expected.tolist(), abs=1e-12)
    most = settings.get("most", 2.0)
    for at, dose in enumerate(np.linspace(-most, most, 9)):
        outputs = plain(question.network, layer, dose * np.array(found.direction))
        assert [row.measured[at] for row in found.rows] == pytest.approx(outputs.tolist(), abs=1e-9)
        answers = [int(row.answers[at]) for row in found.rows]
        assert answers == (outputs > 0.5).astype(int).tolist()
        reply = found.doses[at]
        assert reply.right == sum(a == b for a, b in zip(answers, question.task.truth_table, strict=True))
        before = [int(row.answers[4]) for row in found.rows]
        changed = [a != b for a, b in zip(answers, before, strict=True)]
        meant = ones if dose < 0 else ~ones
        assert (reply.meant, reply.others) == (sum(changed & meant), sum(changed & ~meant))


@pytest.mark.parametrize("seed", range(6))
def test_exact_flips_are_where_a_fine_grid_of_plain_passes_changes(seed):
    question = asked(seed, (2, 4, 3, 1), "leaky_relu" if seed % 2 else "relu", "leaky_relu" if seed % 3 else "sigmoid")
    found = steer(question, at=str(1 + seed % 2), most=4.0).steered
    assert found.exact
    grid = np.linspace(-4, 4, 1001)
    answers = np.array([plain(question.network, 1 + seed % 2, dose * np.array(found.direction)) > 0.5 for dose in grid])
    for at, row in enumerate(found.rows):
        places = np.flatnonzero(answers[1:, at] != answers[:-1, at])
        close = [
            flip
            for flip in row.flips
            if any(abs(flip.low - other.low) < 0.02 for other in row.flips if other is not flip)
        ]
        assert len(row.flips) == len(places) or close
        for flip in row.flips:
            at_once = plain(question.network, 1 + seed % 2, (flip.low + 1e-9) * np.array(found.direction))[at] > 0.5
            just_before = plain(question.network, 1 + seed % 2, (flip.low - 1e-9) * np.array(found.direction))[at] > 0.5
            assert (at_once, just_before) == (flip.answer == "1", flip.answer != "1")


def test_a_flip_is_a_fraction():
    network = ask(
        random_network(0, (2, 1, 1), "relu", output_activation="linear"), task=Task((0, 1, 1, 0), "XOR")
    ).network
    network = network.with_parameters(
        {"W1": np.array([[1.0, 1.0]]), "b1": np.zeros(1), "W2": np.array([[3.0]]), "b2": np.zeros(1)}
    )
    assert exact_flips(network, 1, [0.0], [1.0], 1.0, Fraction(1, 2)) == [(Fraction(1, 6), 1)]


def test_without_kinks_flips_lie_between_neighbouring_doses():
    found = steer(asked(1, activation="tanh"), at="1", most=4.0).steered
    flips = [flip for row in found.rows for flip in row.flips]
    assert flips
    assert not found.exact
    assert {round(flip.high - flip.low, 9) for flip in flips} == {0.2}


# --- explanations


@pytest.fixture(scope="module")
def xor():
    return pluriscope.explain(BUNDLED / "xor-pretrained.json", seconds=None)


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "on"), [(1, "1,0,-0.5"), (1, "0,-1.2,0"), (2, "0.7,-0.5,0.4")])
def test_observed_classes_predict_what_their_representatives_say_of_the_same_numbers_by_hand(xor, layer, on):
    question, spoken = xor.question, 0
    bench = Bench(question.network, question.clean_rows)
    direction, doses = np.array([float(one) for one in on.split(",")]), np.array([-1.5, -0.4, 0.3, 0.9])
    moved = [neuron for neuron, number in enumerate(direction) if number]
    written = (bench.clean[layer] + (doses[:, None] * direction)[:, None]).reshape(-1, 3)
    base = np.tile(np.arange(4), 4)
    for mask in xor.search.masks[::13]:
        circuit = Circuit(question.layout, int(mask))
        chosen, space = choose_classes(question, circuit), InterpretationSpace(question, circuit)
        said = np.concatenate(list(classes_predict(chosen.classes, layer, written, moved, base)))
        for number in range(0, len(chosen), 5):
            one = space.at(chosen.least_indices[number])
            for cell, (values, row) in enumerate(zip(written.tolist(), base.tolist(), strict=True)):
                changes = tuple(Change(layer, at, None, "value", value=values[at]) for at in moved)
                reply = by_hand.predict_by_interpretation(one, Intervention(row, changes), bench).bit
                if said[number, cell] == UNREAD:
                    continue
                spoken += 1
                assert reply == said[number, cell]
    assert spoken > 200


@pytest.mark.parametrize("neurons", [(0,), (1, 2)])
def test_a_placement_predicts_what_it_says_of_an_interchange_that_writes_the_same(neurons):
    question = asked(5, activation="leaky_relu")
    (algorithm, *_) = placed_algorithms(Task((0, 1, 1, 0), "XOR"), COMPLETE, 2).algorithms
    path = min(algorithm.responses)
    clean = question.clean_activations[1]
    for source, base in [(0, 3), (3, 1), (1, 2)]:
        direction = np.zeros(3)
        direction[list(neurons)] = (clean[source] - clean[base])[list(neurons)]
        placed = [(path, Subspace.on_neurons(NeuronSet(1, neurons), 3))]
        written, row = (clean[base] + direction)[None], np.array([base])
        said = placement_predicts(algorithm, placed, direction, clean, written, row)
        fixed = {path: 15 if algorithm.responses[path].function >> source & 1 else 0}
        reply = algorithm.output_given(fixed) >> base & 1
        assert said[0] == reply
        outside = direction + np.eye(3)[next(one for one in range(3) if one not in neurons)]
        assert placement_predicts(algorithm, placed, outside, clean, written, row) is None


@pytest.mark.slow
def test_explanations_that_are_all_valid_predict_different_things(xor):
    reply = xor.steer("1", "probe")
    classes = reply.predicted[0]
    assert (classes.of, classes.asked) == (7_836, 7_836)
    assert classes.agree + classes.wrong + classes.silent == classes.asked
    assert classes.agree > 0
    assert classes.wrong > 0
    assert 0 < classes.split < classes.cells == 160
    n_doses = len(reply.steered.doses)
    sums = [sum(some) for some in zip(classes.right_at, classes.wrong_at, classes.silent_at, strict=True)]
    assert sums == [0 if at == n_doses // 2 else 7_836 * 4 for at in range(n_doses)]
    placed = xor.steer(along=xor.alignments[0])
    assert (placed.along, placed.steered.site) == ("placement", "1")


def test_a_sample_of_classes_has_an_interval_and_says_so(monkeypatch, xor):
    whole = xor.steer("1", "probe", steps=2).predicted[0]
    monkeypatch.setattr("pluriscope_methods.steering.report.MOST_CLASSES", 1_000)
    reply = xor.steer("1", "probe", steps=2)
    classes = reply.predicted[0]
    assert (classes.asked, classes.of) == (500, 7_836)
    assert classes.low <= whole.wrong / 7_836 <= classes.high
    assert whole.low == whole.high == whole.wrong / 7_836
    assert reply.notes == ["500 of 7,836 observed classes are drawn."]
    assert any("with 95% confidence" in one for one in reply.findings())


@pytest.mark.slow
def test_a_variable_that_is_constant_is_read_as_that_on_the_inner_side_of_its_values(xor):
    clean = np.array([[0.0], [1.0], [1.0], [2.0]])
    every = ((one.value, path) for one in xor.algorithms for path in one.value.responses)
    algorithm, path = next((one, path) for one, path in every if one.responses[path].function == 0)
    placed = [(path, Subspace.of(1, [[1.0]]))]
    reply = placement_predicts(algorithm, placed, np.array([1.0]), clean, clean + 1, np.arange(4))
    assert reply[:3].tolist() == [algorithm.output_given({path: 0}) >> row & 1 for row in range(3)]


# --- transfer


@pytest.mark.parametrize(("rows", "n", "m"), [(4, 3, 3), (16, 5, 4), (8, 12, 6)])
def test_the_map_is_numpys_least_squares_of_least_norm(rows, n, m):
    draws = np.random.default_rng(rows)
    one, other = draws.normal(size=(rows, n)), draws.normal(size=(rows, m))
    found = affine_map(one, other)
    centred, aimed = one - one.mean(axis=0), other - other.mean(axis=0)
    expected = np.linalg.lstsq(centred, aimed, rcond=None)[0]
    assert np.allclose(found.matrix, expected, atol=1e-9)
    assert found.rank == np.linalg.matrix_rank(centred)
    assert found.residual == pytest.approx(np.abs(aimed - centred @ expected).max(), abs=1e-9)


def test_a_direction_transferred_to_the_same_network_does_the_same_there():
    question = asked(8, (3, 3, 1))
    reply = find(Analysed(question, None), {}, ("itself", question))
    assert reply.transfer.best == reply.transfer.best_there
    assert reply.transfer.steered.direction == pytest.approx(reply.steered.direction)
    assert reply.transfer.residual < 1e-9


def test_a_direction_is_mapped_between_two_sites():
    question = asked(8, (3, 4, 2, 1), "leaky_relu")
    reply = find(Analysed(question, None), {"at": "1", "there": "2"}, ("itself", question)).transfer
    one, other = (question.clean_activations[layer] for layer in (1, 2))
    expected = np.linalg.lstsq(one - one.mean(axis=0), other - other.mean(axis=0), rcond=None)[0]
    apart = np.array(steer(question, at="1").steered.direction)
    assert reply.steered.site == "2"
    assert reply.steered.direction == pytest.approx((apart @ expected).tolist(), abs=1e-9)


def test_random_directions_are_counted_as_by_trying_each():
    here, doses = steerable(asked(8, (3, 3, 1)), "1", ""), np.array([0.5, 1.0, 2.0])
    n, as_well, (low, high) = null_of(here, doses, 1.5, 6)
    before, count = here.run(np.zeros((1, 3)))[1][0], 0
    for drawn in np.random.default_rng(0).standard_normal((n, 3)):
        now = [here.run((dose * 1.5 * drawn / np.linalg.norm(drawn))[None])[1][0] for dose in doses]
        meant = [
            sum(
                (one == here.aim) if kind == 0 else one == old
                for one, old, kind in zip(a, before, here.classes, strict=True)
            )
            for a in now
        ]
        assert meant == as_meant(here, before, np.array(now)).tolist()
        count += max(meant) >= 6
    assert (n, as_well) == (1_000, count)
    assert low <= count / n <= high


# --- transformers


def plain_logits(model, tokens, site, place, added):
    """A transformer without blocks in plain torch, with something added to the stream or to what a head gives."""
    x = torch.tensor(model.embedding[tokens] + model.positions)
    for layer, (query, key, value, output) in enumerate(model.layers, start=1):
        total = x.clone()
        for head in range(model.n_heads):
            q, k, v = (x @ torch.tensor(one[head]) for one in (query, key, value))
            scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
            scores = scores.masked_fill(torch.triu(torch.ones_like(scores), 1).bool(), -torch.inf)
            given = scores.softmax(-1) @ v @ torch.tensor(output[head])
            if site == f"{layer}.{head}":
                given[:, place] += torch.tensor(added)
            total = total + given
        x = total
        if site == f"x{layer}":
            x[:, place] += torch.tensor(added)
    return (x[:, -1] @ torch.tensor(model.unembedding)).numpy()


@pytest.mark.parametrize("site", ["x1~2", "1.1~3", "2.0", "x2"])
def test_a_transformer_is_steered_as_in_plain_torch(site):
    model = random_attention(3, (2, 2, 6, 4, 4, 3), n_rows=40, scale=0.7)
    question = GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules)
    reply = find(Analysed(question, None), {"at": site, "steps": 3, "of": ",".join(model.outputs[:2])})
    found = reply.steered
    name, _, at = found.site.partition("~")
    assert found.site == (site if "~" in site else f"{site}~3")
    values = run(model, model.tokens).values[name][:, int(at) - 1]
    apart = values[model.answers == 0].mean(axis=0) - values[model.answers == 1].mean(axis=0)
    assert found.direction == pytest.approx(apart.tolist())
    for number, dose in enumerate(np.linspace(-2, 2, 7)):
        logits = plain_logits(model, model.tokens, name, int(at) - 1, dose * apart)
        assert [row.answers[number] for row in found.rows] == [model.outputs[one] for one in logits.argmax(axis=1)]
        right = logits[np.arange(len(logits)), model.answers]
        logits[np.arange(len(logits)), model.answers] = -np.inf
        assert [row.measured[number] for row in found.rows] == pytest.approx(
            (right - logits.max(axis=1)).tolist(), abs=1e-8
        )


def test_steering_a_head_of_the_last_layer_is_steering_the_stream_after_it():
    model = read_attention(with_blocks(3, (1, 2, 6, 4, 5, 4), norm=True))
    model = replace(model, answers=np.arange(len(model.tokens)) % 2)
    question = GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules)
    given = {"along": "numbers", "on": "1,-1,0.5,0,2,0.25"}
    head, stream = (find(Analysed(question, None), {"at": at, **given}).steered for at in ("1.1", "x1"))
    assert [row.measured for row in head.rows] == [pytest.approx(row.measured) for row in stream.rows]
    assert [row.flips for row in head.rows] == [row.flips for row in stream.rows]


# --- what cannot be done


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"at": "3"}, "site '3': is no hidden layer of this network. Use 1 to 2"),
        ({"at": "x"}, "site 'x': is no hidden layer"),
        ({"of": "011"}, "classes '011': are no truth table over the rows"),
        ({"of": "1111"}, "class '0 in 1111': has no rows"),
        ({"along": "numbers", "on": "1,2"}, "has 2 numbers, and site 2 has 3"),
        ({"along": "numbers", "on": "0,0,0"}, "is zero: it would change nothing"),
        ({"along": "numbers", "on": "nan,0,1"}, "holds a number that is not within ±1,000,000"),
        ({"along": "numbers", "on": "a,b,c"}, "holds what is no number"),
        ({"along": "numbers"}, "needs on: neurons such as 0+2"),
        ({"along": "placement", "on": "3"}, "are no neurons of site 2"),
        ({"along": "placement", "on": "0++1"}, "are no neurons of site 2"),
        ({"along": "placement", "on": "0,0,0"}, "is zero"),
        ({"on": "1"}, "says nothing of on '1'"),
        ({"along": "numbers", "on": "1000,0,0", "most": 1e6}, "dose 1e+06: moves values beyond ±1,000,000"),
        ({"most": 0.0}, "most is '0.0'"),
        ({"steps": 101}, "steps is '101'"),
        ({"doses": 3}, "setting 'doses' is unknown"),
        ({"along": "sae"}, "along is 'sae'"),
    ],
)
def test_what_cannot_be_steered_is_refused_with_item_cause_and_cure(settings, words):
    with pytest.raises(AnalysisError) as refused:
        steer(asked(3), **settings)
    assert words in str(refused.value)
    assert refused.value.cure


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (asked(3, (3, 3, 3, 1)), "has other rows"),
        (ask(asked(3).network, task=Task((1, 0, 0, 0), "")), "has another task"),
    ],
)
def test_transfer_asks_for_the_same_rows_and_task(other, words):
    with pytest.raises(AnalysisError, match=words):
        find(Analysed(asked(3), None), {"at": "1"}, ("other", other))


@pytest.mark.parametrize("settings", [{"at": "3.0"}, {"at": "1.0.a"}, {"at": "x1~9"}, {"of": "a,zz"}])
def test_what_a_transformer_has_not_is_refused(settings):
    model = random_attention(3, (2, 2, 6, 4, 4, 3), n_rows=40)
    with pytest.raises(AnalysisError):
        find(Analysed(GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules), None), settings)


def test_a_probe_that_separates_nothing_is_refused():
    question = ask(random_network(0, (2, 1, 1), "relu"), task=Task((0, 1, 1, 0), "XOR"))
    with pytest.raises(AnalysisError, match="no linear read-out of site 1 separates"):
        direction_of(question, steerable(question, "1", "0110"), "probe", "")
