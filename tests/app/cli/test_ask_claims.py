"""`pluriscope ask claims`: where a circuit of one's own stands, as its page has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pluriscope.app import bundled
from tests.app.cli.test_analyse import run

PRETRAINED = Path(bundled.__file__).with_name("xor-pretrained.json")


@pytest.mark.slow
def test_a_circuit_of_ones_own_is_located_from_text_and_from_a_file(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("c-183bf")
    for claim in ("c-183bf", tmp_path / "mine.txt"):
        assert run("ask", "claims", PRETRAINED, "--claim", claim, "--json", "-q") == 0
        answer = json.loads(capsys.readouterr().out)
        assert (answer["state"], answer["circuits"], answer["mask"]) == (
            "valid",
            {"value": 197, "bound": "exact"},
            "183bf",
        )
    assert run("ask", "claims", PRETRAINED, "-q") == 0
    assert capsys.readouterr().out.startswith("Valid, and one of 197. The nearest other differs in 1 edge")
    assert run("ask", "claims", PRETRAINED, "--claim", "c-zz", "-q") == 2
    assert run("ask", "rivals", PRETRAINED, "--claim", "c-183bf", "-q") == 2
    assert "Leave it out" in capsys.readouterr().err
