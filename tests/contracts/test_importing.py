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


EVERY = """
import json, os, sys

for name, program in json.load(sys.stdin).items():
    os.mkdir(name), os.chdir(name)
    exec(compile(program, name, "exec"), {"__name__": "__main__"})
    os.chdir("..")
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder with what each chapter's snippets have written, run as a user would, one after the other."""
    (transformer,), (classifier, _) = snippets("Transformers"), snippets("Classifiers")
    (conv,), (ours,) = snippets("Convolutional and recurrent networks"), snippets("Where Pluriscope is installed too")
    scikit_learn, torch = snippets("From scikit-learn"), snippets("From PyTorch")
    without_bias = torch[0].replace("nn.Linear(2, 3)", "nn.Linear(2, 3, bias=False)")
    programs = {
        "scikit-learn": [*scikit_learn, "given = clf.predict_proba(X)[:, 1].tolist()"],
        "torch": [*torch, "given = net(torch.tensor([[0., 0], [0, 1], [1, 0], [1, 1]])).flatten().tolist()"],
        "ours": [without_bias, scikit_learn[0], ours],
        "transformer": [transformer, "given = transformer(torch.tensor(rows))[:, -1].tolist()"],
        "classifier": [classifier, "given = clf.predict(digits.data / 16).tolist()"],
        "conv": [conv],
    }
    keep = "import json\nif 'given' in globals(): json.dump(given, open('answers.json', 'w'))"
    folder = tmp_path_factory.mktemp("snippets")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EVERY],
        input=json.dumps({name: "\n".join((*parts, keep)) for name, parts in programs.items()}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    return folder


def answers(folder):
    return json.loads((folder / "answers.json").read_text())


def test_the_network_file_shown_is_one():
    (shown,) = snippets("The network file")
    assert parse_network_file(shown.encode()).tasks[0].name == "XOR"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "files", "close"),
    [("scikit-learn", ["sklearn.json"], 1e-12), ("torch", ["net.safetensors", "net.json"], 1e-6)],
)
def test_exports_are_the_network_that_was_trained(written, name, files, close):
    networks = [read_any((written / name / file).read_bytes()).network for file in files]
    assert len({network.digest for network in networks}) == 1
    assert forward(networks[0], input_table(2))[:, 0] == pytest.approx(answers(written / name), abs=close)


@pytest.mark.slow
def test_our_own_exports_write_complete_files(written):
    for name in ("net.json", "sklearn.json"):
        file = parse_network_file((written / "ours" / name).read_bytes())
        assert (file.network.activation, file.network.output_activation) == ("tanh", "sigmoid")
        assert file.tasks[0].name == "XOR"


@pytest.mark.slow
def test_a_live_transformer_is_written_with_its_logits(written):
    _, model = read_subject((written / "transformer/model.json").read_bytes())
    space = model.space(TRANSFORMER.default_rules)
    ours = space.run(np.ones((1, space.graph.n_bits), dtype=bool))[0]
    assert model.answers.tolist() == [0, 1, 3]
    assert ours == pytest.approx(np.array(answers(written / "transformer")), abs=1e-5)


@pytest.mark.slow
def test_what_learned_classes_is_written_with_what_it_answers(written):
    _, model = read_subject((written / "classifier/digits.json").read_bytes())
    assert model.network.sizes == (64, 32, 32, 10)
    assert model.answers.tolist() == answers(written / "classifier")
    _, model = read_subject((written / "conv/conv.json").read_bytes())
    assert model.layers[-1].argmax(axis=1).tolist() == model.answers.tolist()
