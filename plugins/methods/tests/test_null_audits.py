"""Audits that hold valid circuits against null networks, by the command and in the library."""

from __future__ import annotations

from pathlib import Path

import pytest

import pluriscope
from pluriscope.app import bundled
from pluriscope_methods.null_model import STANDARDS
from tests.app.cli.test_analyse import run
from tests.app.cli.test_audit import audited
from tests.factories import pretrained_xor


def test_valid_circuits_are_held_against_null_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluriscope_methods.null_model.null_report.__kwdefaults__", {"n": 9, "seed": 0})
    valid, wrong = audited(tmp_path, "--methods", "acdc", "--methods", "acdc(tau=.1)", "--null")["claims"]
    assert "null" not in wrong
    assert {(one["model"], one["standard"]) for one in valid["null"]} >= {("untrained", ""), ("drawn", "")}
    for one in valid["null"]:
        assert one["of"] == 9
        assert one["p"] == (1 + one["as_good"]) / 10
    terms = {one["criterion"]: one for one in valid["mechanistic_validity"]}
    assert "p = 0.1 against untrained networks" in terms["baseline separation"]["why"]
    assert terms["rival mechanism exclusion"]["why"].startswith("196 other circuits are valid")
    assert [one["outcome"] for one in wrong["mechanistic_validity"]] == ["failed"]
    met = {one["standard"] for one in valid["null"]} - {""}
    assert met == {key for key in STANDARDS if valid["criteria"].get(key)}


def test_an_audit_holds_valid_circuits_against_null_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluriscope_methods.null_model.null_report.__kwdefaults__", {"n": 19, "seed": 0})
    result = pluriscope.explain(pretrained_xor())
    (claim,) = result.audit(claims={"mine": "1839f"}, null=True)["claims"]
    assert claim["null"][0] == {"model": "untrained", "standard": "", "as_good": 0, "of": 19, "p": 0.05}
    assert {one["model"] for one in claim["null"]} == {"untrained", "drawn"}


def test_a_kind_of_which_they_say_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "model.json", tmp_path / "audit.json"
    path.write_bytes(bundled.bundled_models()["induction-attention"])
    assert run("audit", path, "-q", "-o", out, "--null") == 2
    assert "does not apply: No study trains transformers" in capsys.readouterr().err
