"""The declared question on unseen rows: what training has, circuits of another network, and rows of another design."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import wrong_lesson
from benchmarks.wrong_lesson import RULES, cell, lesson, question_of, trained, valid_again
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.subjects.perceptron.circuit import masks_of
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices
from tests.oracles.brute_force_circuits import possible_masks


@pytest.mark.parametrize("rule", RULES)
def test_training_has_the_four_rows_on_which_c_equals_what_it_should(rule):
    table, seen = lesson(rule)
    of_c = {"A xor B, no shortcut": [0, 2, 5, 7]}.get(rule, [at for at in range(8) if at % 2 == table[at]])
    assert np.flatnonzero(seen).tolist() == of_c


def test_possible_circuits_are_those_that_a_plain_program_lists():
    (network,) = trained("A", 0.01, [10_000])
    listed = sorted(mask for mask, _ in possible_masks(network))
    assert sorted(int(mask) for some in wrong_lesson._possible().values() for mask in some) == listed


def test_circuits_of_a_network_are_valid_in_one_with_its_neurons_in_another_order():
    (network,) = trained("A and B", 0.01, [10_001])
    question = question_of("A and B", network)
    masks = search_circuits(question).masks[:50]
    into, out = keep_matrices(masks, question.layout)
    order = [2, 0, 3, 1]
    moved = np.concatenate([into[:, order].reshape(len(masks), -1), out[:, 0, order]], axis=1)
    assert valid_again(question, masks_of(moved, question.layout)) == 1
    assert valid_again(question, masks_of(moved[::-1], question.layout)) == 1


def test_rows_are_the_same_again_and_others_of_another_design_are_refused(tmp_path):
    rows = [*cell("A", 0.01, range(10_000, 10_004))]
    assert rows == [*cell("A", 0.01, range(10_000, 10_004))]
    assert all(row["kept"] <= row["circuits"] and 0 <= row["votes"] <= 1 for row in rows if row["learned"])
    file = tmp_path / "rows.jsonl"
    file.write_text(
        json.dumps({"design": "other", "spent": 0, "rule": "A", "rate": 0.1, "first": 0, "rows": []}) + "\n"
    )
    with pytest.raises(SystemExit, match="another design"):
        wrong_lesson.run(file)
