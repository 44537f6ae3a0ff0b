"""Both strategies on a network built by hand, whose explanations are known; and the figures of the question."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest

from benchmarks import two_strategies
from benchmarks.two_strategies import ANSWERS, NAMES, ROWS, classes, difference, what_then_where, where_then_what
from pluriscope.analysis.subjects.classifier import Classifier
from pluriscope.analysis.subjects.perceptron.network import Network


def by_hand() -> Classifier:
    """Both inputs are carried by the first two units; then one is AND, one NOR, and nothing reads the others."""
    weights, biases = [np.zeros((4, 2)), np.zeros((4, 4)), np.zeros((2, 4))], [np.zeros(4), np.zeros(4), np.zeros(2)]
    weights[0][:2] = np.eye(2)
    weights[1][:2, :2], biases[1][:2] = [[1, 1], [-1, -1]], [-1, 1]
    weights[2][0, :2], biases[2][1] = 1, 0.5
    network = Network.from_arrays(weights, biases, activation="relu", output_activation="linear")
    return Classifier("XOR", network, NAMES, ROWS, ANSWERS, "XOR")


def test_a_network_built_by_hand_has_the_explanations_that_it_was_built_with():
    question = two_strategies.question_of("classifier", by_hand())
    found = where_then_what(question)
    assert found["circuits"] == 2**4, "with each of the units that nothing reads or without it"
    assert (found["minimal"], found["smallest"], found["read"]) == (1, 4, 1)
    what = what_then_where(question)
    assert what["algorithms"] == ["and, nor", "inputs"]  # in the second layer, and in the first
    # either idle unit of a layer goes with one variable, with the other, or with none
    assert (what["placements"], what["least"], what["joint"]) == (2 * 3**2, 2, 2)
    assert what["subspaces"] < 20
    assert all(what[f"all_{name}"] == what[name] for name in ("placements", "least", "joint", "algorithms"))


def test_where_gates_are_placed_is_what_plain_runs_say():
    """Interchange by plain matrices: every pair of disjoint sets of units of one layer or two."""
    subject = two_strategies.trained("classifier", 10_002)
    weights, biases = subject.network.weights, subject.network.biases

    def hidden(before, layer):
        total = before @ weights[layer].T + biases[layer]
        return np.where(total > 0, total, 0.01 * total)

    first = hidden(ROWS, 0)
    second = hidden(first, 1)

    def agrees(layer, units, values, answer):
        for base in range(4):
            for source in {*range(4)} - {base}:
                state = (first, second)[layer][base].copy()
                state[units] = (first, second)[layer][source][units]
                last = hidden(state, 1) if layer == 0 else state
                given = int(np.argmax(last @ weights[2].T + biases[2]))
                if given != answer(base, values[source]):
                    return False
        return True

    a, b = ROWS.T.astype(int)
    one, other = a * (1 - b), b * (1 - a)
    sides = [(one, lambda base, v: max(v, other[base])), (other, lambda base, v: max(one[base], v))]
    sets = [(layer, list(some)) for layer in (0, 1) for n in range(1, 5) for some in combinations(range(4), n)]
    at = [[place for place in sets if agrees(*place, values, answer)] for values, answer in sides]
    n = sum(p != q or not {*u} & {*w} for p, u in at[0] for q, w in at[1])
    found = what_then_where(two_strategies.question_of("classifier", subject))
    assert found["algorithms"] == ["one alone"]
    assert found["placements"] == n > 1


def test_variables_are_all_ways_to_split_four_rows():
    assert len({one.which.tobytes() for one in classes()}) == 15 - 2


def test_the_difference_of_shares_is_newcombes():
    """The example of his paper of 1998, table II: 56 of 70 and 48 of 80, .0524 to .3339."""
    words, p = difference([True] * 56 + [False] * 14, [True] * 48 + [False] * 32)
    assert words == "+20 (+5 to +33)"
    assert p < 0.05


def test_rows_of_another_design_are_refused(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"design": "0", "spent": 0, "rows": []}) + "\n")
    with pytest.raises(SystemExit, match="another design"):
        two_strategies.run(file)
