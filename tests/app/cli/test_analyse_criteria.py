"""`pluriscope analyse --criteria` and `--directions`: verdicts and placements without a server."""

import json

import pytest

from tests.app.cli.test_analyse import refused, run, xor  # noqa: F401 - a fixture


@pytest.mark.slow
def test_chosen_criteria_stand_in_the_result(xor, tmp_path):  # noqa: F811
    out = tmp_path / "out.json"
    wanted = ["mean-ablation", "output-faithfulness(tolerance=.05)", "representative", "irredundant-gates"]
    options = [word for text in wanted for word in ("--criteria", text)]
    assert run("analyse", xor, "-q", "--no-masks", "-o", out, *options) == 0
    result = json.loads(out.read_text())
    (output,) = result["outputs"]
    assert output["criteria"]["mean-ablation"] == {
        "passed": 191,
        "failed": 6,
        "undecided": 0,
        "not_applicable": 0,
        "of": 197,
    }
    assert output["criteria"]["output-faithfulness(tolerance=0.05)"]["of"] == 197
    assert output["criteria"]["zero-ablation"]["of"] == 9_625  # what the searches tell stays
    assert output["criteria"]["representative"]["of"] == 197 + 250 + 3  # interpretations apart
    by_kind = output["criteria_by_kind"]
    assert by_kind["interpretation"]["representative"]["of"] == 147_899_020
    assert set(by_kind["circuit"]) == {"mean-ablation", "output-faithfulness(tolerance=0.05)", "representative"}
    assert by_kind["algorithm"]["irredundant-gates"]["passed"] == 194
    assert result["exhaustive"]
    assert "missing" not in result


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("nonsense", "zero-ablation"),
        ("margin(least=2)", "from 0 to 1"),
        ("margin(x=2)", "least"),
        ("selective", "is about linear probes, which this command does not search"),
    ],
)
def test_refusals_name_what_is_known(xor, tmp_path, capsys, text, word):  # noqa: F811
    assert word in refused(capsys, "analyse", xor, "-o", tmp_path / "out.json", "--criteria", text)
    assert not (tmp_path / "out.json").exists()


@pytest.mark.slow
def test_a_spent_budget_ends_with_3_and_says_what_is_missing(xor, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setenv("PLURISCOPE_MAX_CRITERION_SECONDS", "0")
    out = tmp_path / "out.json"
    assert run("analyse", xor, "-q", "-o", out, "--criteria", "necessity") == 3
    result = json.loads(out.read_text())
    assert not result["exhaustive"]
    assert result["missing"] == [
        "output 0: necessity on circuits: Not decided within the budget of 0 seconds for each criterion."
    ]
    assert result["outputs"][0]["criteria"]["necessity"]["undecided"] == 197
    assert "stopped at a limit" in capsys.readouterr().err


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
