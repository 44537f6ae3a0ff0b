"""Algorithms that somebody wrote against the tasks of networks of every kind."""

import json
import re

import pytest

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.enumerated import candidates
from pluriscope.analysis.algorithms.written import first_wrong, inputs_of, written
from pluriscope.analysis.errors import InvalidAlgorithm
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models
from tests.checkout import ROOT
from tests.factories import pretrained_xor


def bundled(slug):
    kind, model = read_subject(bundled_models()[slug])
    return GraphQuestion(kind, model, kind.default_rules)


@pytest.mark.parametrize(
    ("slug", "name", "shape", "text"),
    [
        ("parity-3-elman", "x", (8, 3, 1), "p1 = x[0][0]; p2 = (p1 + b) % 2; y = (p2 + x[2][0]) % 2"),
        ("tracr-reverse", "t", (27, 4), "y = t[1]"),
        (
            "bars-4x4-conv",
            "im",
            (104, 4, 4),
            "v = max(a + e + i + m, b + f + j + n, c + g + k + o, d + h + l + p); y = v > im[0][0] + 2",
        ),
    ],
)
def test_inputs_of_each_kind_and_an_algorithm_on_them(slug, name, shape, text):
    question = bundled(slug)
    assert (inputs_of(question).name, inputs_of(question).values.shape) == (name, shape)
    assert first_wrong(written(text, question), question) is None


def test_inputs_of_a_perceptron_are_the_boolean_ones():
    question = ask(pretrained_xor().network, task=named_task("XOR", 2))
    assert written("p = a + x[1]; y = p == 1", question).variables == ("p",)
    with pytest.raises(InvalidAlgorithm, match=r"it gives 1 \(1\) on row 4, 1, 1, where 0 \(0\) is right"):
        written("y = max(a, b)", question)


def test_the_first_wrong_row_is_named_with_what_is_right():
    question = bundled("parity-3-elman")
    wrong = first_wrong(read_causal_model("y = none if a else (b + c) % 2 + b * c * 7"), question)
    assert str(wrong) == "gives 7 on row 4, 0 1 1, where 0 (even) is right"
    with pytest.raises(InvalidAlgorithm, match=r"does not compute the task: it gives no answer on row 5, 1 0 0"):
        written("y = none if a else (b + c) % 2", question)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("v = c > 0.25; y = ((a > 0.5) + (b > 0.5) + v) % 2", ""),
        ("y = c", "c: is not a whole number"),
        ("y = c + 1", "c: is not a whole number"),
        ("y = c > 0.6", "gives 0 .even. on row 2, 0 0 0.5"),
    ],
)
def test_inputs_that_are_no_integers_can_be_compared_alone(text, says):
    document = json.loads(bundled_models()["parity-3-elman"])
    document["tasks"][0]["rows"][1][2][0] = 0.5
    kind, model = read_subject(json.dumps(document).encode())
    asked = GraphQuestion(kind, model, kind.default_rules)
    assert candidates(asked).models == ()
    if not says:
        assert first_wrong(read_causal_model(text), asked) is None
        return
    with pytest.raises(InvalidAlgorithm, match=says):
        written(text, asked)


def test_the_examples_of_the_document_compute_the_tasks_that_it_names():
    section = (
        (ROOT / "docs" / "machine-interface.md").read_text().split("## An algorithm of your own")[1].split("\n## ")[0]
    )
    examples = re.findall(r"^\| `([a-z0-9-]+)` \| `(.+?)` \|", section, re.MULTILINE)
    assert len(examples) == 2
    for slug, text in examples:
        assert written(text, bundled(slug)).variables
