"""Unmapped neurons against one run at a time, proofs against points between, errors against the authors' package."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.alignments.alignment import Alignment
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope_methods.unmapped.claims import InertClaim, abstraction_errors, inert_claims
from pluriscope_methods.unmapped.criteria import ABSTRACTION_ERROR, UNMAPPED_INERT
from tests.analysis.criteria.alignment_contexts import all_alignments, context_of, placed, verdicts
from tests.factories import pretrained_xor, two_xor_algorithms
from tests.oracles.brute_force_algorithms import evaluate, rows, variables
from tests.oracles.brute_force_interchange import run
from tests.random_networks import rounded_network

GOLDEN = Path(__file__).parent / "abstraction_error.json"
FEW = {"xor_pretrained": 1, "xor_2-2-2": 1, "xor_4": 3}
"""Golden networks, and how many near misses of each algorithm are judged too."""


def twin(network: Network, algorithm, claim: InertClaim, *, zero: bool) -> tuple[int, int]:
    """(agreed, of) by the definition: every source of each variable, every choice for each other neuron, every base."""
    boolean = rows(network.n_inputs)
    clean = [run(network, row) for row in boolean]
    texts, agreed, of = variables(algorithm.text, authors=False), 0, 0
    for sources in product(range(len(boolean)), repeat=len(claim.places)):
        held, fixed = {}, {}
        for (path, site), source in zip(claim.places, sources, strict=True):
            held |= {(site.layer, neuron): clean[source][site.layer][neuron] for neuron in site.neurons}
            fixed[path] = evaluate(texts[path], boolean[source])
        for base, row in enumerate(boolean):
            ways = [[0.0, clean[base][claim.layer][n]] if zero else None for n in claim.neurons]
            ways = [way or [one[claim.layer][n] for one in clean] for way, n in zip(ways, claim.neurons, strict=True)]
            for carried in product(*ways):
                patches = held | {(claim.layer, n): v for n, v in zip(claim.neurons, carried, strict=True)}
                says = evaluate(algorithm.text, row, fixed)
                agreed, of = agreed + (int(run(network, row, patches)[-1][0] > 0.5) == says), of + 1
    return agreed, of


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("zero", [False, True])
def test_every_run_is_made(name, zero):
    context = all_alignments(name, near=FEW[name])
    few = [(a, s) for a, s in context.items if len(a.responses) <= 2][-40:]
    judged = context_of(context.question.network, few)
    for (algorithm, scored), verdict in zip(few, verdicts(UNMAPPED_INERT, judged, values=int(zero)), strict=True):
        claims = inert_claims(judged.question.network, algorithm, scored.alignment)
        scores = [twin(judged.question.network, algorithm, claim, zero=zero) for claim in claims]
        wanted = (sum(score[0] for score in scores), sum(score[1] for score in scores)) if claims else (None, None)
        assert (verdict.numerator, verdict.denominator) == wanted
        assert verdict.outcome == ("not_applicable" if not claims else "passed" if wanted[0] == wanted[1] else "failed")
        assert bool(verdict.witness) == (verdict.outcome == "failed")


def test_a_layer_claims_its_rest_inert_only_where_its_variables_decide_all_that_follows():
    network, bob = pretrained_xor().network, two_xor_algorithms()[0]

    def claimed(algorithm, **layers) -> list[tuple[int, tuple[int, ...]]]:
        places = {path[1:]: NeuronSet(layer, (neuron,)) for neuron, (path, layer) in enumerate(layers.items())}
        found = inert_claims(network, algorithm, Alignment.of(algorithm.text, places))
        return [(claim.layer, claim.neurons) for claim in found]

    assert claimed(bob, p0=1, p1=1) == [(1, (2,))]
    assert claimed(bob, p0=2, p1=2) == [(2, (2,))]
    assert claimed(bob, p0=1, p1=2) == []  # layer 1 still carries the inputs to 1, and layer 2 carries 0
    nested = parse_algorithm("!(!(!(!A&!B)&!A)&!(!B&A))", "and_inverter", 2)  # 00 is in 0
    assert claimed(nested, p00=1, p0=2, p1=2) == [(2, (0,))]  # 0 also reads A
    assert claimed(nested, p00=1, p0=1, p1=1) == [(1, ())]
    assert claimed(nested, p00=1, p0=1, p1=2) == []


def needing_two() -> Network:
    """2-4-1 whose neurons 2 and 3 cancel on every input: each by itself is not inert."""
    weights = [[1.0, 1.0], [1.0, 1.0], [1.0, 0.0], [1.0, 0.0]]
    return Network.from_arrays(
        [weights, [[1.0, -2.0, 3.0, -3.0]]],
        [[0.0, -1.0, 0.0, 0.0], [0.0]],
        activation="relu",
        output_activation="linear",
    )


def test_what_cancels_on_every_base_is_not_inert():
    """Joint interchange cannot see it, as both neurons are always from one base."""
    bob = two_xor_algorithms()[0]
    found = {variable.formula: variable.path for variable in bob.variables}
    both, neither = found["A ∧ B"], found["¬A ∧ ¬B"]
    context = context_of(
        needing_two(), [placed(needing_two(), bob, **{f"p{both}": (1, (1,)), f"p{neither}": (1, (0,))})]
    )
    outcomes = [verdicts(UNMAPPED_INERT, context, values=values)[0].outcome for values in range(2)]
    assert outcomes == ["failed", "failed"]
    (error,) = verdicts(ABSTRACTION_ERROR, context, draws=300, deviation=1.0)
    assert error.outcome == "failed"
    low, high = map(float, re.search(r"the true share is between ([\d.]+)% and ([\d.]+)%", error.reason).groups())
    assert low < 100 * error.score < high
    assert "Exhaustively" in error.reason
    assert verdicts(ABSTRACTION_ERROR, context, draws=300, deviation=1.0, faithful=0)[0].outcome == "passed"


def test_a_run_that_goes_wrong_decides_whatever_another_layer_would_cost():
    network = rounded_network((2, 4, 5, 1), 4)
    algorithm = parse_algorithm("(!(!(!A&!B)&!(A&B))&!(!(!A&B)&!(!B&A)))", "and_inverter", 2)
    below, above = (sorted(one.path for one in algorithm.variables if len(one.path) == depth) for depth in (2, 1))
    sites = {f"p{path}": (1, (neuron,)) for neuron, path in enumerate(below)}
    sites |= {f"p{path}": (2, (neuron,)) for neuron, path in enumerate(above)}
    context = context_of(network, [placed(network, algorithm, **sites)])
    assert verdicts(UNMAPPED_INERT, context, max_runs=1)[0].outcome == "undecided"
    (verdict,) = verdicts(UNMAPPED_INERT, context, max_runs=4**5)
    assert (verdict.outcome, verdict.score) == ("failed", None)
    assert verdict.reason.startswith("In another layer a run goes wrong. Not tried in layer 2: 2 variables")
    assert verdict.witness["sources"].keys() == set(below)


def test_without_a_variable_nothing_is_asked():
    network = needing_two()
    algorithm = parse_algorithm("(A&B)", "and_inverter", 2)
    context = context_of(network, [placed(network, algorithm)])
    for criterion in (UNMAPPED_INERT, ABSTRACTION_ERROR):
        assert verdicts(criterion, context)[0].outcome == "not_applicable"


@pytest.mark.slow
@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text())["cases"], ids=lambda case: case["alignment"])
def test_errors_are_those_of_the_package_of_the_papers_authors(case):
    """Within four standard errors of both; where neither saw any error, to the last draw."""
    network = Network.from_arrays(case["weights"], case["biases"])
    algorithm = parse_algorithm(case["algorithm"], "and_inverter", 2)
    alignment = Alignment.of(
        algorithm.text, {path: NeuronSet(layer, tuple(neurons)) for path, layer, neurons in case["places"]}
    )
    assert alignment.id == case["alignment"]
    claims = inert_claims(network, algorithm, alignment)
    free = [(claim.layer, neuron) for claim in claims for neuron in claim.neurons]
    for answer in case["package"]:
        wrong = abstraction_errors(
            network,
            activations(network, np.array(rows(2), dtype=float)),
            algorithm,
            alignment,
            "threshold",
            free=() if answer["name"].endswith("_nf") else free,
            draws=5_000,
            at_once=answer["max_interventions"],
            deviation=0.1,
            seed=3,
        )
        share = (wrong.mean() * len(wrong) + answer["error"] * answer["draws"]) / (len(wrong) + answer["draws"])
        spread = np.sqrt(share * (1 - share) * (1 / len(wrong) + 1 / answer["draws"]))
        assert abs(wrong.mean() - answer["error"]) <= 4 * spread
