"""Patching over clean values: with and without the quick look, and its witness replayed."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.analysis.questions.decisions import decide
from tests.analysis.criteria.circuit_contexts import all_circuits, kept_sets, passed, xor_context
from tests.analysis.criteria.test_ablations_and_knockouts import CASES
from tests.oracles import brute_force_criteria as plain
from tests.oracles.brute_force_circuits import boolean_rows


def test_the_witness_of_patching_can_be_replayed() -> None:
    context = all_circuits(57, (2, 2, 2, 1), "leaky_relu")
    verdicts = criterion_named("patching-robust").judge(context)
    everything, kept = set(plain.edges_of(context.question.network)), kept_sets(context)
    failing = np.flatnonzero(~verdicts.passed).tolist()
    assert failing
    for position in failing[::5]:
        witness = verdicts.at(position).witness
        absent = [[0.0] * width for width in context.question.network.sizes[:-1]]
        for item in witness["sources"]:
            source = plain.run(context.question.network, everything, item["source"])
            absent[item["layer"]][item["neuron"]] = source[item["layer"]][item["neuron"]]
        output = plain.run(context.question.network, kept[position], witness["input"], absent)[-1][0]
        assert output == pytest.approx(witness["output"], abs=1e-12)
        assert plain.decision(output, "rounding") != witness["label"]


def test_failing_circuits_show_a_row_that_goes_wrong() -> None:
    verdicts = criterion_named("patching-robust").judge(xor_context())
    failing = np.flatnonzero(~verdicts.passed)[::9].tolist()
    assert failing
    for position in failing:
        witness = verdicts.at(position).witness
        assert decide(np.array([witness["output"]]), "rounding")[0] != witness["label"]


def test_verdicts_of_when_it_had_a_parameter_are_still_taken() -> None:
    step = CriterionStep.parse("patching-robust")
    assert CriterionStep.parse("patching-robust(continuous=0)") == step
    assert step.settings_digest == "0780fe9626f9"
    with pytest.raises(InvalidCriterion, match="this criterion has none"):
        CriterionStep.parse("patching-robust(continuous=1)")


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "sizes", "activation", "rule"), CASES)
def test_patching_agrees_with_brute_force_on_every_circuit(seed, sizes, activation, rule) -> None:
    context = all_circuits(seed, sizes, activation, rule)
    question, kept = context.question, kept_sets(context)
    about = boolean_rows(2), list(question.task.truth_table), rule, 0.99
    expected = [plain.survives_patching(question.network, one, *about) for one in kept]
    assert passed(context, "patching-robust") == expected
    assert 0 < sum(expected) < len(kept)
