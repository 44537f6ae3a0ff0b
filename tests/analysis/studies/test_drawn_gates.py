"""Tasks that are drawn for each seed from a list of gates."""

from __future__ import annotations

import json

import pytest

from analysis.errors import InvalidStudy
from analysis.studies.cells import cells_of
from analysis.studies.outcome import network_of_outcome
from analysis.studies.reading import read_design
from analysis.studies.running import run_cell
from analysis.tasks import named_task

GATES = ["AND", "OR", "IMP", "NAND", "NOR", "NIMP", "XOR"]


def design(**changes):
    told = {
        "slug": "gates",
        "name": "Gates",
        "question": "Which?",
        "source_options": {"gates": GATES},
        "tasks": [["?"], ["?", "?"], ["?"] * 7],
        "hidden": [[3]],
        "seeds": {"first": 0, "count": 4},
        "measures": ["decides-right", "circuits-valid"],
        **changes,
    }
    return read_design(json.dumps(told).encode())


def test_every_seed_draws_its_own_and_one_task_more_keeps_the_others():
    one, two, all_seven = cells_of(design())
    assert [cell.name for cell in (one, two, all_seven)] == ["1 drawn", "2 drawn", "7 drawn"]
    for seed in range(50):
        assert two.tasks(seed)[:1] == one.tasks(seed)
        assert all_seven.tasks(seed)[:2] == two.tasks(seed)
        assert sorted(all_seven.tasks(seed)) == sorted(GATES)
        assert two.spec(seed).tasks == two.tasks(seed)


@pytest.mark.slow
def test_networks_are_judged_on_the_tasks_they_learned():
    checked = design(tasks=[["?", "?"]])
    (cell,) = cells_of(checked)
    outcomes = list(run_cell(cell, range(4)))
    assert sum(one.converged for one in outcomes) >= 2
    for one in outcomes:
        expected = [named_task(name, 2).truth_table for name in cell.tasks(one.seed)]
        assert one.tables == tuple("".join(map(str, table)) for table in expected)
        if one.converged:
            assert [output["decides-right"].value for output in one.values["complete"]] == [True, True]
            assert network_of_outcome(cell, one).digest == one.network
            (alone,) = run_cell(cell, [one.seed])
            assert alone.values == one.values


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"source_options": {}}, "1 are to be drawn of 0 gates"),
        ({"source_options": {"gates": "XOR"}}, "no list of different names"),
        ({"source_options": {"gates": ["XOR", "XOR"]}}, "no list of different names"),
        ({"source_options": {"gates": ["XOR", "MAYBE"]}, "tasks": [["?"]]}, "MAYBE"),
        ({"source_options": {"gates": ["XOR"]}, "tasks": [["XOR"]]}, "no level of tasks has"),
        ({"tasks": [["XOR", "?"]]}, "as a whole or not at all"),
        ({"source_options": {"gates": ["XOR"]}, "tasks": [["?", "?"]]}, "2 are to be drawn of 1 gates"),
        ({"source": "drawn", "source_options": {}}, "draws no gates"),
    ],
)
def test_contradictions(changes, cause):
    with pytest.raises(InvalidStudy, match=cause):
        design(**changes)
