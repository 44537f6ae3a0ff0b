"""Lottery tickets: training of masked networks, tickets by hand, and validity by a plain program."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.initial import initial_parameters
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import bundled_networks
from pluriscope_methods.lenses.lottery_ticket import LOTTERY_TICKET
from pluriscope_methods.lenses.lottery_training import LOSS, look, ticket_of, trained
from tests.oracles.brute_force_circuits import boolean_rows, edges_of, run

FILE = next(one.file for one in bundled_networks() if one.slug == "and-3-3")
QUESTION = ask(FILE.network, task=FILE.tasks[0])
SIZES = FILE.network.sizes
WEIGHTS = np.concatenate([[True] * n * m + [False] * m for n, m in pairwise(SIZES)])


def starts(n):
    return np.array([initial_parameters(np.random.default_rng(seed), SIZES).astype(np.float64) for seed in range(n)])


def network_of(parameters):
    of = {name: getattr(FILE.network, name) for name in ("activation", "output_activation", "negative_slope")}
    return Network.from_flat(parameters, SIZES, **of)


def test_what_is_pruned_stays_0_and_what_has_learned_is_right():
    begin = starts(4)
    kept = np.ones(begin.shape, dtype=bool)
    kept[1::2, 3:9] = False
    ends, learned = trained(QUESTION, begin, kept, DEFAULT_WORK)
    assert not ends[~kept].any()
    rows, right = np.array(boolean_rows(2)), np.array(FILE.tasks[0].truth_table)
    for end, has_learned in zip(ends, learned, strict=True):
        given = forward(network_of(end), rows)[:, 0]
        below = ((given - right) ** 2).mean() < LOSS
        assert has_learned == (below and ((given > 0.5) == right).all())
    alone, _ = trained(QUESTION, begin[2:3], kept[2:3], DEFAULT_WORK)
    assert alone[0] == pytest.approx(ends[2], abs=1e-9)  # what is trained beside it does not matter


def test_tickets_keep_the_largest_weights():
    assert ticket_of(np.array([0.1, -3.0, 0.2, 1.0, -0.05]), 0.6).tolist() == [False, True, False, True, False]


def test_tickets_learn_again_and_are_valid_more_often_than_random_masks():
    seen = look(QUESTION, {"seeds": 8}, DEFAULT_WORK)
    ends, learned = trained(QUESTION, starts(8), np.ones((8, len(WEIGHTS)), dtype=bool), DEFAULT_WORK)
    edges, right = edges_of(FILE.network), [bool(one) for one in FILE.tasks[0].truth_table]
    for row in seen.rows:
        valid = 0
        for end in ends[learned]:
            ticket = ticket_of(end[WEIGHTS], row["pruned"])
            kept = {edge for edge, there in zip(edges, ticket, strict=True) if there}
            given = [plain(network_of(end), kept, one) for one in boolean_rows(2)]
            valid += [one > 0.5 for one in given] == right
        assert (row["networks"], row["valid"]) == (learned.sum(), valid)
        assert row["both"] <= min(row["learn"], row["valid"])
    by = {row["pruned"]: row for row in seen.rows}
    assert by[0.4]["edges"] == 11
    for share, least in ((0.2, 0.2), (0.4, 0.2), (0.6, 0.1)):
        one = by[share]
        assert one["valid"] / one["networks"] > one["random_valid"] + least
    assert by[0.6]["learn"] / by[0.6]["networks"] > by[0.6]["random_learn"]
    assert "With 40% of the weights pruned" in LOTTERY_TICKET.says(QUESTION, seen)


def plain(network, kept, row):
    """The output where all else is 0; a neuron without an edge into it carries 0, and so it can as well not be read."""
    for layer in (1, 2):
        fed = {edge[1] for edge in kept if edge[0] == layer}
        kept = {edge for edge in kept if edge[0] != layer + 1 or edge[2] in fed}
    return run(network, kept, row)[-1][0]


def test_a_task_that_biases_learn_alone_is_refused():
    assert "biases alone" in LOTTERY_TICKET.fit(ask(FILE.network, task=Task((0,) * 4)), {"seeds": 8}).reason
