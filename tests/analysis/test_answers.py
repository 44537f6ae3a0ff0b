"""Tests of what a model answers, and where a protocol counts it otherwise."""

import numpy as np
import pytest

from pluriscope.analysis.questions.answers import ANSWERED, answers, counted_otherwise, largest
from pluriscope.analysis.questions.decisions import decide

ABOVE, BELOW = (
    "above 0.5, but not below 1.5: this protocol counts it wrong",
    "not above 0.5, but below −0.5: this protocol counts it wrong",
)


@pytest.mark.parametrize(
    ("output", "answer", "by_rounding"),
    [
        *((0.5, 0, ""), (np.nextafter(0.5, 1), 1, ""), (1.49, 1, ""), (1.5, 1, ABOVE), (1.51, 1, ABOVE)),
        *((2.6, 1, ABOVE), (-0.5, 0, ""), (-0.6, 0, BELOW), (np.inf, 1, ABOVE), (-np.inf, 0, BELOW)),
    ],
)
def test_an_output_answers_by_one_rule_whatever_the_protocol_counts(output, answer, by_rounding):
    assert int(answers(np.array(output))) == answer == int(decide(np.array(output), ANSWERED))
    assert counted_otherwise(output, "rounding") == by_rounding
    assert counted_otherwise(output, "threshold") == ""


@pytest.mark.parametrize(
    ("outputs", "answer"), [([1.0, 3.0, 2.0], 1), ([-1.0, -2.0], 0), ([3.0, 1.0, 3.0], -1), ([0.0, 0.0], -1)]
)
def test_a_transformer_answers_its_strictly_largest_output(outputs, answer):
    assert largest(np.array([[outputs]])).tolist() == [[answer]]
