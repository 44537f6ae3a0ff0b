"""Lenses against reference numbers: 84 answers on six networks, most given by shap, captum and lime.

Numbers agree to 1e-9 of the larger of 1 and themselves, and captum's Gauss–Legendre, whose points it has in single
precision, to 1e-8; labellings, decisions and outcomes agree exactly.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.lenses.lens import view_json
from analysis.lenses.registry import LENS_BY_KEY, LENSES
from analysis.network_files.files import parse_network_file
from analysis.question import Question, ask

FOLDER = Path(__file__).parents[2] / "golden" / "methods"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
OURS = {"response-fields", "path-patching", "feature-pictures", "labels", "das", "direct-attribution", "superposition"}
"""What no package has as a method that could be held against it: activations as they are, labels that are formulas."""
FIGURES = ("scores", "base", "interactions", "intercepts", "r2")


@lru_cache
def reference(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())


def question_of(name: str) -> Question:
    file = parse_network_file(json.dumps(reference(name)["network"]).encode())
    return ask(file.network, task=file.tasks[0])


def close(found: Any, expected: Any, tolerance: float) -> bool:
    expected = np.asarray(expected, dtype=float)
    return bool((np.abs(np.asarray(found) - expected) <= tolerance * np.maximum(1.0, np.abs(expected))).all())


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_agrees_with_the_reference(name: str) -> None:
    question = question_of(name)
    for told in reference(name)["attributions"]:
        lens = LENS_BY_KEY[told["method"]]
        answer = lens.answer(question, lens.filled(told["settings"]))
        said = told["method"], told["settings"]
        for setting, value in told["settings"].items():
            assert answer.settings[setting] == (pytest.approx(value) if isinstance(value, float) else value), said
        if told.get("outcome") == "degenerate":
            assert (answer.outcome, answer.view) == ("degenerate", None), said
            continue
        assert answer.view is not None, said
        found = view_json(answer.view)
        tolerance = 1e-8 if told["settings"].get("path") == "gauss" else 1e-9
        for key in FIGURES:
            assert key not in told or close(found[key], told[key], tolerance), (said, key)
        if "table" in told:
            assert len(found["table"]) == len(told["table"])
            for row, other in zip(found["table"], told["table"], strict=True):
                for key, value in row.items():
                    if isinstance(value, float):
                        assert close(value, other[key], tolerance), (said, key)
                    else:
                        assert value == other[key], (said, key)


def test_every_lens_has_a_reference_and_the_other_way_round() -> None:
    named = {told["method"] for name in NAMES for told in reference(name)["attributions"]}
    assert named == {lens.key for lens in LENSES} - OURS
