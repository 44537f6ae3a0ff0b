"""Circuits as models of formulas, against the engine on the rounded and on the given network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plugins.large.tests.solved_formulas import fulfilled, models
from pluriscope.analysis.circuits.judging import enough_right
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.circuits.space import Structure
from pluriscope.analysis.errors import BeyondLimits, NotOffered
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.protocol import protocol_from_mapping
from pluriscope.analysis.subjects.perceptron.circuit import masks_of
from pluriscope.analysis.subjects.perceptron.mlp import batch_activations
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_large.formulas.encoding import encode
from pluriscope_large.formulas.rounding import error_bounds, rounded
from tests.factories import pretrained_xor
from tests.random_networks import own_task, random_network

ACTIVATIONS = ("leaky_relu", "relu", "linear", "hardtanh(min=-0.3, max=1.7)", "leaky_relu(negative_slope=0.3)")


def custom(**rules):
    return protocol_from_mapping({"name": "custom", **rules})


def some_question(seed, sizes, activation, data=None, **rules):
    network = random_network(seed, sizes, activation, biases=0.5)
    return ask(network, task=own_task(network), protocol=custom(**rules), data=data)


def xor(**rules):
    return ask(pretrained_xor().network, task=pretrained_xor().tasks[0], protocol=custom(**rules))


def drawn(question, n, seed):
    """Draw circuits of the space, ``[circuits, n_l, n_(l-1)]`` for layers 1 … L, and their masks."""
    batches = [*Structure(question.network.sizes, question.protocol).samples(n, seed=seed)]
    keep = [np.concatenate(layer) for layer in zip(*batches, strict=True)]
    return keep, masks_of(np.concatenate([one.reshape(len(one), -1) for one in keep], axis=1), question.layout)


def pre_outputs(question, keep, carried):
    """The output's pre-activations ``[circuits, rows]`` of circuits in which absent edges carry these values."""
    network, rows = question.network, question.judged[0]
    linear = replace(network, output_activation="linear")
    return batch_activations(linear, keep, rows, carried)[-1][:, 0]


@pytest.mark.parametrize(
    ("sizes", "activation", "rules"),
    [
        ((2, 2, 1), "leaky_relu", {}),
        ((1, 4, 1), "leaky_relu", {"node_sparsity": "paper", "accuracy_threshold": 0}),
        ((2, 2, 2, 1), "relu", {"ablation": "mean"}),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                ((2, 2, 2, 1), ACTIVATIONS[3], {"circuit_decision": "threshold", "accuracy_threshold": 0.7}),
                ((2, 2, 2, 2, 1), "leaky_relu", {"circuit_space": "without_full_node_mask", "accuracy_threshold": 0.4}),
                ((2, 2, 2, 1), "linear", {"ablation": "mean", "accuracy_threshold": 0.8}),
                ((2, 2, 2, 1), ACTIVATIONS[4], {"circuit_decision": "threshold"}),
            )
        ),
    ],
)
def test_models_are_the_circuits_that_the_engine_finds(sizes, activation, rules):
    n_found = 0
    for seed in range(3):
        question = some_question(seed, sizes, activation, **rules)
        inside, same, outside = (sorted(models(encode(question, 4, band))) for band in ("inside", "rounded", "outside"))
        assert same == search_circuits(rounded(question, 4)).masks.tolist()
        assert set(inside) <= set(search_circuits(question).masks.tolist()) <= set(outside)
        n_found += len(same)
    assert n_found


def test_rows_may_be_many_and_some_of_them_wrong():
    random = np.random.default_rng(0)
    rows = np.repeat(random.normal(size=(6, 2)), 3, axis=0)
    labels = random.integers(0, 2, (18, 1)).astype(float)
    table = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    question = some_question(1, (2, 2, 1), "relu", DataRecord(table, rows, labels), accuracy_threshold=0.5)
    found = search_circuits(rounded(question, 5)).masks.tolist()
    assert sorted(models(encode(question, 5))) == found != []


def test_absent_edges_may_carry_what_one_input_gives():
    question = some_question(4, (2, 3, 1), "leaky_relu")
    carried = question.activations_on(2)
    keep, masks = drawn(question, 50, seed=1)
    valid = enough_right(rounded(question, 6, carried), keep)
    assert fulfilled(encode(question, 6, absent=carried), masks) == valid.tolist()
    assert 0 < valid.sum() < len(valid)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("ablation", ["zero", "mean"])
def test_rounding_moves_outputs_within_the_bounds(activation, ablation):
    widest = 0.0
    for seed, bits in enumerate((2, 3, 5, 6)):
        question = some_question(seed, (2, 3, 3, 1), activation, ablation=ablation)
        near, (low, high) = rounded(question, bits), np.array(error_bounds(question, bits), dtype=float).T
        keep, _ = drawn(question, 2000, seed)
        moved = pre_outputs(question, keep, question.absent) - pre_outputs(near, keep, near.absent)
        assert ((low <= moved) & (moved <= high)).all()
        widest = max(widest, ((moved.max(axis=0) - moved.min(axis=0)) / (high - low)).max())
    assert widest > 0.4  # the bounds are not much wider than what they bound


def test_a_network_that_is_not_changed_is_not_moved():
    near = rounded(xor(ablation="mean"), 6)
    assert set(error_bounds(near, 6)) == {(0, 0)}


@pytest.mark.parametrize(
    ("question", "bits", "error", "words"),
    [
        (lambda: some_question(0, (2, 2, 1), "tanh"), 6, NotOffered, "tanh gives numbers that are no fractions"),
        (lambda: xor(circuit_family="any_ablation"), 6, NotOffered, "several ablations at once"),
        (xor, 20, BeyondLimits, "use at most 9"),
        (
            lambda: some_question(0, (8, 8, 4, 1), "relu"),
            8,
            BeyondLimits,
            "8 bits × 256 rows × 100 edges .* 62 rows or 24 edges",
        ),
    ],
)
def test_refusals_name_the_cure(question, bits, error, words):
    with pytest.raises(error, match=f"(?i){words}"):
        encode(question(), bits)


@pytest.mark.release
@pytest.mark.parametrize("seed", range(200))
def test_every_activation_ablation_and_rule_on_drawn_circuits(seed):
    random = np.random.default_rng(seed)
    sizes = ((2, 3, 3, 1), (3, 4, 3, 1), (2, 4, 4, 1), (4, 3, 1), (2, 3, 2, 2, 1), (2, 6, 6, 1))[seed % 6]
    rules = {
        "ablation": ("zero", "mean")[seed // 2 % 2],
        "circuit_decision": ("rounding", "threshold")[seed // 4 % 2],
        "accuracy_threshold": float(random.choice([0.99, 0.99, 0.7, 0.4])),
        "circuit_space": ("all", "without_full_node_mask")[seed // 8 % 2],
        "node_sparsity": ("none", "paper")[seed // 16 % 2],
    }
    question, bits = some_question(seed, sizes, ACTIVATIONS[seed % 5], **rules), 3 + seed % 4
    keep, masks = drawn(question, 500, seed)
    near = rounded(question, bits)
    given, same = (enough_right(one, keep) for one in (question, near))
    inside, coarse, outside = (
        np.array(fulfilled(encode(question, bits, band), masks)) for band in ("inside", "rounded", "outside")
    )
    assert coarse.tolist() == same.tolist()
    assert ((inside <= given) & (given <= outside)).all()
