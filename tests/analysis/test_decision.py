"""The rule that decides: margins of numpy and torch against the decisions of files, words, and what fits outputs."""

import numpy as np
import pytest
import torch

from pluriscope.analysis.questions.decision import Decision, fitting, possible
from pluriscope.analysis.questions.decisions import decided_right

ONE = [-3, -0.5, -np.nextafter(0.5, 1), -0.2, 0, 0.2, 0.5, np.nextafter(0.5, 1), 1, 1.5, np.nextafter(1.5, 0), 9]


@pytest.mark.parametrize("rule", ["rounding", "threshold"])
@pytest.mark.parametrize("answer", [0, 1])
def test_a_margin_is_above_0_where_files_decide_right(rule, answer):
    outputs, answers = np.array(ONE)[:, None], np.full((len(ONE), 1), answer)
    wanted = decided_right(outputs[:, 0], answers[:, 0].astype(float), rule)
    decision = Decision("value", rounded=rule == "rounding")
    assert (decision.margins(outputs, answers) > 0).tolist() == wanted.tolist()
    there = decision.margins(torch.tensor(outputs), torch.tensor(answers), of=torch)
    assert (there > 0).tolist() == wanted.tolist()


@pytest.mark.parametrize("n_outputs", [2, 5, 40])
def test_the_margin_of_a_class_is_to_the_largest_other_one(n_outputs):
    rng = np.random.default_rng(0)
    outputs, answers = rng.normal(size=(3, 7, n_outputs)), rng.integers(0, n_outputs, 7)
    wanted = [[row[k] - np.delete(row, k).max() for row, k in zip(one, answers, strict=True)] for one in outputs]
    assert Decision("classes").margins(outputs, answers).tolist() == wanted
    gates = torch.tensor(outputs, requires_grad=True)
    there = Decision("classes").margins(gates, torch.tensor(answers), of=torch)
    there.sum().backward()
    assert (there.tolist(), int((gates.grad != 0).sum())) == (wanted, 2 * 3 * 7)
    other = (answers[0] + 1) % n_outputs
    others = torch.tensor((answers + 1) % n_outputs)
    named = Decision("classes").margins(gates, torch.tensor(answers), others, of=torch)
    assert named[0, 0] == outputs[0, 0, answers[0]] - outputs[0, 0, other]


def test_of_several_outputs_each_is_decided_for_itself():
    outputs = np.array([[0.4, 0.9], [2.0, 0.75]])
    assert Decision("value").margins(outputs, np.array([[0, 1], [1, 0]])).tolist() == pytest.approx([0.1, -0.25])
    assert Decision("sign").answers(outputs - 0.5).tolist() == [[0, 1], [1, 1]]
    assert Decision("logit").words(2) == "each of 2 outputs decided at 0"
    assert Decision("classes").words(3) == "by the largest of 3 outputs"


HALF_ADDER = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.2], [0.1, 0.9]]


@pytest.mark.parametrize(
    ("outputs", "labels", "fits"),
    [
        ([[0.007], [0.99], [0.99], [0.007]], None, "value"),
        ([[-5.0], [5.0]], None, "logit"),
        ([[-0.2], [0.4]], None, "sign"),
        ([[-0.02], [1.03]], None, "value logit"),
        ([[-0.02], [1.03], [0.3]], [[0], [1], [1]], "logit"),
        ([[-0.02], [1.03], [0.3]], [[0], [1], [0]], "value"),
        (HALF_ADDER, None, "value"),
        ([[0.9, 0.1], [0.2, 0.7]], None, "value classes"),
        ([[0.9, 0.1], [0.3, 0.7]], None, "classes"),
        ([[3.0, -1.0], [-2.0, 4.0]], None, "logit classes"),
        ([[-3.0, -1.0], [-2.0, -4.0]], None, "classes"),
        ([[3.0, 1.0], [-2.0, -4.0], [1.0, -1.0]], [[1, 1], [0, 0], [1, 0]], "logit"),
        ([[-3.0, 1.0], [2.0, -4.0]], [[1, 0], [0, 1]], "classes"),
        ([[3.0, -1.0], [-2.0, 4.0]], [[0], [1]], "classes"),
    ],
)
def test_what_fits(outputs, labels, fits):
    outputs, labels = np.array(outputs), None if labels is None else np.array(labels)
    names = possible(outputs.shape[1], None if labels is None else labels.shape[1])
    assert " ".join(fitting(names, outputs, labels)) == fits


def test_of_outputs_at_each_position_the_largest_decides():
    assert possible(9, positions=True) == possible(9, 1) == ("classes",)
    assert possible(1, 1) == possible(1, positions=True) == ("value", "logit", "sign")
