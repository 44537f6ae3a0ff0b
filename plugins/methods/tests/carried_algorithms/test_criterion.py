"""The criterion of the same story against a plain program, and its words."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network
from tests.oracles.brute_force_stories import Plain

SAME_STORY = criterion_named("same-story")


def context_of(name: str, task: str = "XOR") -> Population:
    question = ask(golden_network(name).network, task=named_task(task, 2))
    return Population("circuit", question, search_circuits(question).masks)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xor_pretrained", "xor_2-2-2_b"])
def test_circuits_pass_if_a_plain_program_states_the_same_story(name: str) -> None:
    context = context_of(name)
    network = context.question.network
    plain = Plain(
        [matrix.tolist() for matrix in network.weights],
        [bias.tolist() for bias in network.biases],
        network.activation,
        network.output_activation,
        network.negative_slope,
    )
    expected = [plain.story(mask) == plain.story() for mask in context.items.tolist()]
    assert SAME_STORY.judge(context).passed.tolist() == expected


def test_a_verdict_names_both_stories() -> None:
    context = context_of("xor_pretrained")
    verdicts = SAME_STORY.judge(context)
    passed, failed = verdicts.at(int(np.flatnonzero(verdicts.passed)[0])), verdicts.at(int(np.argmin(verdicts.passed)))
    assert passed.reason == "Its ablated network carries 1 of 2 irredundant algorithms, as the whole network does."
    assert passed.witness["circuit"] == passed.witness["network"] == ["(!(!A&!B)&!(A&B))"]
    assert failed.reason == (
        "Its ablated network carries none of 2 irredundant algorithms, although the whole network carries some."
    )
    assert failed.witness["relation"] == "none"
