"""The program of the question how many experiments identify an explanation, on the network that the authors trained."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import experiments_needed
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.factories import pretrained_xor


@pytest.mark.slow
def test_the_rows_of_a_network_whose_explanations_are_known(tmp_path, monkeypatch):
    monkeypatch.setitem(experiments_needed.DESIGN, "seconds", 0.1)
    monkeypatch.setitem(experiments_needed.DESIGN, "readings", 25)
    file, network = tmp_path / "rows.jsonl", pretrained_xor()
    question = ask(network.network, task=network.tasks[0])
    every = [("trained 3-3", "pretrained", (question, 0x3FFFF)), ("trained 4-4", "again", (question, None))]
    experiments_needed.run(file, every)
    first, second = map(json.loads, file.read_text().splitlines())
    by = {(row["explanations"], row["experiments"]): row for row in first["rows"]}
    circuits, readings, placements = (by[name, "all"] for name in ("circuits", "readings", "placements"))
    assert (circuits["n"], circuits["smallest"], circuits["classes"], circuits["left"]) == (197, 10, 85, 1)
    assert (circuits["planted_left"], circuits["at_least"] <= 20 <= circuits["needed"]) == (True, True)
    assert by["circuits", "of two"]["classes"] <= 85
    assert readings["n"] == 7_836, "observed classes of interpretations"
    assert (placements["plain"], placements["plain_pairs"], placements["refuted"]) == (1, 0, 0)
    assert "readings" not in {row["explanations"] for row in second["rows"]}
    assert {row.get("planted_left") for row in second["rows"]} == {None}
    before, first = file.read_text(), experiments_needed.stored()[0]
    experiments_needed.run(file, [(first["cell"], first["network"], None), *every])
    assert file.read_text() == before, "what the file or the first part has is not asked again"


def test_rows_of_another_design_are_refused(tmp_path):
    (file := tmp_path / "rows.jsonl").write_text(json.dumps({"design": "another", "spent": 0}) + "\n")
    with pytest.raises(SystemExit, match="another design"):
        experiments_needed.run(file, [])


def test_medians_and_their_differences_have_intervals():
    middle, low, high = experiments_needed.middle([1, 2, 3, 10, 30])
    assert low <= middle == 3 <= high
    difference = experiments_needed.difference([5, 6, 7], [1, 1, 1], np.mean)
    assert difference[0] == 5
    assert 4 <= difference[1] <= difference[2] <= 6
    assert experiments_needed.residue({"together": 3, "pairs": 12}) == 0.25
    assert experiments_needed.residue({"together": 0, "pairs": 0}) == 0
    planted = {"classes": 1, "greedy_most": 0, "refute_random": 2.5}
    assert experiments_needed._medians([planted], *planted) == ["1 (1–1)", "0 (0–0)", "2.5 (2.5–2.5)"]
    assert experiments_needed._number(0, 20.5, 1_022.5) == "0 (21–1,023)", "halves upwards, and nothing is nothing"


def test_networks_that_the_first_run_left_out_are_a_part_of_their_own():
    same = {"cell": "trained 4-4", "explanations": "circuits"}
    asked = [("a", 1, "all"), ("b", 1, experiments_needed.LEFT_OUT), ("b", 2, "all"), ("c", 2, "all"), ("c", 2, "edge")]
    rows = [{**same, "network": name, "part": part, "experiments": kind} for name, part, kind in asked]
    parts = experiments_needed.in_parts([*rows, {**rows[0], "cell": "drawn 4-4"}], "trained 4-4")
    assert [[row["network"] for row in part] for part in parts] == [["a"], ["b"], ["c"]]


def test_lists_are_held_against_the_logarithm_of_the_classes_where_there_are_several():
    rows = [{"needed": needed, "classes": classes} for needed, classes in ((6, 4), (12, 16), (0, 1))]
    assert experiments_needed.ratios(rows) == [3, 3]
    assert experiments_needed.times_log2(rows) == "3 (3–3)"
    assert experiments_needed.times_log2(rows[2:]) == "–"
