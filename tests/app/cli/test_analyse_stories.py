"""`pluriscope analyse --stories`: what the valid circuits of an output have in common, without a server."""

import json
from pathlib import Path

from app import bundled
from tests.app.cli.test_analyse import run

PRETRAINED = Path(bundled.__file__).with_name("xor-pretrained.json")


def test_backbone_chance_and_the_most_different_two_stand_in_the_result(tmp_path):
    plain, told = tmp_path / "plain.json", tmp_path / "told.json"
    assert run("analyse", PRETRAINED, "-q", "-o", plain) == 0
    assert run("analyse", PRETRAINED, "-q", "-o", told, "--stories") == 0
    (before,), (after,) = (json.loads(file.read_text())["outputs"] for file in (plain, told))
    circuits = after.pop("circuits")
    added = {key: circuits.pop(key) for key in ("backbone", "chance", "most_different")}
    assert circuits == before.pop("circuits")
    assert after.items() >= before.items()
    assert added["backbone"] == {"edges": "0808f", "never": "00000"}
    assert added["most_different"] == {"distance": [11, 17], "a": "18b9f", "b": "2f0ef"}
    assert added["chance"]["13"] == [28, 1_776]
    assert sum(valid for valid, _ in added["chance"].values()) == 197
    assert sum(possible for _, possible in added["chance"].values()) == 9_625
