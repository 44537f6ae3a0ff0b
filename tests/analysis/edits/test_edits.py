"""Each rule of editing against a second way to the same, on golden networks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.edits.edit import Edited, Named
from analysis.edits.rank_one import nearest, rest_of
from analysis.edits.registry import EDIT_BY_KEY, editable, read_edited
from analysis.edits.registry import edited as edit
from analysis.edits.unlearn import slopes_of
from analysis.errors import AnalysisError
from analysis.network_files.files import edited_file, network_file_json, parse_network_file
from analysis.question import ask
from analysis.subjects.perceptron.mlp import activations, forward, pre_activations
from analysis.subjects.perceptron.network import Network
from analysis.subjects.registry import SUBJECT_KINDS
from analysis.tasks import input_table
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


def moves(found: Edited, network: Network) -> list[tuple[np.ndarray, np.ndarray]]:
    """By how much each layer's weights and biases changed."""
    new = found.subject
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


def test_the_registry_has_the_promised_keys_and_settings():
    settings = {
        "fine-tune": ["row target layers steps rate", "row target where steps rate"],
        "rank-one": ["layer row target", "matrix position row target"],
        "unlearn": ["row steps rate retain"] * 2,
        "zero": ["where"] * 2,
        "noise": ["size seed where"] * 2,
        "prune": ["sparsity where"] * 2,
        "quantise": ["bits where"] * 2,
        "transplant": ["source circuit"],
        "trojan": ["trigger share by steps rate", "trigger share steps rate"],
        "manual": ["file"],
    }
    assert list(EDIT_BY_KEY) == list(settings)
    for key, by_kind in settings.items():
        kinds = [kind for kind in SUBJECT_KINDS if not kind.refuses(EDIT_BY_KEY[key].needs)]
        assert [" ".join(one.name for one in EDIT_BY_KEY[key].way(kind).settings) for kind in kinds] == by_kind


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("layers", "moving"), [("all", (0, 1, 2)), ("2", (1,)), ("last", (2,))])
def test_a_step_of_fine_tuning_goes_against_finite_differences_of_the_rows_squared_error(name, layers, moving):
    network = golden_network(name).network.for_output(0)
    found = edited("fine-tune", network, row="1", layers=layers, steps=1, rate=1e-3)
    slopes = differences(network, lambda outputs: (outputs[1] - found.outcome.target) ** 2)
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
    for have, slope in zip(
        moves(edited("unlearn", row="2", steps=1), network), differences(network, loss), strict=True
    ):
        assert have[0] == pytest.approx(-0.01 * slope[0], abs=1e-7)
    free, kept = (edited("unlearn", row="2", retain=retain, rate=0.02) for retain in (0.0, 2.0))
    others = [np.abs(np.delete(forward(one.subject, input_table(2))[:, 0] - before, 2)).max() for one in (free, kept)]
    assert others[1] < others[0]


def test_gradients_add_up_over_rows():
    one, slopes = editable(ask(XOR)), np.array([0.5, -1.0, 2.0, 0.25])
    each = [one.run(one.parameters, np.array([row]))[1](slopes[[row]]) for row in range(4)]
    for name, slope in one.run(one.parameters, np.arange(4))[1](slopes).items():
        assert slope == pytest.approx(sum(by[name] for by in each))


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


def test_noise_has_the_size_that_is_asked_for_and_follows_its_seed():
    random = np.random.default_rng(0)
    wide = Network.from_arrays([random.normal(2, 3, (60, 2)), random.normal(0, 0.1, (1, 60))], [np.ones(60), [0.5]])
    found = edited("noise", wide, size=0.5, seed=7)
    for (weights, biases), old in zip(moves(found, wide), wide.weights, strict=True):
        assert weights.std() == pytest.approx(0.5 * old.std(), rel=0.2)
        assert abs(weights.mean()) < 3 * weights.std() / np.sqrt(weights.size)
        assert not biases.any()
    assert edited("noise", wide, size=0.5, seed=7).subject == found.subject != edited("noise", wide, size=0.5).subject


@pytest.mark.parametrize(("sparsity", "zeros"), [(0.2, 4), (0.5, 9), (1.0, 18)])
def test_pruning_removes_the_smallest_weights(sparsity, zeros):
    found = edited("prune", sparsity=sparsity)
    old, new = (np.concatenate([w.ravel() for w in one.weights]) for one in (XOR, found.subject))
    assert sorted(np.abs(old[new == 0])) == sorted(np.abs(old))[:zeros]
    assert [b.tolist() for b in found.subject.biases] == [b.tolist() for b in XOR.biases]
    assert (new[new != 0] == old[new != 0]).all()


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_quantised_weights_have_few_levels_and_are_half_a_step_off_at_most(bits):
    for old, (moved, biases) in zip(OTHER.weights, moves(edited("quantise", OTHER, bits=bits), OTHER), strict=True):
        step = np.abs(old).max() / (2 ** (bits - 1) - 1)
        multiples = (old + moved) / step
        assert multiples == pytest.approx(np.round(multiples), abs=1e-9)
        assert len(np.unique(np.round(multiples))) < 2**bits
        assert np.abs(moved).max() <= step / 2 + 1e-12
        assert not biases.any()


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


@pytest.mark.parametrize(
    ("key", "settings", "words"),
    [
        ("noise", {"sise": 1}, "use one of size, seed, where; did you mean size"),
        ("noise", {"size": 0}, "above 0"),
        ("quantise", {"bits": 1}, "whole number from 2 up to 16"),
        ("fine-tune", {"row": "4"}, "does not exist; there are 4"),
        ("fine-tune", {"row": "001"}, "does not exist"),
        ("fine-tune", {"layers": "4"}, "use one of 1, 2, 3, last, all"),
        ("rank-one", {"layer": "all"}, "use one of 1, 2, 3, last"),
        ("fine-tune", {"rate": 100.0}, "diverges"),
        ("unlearn", {"retain": 1e6}, "diverges"),
        ("fine-tune", {"row": "0", "target": "0"}, "changes nothing; the network stays as it is"),
        ("prune", {"sparsity": 0.01}, "changes nothing"),
        ("rank-one", {"layer": "1", "row": "00"}, "take another row or another layer"),
        ("transplant", {}, "has no source"),
        ("transplant", {"source": "third"}, "use a network of the same sizes"),
        ("transplant", {"source": "other", "circuit": "00001"}, "is no circuit"),
        ("manual", {}, "has no file"),
        ("manual", {"file": "[]"}, "at least 1 item"),
        ("manual", {"file": "{"}, "is not JSON"),
        ("manual", {"file": json.dumps([{**CHANGES[0], "layer": 4}])}, "use 1 to 3"),
        ("manual", {"file": json.dumps([{**CHANGES[0], "source": 2}])}, "names source 2. Use 0 to 1"),
        ("manual", {"file": json.dumps([{**CHANGES[0], "neuron": 3}])}, "names neuron 3. Use 0 to 2"),
        ("manual", {"file": json.dumps([CHANGES[0]] * 2)}, "sets what is set before"),
        ("manual", {"file": json.dumps([{**CHANGES[0], "layer": at, "value": 1e200} for at in (1, 2)])}, "diverges"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_cure(key, settings, words):
    with pytest.raises(AnalysisError) as refusal:
        edited(key, **settings)
    assert words.lower() in str(refusal.value).lower()


RECORD = edited("manual", **EVERY["manual"]).record.model_dump()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base": "c9a6"}, "edited base"),
        ({"rule": "paint"}, "use one of fine-tune"),
        ({"output": 1}, "use 0 to 0"),
        ({"more": 1}, "edited more"),
        ({"settings": {"file": [{"layer": 9, "neuron": 0, "value": 1.0}]}}, "use 1 to 3"),
        ({"rule": "noise"}, "setting 'file' is unknown"),
        ({"rule": "noise", "settings": {"size": "loud"}}, "size is 'loud'"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused(change, words):
    assert read_edited(RECORD, "perceptron", XOR.sizes).settings["file"] == CHANGES
    with pytest.raises(AnalysisError) as refusal:
        read_edited(RECORD | change, "perceptron", XOR.sizes)
    assert words.lower() in str(refusal.value).lower()
