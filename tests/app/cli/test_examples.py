"""Every example in the help of a command runs, with the files that it names beside it."""

import json
import re
import shlex
from glob import glob
from importlib.util import find_spec

import pytest

from pluriscope import suite_files
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.pipeline import analyse_output
from pluriscope.analysis.protocol import PAPER
from pluriscope.analysis.question import ask
from pluriscope.app.bundled import bundled_models
from pluriscope.app.cli.commands import COMMANDS, ENDLESS, command_of
from pluriscope.app.db.engine import store_at
from pluriscope.app.db.writes import save_network
from tests.analysis.subjects.perceptron.test_formats import tensors
from tests.app.cli.test_analyse import run
from tests.factories import exact_xor, on_a_copy, save_analysis
from tests.study_factories import settings
from tests.suites import design as tiny_design

EXAMPLES = {
    name: re.findall(r"(?:Example|Before it): (.*)", command_of(name).__doc__)
    for name in COMMANDS
    if name not in ENDLESS and (find_spec("pysat") or not name.endswith(("prove", "proof")))  # an extra
}
MAKING = ("train", "edit", "prove", "study run", "study import", "suite make")


@pytest.mark.slow
def test_every_example_of_a_help_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path))
    monkeypatch.delenv("PLURISCOPE_DATABASE_URL", raising=False)
    xor = exact_xor()  # few explanations, so that a copy of all pages about them is small
    (tmp_path / "xor.json").write_text(json.dumps(network_file_json(xor)))
    (tmp_path / "model.json").write_bytes(bundled_models()["majority-5-attention"])
    (tmp_path / "scores.json").write_text("[1, 2, 3, 4, 5]")
    (tmp_path / "net.safetensors").write_bytes(tensors(activation="relu"))
    design = {"slug": "alice-or-bob", "hidden": [[2, 2]], "seeds": {"first": 0, "count": 1}, "protocols": ["paper"]}
    none = {"comparisons": [], "ladders": [], "references": [], "measures": ["circuits-valid"]}
    (tmp_path / "mymethod.py").write_text(
        "def score(network, ablation, ask):\n    return dict.fromkeys(network.edges, 1)\n"
    )
    monkeypatch.setattr(suite_files, "bundled_design", tiny_design)
    (tmp_path / "study.json").write_text(json.dumps(settings(**design, **none)))
    store = store_at(on_a_copy(tmp_path).url)
    with store.write() as session:
        save_network(session, xor, slug="xor-pretrained")
        for rules in ({}, {"protocol": PAPER}):
            save_analysis(session, analyse_output(ask(xor.network, task=xor.tasks[0], **rules)))
    store.close()
    for name in sorted(EXAMPLES, key=lambda name: name not in MAKING):  # stable: what later ones read is made first
        assert EXAMPLES[name], f"{name} has no example"
        for text in EXAMPLES[name]:
            said = re.sub(r"--count \d+", "--count 1", text.replace("-$(date +%F)", "").replace("c-081ff", "c-3f"))
            said = said.replace("bench mymethod.py", "bench mymethod.py --suite public")  # which "suite make" made
            words = [file for word in shlex.split(said) for file in (sorted(glob(word)) if "*" in word else [word])]
            if "=" in words[0]:
                monkeypatch.setenv(*words.pop(0).split("=", 1))
            assert run(*words[1:]) == 0, f"{text}\n{capsys.readouterr().err}"
