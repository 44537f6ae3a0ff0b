"""Minimality by function against every set of edges: tasks that need every input, and tasks that do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.criteria import remainders
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.remainders import sets_ignoring_an_input
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.mlp import Ablation
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.criteria.circuit_contexts import passed, random_network, xor_context
from tests.oracles import brute_force_criteria as plain
from tests.oracles.brute_force_circuits import boolean_rows, mean_activations, possible_masks

KINDS = ("quasi", "local", "subset", "cardinal")
SIZES = (2, 2, 2, 1)


def judged(
    seed: int, table: list[int], activation: str, ablation: Ablation, threshold: float
) -> tuple[Population, set[int]]:
    """The valid circuits of a random network, and every set of edges that will do, both by brute force."""
    network = random_network(seed, SIZES, activation)
    rules = COMPLETE.model_copy(update={"ablation": ablation, "accuracy_threshold": threshold})
    question = ask(network, task=task_from_table(table, 2), protocol=rules)
    rows = boolean_rows(2)
    absent = mean_activations(network, rows) if ablation == "mean" else None
    right = plain.sets_that_will_do(network, rows, table, rules.circuit_decision, threshold, absent)
    possible = {mask for mask, _ in possible_masks(network)}
    return Population("circuit", question, mask_array(sorted(right & possible), question.layout)), right


# what the network has to decide: all of it, a half of it, nothing, and three rows of four
CASES = [
    (372, [0, 0, 0, 1], "leaky_relu", "zero", 0.99),
    (179, [0, 0, 1, 1], "leaky_relu", "zero", 0.99),
    (148, [0, 0, 0, 0], "tanh", "zero", 0.99),
    (209, [0, 1, 1, 1], "sigmoid", "mean", 0.7),
    (307, [0, 0, 1, 1], "relu", "mean", 0.7),
]


@pytest.mark.parametrize(("seed", "table", "activation", "ablation", "threshold"), CASES)
def test_minimality_is_what_every_set_of_edges_says(seed, table, activation, ablation, threshold) -> None:
    context, right = judged(seed, table, activation, ablation, threshold)
    assert len(context)
    masks = context.items.tolist()
    expected = [plain.minimal_kinds_by_function(mask, right, context.question.layout.n_edges) for mask in masks]
    for place, kind in enumerate(KINDS):
        assert passed(context, f"minimal-{kind}") == [kinds[place] for kinds in expected], kind
    some = replace(context, items=context.items[::3], complete=False)
    for place, kind in enumerate(KINDS[:2]):
        assert passed(some, f"minimal-{kind}") == [kinds[place] for kinds in expected[::3]], kind


@pytest.mark.slow
def test_too_many_sets_that_leave_an_input_unused_leave_what_passes_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    context, _ = judged(*CASES[1])
    whole = {kind: criterion_named(f"minimal-{kind}").judge(context) for kind in KINDS}
    sets_ignoring_an_input.cache_clear()
    monkeypatch.setattr(remainders, "MAX_IGNORING", 3)
    try:
        for kind in KINDS:
            part = criterion_named(f"minimal-{kind}").judge(context)
            if kind in ("quasi", "local"):  # what a removal leaves is run
                assert part.outcomes.tolist() == whole[kind].outcomes.tolist()
            else:
                assert not part.passed.any()
                assert (part.having("undecided") >= whole[kind].passed).all()
                assert (part.having("failed") <= whole[kind].having("failed")).all()
    finally:
        sets_ignoring_an_input.cache_clear()


@pytest.mark.slow
def test_neurons_are_needed_if_brute_force_finds_where() -> None:
    context = xor_context()
    kept = [
        {edge for k, edge in enumerate(plain.edges_of(context.question.network)) if mask >> k & 1}
        for mask in context.items.tolist()
    ]
    verdicts = criterion_named("minimal-wang").judge(context)
    few = range(0, len(kept), 11)
    needed = [plain.needed_neurons(context.question.network, kept[i], boolean_rows(2), "rounding") for i in few]
    active = [plain.active_neurons(context.question.network, kept[i]) for i in few]
    assert verdicts.numerators is not None
    assert [int(verdicts.numerators[i]) for i in few] == list(map(len, needed))
    assert [bool(verdicts.passed[i]) for i in few] == [len(n) == len(a) for n, a in zip(needed, active, strict=True)]
    for place, i in enumerate(few):
        spare = verdicts.at(i).witness.get("spare")
        assert (spare is None) == bool(verdicts.passed[i])
        assert spare is None or tuple(spare) not in needed[place]
    assert 0 < np.count_nonzero(verdicts.passed) < len(kept)
