"""`pluriscope analyse --directions`: alignments on linear directions without a server."""

import json

import pytest

from tests.app.cli.test_analyse import refused, run, xor  # noqa: F401 - a fixture


@pytest.mark.slow
def test_chosen_classes_stand_in_the_result(xor, tmp_path):  # noqa: F811
    out = tmp_path / "out.json"
    assert run("analyse", xor, "-q", "--no-masks", "-o", out, "--directions", "orthogonal", "--directions", "all") == 0
    (output,) = json.loads(out.read_text())["outputs"]
    told = output["directions"]
    assert set(told) == {"orthogonal", "oblique", "integer", "integer-any"}
    assert {key: (one["valid"], one["joint"]) for key, one in told.items()} == {
        "orthogonal": (1, 1),
        "oblique": (8, 3),
        "integer": (0, 0),
        "integer-any": (12, 7),
    }
    assert all(one["exact"] and one["searched"] == 2 for one in told.values())


def test_an_unknown_class_is_refused(xor, tmp_path, capsys):  # noqa: F811
    told = refused(capsys, "analyse", xor, "-o", tmp_path / "out.json", "--directions", "diagonal")
    assert "'diagonal'" in told
    assert "orthogonal, oblique" in told
