"""Blame for a wrong row: against a plain program, and faults of which the edge is known."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import bundled_networks
from pluriscope_methods.lenses.blame import BLAME
from pluriscope_methods.lenses.lens import Table
from tests.oracles.brute_force_circuits import boolean_rows, edges_of, possible_masks, run

FILES = {one.slug: one.file for one in bundled_networks()}


def looked(network, task) -> Table:
    return BLAME.look(ask(network, task=task), BLAME.defaults, DEFAULT_WORK)


def test_shares_are_what_a_plain_program_counts():
    file = FILES["wrong-lesson"]
    network, rows, edges = file.network, boolean_rows(3), edges_of(file.network)
    found = {(row["row"], row["part"]): row for row in looked(network, file.tasks[0]).rows}

    def answers(kept):
        return [int(run(network, kept, row)[-1][0] > 0.5) for row in rows]

    whole = answers(set(edges))
    fine = [at for at, row in enumerate(rows) if whole[at] == row[0]]
    every = [(kept, answers(kept)) for _, kept in possible_masks(network)]
    every = [(kept, given) for kept, given in every if all(given[at] == rows[at][0] for at in fine)]
    wrong = [kept for kept, given in every if given[1] == whole[1]]
    right = [kept for kept, given in every if given[1] != whole[1]]
    one = found["001", "C-n1.3"]
    assert (one["circuits"], one["others"]) == (len(wrong), len(right)) == (762, 784)
    for part, edge in (("C-n1.3", (1, 3, 2)), ("n1.0-y", (2, 0, 0))):
        one = found["001", part]
        shares = [sum(edge in kept for kept in some) / len(some) for some in (wrong, right)]
        assert [one["wrong"], one["right"], one["blame"]] == pytest.approx([*shares, shares[0] - shares[1]])
        without = [run(network, set(edges) - {edge}, row)[-1][0] for row in rows]
        assert one["moves"] == pytest.approx(run(network, set(edges), rows[1])[-1][0] - without[1])
        assert one["cures"] == (without[1] <= 0.5)
        changed = [(x > 0.5) != y for x, y in zip(without, whole, strict=True)]
        assert one["spoils"] == sum(changed) - changed[1]
    neuron = {edge for edge in edges if edge[:2] == (1, 3) or edge[::2] == (2, 3)}
    kept = [sum(bool(kept & neuron) for kept in some) / len(some) for some in (wrong, right)]
    assert [found["001", "n1.3"]["wrong"], found["001", "n1.3"]["right"]] == pytest.approx(kept)
    assert found["001", "C-n1.3"]["wrong"] == 1


def faults(slug):
    """Networks of which one weight was changed so that one row is wrong, least changes first, with the edge's place."""
    network, task = FILES[slug].network, FILES[slug].tasks[0]
    place, steps = 0, np.linspace(0.1, 3, 30)
    for layer, matrix in enumerate(network.weights):
        for at in np.ndindex(*matrix.shape):
            for sign in (1, -1):
                seen = set()
                for step in steps:
                    weights = [one.copy() for one in network.weights]
                    weights[layer][at] += sign * step
                    of = {"activation": network.activation, "output_activation": network.output_activation}
                    changed = Network.from_arrays(weights, network.biases, negative_slope=network.negative_slope, **of)
                    given = forward(changed, np.array(boolean_rows(network.n_inputs)))[:, 0] > 0.5
                    wrong = np.flatnonzero(given != np.array(task.truth_table)).tolist()
                    if len(wrong) == 1 and wrong[0] not in seen:
                        seen.add(wrong[0])
                        yield changed, task, place
            place += 1


def ranks(slug):
    """Edges with a larger blame than the changed one, and edges that move the output by more if ablated alone."""
    for network, task, place in faults(slug):
        rows = [row for row in looked(network, task).rows if "-" in row["part"]]
        if rows:
            yield [sum(row[key] > rows[place][key] + 1e-12 for row in rows) for key in ("blame", "moves")]


def test_a_changed_edge_is_found_more_often_than_by_chance_and_less_often_than_by_ablating_each_alone():
    found = np.array([one for slug in ("and-3-3", "majority-3-3") for one in ranks(slug)])
    assert (len(found), *(found == 0).sum(axis=0)) == (31, 11, 18)  # by chance 1.6


@pytest.mark.slow
def test_what_the_lens_says_of_faults_is_what_was_counted():
    slugs = ("xor-pretrained", "and-3-3", "xor-2-2-2", "majority-3-3")
    found = np.array([one for slug in slugs for one in ranks(slug)])
    assert (len(found), *(found == 0).sum(axis=0)) == (63, 19, 29)


def test_it_says_where_it_cannot_answer():
    xor = FILES["xor-pretrained"]
    assert "right on every row" in BLAME.fit(ask(xor.network), BLAME.defaults).reason
    assert any(
        "nothing to compare" in note
        for note in looked(FILES["wrong-lesson"].network, FILES["wrong-lesson"].tasks[0]).notes
    )


def test_an_output_beyond_1_is_right_in_circuits_as_in_the_network():
    layers = [[[1, 0], [0, 1], [1, 1]], [[0.85, 0.85, 0]]]
    ends = {"activation": "relu", "output_activation": "linear", "negative_slope": None}
    network = Network.from_arrays(layers, [[0, 0, 0], [0]], **ends)  # 1.7 on 11, which answers 1
    rows = looked(network, Task((0, 1, 0, 1), "B")).rows
    given = [[run(network, kept, row)[-1][0] > 0.5 for row in boolean_rows(2)] for _, kept in possible_masks(network)]
    fine = [one[2] for one in given if (one[0], one[1], one[3]) == (False, True, True)]
    assert {(row["circuits"], row["others"]) for row in rows} == {(sum(fine), len(fine) - sum(fine))} == {(16, 12)}
