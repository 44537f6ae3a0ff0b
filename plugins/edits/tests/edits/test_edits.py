"""Tests of each rule of editing against a second way to the same, on golden networks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pluriscope.analysis.edits.edit import Change, Edited, Named
from pluriscope.analysis.edits.registry import EDIT_BY_KEY
from pluriscope.analysis.network_files.files import edited_file, network_file_json, parse_network_file
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward, pre_activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_edits.making import editable
from pluriscope_edits.making import edited as edit
from pluriscope_edits.rules.rank_one import nearest, rest_of
from pluriscope_edits.rules.unlearn import slopes_of
from tests.golden_files import golden_network

NETWORKS = ("xor_3-3_a", "xor_4-4", "xor_tanh_3-3", "xor_sigmoid_3-3", "majority_3-3", "xor+and_3-3")
XOR, OTHER = golden_network("xor_pretrained").network, golden_network("xor_3-3_b").network
CHANGES = [{"layer": 1, "neuron": 0, "source": 1, "value": 0.5}, {"layer": 3, "neuron": 0, "value": -1.0}]
NAMED = Named({"other": OTHER, OTHER.digest: OTHER, "third": golden_network("xor_4").network}.__getitem__, str.encode)
EVERY = {
    "fine-tune": {"row": "01"},
    "rank-one": {"layer": "1", "row": "2"},
    "unlearn": {"row": "3"},
    "noise": {"seed": 3},
    "prune": {"sparsity": 0.25},
    "quantise": {"bits": 3},
    "transplant": {"source": "other", "circuit": "3ffff"},
    "manual": {"file": json.dumps(CHANGES)},
}


def edited(key: str, network: Network = XOR, output: int = 0, **settings: object) -> Edited:
    return edit(key, ask(network, output=output), settings, NAMED)


def stepped(key: str, network: Network = XOR, **settings: object) -> Change:
    """Apply one step of a rule, however far its end is."""
    one, rule = editable(ask(network)), EDIT_BY_KEY[key]
    return rule.way(one.kind).apply(one, rule.filled({"steps": 1, **settings}, one.kind), NAMED)


def moves(found: Edited | Change, network: Network) -> list[tuple[np.ndarray, np.ndarray]]:
    """Changes of each layer's weights and biases."""
    new = found.subject if isinstance(found, Edited) else network.with_parameters(found.parameters)
    return [(new.weights[at] - w, new.biases[at] - network.biases[at]) for at, w in enumerate(network.weights)]


def differences(network: Network, loss) -> list[tuple[np.ndarray, np.ndarray]]:
    """Central differences of a loss of the outputs by each weight and bias."""
    found, step = [], 1e-6
    for layer in range(len(network.weights)):
        for kind in ("weights", "biases"):
            slopes = np.zeros(getattr(network, kind)[layer].shape)
            for place in np.ndindex(slopes.shape):
                for sign in (1.0, -1.0):
                    arrays = {name: [a.copy() for a in getattr(network, name)] for name in ("weights", "biases")}
                    arrays[kind][layer][place] += sign * step
                    moved = Network(*map(tuple, arrays.values()), *shape_of(network))
                    slopes[place] += sign * loss(forward(moved, input_table(network.n_inputs))[:, 0]) / (2 * step)
            found.append(slopes)
    return list(zip(found[::2], found[1::2], strict=True))


def shape_of(network: Network) -> tuple:
    return network.activation, network.output_activation, network.negative_slope


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("layers", "moving"), [("all", (0, 1, 2)), ("2", (1,)), ("last", (2,))])
def test_a_step_of_fine_tuning_goes_against_finite_differences_of_the_rows_squared_error(name, layers, moving):
    network = golden_network(name).network.for_output(0)
    found = stepped("fine-tune", network, row="1", layers=layers, rate=1e-3)
    slopes = differences(network, lambda outputs: (outputs[1] - found.target) ** 2)
    for layer, (move, slope) in enumerate(zip(moves(found, network), slopes, strict=True)):
        for have, should in zip(move, slope, strict=True):
            assert have == pytest.approx(-1e-3 * should * (layer in moving), abs=1e-8)


@pytest.mark.parametrize("key", ["fine-tune", "unlearn"])
def test_a_descent_ends_with_room_once_the_row_answers_otherwise(key):
    for row in range(4):
        found = edited(key, row=str(row))
        output = forward(found.subject, input_table(2))[row, 0]
        assert found.outcome.as_asked
        assert 0.15 < abs(output - found.outcome.target) <= 0.25, "it goes on no longer than it has to"


def test_a_step_of_unlearning_goes_along_the_rows_loss_and_against_the_change_of_others():
    network, before = XOR, forward(XOR, input_table(2))[:, 0]
    drawn = np.random.default_rng(0).normal(size=4)

    def loss(outputs, row=2, retain=3.0):  # of which the row's part is ascended
        kept = np.delete((outputs - before) ** 2, row)
        return -np.log1p(np.exp(-(outputs[row] - 0.5))) + retain * kept.mean()

    for at in range(4):
        step = np.eye(4)[at] * 1e-6
        slope = (loss(drawn + step) - loss(drawn - step)) / 2e-6
        assert slopes_of(editable(ask(network)), before, 2, 1, 3.0, drawn)[at] == pytest.approx(slope, abs=1e-6)
    for have, slope in zip(moves(stepped("unlearn", row="2"), network), differences(network, loss), strict=True):
        assert have[0] == pytest.approx(-0.01 * slope[0], abs=1e-7)
    free, kept = (edited("unlearn", row="2", retain=retain, rate=0.02) for retain in (0.0, 2.0))
    others = [np.abs(np.delete(forward(one.subject, input_table(2))[:, 0] - before, 2)).max() for one in (free, kept)]
    assert others[1] < others[0]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("layer", [1, 2, 3])
def test_a_rank_one_edit_is_the_published_formula_and_the_least_squares_optimum(name, layer):
    network = golden_network(name).network
    rows, random = input_table(network.n_inputs), np.random.default_rng(layer)
    found = edited("rank-one", network, layer=str(layer), row="1")
    reads, kept = activations(network, rows)[layer - 1], [at for at in range(3) if at != layer - 1]
    change = found.subject.weights[layer - 1] - network.weights[layer - 1]
    key = reads[1]
    inverse = np.linalg.pinv(reads.T @ reads, rcond=1e-12, hermitian=True)
    published = np.outer(change @ key, inverse @ key) / (key @ inverse @ key)  # (v* − W k)(C⁻¹ k)ᵀ / (kᵀ C⁻¹ k)
    assert change == pytest.approx(published, abs=1e-7)
    assert found.subject.weights[kept[0]].tolist() == network.weights[kept[0]].tolist()
    for _ in range(50):  # whatever else keeps W′ k changes what the layer gives on all rows by more
        drawn = random.normal(size=change.shape)
        also = drawn - np.outer(drawn @ key, key) / (key @ key)
        assert np.linalg.norm((change + also) @ reads.T) >= np.linalg.norm(change @ reads.T) - 1e-9
    aims = {"sigmoid": (0.1, 0.9), "tanh": (0.0, 0.9)}.get(network.output_activation, (0.0, 1.0))
    after = forward(found.subject, rows)
    assert after[1, 0] == pytest.approx(aims[found.outcome.target], abs=1e-9)
    assert any("locally" in one for one in found.outcome.remarks) == (layer < 3), (
        "below the last layer v* is searched for"
    )
    if layer == 3:
        assert after[:, 1:].tolist() == forward(network, rows)[:, 1:].tolist(), "other outputs stay"


@pytest.mark.parametrize("name", ["xor_3-3_a", "xor_4-4", "xor_tanh_3-3", "xor_sigmoid_3-3"])
def test_no_drawn_ray_reaches_the_aim_before_the_nearest_point_that_is_found(name):
    network, rows = golden_network(name).network, input_table(2)
    drawn = np.random.default_rng(0)
    for layer, row in ((1, 1), (2, 2), (2, 0)):
        given, rest = pre_activations(network, layer, activations(network, rows)[layer - 1]), rest_of(network, layer)
        aim = 0.9 if forward(rest, given[[row]])[0, 0] < 0.5 else 0.1
        found = nearest(rest, given[row], aim, np.delete(given, row, axis=0))
        assert forward(rest, found[None])[0, 0] == pytest.approx(aim, abs=1e-9)
        rays = drawn.normal(size=(2_000, given.shape[1]))
        rays *= 0.99 * np.linalg.norm(found - given[row]) / np.linalg.norm(rays, axis=1, keepdims=True)
        side = aim - forward(rest, given[[row]])[0, 0]
        assert all((side * (forward(rest, given[row] + t * rays)[:, 0] - aim) < 0).all() for t in np.linspace(0, 1, 50))


def test_a_transplant_brings_the_circuits_edges_and_the_biases_of_its_active_neurons():
    assert edited("transplant", source="other").subject == OTHER
    found = edited("transplant", source="other", circuit="08043")  # both inputs → 1.0 → 2.0 → y
    brought = [w != old for w, old in zip(found.subject.weights, XOR.weights, strict=True)]
    bits = [bool(0x08043 >> k & 1) for k in range(18)]
    assert np.concatenate([one.ravel() for one in brought]).tolist() == bits
    for layer, kept in enumerate(brought):
        active = kept.any(axis=1)
        assert found.subject.biases[layer].tolist() == np.where(active, OTHER.biases[layer], XOR.biases[layer]).tolist()


@pytest.mark.parametrize("key", EVERY)
def test_an_edit_says_what_it_did_and_can_be_done_again_from_its_record(key):
    base = golden_network("xor_pretrained")
    found = edited(key, **EVERY[key])
    table = (forward(found.subject, input_table(2))[:, 0] > 0.5).astype(int).tolist()
    flat = [np.concatenate([a.ravel() for a in (*n.weights, *n.biases)]) for n in (base.network, found.subject)]
    assert (found.outcome.before, found.outcome.after) == ([0, 1, 1, 0], table)
    assert found.outcome.l2 == pytest.approx(np.linalg.norm(flat[1] - flat[0]))
    assert (found.outcome.changed, found.outcome.parameters) == (np.count_nonzero(flat[1] - flat[0]), 25)
    changed = {f"{r:02b}" for r in range(4) if table[r] != (0, 1, 1, 0)[r]}
    assert found.outcome.broken == sorted(changed - {found.outcome.row})
    file = parse_network_file(json.dumps(network_file_json(edited_file(base, found))).encode())
    assert (file.network, file.edited) == (found.subject, found.record)
    assert (
        [list(task.truth_table) for task in file.tasks]
        == [one["truth_table"] for one in found.outcome.tasks]
        == [table]
    )
    settings = {**file.edited.settings}
    settings |= {"file": json.dumps(settings["file"])} if "file" in settings else {}
    assert edited(key, **settings).subject == found.subject
    assert file.edited.base == base.network.digest != found.subject.digest


def test_names_of_tasks_and_of_networks_follow_what_is_computed():
    found = edited("rank-one", row="11", target="1")
    assert (found.outcome.tasks[0]["name"], found.record.settings) == ("OR", {"layer": "3", "row": "11", "target": "1"})
    assert edited_file(golden_network("xor_pretrained"), found).name == "xor_pretrained, rank-one"
    two = edited("fine-tune", golden_network("xor+and_3-3").network, output=1, row="0")
    assert (two.record.output, two.outcome.before, two.outcome.after[0]) == (1, [0, 0, 0, 1], 1)
