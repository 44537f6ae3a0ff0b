"""Elman networks: their circuits by a plain program, how many there are, how they are drawn, and what is refused."""

from __future__ import annotations

import json
from collections import Counter
from math import comb

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.errors import AnalysisError, InvalidNetwork
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.elman import ELMAN, Elman
from pluriscope.analysis.subjects.enumeration import are_circuits
from pluriscope.app.bundled import bundled_models
from tests.analysis.subjects.space_checks import check_linear_effects, check_uniform_draws
from tests.random_networks import random_network


def drawn(steps: int, inputs: int, units: int, activation: str = "tanh", n_rows: int = 6) -> Elman:
    """A network of drawn weights that is right on drawn rows."""
    network = random_network(
        1, (inputs + units, units, 2), activation, weights=1.5, biases=0.5, output_activation="linear"
    )
    data = np.random.default_rng(2).normal(size=(n_rows, steps, inputs)).round(3)
    whole = Elman("drawn", network, ("a", "b"), data, np.zeros(n_rows, dtype=np.int64), "drawn rows")
    return Elman("drawn", network, ("a", "b"), data, whole.layers[-1].argmax(axis=1), "drawn rows")


def plain(one: Elman, kept: set[str], ablation: str) -> np.ndarray:
    """Outputs where edges that are not kept carry what the rules say, one edge of one row after the other."""
    (read, out), (bias, last), states = one.network.weights, one.network.biases, whole_states(one)
    n_rows, steps, inputs = one.data.shape
    units = len(bias)
    mean = ablation == "mean"
    result = []
    for row in range(n_rows):
        before = [0.0] * units
        for t in range(1, steps + 1):
            now = []
            for k in range(units):
                total, reads = bias[k], 0
                for i in range(inputs):
                    there = f"x{t}.{i}-h{t}.{k}" in kept
                    reads += there
                    total += read[k, i] * (one.data[row, t - 1, i] if there else mean * one.data[:, t - 1, i].mean())
                for j in range(units):
                    there = f"h{t - 1}.{j}-h{t}.{k}" in kept
                    reads += there
                    total += read[k, inputs + j] * (before[j] if there else mean * states[t - 1][:, j].mean())
                now.append(np.tanh(total) if reads else mean * states[t][:, k].mean())
            before = now
        carried = [
            [before[j] if f"h{steps}.{j}-y{c}" in kept else mean * states[steps][:, j].mean() for j in range(units)]
            for c in range(len(last))
        ]
        result.append([last[c] + sum(out[c] * carried[c]) for c in range(len(last))])
    return np.array(result)


def whole_states(one: Elman) -> list[np.ndarray]:
    """``[rows, units]`` of the whole network before the first step and after each."""
    (read, _), (bias, _) = one.network.weights, one.network.biases
    states = [np.zeros((len(one.data), len(bias)))]
    for given in one.data.swapaxes(0, 1):
        states.append(np.tanh(np.hstack([given, states[-1]]) @ read.T + bias))
    return states


def every_mask(space) -> np.ndarray:
    numbers = np.arange(1 << space.graph.n_bits)
    return (numbers[:, None] >> np.arange(space.graph.n_bits) & 1).astype(bool)


@pytest.mark.parametrize("rules", ELMAN.admitted_rules(drawn(2, 1, 2)), ids=ELMAN.write_rules)
@pytest.mark.parametrize("shape", [(2, 1, 2), (1, 2, 2), (3, 2, 1)])
def test_every_mask_runs_as_a_plain_program_and_circuits_are_counted(rules, shape):
    one = drawn(*shape)
    space = one.space(rules)
    masks = every_mask(space)
    circuits = masks[are_circuits(space, masks)]
    assert len(circuits) == space.possible == sum(space.possible_by_bits.values())
    assert Counter(circuits.sum(axis=1).tolist()) == space.possible_by_bits
    assert (space.reduce(space.reduce(masks)) == space.reduce(masks)).all()
    some, names = circuits[:: max(1, len(circuits) // 25)], np.array(space.graph.edge_names)
    expected = [plain(one, {*names[kept]}, rules["ablation"]) for kept in space.graph.kept_edges(some)]
    assert space.run(some) == pytest.approx(np.array(expected), abs=1e-12)
    assert space.run(circuits[-1:])[0].tolist() == one.layers[-1].tolist()
    assert space.run_from(circuits[-1:], 0)[0].tolist() == one.layers[-1].tolist()
    nothing = space.run_from(circuits[:1] & False, 4)[0]  # each row is the one that all carries are of
    assert nothing == pytest.approx(np.tile(one.layers[-1][4], (len(one.data), 1)))


@pytest.mark.slow
def test_a_mask_is_a_circuit_if_every_edge_lies_on_a_way_from_inputs_to_outputs():
    networkx = pytest.importorskip("networkx")
    space = drawn(2, 1, 2).space(ELMAN.default_rules)
    ends = np.array(space.graph.ends)
    found = []
    for mask in (masks := every_mask(space)):
        graph = networkx.DiGraph(ends[mask].tolist())
        ways = {
            edge
            for source in (0, 1)
            for target in (6, 7)
            if {source, target} <= {*graph}
            for path in networkx.all_simple_edge_paths(graph, source, target)
            for edge in path
        }
        found.append(bool(mask.any()) and len(ways) == mask.sum())
    assert found == are_circuits(space, masks).tolist()


@pytest.mark.parametrize(("by", "bits"), [("edges", 5), ("neurons", 3)])
def test_circuits_of_a_size_are_drawn_uniformly(by, bits):
    space = drawn(3, 1, 2).space({"granularity": by, "ablation": "zero"})
    check_uniform_draws(space, bits)


@pytest.mark.slow
def test_the_largest_are_counted_and_drawn():
    space = drawn(6, 1, 6).space(ELMAN.default_rules)
    sizes = np.array([*space.sizes_drawn])
    masks = space.draw(sizes, np.random.default_rng(4))
    assert masks.sum(axis=1).tolist() == sizes.tolist()
    assert are_circuits(space, masks).all()
    active = {0: 1}  # units that take part at a step → ways so far, by inclusion and exclusion of units left unread
    for _ in range(6):
        active = {
            now: comb(6, now)
            * sum(
                ways * (-1) ** unread * comb(before, unread) * (2 ** (1 + before - unread) - 1) ** now
                for before, ways in active.items()
                for unread in range(before + 1)
            )
            for now in range(7)
        }
    assert space.possible == sum(ways * 3**now for now, ways in active.items()) - 1


@pytest.mark.parametrize("rules", ELMAN.admitted_rules(drawn(2, 1, 2)), ids=ELMAN.write_rules)
def test_effects_are_exact_where_all_is_linear(rules):
    space = drawn(3, 2, 2, "linear").space(rules)
    check_linear_effects(space, (6, 2))


def test_a_file_gives_the_same_numbers_back():
    one = drawn(3, 2, 3, "leaky_relu(negative_slope=0.2)")
    again = ELMAN.read(json.loads(json.dumps(ELMAN.write(one))))
    assert (again.digest, again.task_document, again.outputs) == (one.digest, one.task_document, one.outputs)
    assert again.layers[-1].tolist() == one.layers[-1].tolist()
    with pytest.raises(InvalidNetwork, match="judged on the same rows"):
        one.judged_as(drawn(4, 2, 3, "leaky_relu(negative_slope=0.2)"))


ROW = [[0, 1], [1, 0]]
READ, OUT = [[1] * 5] * 3, [[1] * 3] * 2
BAD = {
    "a step too short": ({"rows": [[[0], [1]]] * 6}, "2 steps of 1 numbers"),
    "rows of two lengths": ({"rows": [ROW] * 5 + [ROW[:1]]}, "1 steps of 2 numbers and 2 steps"),
    "steps of two lengths": ({"rows": [[[0, 1], [1]]] * 6}, "different lengths"),
    "rows that are no steps": ({"rows": [[0, 1]] * 6}, "rows\\[0\\]"),
    "a number that is none": ({"rows": [[[0, float("nan")], [0, 1]]] * 6}, "NaN"),
    "units that do not read themselves": ({"weights": [OUT + OUT[:1], OUT]}, "its own units"),
    "weights that do not chain": ({"weights": [READ, [[1] * 4] * 2]}, "layer before"),
    "a weight that is none": ({"weights": [[[float("nan")] * 5] * 3, OUT]}, "NaN"),
    "too many edges": ({"rows": [ROW * 20] * 6}, "597 edges"),
    "numbers beyond float64": ({"activation": "relu", "weights": [[[1e200] * 5] * 3, OUT]}, "weights and rows"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_with_what_is_wrong(changes, words):
    document = ELMAN.write(drawn(2, 2, 3))
    own = {key: changes[key] for key in changes if key not in ("rows", "answers")}
    task = document["tasks"][0] | {key: changes[key] for key in changes.keys() - own}
    with pytest.raises(AnalysisError, match=words):
        ELMAN.read({**document, **own, "tasks": [task]})


@pytest.mark.slow
def test_the_bundled_one_is_trained_again_and_its_circuits_are_those_of_trying_every_mask():
    pytest.importorskip("torch")
    from benchmarks.trained_models import parity

    raw = bundled_models()["parity-3-elman"]
    given, again = ELMAN.read(json.loads(raw)), parity()
    assert again.layers[-1].argmax(axis=1).tolist() == given.answers.tolist()
    assert parity().digest == again.digest
    space = given.space(ELMAN.default_rules)
    masks = every_mask(space)
    circuits = masks[are_circuits(space, masks)]
    valid = circuits[(CLASSES.margins(space.run(circuits), given.answers) > 0).all(axis=1)]
    result = pluriscope.explain(raw)
    assert {int(one.mask, 16) for one in result.circuits} == {*map(space.graph.number, valid)}
    assert len(valid) == 220
