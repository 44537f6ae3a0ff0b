"""`pluriscope changes`: two networks beside each other, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pluriscope.app import bundled
from tests.app.cli.test_analyse import run

PRETRAINED = Path(bundled.__file__).with_name("xor-pretrained.json")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    document, draw = json.loads(PRETRAINED.read_text()), np.random.default_rng(0).normal
    document["weights"] = [(np.array(one) + 0.1 * draw(size=np.shape(one))).tolist() for one in document["weights"]]
    path = tmp_path / "other.json"
    path.write_text(json.dumps(document | {"tasks": [{"truth_table": [0, 0, 0, 1]}]}))
    return path


def test_two_networks_are_judged_on_the_task_of_the_first(other, capsys):
    assert run("changes", PRETRAINED, other, "--json", "-q") == 0
    printed = capsys.readouterr()
    assert printed.err == "", "the second file takes AND for its task, which nobody asked"
    answer = json.loads(printed.out)
    assert answer["circuits"] == {"kept": 194, "lost": 3, "gained": 46, "changed": 192}
    assert answer["interpretations"] == {"kept": 95_790_992, "lost": 52_108_028, "gained": 55_324_105, "changed": 0}
    assert answer["alignments"] == {"kept": 3, "lost": 0, "gained": 0, "changed": 0}
    assert answer["criteria"]["circuit"]["mean-ablation"]["kept"] == 180
    assert run("changes", PRETRAINED, other, "--task", "0001", "-q") == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("Judged on AND, the first network is wrong on 3 of 4 inputs: 01, 10, 11.")
    assert first.endswith("Of 929 valid circuits 268 stay; 0 are new.")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("none.json",), "cannot be read"),
        (("and-3-3.json", "--task", "01"), f"{PRETRAINED}: truth_table"),
        (("and-3-3.json", "--output-index", "2"), f"{PRETRAINED}: output 2"),
    ],
)
def test_bad_input_is_refused(given, words, capsys):
    files = [PRETRAINED.with_name(one) if one.endswith(".json") else one for one in given]
    assert run("changes", PRETRAINED, *files, "-q") == 2
    assert words in capsys.readouterr().err
