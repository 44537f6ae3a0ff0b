"""Tests that trying a few circuits gives true bounds of the valid ones, which get better."""

from __future__ import annotations

import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.circuits.trying import try_circuits
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network
from tests.random_networks import own_task, random_network

ANY = protocol_from_mapping({**COMPLETE.model_dump(mode="json"), "name": "any", "circuit_family": "any_ablation"})
GOLDEN = golden_network("xor_pretrained")
DRAWN = random_network(5, (3, 4, 1))
WRONG = Task(tuple(1 - one for one in own_task(DRAWN).truth_table))
CASES = {
    "trained": (ask(GOLDEN.network, task=GOLDEN.tasks[0]), True),
    "by the paper's rules, which leave the whole network out": (
        ask(GOLDEN.network, task=GOLDEN.tasks[0], protocol=PAPER),
        False,
    ),
    "under any ablation": (ask(GOLDEN.network, task=GOLDEN.tasks[0], protocol=ANY), True),
    "untrained": (ask(DRAWN, task=own_task(DRAWN)), True),
    "wrong on every input": (ask(DRAWN, task=WRONG), False),
    "without a hidden layer": (ask(one := random_network(1, (3, 1)), task=own_task(one)), True),
}


@pytest.mark.parametrize("case", CASES)
def test_every_answer_is_true_and_none_is_worse_than_the_one_before(case):
    question, whole_is_valid = CASES[case]
    truth = set(search_circuits(question).masks.tolist())
    answers = list(try_circuits(question, DEFAULT_WORK))
    ends = [(one.least, -one.most) for one in answers]
    assert ends == sorted(ends)
    for one in answers:
        assert one.least <= len(truth) <= one.most
        assert set(one.masks) <= truth
        assert bool(one.masks) == bool(one.least)
    whole = (1 << question.layout.n_edges) - 1
    assert (whole in answers[0].masks) == whole_is_valid == (whole in truth)
    assert answers[0].least == whole_is_valid


def test_a_second_valid_circuit_is_found_where_there_is_one_below():
    question, _ = CASES["trained"]
    least = [one.least for one in try_circuits(question, DEFAULT_WORK)]
    assert least[0] == 1 < least[1]
