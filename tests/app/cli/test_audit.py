"""`pluriscope audit`: methods located, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pluriscope.app import bundled
from tests.app.cli.test_analyse import run

PRETRAINED = Path(bundled.__file__).with_name("xor-pretrained.json")
QUICK = ("acdc", "eap", "weights", "random(seed=1)", "acdc(tau=.1)")


def audited(tmp_path: Path, *arguments: object, code: int = 0) -> dict:
    out = tmp_path / "audit.json"
    assert run("audit", PRETRAINED, "-q", "-o", out, *arguments) == code
    return json.loads(out.read_text())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--methods", "rando"), "Did you mean random"),
        (("--output-index", "3"), "output 3: does not exist; the network has 1"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert run("audit", PRETRAINED, "-q", "-o", tmp_path / "out.json", *arguments) == 2
    said = capsys.readouterr().err.strip()
    assert words in said
    assert len(said.splitlines()) == 1


@pytest.mark.slow
def test_a_space_that_is_not_listed_leaves_what_needs_the_list_undecided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLURISCOPE_MAX_POSSIBLE_CIRCUITS", "1000")
    out = tmp_path / "audit.json"
    file = PRETRAINED.with_name("majority-3-3.json")
    assert run("audit", file, "-q", "-o", out, "--methods", "weights", "--methods", "random(k=6)") == 3
    found = json.loads(out.read_text())
    assert found["missing"]
    assert found["exhaustive"] is False
    for claim in found["claims"]:
        if not claim["valid"]:
            assert claim["nearest"]["undecided"]
        else:
            assert claim["criteria"]["minimal-subset"] in (False, None)


def test_methods_that_do_not_apply_are_named_and_others_answer(tmp_path: Path, capsys) -> None:
    constant = json.loads(PRETRAINED.read_text()) | {"tasks": [{"name": "never", "truth_table": [0, 0, 0, 0]}]}
    constant["biases"][-1] = [-9.0]
    path, out = tmp_path / "never.json", tmp_path / "never-audit.json"
    path.write_text(json.dumps(constant))
    assert run("audit", path, "-q", "-o", out) == 0
    claims = {one["method"]: one for one in json.loads(out.read_text())["claims"]}
    why = "ablation pairs: the task is constant, so no two rows have different labels"
    assert (claims["exact-edge"]["outcome"], claims["exact-edge"]["note"]) == ("undefined", why)
    assert "mask" in claims["weights"]
    assert f"exact-edge: undefined, {why}" in capsys.readouterr().out
    assert run("audit", path, "-q", "-o", out, "--methods", "exact-edge") == 2


def test_without_null_models_it_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pluriscope.library.audits.BASELINE", None)
    assert run("audit", PRETRAINED, "-q", "-o", tmp_path / "audit.json", "--null") == 2
    assert "needs null models, which no plugin brings here. Install pluriscope-methods" in capsys.readouterr().err
