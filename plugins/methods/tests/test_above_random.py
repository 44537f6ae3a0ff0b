"""The criterion of chance against every placement on every permuted network."""

from __future__ import annotations

import pytest

from pluriscope_methods.permutation_baseline import networks as permutation_baseline
from pluriscope_methods.permutation_baseline.criterion import ABOVE_RANDOM
from tests.analysis.criteria.alignment_contexts import all_alignments, candidates, context_of, placed, verdicts
from tests.golden_files import golden_network
from tests.oracles import brute_force_alignments as plain
from tests.oracles.brute_force_algorithms import rows


@pytest.mark.slow
def test_above_random_equals_trying_every_placement_on_every_permuted_network():
    context = all_alignments("xor_2-2", near=1)
    few = [(a, s) for a, s in context.items if len(a.responses) == 2][:6]
    found = verdicts(ABOVE_RANDOM, context_of(context.question.network, few), networks=8, seed=2)
    below = [0] * len(few)
    for number in range(8):
        alone = plain.Interchange(
            permutation_baseline.permuted_network(context.question.network, number, seed=2), rows(2)
        )
        for place, (algorithm, scored) in enumerate(few):
            valid, failing = plain.alignments(alone, algorithm.text)
            below[place] += max(entry[0] for entry in [*valid, *failing]) < scored.iia.agreed
    assert [v.numerator for v in found] == below
    assert len(set(below)) > 1


def test_too_many_neurons_for_chance_are_undecided(monkeypatch):
    context = all_alignments()
    monkeypatch.setattr(permutation_baseline, "MAX_STEPS", 10)
    found = verdicts(ABOVE_RANDOM, context)
    assert {v.outcome for v in found} == {"undecided"}
    assert "against a limit of 10" in found[0].reason


def test_it_is_not_asked_of_an_algorithm_without_variables():
    network = golden_network("and_3-3").network.for_output(0)
    algorithm = next(a for a in candidates("AND", 1) if not a.variables)
    (verdict,) = verdicts(ABOVE_RANDOM, context_of(network, [placed(network, algorithm)]))
    assert verdict.outcome == "not_applicable"
