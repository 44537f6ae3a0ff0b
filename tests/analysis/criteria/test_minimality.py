"""The minimalities by structure against all pairs of circuits, both forms where the search stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.criteria import minimality
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, Protocol
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.circuits.wide import WIDE, wide_masks
from tests.analysis.criteria.circuit_contexts import all_circuits, passed, random_network, xor_context
from tests.oracles import brute_force_criteria as plain

FORMS = ("", "-structural")


@pytest.mark.parametrize("seed", range(4))
def test_minimality_agrees_with_brute_force_on_any_set_of_valid_circuits(seed: int) -> None:
    everything = all_circuits(0, (2, 2, 2, 1), "leaky_relu")
    chosen = np.random.default_rng(seed).random(len(everything)) < 0.2 + 0.2 * seed
    context = replace(everything, items=everything.items[chosen])
    valid = set(context.items.tolist())
    expected = [plain.minimal_kinds(mask, valid, context.question.layout.n_edges) for mask in context.items.tolist()]
    for place, kind in enumerate(("quasi", "local", "subset", "cardinal")):
        assert passed(context, f"minimal-{kind}-structural") == [kinds[place] for kinds in expected], kind


def test_witnesses_of_minimality_are_smaller_valid_circuits() -> None:
    context = xor_context()
    valid = set(context.items.tolist())
    for key in (f"minimal-{kind}{form}" for kind in ("local", "subset", "cardinal") for form in FORMS):
        verdicts = criterion_named(key).judge(context)
        for position in np.flatnonzero(~verdicts.passed).tolist():
            mask, smaller = int(context.items[position]), int(verdicts.at(position).witness["mask"], 16)
            assert smaller in valid
            assert smaller.bit_count() < mask.bit_count()
            assert "cardinal" in key or smaller & mask == smaller


@pytest.mark.parametrize("form", FORMS)
def test_no_circuit_is_the_smallest_for_sure_where_not_all_are_listed(form: str) -> None:
    cut_off = replace(xor_context(), complete=False)
    for kind in ("subset", "cardinal"):
        whole = criterion_named(f"minimal-{kind}{form}").judge(xor_context())
        part = criterion_named(f"minimal-{kind}{form}").judge(cut_off)
        assert part.having("undecided").tolist() == whole.passed.tolist()
        assert part.having("failed").tolist() == whole.having("failed").tolist()
        undecided = int(np.flatnonzero(whole.passed)[0])
        assert "Not every valid circuit is listed" in part.at(undecided).reason


@pytest.mark.parametrize("protocol", [COMPLETE, PAPER, COMPLETE.model_copy(update={"ablation": "mean"})])
@pytest.mark.parametrize("kind", ["quasi", "local"])
@pytest.mark.parametrize("form", FORMS)
def test_removals_are_run_where_not_all_valid_circuits_are_listed(protocol: Protocol, kind: str, form: str) -> None:
    context = xor_context(protocol)
    whole = criterion_named(f"minimal-{kind}{form}").judge(context)
    drawn = np.random.default_rng(0).random(len(context)) < 0.3
    some = replace(context, items=context.items[drawn], complete=False)
    part = criterion_named(f"minimal-{kind}{form}").judge(some)
    assert part.outcomes.tolist() == whole.outcomes[drawn].tolist()
    assert part.scores.tolist() == whole.scores[drawn].tolist()
    assert len(set(part.outcomes.tolist())) == (2 if kind == "local" else 1)
    valid = set(context.items.tolist())
    witnesses = [part.at(k).witness for k in range(len(some))]
    assert all(int(witness["mask"], 16) in valid for witness in witnesses if witness)


@pytest.mark.parametrize("kind", ["subset", "cardinal"])
@pytest.mark.parametrize("form", FORMS)
def test_a_circuit_that_can_lose_an_edge_is_not_minimal_whatever_is_listed(kind: str, form: str) -> None:
    context = xor_context()
    local = criterion_named(f"minimal-local{form}").judge(context).passed
    whole = criterion_named(f"minimal-{kind}{form}").judge(context)
    drawn = np.flatnonzero(np.random.default_rng(0).random(len(context)) < 0.2)
    part = criterion_named(f"minimal-{kind}{form}").judge(replace(context, items=context.items[drawn], complete=False))
    valid = set(context.items.tolist())
    assert part.having("undecided").any()
    for place, position in enumerate(drawn.tolist()):
        verdict = part.at(place)
        if not local[position]:
            assert verdict.outcome == "failed"
        if verdict.outcome == "failed":
            mask, smaller = int(context.items[position]), int(verdict.witness["mask"], 16)
            assert whole.at(position).outcome == "failed"
            assert smaller in valid
            assert smaller.bit_count() < mask.bit_count()
            assert kind == "cardinal" or smaller & mask == smaller


def test_too_many_removals_to_run_are_left_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minimality, "MAX_REMOVALS", 0)
    context = replace(xor_context(), complete=False)
    whole = criterion_named("minimal-local-structural").judge(xor_context())
    part = criterion_named("minimal-local-structural").judge(context)
    assert part.having("undecided").tolist() == whole.passed.tolist()
    assert "too many removals" in part.at(int(np.flatnonzero(whole.passed)[0])).reason


@pytest.mark.parametrize("sizes", WIDE)
def test_minimality_agrees_with_brute_force_beyond_64_edges(sizes: tuple[int, ...]) -> None:
    network = random_network(0, sizes, "tanh")
    masks = wide_masks(sizes, 24)
    context = Population(
        "circuit",
        ask(network, task=task_from_table([0, 1] * 2 ** (sizes[0] - 1), sizes[0])),
        mask_array(masks, EdgeLayout(sizes)),
    )
    expected = [plain.minimal_kinds(mask, set(masks), context.question.layout.n_edges) for mask in masks]
    for place, kind in enumerate(("quasi", "local", "subset", "cardinal")):
        assert passed(context, f"minimal-{kind}-structural") == [kinds[place] for kinds in expected], kind
    assert not all(kinds[2] for kinds in expected)  # some do contain others
    run = replace(context, complete=False)  # single edges are removed one by one where not all are listed
    assert criterion_named("minimal-quasi-structural").judge(run).having("undecided").sum() == 0
    assert len(criterion_named("minimal-subset-structural").judge(replace(run, items=context.items[:0]))) == 0
