"""`pluriscope compare`: explanations of one network, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pluriscope.app import bundled
from tests.app.cli.test_analyse import run

PRETRAINED = Path(bundled.__file__).with_name("xor-pretrained.json")


def test_explanations_of_one_network_are_printed_as_on_their_page(capsys):
    assert run("compare", PRETRAINED, "a-a2e8546f11f80df4.0:1.0_1:1.1", "i-3ffff.0", "--json", "-q") == 0
    answer = json.loads(capsys.readouterr().out)
    assert [one["kind"] for one in answer["explanations"]] == ["alignment", "interpretation"]
    assert answer["n_contradictions"] == len(answer["contradictions"]) > 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("edited.json",), "two networks are compared by pluriscope changes, which pluriscope-edits brings"),
        (("c-3ffff",), "names 1 of the two or more explanations"),
        (("c-3ffff", "c-1ffff"), "mask 1ffff: is no circuit"),
        (("c-3ffff", "c-081ff", "--task", "01"), "must be 4 values"),
        (("c-3ffff", "c-081ff", "--output-index", "2"), "output 2"),
    ],
)
def test_bad_input_is_refused(given, words, capsys):
    assert run("compare", PRETRAINED, *given, "-q") == 2
    assert words in capsys.readouterr().err
