"""Tasks that are drawn for each seed from a list of gates."""

from __future__ import annotations

import json

import pytest

from analysis.errors import InvalidStudy
from analysis.studies.cells import cells_of
from analysis.studies.reading import read_design
from analysis.studies.rows import network_of_row
from analysis.studies.running import run_chunk
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
        "measures": ["circuits-valid"],
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
    found = run_chunk(checked, 0, range(4))
    assert sum(row["state"] == "converged" for row in found) >= 4  # two networks with two outputs
    for row in found:
        learned = [named_task(name, 2) for name in cell.tasks(row["seed"])]
        assert row["tables"] == ["".join(map(str, task.truth_table)) for task in learned]
        assert [task.label for task in network_of_row(checked, row).tasks] == [task.label for task in learned]
        assert row["state"] != "converged" or row["circuits-valid"] > 0


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"source_options": {}}, "1 are to be drawn of 0 gates"),
        ({"source_options": {"gates": "XOR"}}, "gates: Input should be a valid tuple"),
        ({"source_options": {"gates": ["XOR", "XOR"]}}, "one is there twice"),
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
