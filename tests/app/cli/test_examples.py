"""Every example in the help of a command runs, with the files that it names beside it."""

import json
import re
import shlex
from glob import glob
from importlib.util import find_spec

import pytest

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.questions.protocol import PAPER
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import bundled_models
from pluriscope.app.cli.commands import COMMANDS, ENDLESS, command_of
from pluriscope.app.db.engine import store_at
from pluriscope.app.db.writes import save_network
from tests.analysis.subjects.perceptron.test_formats import tensors
from tests.app.cli.test_analyse import run
from tests.factories import exact_xor, on_a_copy, save_analysis
from tests.of_plugins import given

EXAMPLES = {
    name: re.findall(r"(?:Example|Before it): (.*)", command_of(name).__doc__)
    for name in COMMANDS
    if name not in ENDLESS and (find_spec("pysat") or not name.endswith(("prove", "proof")))  # an extra
}
MAKING = ("train", "edit", "prove", "study run", "study import", "suite make")


def prepare(folder, patch):
    """Work in a folder with the files and the store that the examples name.

    Args:
        folder: an empty one.
        patch: of pytest; what it changes lasts as long as the examples run.
    """
    patch.chdir(folder)
    patch.setenv("PLURISCOPE_DATA", str(folder))
    patch.delenv("PLURISCOPE_DATABASE_URL", raising=False)
    xor = exact_xor()  # few explanations, so that a copy of all pages about them is small
    (folder / "xor.json").write_text(json.dumps(network_file_json(xor)))
    (folder / "model.json").write_bytes(bundled_models()["majority-5-attention"])
    (folder / "scores.json").write_text("[1, 2, 3, 4, 5]")
    (folder / "net.safetensors").write_bytes(tensors(activation="relu"))
    for one in given("PREPARED"):
        one(folder, patch)
    store = store_at(on_a_copy(folder).url)
    with store.write() as session:
        save_network(session, xor, slug="xor-pretrained")
        for rules in ({}, {"protocol": PAPER}):
            save_analysis(session, analyse_output(ask(xor.network, task=xor.tasks[0], **rules)))
    store.close()


def commands(patch):
    """The words of each example with its text, what later ones read first; the variables that one sets are set."""
    for name in (*(one for one in MAKING if one in EXAMPLES), *(one for one in EXAMPLES if one not in MAKING)):
        for text in EXAMPLES[name]:
            said = re.sub(r"--count \d+", "--count 1", text.replace("-$(date +%F)", "").replace("c-081ff", "c-3f"))
            said = said.replace("i-2b1ef.224 i-2b1ef.352", "i-3f.0 c-3f")
            said = said.replace("bench mymethod.py", "bench mymethod.py --suite public")  # which "suite make" made
            said = said.replace("--workers 2", "--workers 1")  # in this process
            words = [file for word in shlex.split(said) for file in (sorted(glob(word)) if "*" in word else [word])]
            if "=" in words[0]:
                patch.setenv(*words.pop(0).split("=", 1))
            yield text, words[1:]


@pytest.mark.slow
def test_every_example_of_a_help_runs(tmp_path, monkeypatch, capsys):
    assert all(EXAMPLES.values())
    prepare(tmp_path, monkeypatch)
    for text, words in commands(monkeypatch):
        assert run(*words) == 0, f"{text}\n{capsys.readouterr().err}"
