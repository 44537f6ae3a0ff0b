"""Tests of criteria for circuits of every graph and grain, against their definitions by brute force."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets import judged_masks
from pluriscope.analysis.criteria import knockouts
from pluriscope.analysis.criteria.registry import EVERY
from pluriscope.analysis.questions.answers import largest
from tests.graph_questions import GRAPHS, TWIN, asked, every_valid, outcomes, population


def passing(flag: bool) -> str:
    return "passed" if flag else "failed"


def less_one(mask: int) -> list[int]:
    """A mask without each of its bits."""
    return [mask & ~(1 << bit) for bit in range(mask.bit_length()) if mask >> bit & 1]


BY_STRUCTURE = {
    "quasi": lambda mask, valid: any(less not in valid for less in less_one(mask)),
    "local": lambda mask, valid: all(less not in valid for less in less_one(mask)),
    "subset": lambda mask, valid: not any(other & mask == other != mask for other in valid),
    "cardinal": lambda mask, valid: mask.bit_count() == min(map(int.bit_count, valid)),
}


@pytest.mark.parametrize(("slug", "rules"), GRAPHS)
@pytest.mark.parametrize("kind", BY_STRUCTURE)
def test_minimality_by_structure_is_about_masks_that_are_circuits(slug: str, rules: str, kind: str) -> None:
    valid = every_valid(slug, rules)
    expected = {mask: passing(BY_STRUCTURE[kind](mask, valid)) for mask in valid}
    assert outcomes(EVERY[f"minimal-{kind}-structural"], slug, rules) == expected


def test_a_removal_that_strands_a_node_counts_by_structure_alone() -> None:
    slug, rules = "parity-3-elman", "complete"
    found = {key: outcomes(EVERY[key], slug, rules) for key in ("minimal-local", "minimal-local-structural")}
    space, valid = asked(slug, rules).space, every_valid(slug, rules)

    def means(mask: int) -> int:
        return space.graph.number(space.reduce(space.graph.bits([mask]))[0])

    by_function = {mask: passing(all(means(less) not in valid for less in less_one(mask))) for mask in valid}
    assert found["minimal-local"] == by_function != found["minimal-local-structural"]


ABLATIONS = ("zero-ablation", "mean-ablation", "resample-ablation")


@pytest.mark.parametrize(("slug", "rules"), GRAPHS)
def test_all_ablations_are_the_three(slug: str, rules: str) -> None:
    each = {key: outcomes(EVERY[key], slug, rules) for key in ABLATIONS}
    worst = ("failed", "not_applicable", "undecided", "passed")
    expected = {
        mask: next(one for one in worst if one in {each[key][mask] for key in ABLATIONS})
        for mask in each["zero-ablation"]
    }
    assert outcomes(EVERY["all-ablations"], slug, rules) == expected


def test_all_ablations_say_which_fails_and_why_one_cannot_be_asked() -> None:
    criterion, some = EVERY["all-ablations"], population("bars-4x4-conv", "complete")
    verdicts = criterion.judge(some)
    failed = next(one for at in range(len(some)) if (one := verdicts.at(at)).outcome == "failed")
    assert "Fails under" in failed.reason
    assert failed.witness["ablation"] in ("zero", "mean", "resample")
    without = replace(some, question=replace(some.question, outputs_under=lambda _: None))
    for at in range(len(some)):
        one, resampled = criterion.judge(without).at(at), EVERY["resample-ablation"].judge(some).at(at)
        assert one.outcome == ("failed" if resampled.outcome == "failed" else "not_applicable")
        assert one.outcome == "failed" or "do not go with zero ablation" in one.reason


def knocked_out(slug: str, rules: str, mask: int, without: frozenset[str]) -> list[int]:
    """The decision of a circuit on each row with some nodes set to 0, by a run of its own."""
    space = asked(slug, rules).space
    outputs = space.outputs(
        space.graph.bits([mask]), space.absent, None, lambda name, values: values * (name not in without)
    )
    return largest(outputs[0]).tolist()


def subsets(names: list[str]) -> list[frozenset[str]]:
    sizes = range(len(names) + 1)
    return [frozenset(some) for some in chain.from_iterable(combinations(names, size) for size in sizes)]


@pytest.mark.parametrize(("slug", "rules"), GRAPHS)
def test_knock_outs_are_tried_one_by_one(slug: str, rules: str) -> None:
    some, graph, space = population(slug, rules), asked(slug, rules).graph, asked(slug, rules).space
    masks = [graph.number(mask) for mask in some.items]
    whole = graph.number(space.reduce(np.ones((1, graph.n_bits), dtype=bool))[0])
    names = [graph.nodes[node].name for node in graph.removable]
    complete, everywhere = (EVERY["knockout-completeness"].judge(some, {"network": one}) for one in (0, 1))
    minimal = EVERY["minimal-wang"].judge(some)
    for at in sorted({*range(0, len(masks), max(1, len(masks) // 4)), len(masks) - 1}):
        own = [name for name, on in zip(names, graph.active_nodes(some.items[at : at + 1])[0], strict=True) if on]
        found = {gone: knocked_out(slug, rules, masks[at], gone) for gone in subsets(names)}
        network = {gone: knocked_out(slug, rules, whole, gone) for gone in subsets(names)}
        for verdicts, among in ((complete, own), (everywhere, names)):
            alike = [a == b for gone in subsets(among) for a, b in zip(found[gone], network[gone], strict=True)]
            one = verdicts.at(at)
            assert (one.numerator, one.denominator) == (sum(alike), len(alike))
            assert one.outcome == ("passed" if all(alike) else "failed")
        needed = [name for name in own if any(found[gone] != found[gone | {name}] for gone in subsets(own))]
        one = minimal.at(at)
        assert (one.numerator, one.denominator) == (len(needed), len(own))
        assert one.outcome == ("passed" if needed == own else "failed")
        assert one.outcome == "passed" or one.witness["spare"] in set(own) - {*needed}


def test_a_neuron_that_is_knocked_out_has_no_weights_that_lead_on() -> None:
    question = asked(TWIN, "complete")
    network, graph = question.subject.network, question.graph
    whole = (1 << graph.n_bits) - 1
    for node in graph.removable:
        name = graph.nodes[node].name
        layer, neuron = map(int, name.split("."))
        weights = [one.copy() for one in network.weights]
        weights[layer][:, neuron] = 0.0
        edited = replace(question.subject, network=replace(network, weights=tuple(weights)))
        outputs = edited.space(question.rules).run(graph.bits([whole]))[0]
        assert knocked_out(TWIN, "complete", whole, frozenset([name])) == largest(outputs).tolist()


def test_what_there_are_no_runs_for_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    slug, rules = "parity-3-elman", "complete"
    before = EVERY["minimal-wang"].judge(population(slug, rules))
    milliseconds = asked(slug, rules).space.run_milliseconds
    monkeypatch.setattr(knockouts, "_ALONE", milliseconds)
    monkeypatch.setattr(judged_masks, "MAX_MILLISECONDS", 200 * milliseconds)
    after = EVERY["minimal-wang"].judge(population(slug, rules))
    n = int((after.outcomes == before.outcomes).sum())
    assert 0 < n < len(after) - 100
    assert after.having("undecided").tolist() == [at >= n for at in range(len(after))]
    assert "were spent" in after.at(len(after) - 1).reason
    monkeypatch.setattr(knockouts, "MAX_SETS", 4)
    monkeypatch.setattr(judged_masks, "MAX_MILLISECONDS", 15_000.0)
    few = EVERY["minimal-wang"].judge(population(slug, rules))
    assert set(few.outcomes[few.outcomes != before.outcomes]) == {2}
