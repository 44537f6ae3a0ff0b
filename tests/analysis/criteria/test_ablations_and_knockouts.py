"""Ablations, faithfulness, completeness and necessity against brute force, circuit by circuit."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.protocol import COMPLETE
from tests.analysis.criteria.circuit_contexts import all_circuits, kept_sets, passed, xor_context
from tests.oracles import brute_force_criteria as plain
from tests.oracles.brute_force_circuits import boolean_rows

MEAN = COMPLETE.model_copy(update={"name": "mean", "ablation": "mean"})


# seeds of networks on which every criterion keeps some circuits and drops some
CASES = [
    (57, (2, 2, 2, 1), "leaky_relu", "rounding"),
    (8, (2, 2, 2, 1), "tanh", "threshold"),
    pytest.param(*(57, (2, 2, 2, 1), "relu", "rounding"), marks=pytest.mark.slow),
    pytest.param(*(22, (2, 2, 2, 1), "tanh", "rounding"), marks=pytest.mark.slow),
    pytest.param(*(14, (2, 2, 2, 1), "sigmoid", "rounding"), marks=pytest.mark.slow),
]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "sizes", "activation", "rule"), CASES)
def test_criteria_agree_with_brute_force_on_every_circuit(seed, sizes, activation, rule) -> None:
    context = all_circuits(seed, sizes, activation, rule)
    network = context.question.network
    rows, labels = boolean_rows(2), list(context.question.task.truth_table)
    kept = kept_sets(context)
    by_key = {
        "zero-ablation": plain.passes_zero,
        "mean-ablation": plain.passes_mean,
        "resample-ablation": plain.passes_resample,
    }
    expected = {
        key: [function(network, one, rows, labels, rule, 0.99) for one in kept] for key, function in by_key.items()
    }
    expected["all-ablations"] = [
        all(three) for three in zip(*(expected[f"{k}-ablation"] for k in ("zero", "mean", "resample")), strict=True)
    ]
    for key, values in expected.items():
        assert passed(context, key) == values, key
        assert 0 < sum(values) < len(kept)
    differences = criterion_named("output-faithfulness").judge(context).scores
    assert np.allclose(differences, [plain.largest_difference(network, one, rows) for one in kept], atol=1e-12)
    everywhere = plain.hidden(network)
    for settings, neurons in (({}, None), ({"network": 1}, everywhere)):
        complete = criterion_named("knockout-completeness").judge(context, settings)
        counts = [plain.knockouts_alike(network, one, rows, rule, neurons) for one in kept]
        assert complete.numerators.tolist() == [alike for alike, _ in counts]
        assert complete.denominators.tolist() == [total for _, total in counts]
        assert complete.passed.tolist() == [alike == total for alike, total in counts]
    necessary = criterion_named("necessity").judge(context)
    n_right = [plain.complement_right(network, one, rows, labels, rule) for one in kept]
    assert necessary.numerators.tolist() == n_right
    assert necessary.passed.tolist() == [n / 4 <= 0.99 for n in n_right]


def test_failing_ablations_show_a_row_that_goes_wrong() -> None:
    context = xor_context()
    for key in ("mean-ablation", "resample-ablation", "all-ablations"):
        verdicts = criterion_named(key).judge(context)
        for position in np.flatnonzero(~verdicts.passed)[::9].tolist():
            witness = verdicts.at(position).witness
            assert decide(np.array([witness["output"]]), "rounding")[0] != witness["label"], key


def test_mean_ablation_protocols_use_their_own_ablation() -> None:
    context = xor_context(MEAN)
    rows = boolean_rows(2)
    absent = plain.mean_activations(context.question.network, rows)
    everything = set(plain.edges_of(context.question.network))
    verdicts = criterion_named("output-faithfulness").judge(context)
    for position in range(0, len(context), 17):
        kept = kept_sets(context)[position]
        largest = max(
            abs(
                plain.run(context.question.network, kept, row, absent)[-1][0]
                - plain.run(context.question.network, everything, row)[-1][0]
            )
            for row in rows
        )
        assert verdicts.scores[position] == pytest.approx(largest, abs=1e-12)
    assert all(passed(context, "mean-ablation"))
