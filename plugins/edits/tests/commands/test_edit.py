"""`pluriscope edit`."""

from __future__ import annotations

import json

import pytest

from pluriscope.analysis.edits.registry import EDITS
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.app.cli.commands import run
from tests.app.cli.test_analyse import refused, xor  # noqa: F401  # a fixture


def test_the_help_lists_every_rule_with_its_settings(capsys):
    assert run(["edit", "--help"]) == 0
    answer = capsys.readouterr().out
    for edit in EDITS:
        part = answer.split(f"\n  {edit.key}: ")[1].split("\n\n")[0]
        assert all(f"\n    {one.name} " in part for way in edit.ways.values() for one in way.settings), edit.key


def test_a_network_is_edited_and_said_to_be(xor, tmp_path, capsys):  # noqa: F811
    out = tmp_path / "edited.json"
    settings = ("--set", "row=11", "--set", "target=1")
    assert run(["edit", str(xor), "--rule", "rank-one", *settings, "--output", str(out), "--name", "OR now"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["OR now:", "answers 0110 → 0111, OR, on rows 00 to 11", "row 11 answers 1"]
    assert lines[3] == "rows that were to be kept and answer otherwise: none"
    file, base = parse_network_file(out.read_bytes()), parse_network_file(xor.read_bytes())
    assert (file.name, file.tasks[0].name, file.edited.base) == ("OR now", "OR", base.network.digest)
    assert run(["edit", str(xor), "--rule", "prune", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["rule"], answer["broken"]) == ("prune", ["01", "10"])
    assert answer["settings"] == {"sparsity": 0.5, "where": "all"}
    assert run(["edit", str(xor), "--rule", "transplant", "--set", f"source={out}", "--output", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["edited"]["settings"]["source"] == file.network.digest


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--rule", "prun"), "Use one of fine-tune, rank-one, unlearn, zero, noise, prune, quantise, transplant"),
        (("--rule", "noise", "--set", "size"), "is no NAME=VALUE"),
        (("--rule", "noise", "--set", "size=1", "--set", "size=2"), "is given twice"),
        (("--rule", "noise", "--name", "../x"), "reads as the path of a file"),
        (("--rule", "transplant", "--set", "source=none.json"), "cannot be read"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(options, words, xor, tmp_path, capsys):  # noqa: F811
    out = tmp_path / "edited.json"
    assert words in refused(capsys, "edit", xor, *options, "--output", out)
    assert not out.exists()
    assert "Give --output FILE, or --json" in refused(capsys, "edit", xor, "--rule", "noise")
