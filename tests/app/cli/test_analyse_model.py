"""`pluriscope analyse` of models of other kinds than the networks."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.explaining import explanation
from pluriscope.analysis.explaining import placing as placements
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.app.bundled import bundled_models
from tests.app.cli.test_analyse import refused, run
from tests.golden_files import golden_network

FOLDER = Path(__file__).parents[2] / "golden" / "attention"
GOLDEN = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
SETTINGS = ("granularity", "ablation", "embedding")


def written(tmp_path: Path, document: object, name: str = "model.json") -> Path:
    path = tmp_path / name
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def other_name(tmp_path):
    return written(tmp_path, GOLDEN["other_name_1x2_0"]["network"])


def large_file(tmp_path):
    """A transformer of three layers of which 2^61 masks are possible."""
    rows, d = [[0, 1], [1, 0]], 2
    heads = {
        "query": [[[1.0], [0.0]]] * 2,
        "key": [[[0.5], [1.0]]] * 2,
        "value": [[[1.0], [1.0]]] * 2,
        "output": [[[1.0, 2.0]]] * 2,
    }
    sizes = {"layers": 3, "heads": 2, "d_model": d, "d_head": 1, "vocabulary": 2, "context": 2}
    return written(
        tmp_path,
        {
            "format": "pluriscope-attention/1",
            "name": "large",
            **sizes,
            "token_embedding": [[1.0, 0.0], [0.0, 1.0]],
            "position_embedding": None,
            "attention": [heads] * 3,
            "unembedding": [[1.0, 0.0], [0.0, 1.0]],
            "tasks": [{"name": "large", "rows": rows, "answers": [1, 0]}],
        },
    )


@pytest.mark.slow
def test_a_space_too_large_to_count_is_drawn_from_and_ends_with_3(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(explanation, "DRAWS", 1_024)
    model, out = large_file(tmp_path), tmp_path / "out.json"
    assert run("analyse", model, "-o", out) == 3
    assert "of 1.38 × 10¹⁶ possible circuits are valid, guaranteed with 95% confidence" in capsys.readouterr().err
    result = json.loads(out.read_text())
    circuits = result["outputs"][0]["circuits"]
    assert (circuits["possible"], circuits["masks_possible"]) == ("13766007041950769", str(1 << 61))
    assert (circuits["method"], circuits["certainty"], circuits["tested"]) == ("sampled", "guaranteed", 1_024)
    assert circuits["listed"] <= int(circuits["interval"][0]) <= int(circuits["interval"][1])
    assert not result["exhaustive"]
    assert not circuits["exhaustive"]
    assert len(result["missing"]) == 1


def test_a_plan_says_what_there_is_to_do_and_writes_nothing_else(other_name, tmp_path, capsys):
    assert run("analyse", other_name, "--plan") == 0
    answer = capsys.readouterr().out
    assert "17 circuits are possible. 512 masks of 9 bits" in answer
    assert "circuits: under a second" in answer
    assert run("analyse", large_file(tmp_path), "--plan") == 0
    assert "there are 1.38 × 10¹⁶ of them" in capsys.readouterr().out


def test_what_is_for_networks_is_refused(other_name, tmp_path, capsys):
    out = tmp_path / "out.json"
    cases = [
        (
            ("-p", "paper"),
            "rules 'paper': is no value of any setting. Join values by dashes, at most one of each: gran",
        ),
        (("-p", "heads-nodes"), "rules 'nodes': is a second value of granularity"),
        (("-p", "mine.json"), "rules 'mine.json': is no value of any setting"),
        (("-p", "split-mean"), "a position's mean is itself"),
        (("-p", "split-nodes"), "nodes are heads"),
        (("--data", other_name), "data: is not offered: the rows of transformers stand with the task in their file"),
        (("--output-index", "1"), "output 1: is not offered: transformers are asked about as a whole"),
        (("--output-index", "-1"), "output -1: is not offered"),
    ]
    for given, said in cases:
        assert said in refused(capsys, "analyse", other_name, "-o", out, *given)
    assert not out.exists()
    assert run("analyse", other_name, "-o", out, "-q", "--output-index", "0") == 0


def test_of_a_model_that_did_not_learn_its_task_it_says_what_that_answers_instead(other_name, tmp_path, capsys):
    document, out = json.loads(other_name.read_text()), tmp_path / "out.json"
    wrong = written(tmp_path, document | {"unembedding": (-np.array(document["unembedding"])).tolist()})
    assert run("analyse", wrong, "-o", out, "-q") == 0
    answered = json.loads(out.read_text())["outputs"][0]["circuits"]["valid"]
    said = capsys.readouterr().err
    assert (answered, "no circuit is valid" in said, "more rows. Its commonest answer is" in said) == (0, True, True)
    assert run("analyse", wrong, "-o", out, "-q", "--task", "decisions") == 0
    found = json.loads(out.read_text())["outputs"][0]
    assert (found["circuits"]["valid"] > 0, found["task"]["name"]) == (True, "what it answers")


def test_a_network_is_still_a_network(tmp_path, capsys):
    """Even if it bears the name of a format of models."""
    document = network_file_json(golden_network("xor_pretrained")) | {"name": "pluriscope-attention/1"}
    assert run("analyse", written(tmp_path, document), "--plan", "-o", "-") == 0
    assert "protocol complete" in capsys.readouterr().out


@pytest.mark.slow
def test_an_audit_locates_methods_on_a_model(tmp_path, capsys, other_name):
    golden, out = GOLDEN["other_name_1x2_0"], tmp_path / "audit.json"
    assert run("audit", other_name, "--output", out, "--quiet") == 0
    answer = json.loads(out.read_text())
    [space] = [one for one in golden["spaces"] if [one[key] for key in SETTINGS] == ["qkv", "zero", "joined"]]
    assert (answer["format"], answer["network"], answer["kind"]) == (
        "pluriscope-audit/1",
        golden["digest"],
        "attention",
    )
    assert (answer["possible"], answer["valid"], len(answer["bits"])) == (17, space["valid"], 9)
    assert [claim["method"] for claim in answer["claims"]] == [
        method.key for method in METHODS.of(TRANSFORMER).values()
    ]
    for claim in answer["claims"]:
        assert claim["under"]["zero"] == claim["raw_valid"] == claim["valid"] == (claim["nearest"]["distance"] == 0)
    asked = ("--methods", "exact-edge(ablation=mean)", "--methods", "exact-edge(loss=kl)")
    assert run("audit", other_name, *asked, "--output", out, "--quiet") == 0
    first, second = json.loads(out.read_text())["claims"]
    assert (first["settings"]["ablation"], second["settings"]["loss"]) == ("mean", "kl")
    capsys.readouterr()
    assert "data: is not offered" in refused(capsys, "audit", other_name, "--data", other_name, "--output", out)
    refusal = refused(capsys, "audit", other_name, "--methods", "weights", "--output", out)
    assert "Weights of single edges of transformers are not read" in refusal
    mean = ("--protocol", "split", "--methods", "exact-edge(ablation=mean)", "--output", out)
    assert "is not defined of transformers under these rules" in refused(capsys, "audit", other_name, *mean, "--quiet")


RUNNING = "p1 = a; p2 = (p1 + b) % 2; y = (p2 + c) % 2"
BAD = {"p1 = p2; p2 = a; y = p2": "variable p1: depends on p2, which comes later"}


@pytest.fixture
def elman(tmp_path):
    return written(tmp_path, json.loads(bundled_models()["parity-3-elman"]))


@pytest.mark.parametrize("text", BAD)
def test_a_bad_algorithm_is_refused_before_circuits_are_searched(elman, capsys, text):
    assert re.search(BAD[text], refused(capsys, "analyse", elman, "-o", "-", "--algorithm", text))


def test_a_written_algorithm_is_in_the_result_and_in_what_is_said(elman, capsys, monkeypatch):
    monkeypatch.setattr(placements, "candidates", lambda *_: SimpleNamespace(models=()))  # those of a plugin
    assert run("analyse", elman, "-o", "-", "--algorithm", RUNNING, "--algorithm", "y = (a + b + c) % 2") == 0
    captured = capsys.readouterr()
    (found,) = json.loads(captured.out)["outputs"]
    assert found["placements"]["algorithms"][0]["n_placed"] == 4
    assert f"“{RUNNING}” is placed: 112 of 112 interchanges are right on p1: h1[1]; p2: h2[1]" in captured.err
