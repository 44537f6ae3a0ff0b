"""The disguise: its theorem, on random networks with something planted in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.errors import InvalidPlanting
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_edits.planting import disguises
from pluriscope_edits.planting.certificate import certified_margin, exhaustive
from pluriscope_edits.planting.compiling import compile_algorithm
from pluriscope_edits.planting.planted import Planted

TEXTS = ("!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))", "(!B&A)", "!(!(!B&A)&!(A&B))")
SEEDS = st.integers(0, 2**20)


def everything_passes(planted: Planted) -> bool:
    return exhaustive(ask(planted.network, task=planted.record.task), planted.record).everything


@st.composite
def planted_networks(draw: Any, activations_: tuple[str, ...] = ("relu", "leaky_relu", "sigmoid")) -> Planted:
    algorithm = parse_algorithm(draw(st.sampled_from(TEXTS)), "and_inverter", 2)
    hidden = (draw(st.integers(2, 3)), draw(st.integers(2, 3)))
    return compile_algorithm(algorithm, hidden, activation=draw(st.sampled_from(activations_)))


@pytest.mark.slow
@given(planted_networks(), SEEDS)
@settings(max_examples=4)
def test_safe_noise_keeps_half_the_margin_whatever_is_off_the_circuit(planted: Planted, seed: int) -> None:
    margin = certified_margin(planted.network, planted.record)
    assert margin is not None
    found = disguises.noise(planted, seed)
    kept = certified_margin(found.network, found.record)
    assert kept is not None
    assert kept >= margin / 2 - 1e-12
    assert everything_passes(found)
    assert smallest_margin_of_draws(found, np.random.default_rng(seed)) >= kept - 1e-9


def smallest_margin_of_draws(planted: Planted, random: np.random.Generator, n_draws: int = 60) -> float:
    """Smallest margin of runs in which each edge off the circuit carries its own value: 0, or one of its source."""
    network, inputs = planted.network, input_table(2)
    clean = activations(network, inputs)
    labels = np.array(planted.record.task.truth_table)
    least = np.inf
    for _ in range(n_draws):
        values = inputs
        for layer, kept in enumerate(planted.record.edges, start=1):
            weights = network.weights[layer - 1]
            source = clean[layer - 1][random.integers(4, size=weights.shape), np.arange(weights.shape[1])]
            absent = np.where(random.random(weights.shape) < 0.5, 0.0, source)
            carried = np.where(kept, values[:, None, :], absent[None])
            one_layer = Network.from_arrays(
                [np.ones((1, 1))], [np.zeros(1)], activation=network.function_of(layer).text
            )
            drive = (carried * weights[None]).sum(axis=2) + network.biases[layer - 1]
            values = np.stack([forward(one_layer, column[:, None])[:, 0] for column in drive.T], axis=1)
        off = values[:, 0] - labels
        least = min(least, float((0.5 - np.abs(off)).min()))
    return least


def test_noise_beyond_the_margin_has_no_certificate_and_may_break_things() -> None:
    planted = compile_algorithm(parse_algorithm(TEXTS[0], "and_inverter", 2), (3, 3))
    found = [disguises.noise(planted, seed, 0.5) for seed in range(10)]
    assert all(certified_margin(one.network, one.record) is None for one in found)
    assert not all(everything_passes(one) for one in found)


def test_disguises_are_made_again_from_their_record() -> None:
    planted = compile_algorithm(parse_algorithm(TEXTS[0], "and_inverter", 2), (3, 3))
    for text in ("noise=0.01", "noise"):
        planted = disguises.disguised(planted, text, seed=7)
    again = compile_algorithm(planted.record.algorithm, (3, 3))
    assert [made.step for made in planted.record.made] == ["compile", "noise", "noise"]
    for made in planted.record.made[1:]:
        again = disguises.noise(again, **dict(made.settings))
    assert again.network == planted.network
    assert everything_passes(planted)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("paint", "is unknown"),
        ("noise=x", "is unknown"),
        ("noise=1.2.3", "has no such number"),
        ("noise=7", "is not between 0 and 1"),
    ],
)
def test_wrong_disguises_are_refused(text: str, cause: str) -> None:
    planted = compile_algorithm(parse_algorithm(TEXTS[0], "and_inverter", 2), (3, 3))
    with pytest.raises(InvalidPlanting, match=cause):
        disguises.disguised(planted, text)
    with pytest.raises(InvalidPlanting, match="is negative or too large"):
        disguises.disguised(planted, "noise=0.1", -1)
