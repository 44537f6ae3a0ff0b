"""Criteria for alignments against brute force, their properties, and what they count."""

from __future__ import annotations

from itertools import permutations

import pytest

from pluriscope.analysis.criteria import margins, symmetry
from pluriscope.analysis.criteria.interchanges import BOTH_DIRECTIONS, ONE_DIRECTION
from pluriscope.analysis.criteria.placement_structure import CAUSAL_ORDER, MINIMAL_ALIGNMENT, MINIMAL_JOINT_ALIGNMENT
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.subjects.perceptron.network import Network
from tests.analysis.criteria.alignment_contexts import all_alignments, candidates, context_of, placed, verdicts
from tests.analysis.placements.test_joint import twin
from tests.factories import pretrained_xor, two_xor_algorithms
from tests.oracles import brute_force_alignments as plain
from tests.oracles.brute_force_algorithms import rows


@pytest.mark.parametrize("name", ["xor_pretrained", "xor_2-2", "xor_tanh_3-3"])
def test_both_directions_equal_the_oracle(name):
    context = all_alignments(name)
    for criterion, rule in ((ONE_DIRECTION, "one_direction"), (BOTH_DIRECTIONS, "ordered")):
        alone = plain.Interchange(context.question.network, rows(2), rule)
        for (algorithm, scored), verdict in zip(context.items, verdicts(criterion, context), strict=True):
            agreed = sum(
                alone.agreed(algorithm.text, path, (site.layer, site.neurons)) for path, site in scored.alignment.places
            )
            of = len(alone.pairs) * len(scored.alignment.places)
            assert (verdict.numerator, verdict.denominator) == (agreed, of)
            assert (verdict.outcome == "passed") == (agreed == of)
            assert bool(verdict.witness) == (agreed < of)
            if verdict.witness:
                witness = verdict.witness
                site = (witness["layer"], tuple(witness["neurons"]))
                source, base = (rows(2).index(tuple(map(int, witness[k]))) for k in ("source", "base"))
                assert alone.output(site, source, base) == pytest.approx(witness["output"])


def test_causal_order_compares_each_variable_with_those_inside_it():
    network = pretrained_xor().network
    inner = next(a for a in candidates() if "00" in a.responses and len(a.responses) <= 3)
    paths = sorted(inner.responses)
    early = {p: (1 if len(p) > 1 else 2) for p in paths}
    late = {p: (2 if len(p) > 1 else 1) for p in paths}
    same = dict.fromkeys(paths, 2)
    outcomes = []
    for layers in (early, late, same):
        places = {f"p{p}": (layers[p], (i,)) for i, p in enumerate(paths)}
        (verdict,) = verdicts(CAUSAL_ORDER, context_of(network, [placed(network, inner, **places)]))
        inside = [(a, b) for a in paths for b in paths if a != b and a.startswith(b)]
        good = sum(layers[a] < layers[b] for a, b in inside)
        assert (verdict.numerator, verdict.denominator) == (good, len(inside))
        outcomes.append(verdict.outcome)
        assert bool(verdict.witness) == (good < len(inside))
    assert outcomes == ["passed", "failed", "failed"]


@pytest.mark.parametrize("name", ["xor_pretrained", "xor_relu_3-3"])
def test_minimal_among_the_jointly_right_is_what_all_pairs_say(name):
    context = all_alignments(name, near=1)
    few = [(a, s) for a, s in context.items if len(a.responses) <= 2]
    found = verdicts(MINIMAL_JOINT_ALIGNMENT, context_of(context.question.network, few))
    right = []
    for algorithm, s in few:
        agreed, of, _ = twin(context.question.network, algorithm, s.alignment)
        right.append(s.valid and agreed == of)

    def within(one, other):
        pairs = zip(one.alignment.places, other.alignment.places, strict=True)
        return all(a.layer == b.layer and set(a.neurons) <= set(b.neurons) for (_, a), (_, b) in pairs)

    for place, (algorithm, s) in enumerate(few):
        others = [t for k, (a, t) in enumerate(few) if right[k] and k != place and a.text == algorithm.text]
        smaller = {t.alignment.id for t in others if within(t, s)}
        assert (found[place].outcome == "passed") == (right[place] and not smaller)
        assert not found[place].witness or found[place].witness["alignment"] in smaller
    assert {v.outcome for v in found} == {"passed", "failed"}
    some = [v for v, (_, s) in zip(found, few, strict=True) if s.valid]
    assert any("contain" in v.reason or "within" in v.reason for v in some)


@pytest.mark.parametrize("name", ["xor_pretrained", "xor_3-3_a", "xor_4"])
def test_minimality_is_what_the_search_says(name):
    context = all_alignments(name)
    found = verdicts(MINIMAL_ALIGNMENT, context)
    assert [v.outcome == "passed" for v in found] == [s.minimal for _, s in context.items]
    valid = {s.alignment.id for _, s in context.items if s.valid}
    for (_, s), verdict in zip(context.items, found, strict=True):
        if s.valid and not s.minimal:
            assert verdict.witness["alignment"] in valid


def twins() -> Network:
    """2-3-1 whose first two hidden neurons are the same."""
    return Network.from_arrays([[[1, 1], [1, 1], [1, 1]], [[0.5, 0.5, -2]]], [[0, 0, -1], [0]], activation="relu")


def test_one_alignment_of_each_class_under_symmetries_is_its_representative():
    network, bob = twins(), two_xor_algorithms()[0]
    sets = [(n,) for n in range(3)] + [(0, 1), (0, 2), (1, 2)]
    explanations = [
        placed(network, bob, p0=(1, first), p1=(1, second))
        for first, second in permutations(sets, 2)
        if not set(first) & set(second)
    ]
    context = context_of(network, explanations)
    found = verdicts(symmetry.REPRESENTATIVE, context)
    swapped = {0: 1, 1: 0, 2: 2}
    for (_, s), verdict in zip(explanations, found, strict=True):
        moved = {p: tuple(sorted(swapped[n] for n in site.neurons)) for p, site in s.alignment.places}
        other = NeuronPlacement.of(bob.text, {path: NeuronSet(1, neurons) for path, neurons in moved.items()})
        assert (verdict.outcome == "passed") == (s.alignment.id <= other.id)
        if verdict.outcome == "failed":
            assert verdict.witness == {"alignment": other.id}
    n_fixed = sum(
        all({swapped[n] for n in site.neurons} == set(site.neurons) for _, site in s.alignment.places)
        for _, s in explanations
    )
    assert sum(v.outcome == "passed" for v in found) == (len(explanations) + n_fixed) / 2
    algorithms = Population("algorithm", None, (bob,))
    assert verdicts(symmetry.REPRESENTATIVE, algorithms)[0].outcome == "passed"


def test_margins_are_those_of_the_scores_and_of_the_oracle():
    context = all_alignments()
    alone = plain.Interchange(context.question.network, rows(2))
    found = verdicts(margins.MARGIN, context, least=0.3)
    for (_, s), verdict in zip(context.items, found, strict=True):
        assert verdict.score == s.margin
        assert s.margin == pytest.approx(min(alone.margin((t.layer, t.neurons)) for _, t in s.alignment.places))
        assert (verdict.outcome == "passed") == (s.margin >= 0.3)
