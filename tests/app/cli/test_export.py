"""`pluriscope export --as`: graphs of what an address, a file or a method says."""

import json
from pathlib import Path

import pytest

from pluriscope.analysis.discovery.claims import read_claim, vocabulary_of
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS
from pluriscope.app.bundled import bundled_models
from pluriscope.library.claim_files import claim_texts
from pluriscope.library.models import questions_of, whole_subject
from tests.app.cli.test_analyse import refused, run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("data_folder")]
WHOLE = "1fffffff"


@pytest.fixture
def model(tmp_path) -> Path:
    path = tmp_path / "model.json"
    path.write_bytes(bundled_models()["induction-attention"])
    return path


@pytest.mark.parametrize("key", GRAPH_FORMATS)
def test_a_circuit_of_a_file_comes_back(key, model, tmp_path):
    (question,) = questions_of(whole_subject(model.read_bytes()), [0], "complete")
    file = tmp_path / "graph.json"
    assert run("export", model, "--as", key, "--explanation", f"c-{WHOLE}", "-o", file) == 0
    assert read_claim(file.read_bytes(), vocabulary_of(question)).raw_mask == int(WHOLE, 16)


def test_a_submission_is_a_folder_named_by_task_and_model(model, tmp_path, capsys):
    folder = tmp_path / "submission"
    assert run("export", model, "--as", "mib", "--method", "exact-edge", "-o", folder) == 0
    (made,) = folder.iterdir()
    assert made.name.startswith("induction_induction-")
    assert capsys.readouterr().out.strip() == str(made)
    assert [one.name for one in made.iterdir()] == ["scores.json"]
    assert run("export", model, "--as", "mib", "--explanation", f"c-{WHOLE}", "-o", folder / "two") == 0
    assert len(claim_texts(folder / "two", "mine")) == 1  # nine empty ones: the whole is more than half
    assert run("audit", model, "--claim", folder, "-o", tmp_path / "audit.json", "-q") == 0
    claims = json.loads((tmp_path / "audit.json").read_text())["claims"]
    assert [one["raw_mask"] == "00000000" for one in claims] == [False, True]


def test_an_address_or_a_stored_network_gives_the_graph_of_its_page(xor, capsys):
    run("import", xor, "--no-analysis")
    capsys.readouterr()
    for thing in (
        ("http://host/networks/xor-3-3-c/explanations/c-3ffff",),
        ("/networks/xor-3-3-c", "--explanation", "c-3ffff"),
        ("xor-3-3-c", "--explanation", "c-3ffff"),
        (xor, "--explanation", "c-3ffff"),
    ):
        assert run("export", *thing, "--as", "auto-circuit") == 0
        answer = json.loads(capsys.readouterr().out)
        assert (len(answer), set(answer.values())) == (18, {True})
    assert run("export", xor, "--as", "graphml", "--explanation", "i-3ffff.0") == 0
    assert "threshold" in capsys.readouterr().out
    assert run("export", "xor-3-3-c", "--as", "networkx", "--method", "exact-edge", "--json") == 0
    assert "score" in json.loads(capsys.readouterr().out)["links"][0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--as", "nothing", "--explanation", "c-3ffff"), "Use one of networkx"),
        (("--as", "mib", "--explanation", "c-3ffff"), "perceptrons do not have"),
        (("--as", "graphml"), "--method"),
        (("--as", "graphml", "--method", "exact-edge", "--explanation", "c-3ffff"), "--method"),
        (("--as", "graphml", "--method", "nothing"), "nothing"),
        (("--as", "graphml", "--explanation", "nothing"), "c-3b2cf"),
        (("--as", "graphml", "--explanation", "g-01"), "store"),
        (("--as", "graphml", "--explanation", "c-zz"), "zz"),
        (("--as", "graphml", "--result"), "alone"),
        (("--explanation", "c-3ffff"), "--as FORMAT"),
    ],
)
def test_what_cannot_be_written_is_one_line(options, words, xor, capsys):
    assert words in refused(capsys, "export", xor, *options)


def test_an_address_of_no_explanation_is_refused(capsys):
    assert "explanation" in refused(capsys, "export", "/studies/x", "--as", "graphml")
    assert "not stored" in refused(capsys, "export", "/networks/x/explanations/c-1", "--as", "graphml")
