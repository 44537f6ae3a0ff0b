"""`pluriscope ask` where finding the explanations takes longer than it may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pluriscope.app import bundled
from tests.app.cli.test_analyse import run

MODEL = Path(bundled.__file__).with_name("models") / "indirect-object-2x2.json"


@pytest.mark.slow
def test_when_the_time_is_up_the_answer_is_of_what_was_found(capsys):
    assert run("ask", "rivals", MODEL, "--seconds", "0.1", "--json", "-q") == 3
    answer, words = capsys.readouterr()
    assert "0.1 s are up; the answer is of what was found until then. --seconds gives more." in words
    assert json.loads(answer)["report"]["complete"] is False
