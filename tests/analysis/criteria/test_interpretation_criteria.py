"""Criteria for interpretations against brute force, one by one and all at once, and what they count."""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations as orders

import numpy as np
import pytest

from pluriscope.analysis.criteria import interpretation_tallies, margins, symmetry
from pluriscope.analysis.criteria.funnel import counted_rows
from pluriscope.analysis.criteria.interpretation_criteria import (
    INTERCHANGE,
    INTERCHANGE_JOINT,
    INTERCHANGE_JOINT_ON_CIRCUIT,
    INTERCHANGE_ON_CIRCUIT,
    OBSERVED_CLASS,
)
from pluriscope.analysis.criteria.interpretation_tallies import tally_of_readings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdict
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations import indexing
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interventions import experiments
from pluriscope.analysis.interventions.experiments import intervention_space
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.circuits.test_circuit_search import random_network
from tests.analysis.criteria.interpretation_counts import counted
from tests.oracles import brute_force_interchange as plain
from tests.oracles.brute_force_circuits import possible_masks
from tests.oracles.brute_force_interpretations import interpretations

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run

DATA = clean_data(2)


def stretched(seed: int, sizes: tuple[int, ...], activation: str = "tanh") -> Network:
    """A random network whose outputs are large enough for cuts there."""
    network = random_network(seed, sizes, activation)
    return Network.from_arrays([*network.weights[:-1], network.weights[-1] * 3], network.biases, activation=activation)


def twin_neurons() -> Network:
    """2-2-2-1 in which the two neurons of each hidden layer are the same."""
    return Network.from_arrays(
        [[[2, -1], [2, -1]], [[1.5, 1.5], [1.5, 1.5]], [[2, 2]]], [[0.3, 0.3], [-0.2, -0.2], [-1]], activation="tanh"
    )


@lru_cache
def everything(seed: int, sizes: tuple[int, ...], most: int = 120) -> tuple[Population, tuple]:
    """All interpretations of some circuits, and the oracle's gates for each."""
    network = stretched(seed, sizes)
    explanations, gates = [], []
    masks = [mask for mask, _ in possible_masks(network)]
    for mask in masks[:: max(1, len(masks) // 8)]:
        circuit = Circuit(EdgeLayout(sizes), mask)
        space = InterpretationSpace(ask(network, data=DATA), circuit)
        if space.count <= most:
            found, choices = interpretations(network, mask)
            explanations += [space.at(index) for index in range(space.count)]
            gates += list(zip([mask] * len(found), found, choices, strict=True))
    return Population("interpretation", ask(network, data=DATA), tuple(explanations)), tuple(gates)


def verdicts(criterion, context, **given) -> list[Verdict]:
    found = criterion.judge(context, given)
    assert len(found) == len(context)
    return [found.at(i) for i in range(len(found))]


CASES = [(4, (2, 2, 1)), (21, (2, 2, 2, 1)), (8, (2, 3, 1)), (0, (2, 1))]


@pytest.mark.parametrize(("seed", "sizes"), CASES)
def test_one_of_each_observed_class_passes(seed, sizes):
    context, gates = everything(seed, sizes)
    first, wanted = set(), []
    for mask, _, choice in gates:
        wanted.append((mask, choice) not in first)
        first.add((mask, choice))
    found = verdicts(OBSERVED_CLASS, context)
    assert [v.outcome == "passed" for v in found] == wanted
    assert len(context) > 3 or sizes == (2, 1)
    for interpretation, verdict in zip(context.items, found, strict=True):
        if verdict.outcome == "failed":
            assert 0 <= int(verdict.witness["index"]) < interpretation.index


@pytest.mark.parametrize(("seed", "sizes"), CASES)
def test_interchange_equals_the_oracle(seed, sizes):
    context, gates = everything(seed, sizes)
    outcomes = set()
    for criterion, family, in_circuit in (
        (INTERCHANGE, "alone", False),
        (INTERCHANGE_JOINT, "joint", False),
        (INTERCHANGE_ON_CIRCUIT, "alone", True),
        (INTERCHANGE_JOINT_ON_CIRCUIT, "joint", True),
    ):
        for (mask, own, _), verdict in zip(gates, verdicts(criterion, context), strict=True):
            wanted = plain.scores(context.question.network, mask, [own], family, in_circuit=in_circuit)
            if in_circuit:
                outcomes.add(verdict.outcome)
            if wanted is None or not wanted[0]:
                assert verdict.outcome == "not_applicable"
                continue
            of, (right,) = wanted
            assert (verdict.numerator, verdict.denominator) == (right, of)
            assert verdict.outcome == ("passed" if right == of else "failed")
            if verdict.witness and not in_circuit:
                witness = verdict.witness
                rows = context.question.clean_rows.tolist()
                case = (
                    [tuple(site) for site in witness["patched"]],
                    rows.index(witness["source"]),
                    rows.index(witness["base"]),
                )
                assert plain.predicted(context.question.network, mask, own, *case) == witness["predicted"]
                assert plain.decision(context.question.network, *case) != witness["predicted"]
    assert outcomes >= ({"passed", "failed"} if seed in (8, 21) else {"not_applicable"})


@pytest.mark.parametrize(("seed", "sizes"), CASES)
def test_margins_are_those_of_every_interchange_of_active_neurons(seed, sizes):
    context, gates = everything(seed, sizes)
    rows = range(4)
    known = {}
    for (mask, _, _), verdict in zip(gates, verdicts(margins.MARGIN, context, least=0.05), strict=True):
        if mask not in known:
            outputs = [
                plain.interchanged(context.question.network, sites, source, base)
                for sites in plain.sets_tested(context.question.network, mask, "joint")
                for source in rows
                for base in rows
                if source != base
            ]
            known[mask] = min((abs(output - 0.5) for output in outputs), default=None)
        assert verdict.score == (None if known[mask] is None else pytest.approx(known[mask], abs=1e-12))
        assert (verdict.outcome == "passed") == (known[mask] is None or known[mask] >= 0.05)


FAMILIES = {
    "interchange": ("alone", False),
    "interchange-joint": ("joint", False),
    "interchange-on-circuit": ("alone", True),
    "interchange-joint-on-circuit": ("joint", True),
}


@pytest.mark.parametrize(
    ("seed", "sizes"), [(7, (2, 2, 1)), (4, (2, 3, 1)), (3, (2, 2, 2, 1)), (32, (2, 2, 2, 1)), (24, (2, 3, 1))]
)
def test_a_class_is_left_where_any_of_its_interpretations_passes_every_step_in_any_order(seed, sizes):
    """Against every interpretation, listed and asked by the oracles alone."""
    context, listed = everything(seed, sizes)
    masks, totals = np.unique([mask for mask, _, _ in listed], return_counts=True)
    readings = counted(context.question, masks.astype(np.uint64), ["observed-class", *FAMILIES])
    passing = {}
    for key, (family, inside) in FAMILIES.items():
        asked = [
            plain.scores(context.question.network, mask, [own], family, in_circuit=inside) for mask, own, _ in listed
        ]
        passing[key] = {k for k, one in enumerate(asked) if one and one == (one[0], [one[0]]) and one[0]}
    first = {(mask, choice): k for k, (mask, _, choice) in reversed(list(enumerate(listed)))}
    for steps in orders([*FAMILIES, "observed-class"], 3):
        rows = counted_rows([(key, readings[key]) for key in steps], totals.tolist(), np.ones(len(masks), bool))
        for number, row in enumerate(rows, start=1):
            keys = [key for key in steps[:number] if key in FAMILIES]
            found = set(range(len(listed))).intersection(*(passing[key] for key in keys))
            alone = passing.get(steps[number - 1], set(range(len(listed))))
            if "observed-class" in steps[:number]:
                found, alone = ({(listed[k][0], listed[k][2]) for k in some} for some in (found, alone))
            assert row.least <= len(found) <= row.most, steps[:number]
            if len({FAMILIES[key][1] for key in keys}) < 2:
                assert (row.least, row.n_open) == (row.most, 0), "one run of the network decides"
            assert row.alone == len(alone)
            assert row.before == (rows[number - 2].most if number > 1 else len(listed))
    assert any({k for k in first.values() if k in some} != some for some in passing.values()), "a least one is not all"


def test_one_interpretation_of_each_class_under_symmetries_is_its_representative():
    network = twin_neurons()
    assert len(list(symmetry.symmetries(network))) == 4
    layout = EdgeLayout(network.sizes)
    explanations = []
    for mask, _ in possible_masks(network):
        space = InterpretationSpace(ask(network, data=DATA), Circuit(layout, mask))
        if space.count <= 8:
            explanations += [space.at(index) for index in range(space.count)]
    context = Population("interpretation", ask(network, data=DATA), tuple(explanations))
    found = verdicts(symmetry.REPRESENTATIVE, context)
    orbits = {}
    spaces = {}
    for interpretation in explanations:
        images = set()
        for permutations in symmetry.symmetries(network):
            one = np.array([interpretation.circuit.mask], dtype=np.uint64)
            circuit = Circuit(layout, int(symmetry.permuted_masks(one, permutations, layout)[0]))
            space = spaces.setdefault(circuit.mask, InterpretationSpace(ask(network, data=DATA), circuit))
            moved = symmetry.moved_gates(interpretation, permutations)
            # what a moved interpretation says is an interpretation, gate for gate
            index = space.index_of(moved)
            assert [(g.layer, g.neuron, g.function, g.parents, g.table) for g in space.at(index).gates] == [
                (g.layer, g.neuron, g.function, g.parents, g.table) for g in moved
            ]
            images.add((circuit.mask, index))
        orbits[interpretation.circuit.mask, interpretation.index] = frozenset(images)
    wanted = [min(orbits[i.circuit.mask, i.index]) == (i.circuit.mask, i.index) for i in explanations]
    assert [v.outcome == "passed" for v in found] == wanted
    assert False in wanted
    assert sum(wanted) == len(set(orbits.values()))


def test_what_is_beyond_a_limit_is_undecided(monkeypatch):
    context, _ = everything(21, (2, 2, 2, 1))
    masks = np.unique(np.array([i.circuit.mask for i in context.items], dtype=np.uint64))
    question = ask(context.question.network, data=DATA)
    known = counted(question, masks)

    def too_many(_, circuit):
        raise BeyondLimits(f"circuit {circuit.hex}", "has too many classes", "ask for another")

    monkeypatch.setattr(interpretation_tallies, "observed_classes", too_many)
    cut = counted(question, masks)
    assert tally_of_readings(cut["interchange"]) == CriterionTally(0, 0, len(context), 0)
    assert cut["observed-class"] == known["observed-class"]
    monkeypatch.setattr(indexing, "MAX_STATES", 0)
    assert {v.outcome for v in verdicts(OBSERVED_CLASS, context)} == {"undecided"}


def test_where_only_small_sets_are_tried_nothing_passes_jointly(monkeypatch):
    network = Network.from_arrays(
        [[[1, 1], [1, 1]], [[1, -2]]], [[0, -1], [0]], activation="relu", output_activation="linear"
    )
    masks = np.array([2**6 - 1], dtype=np.uint64)

    def few(hidden_sizes, n_inputs):
        return intervention_space(hidden_sizes, n_inputs, max_sets=1)

    whole = counted(ask(network, data=DATA), masks)
    assert tally_of_readings(whole["interchange-joint"]) == CriterionTally(1, 0, 0, 0)
    monkeypatch.setattr(experiments, "intervention_space", few)
    small = counted(ask(network, data=DATA), masks)
    assert tally_of_readings(small["interchange-joint"]) == CriterionTally(0, 0, 1, 0)
    assert small["interchange"] == whole["interchange"]
