"""`pluriscope analyse --stories`: what the valid circuits of an output have in common, without a server."""

import json
from pathlib import Path

import pytest

from app import bundled
from tests.app.cli.test_analyse import run

PRETRAINED = Path(bundled.__file__).with_name("xor-pretrained.json")


@pytest.mark.slow
def test_backbone_chance_and_the_most_different_two_stand_in_the_result(tmp_path):
    plain, told = tmp_path / "plain.json", tmp_path / "told.json"
    assert run("analyse", PRETRAINED, "-q", "-o", plain) == 0
    assert run("analyse", PRETRAINED, "-q", "-o", told, "--stories") == 0
    (before,), (after,) = (json.loads(file.read_text())["outputs"] for file in (plain, told))
    circuits, stories = after.pop("circuits"), after.pop("stories")
    added = {key: circuits.pop(key) for key in ("backbone", "chance", "most_different")}
    assert circuits == before.pop("circuits")
    assert after.items() >= before.items()
    assert added["backbone"] == {"edges": "0808f", "never": "00000"}
    assert added["most_different"] == {"distance": [11, 17], "a": "18b9f", "b": "2f0ef"}
    assert added["chance"]["13"] == [28, 1_776]
    assert sum(valid for valid, _ in added["chance"].values()) == 197
    assert sum(possible for _, possible in added["chance"].values()) == 9_625
    relations = {key: stories[key] for key in ("of", "same", "narrower", "wider", "opposite", "none")}
    assert relations == {"of": 197, "same": 196, "narrower": 0, "wider": 0, "opposite": 0, "none": 1}
    assert "estimated" not in stories
    assert stories["by_circuit"].keys() == set(circuits["masks"])
    assert sum(relation == "same" for relation in stories["by_circuit"].values()) == 196
    assert sum(row["none"] for row in stories["by_edges"].values()) == 1


@pytest.mark.slow
def test_a_task_without_anything_to_place_is_not_applicable(tmp_path):
    told = tmp_path / "told.json"
    assert run("analyse", PRETRAINED.with_name("and-3-3.json"), "-q", "-o", told, "--stories", "--no-masks") == 0
    (output,) = json.loads(told.read_text())["outputs"]
    assert output["stories"]["same"] is None
    assert output["stories"]["not_applicable"]
    assert "variable" in output["stories"]["reason"]


@pytest.mark.slow
def test_algorithms_that_are_not_all_listed_leave_it_undecided(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.stories.search.MAX_LISTED", 10)
    told = tmp_path / "told.json"
    assert run("analyse", PRETRAINED, "-q", "-o", told, "--stories") == 3
    document = json.loads(told.read_text())
    assert document["outputs"][0]["stories"]["undecided"]
    assert any("stories of circuits" in line for line in document["missing"])


@pytest.mark.slow
def test_counted_circuits_are_asked_by_their_draws(tmp_path, monkeypatch):
    monkeypatch.setenv("PLURISCOPE_MAX_POSSIBLE_CIRCUITS", "1000")
    told = tmp_path / "told.json"
    file = PRETRAINED.with_name("majority-3-3.json")
    assert run("analyse", file, "-q", "-o", told, "--stories") == 3
    (output,) = json.loads(told.read_text())["outputs"]
    circuits, stories = output["circuits"], output["stories"]
    assert circuits["method"] == "counted"
    assert stories["of"] == circuits["listed"] - len(circuits["smallest"]["undrawn"]) < circuits["valid"]
    assert (stories["estimated"], stories["exact"], stories["valid"]) == (True, False, circuits["valid"])
    assert stories["same"] == stories["of"]  # none carries one of the twelve, nor does the network
    assert len(stories["algorithms"]) == 12
    assert stories["network"] == []
    assert stories["interval"]["same"][0] > 0.99
    assert stories["interval"]["none"][0] == 0
    assert len(stories["by_circuit"]) == circuits["listed"]
