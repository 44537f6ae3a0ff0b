"""Tests that each network that comes with Pluriscope computes its task, as it is handed out."""

import numpy as np
import pytest

from pluriscope.analysis.discovery.landscapes import masked_under
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.app.bundled import bundled_models, bundled_networks

_WRONG = {"superposition-5-2-5": 12, "wrong-lesson": 4}
"""Networks that are wrong on some rows, which their pages say: two neurons for five features, of which one at a time
comes through, and one that learned a shortcut.
"""


@pytest.mark.parametrize("bundled", bundled_networks(), ids=lambda one: one.slug)
def test_a_network_computes_its_tasks(bundled):
    outputs = forward(bundled.file.network, input_table(bundled.file.network.n_inputs))
    wrong = [
        int(np.count_nonzero(decide(outputs[:, place], "rounding") != task.truth_table))
        for place, task in enumerate(bundled.file.tasks)
    ]
    assert wrong == [_WRONG.get(bundled.slug, 0)] * outputs.shape[1]


@pytest.mark.parametrize(("name", "raw"), bundled_models().items(), ids=lambda one: one if isinstance(one, str) else "")
def test_a_model_of_another_kind_is_right_on_every_row(name, raw):
    question = question_in(raw)
    whole = masked_under(question, "zero")
    assert whole.right((1 << question.graph.n_bits) - 1) == len(question.subject.rows), name
