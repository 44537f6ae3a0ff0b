"""The document on bringing networks in: its snippets run as they stand, and what they write is accepted."""

import json
import subprocess
import sys

import numpy as np
import pytest

from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.network_files.intake import read_any
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.app.pages.bring_in.form import HELP_FILE
from pluriscope.app.pages.prose import chapters
from tests.checkout import ROOT

DOCUMENT = dict(chapters(HELP_FILE))


def snippets(title):
    """The indented blocks of a chapter, as they would be copied."""
    return ["\n".join(line[4:] for line in b.splitlines()) for b in DOCUMENT[title] if b.startswith("    ")]


def run(folder, *parts):
    """Run as a user would: in a folder of their own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(parts)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr


def test_the_network_file_shown_is_one():
    (shown,) = snippets("The network file")
    assert parse_network_file(shown.encode()).tasks[0].name == "XOR"


@pytest.mark.slow
def test_scikit_learns_export_runs_and_is_read(tmp_path):
    train, export = snippets("From scikit-learn")
    check = "p = clf.predict_proba(X)[:, 1]\nopen('p.json', 'w').write(json.dumps(p.tolist()))"
    run(tmp_path, train, export, check)
    network = read_any((tmp_path / "sklearn.json").read_bytes()).network
    mine = forward(network, input_table(2))[:, 0]
    assert mine == pytest.approx(json.loads((tmp_path / "p.json").read_text()), abs=1e-12)


@pytest.mark.slow
def test_pytorchs_exports_run_and_are_the_same_network(tmp_path):
    train, safetensors, plain = snippets("From PyTorch")
    check = (
        "X = torch.tensor([[0., 0], [0, 1], [1, 0], [1, 1]])\njson.dump(net(X).flatten().tolist(), open('p.json', 'w'))"
    )
    run(tmp_path, train, safetensors, plain, check)
    one, two = (read_any((tmp_path / name).read_bytes()).network for name in ("net.safetensors", "net.json"))
    assert one.digest == two.digest
    mine = forward(one, input_table(2))[:, 0]
    assert mine == pytest.approx(json.loads((tmp_path / "p.json").read_text()), abs=1e-6)


@pytest.mark.slow
def test_our_own_exports_write_complete_files(tmp_path):
    torch_net = snippets("From PyTorch")[0].replace("nn.Linear(2, 3)", "nn.Linear(2, 3, bias=False)")
    (ours,) = snippets("Where Pluriscope is installed too")
    run(tmp_path, torch_net, snippets("From scikit-learn")[0], ours)
    for name, activation in (("net.json", "tanh"), ("sklearn.json", "tanh")):
        file = parse_network_file((tmp_path / name).read_bytes())
        assert (file.network.activation, file.network.output_activation) == (activation, "sigmoid")
        assert file.tasks[0].name == "XOR"


@pytest.mark.slow
def test_a_live_transformer_is_written_with_its_logits(tmp_path):
    logits = "import json\njson.dump(transformer(torch.tensor(rows))[:, -1].tolist(), open('logits.json', 'w'))"
    run(tmp_path, *snippets("Transformers"), logits)
    _, model = read_subject((tmp_path / "model.json").read_bytes())
    space = model.space(TRANSFORMER.default_rules)
    ours = space.run(np.ones((1, space.graph.n_bits), dtype=bool))[0]
    assert model.answers.tolist() == [0, 1, 3]
    assert ours == pytest.approx(np.array(json.loads((tmp_path / "logits.json").read_text())), abs=1e-5)


@pytest.mark.slow
def test_a_classifier_is_written_with_what_it_answers(tmp_path):
    snippet, _ = snippets("Classifiers")
    answered = "import json\njson.dump(clf.predict(digits.data / 16).tolist(), open('answers.json', 'w'))"
    run(tmp_path, snippet, answered)
    _, model = read_subject((tmp_path / "digits.json").read_bytes())
    assert model.network.sizes == (64, 32, 32, 10)
    assert model.answers.tolist() == json.loads((tmp_path / "answers.json").read_text())


@pytest.mark.slow
def test_a_convolutional_network_is_written_with_what_it_answers(tmp_path):
    (snippet,) = snippets("Convolutional and recurrent networks")
    run(tmp_path, snippet)
    _, model = read_subject((tmp_path / "conv.json").read_bytes())
    assert model.layers[-1].argmax(axis=1).tolist() == model.answers.tolist()
