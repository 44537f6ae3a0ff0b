"""The fair pair against every pair of readings, predicted one by one under every filling of their free rows."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.explanations.circuits import predict_by_interpretation
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.partial_gates import BARRED
from pluriscope.analysis.interventions.experiments import run_interventions
from pluriscope.analysis.pair.report import CONDITIONS, fair_pair
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.pages.example import PAIR
from pluriscope.app.pages.story import EXPERIMENTS, FORCED
from tests.factories import exact_xor, real_analysis, small_network


def of_circuits(analysis, *masks):
    """The circuits of an analysis cut to some of them, and the observed classes of these."""
    kept = [place for place, mask in enumerate(analysis.circuits.masks.tolist()) if mask in masks or not masks]
    circuits = analysis.circuits
    some = replace(circuits, masks=circuits.masks[kept], outputs=circuits.outputs[kept], margins=circuits.margins[kept])
    return analysis.question, some, [analysis.interpretations.observed_by_circuit[place] for place in kept]


SAMPLES = {
    "two hidden layers": lambda: of_circuits(real_analysis(), 0x183BF, 0x081FF),
    **{f"2-2-1, seed {n}": lambda n=n: of_circuits(analyse_output(ask(small_network(n).network))) for n in (2, 11, 12)},
}


@pytest.fixture(scope="module", params=SAMPLES, ids=list(SAMPLES))
def sample(request):
    return SAMPLES[request.param]()


def fillings(reading):
    """An interpretation with its free rows filled in every way that makes no barred XOR."""
    free = [(place, row) for place, gate in enumerate(reading.gates) for row in gate.free_rows]
    for bits in product((0, 1), repeat=len(free)):
        tables = [list(gate.table) for gate in reading.gates]
        for (place, row), bit in zip(free, bits, strict=True):
            tables[place][row] = bit
        gates = [replace(gate, table=tuple(table)) for gate, table in zip(reading.gates, tables, strict=True)]
        if not any(gate.layer > 1 and gate.table in BARRED for gate in gates):
            yield replace(reading, gates=tuple(gates))


def readings_of(question, circuits):
    """Circuit, index, margin, reading and what it predicts where no free row decides it, else −1, one by one."""
    space, _ = run_interventions(question)
    for mask, margin in zip(circuits.masks.tolist(), circuits.margins.tolist(), strict=True):
        every = InterpretationSpace(question, Circuit(question.layout, mask))
        for rank in range(every.n_observed):
            reading = every.at(every.index_of_observed(rank))
            said = np.stack([predict_by_interpretation(one, space) for one in fillings(reading)])
            if (said >= 0).any():
                yield mask, reading.index, margin, reading, np.where((said == said[0]).all(axis=0), said[0], -1)


def read_into(reading, layer, neuron):
    gate = reading.gate(layer, neuron)
    return reading.circuit.keep[layer - 1][neuron].tolist(), gate and gate.function


def narrowest(question, reading):
    """The narrowest gap around a hidden threshold, as a share of the neuron's range."""
    gaps = []
    for gate in reading.gates[:-1]:
        values = question.activations(reading.circuit)[gate.layer][:, gate.neuron]
        gap = gate.high - gate.low
        gaps.append(0.0 if gap < 0.05 else gap / (values.max() - values.min()))
    return round(min(gaps), 9)


def by_all_pairs(question, circuits):
    """List the positions of every fair pair, the best first."""
    space, answers = run_interventions(question)
    alone = [number for number, members in enumerate(space.sets) if len(members) == 1]
    own = question.clean_activations[-1][:, 0] > 0.5
    turns = answers.decisions != own
    counts = answers.counted & (np.abs(answers.outputs - answers.decisions) <= 0.3)
    sites = [(layer, n) for layer, size in enumerate(question.network.sizes[1:], start=1) for n in range(size)]
    for one, other in combinations(readings_of(question, circuits), 2):
        p, q = (
            counts & (here[4] == answers.decisions) & (there[4] == 1 - answers.decisions)
            for here, there in ((one, other), (other, one))
        )
        if any(p[neuron].any() and q[neuron].any() and ((p | q) & turns)[neuron].any() for neuron in alone):
            differ = sum(read_into(one[3], *site) != read_into(other[3], *site) for site in sites)
            share = Fraction(min(int(p.sum()), int(q.sum())), int(p.sum()) + int(q.sum()))
            gap = min(narrowest(question, one[3]), narrowest(question, other[3]))
            margin, counted = min(one[2], other[2]), (int(p.sum()), int(q.sum()))
            yield -gap, differ, -share, -margin, one[:2], other[:2], counted


def test_the_pair_is_the_first_of_all_pairs(sample):
    question, circuits, observed = sample
    every = sorted(by_all_pairs(question, circuits))
    found = fair_pair(question, circuits, observed)
    assert found.n_fair == len(every)
    if not every:
        assert found.pair is None or found.pair.given_up
        return
    _, differ, _, margin, *two, counted = every[0]
    assert (len(found.pair.differ), found.pair.counted, found.pair.margin) == (differ, counted, -margin)
    for mask, index, (circuit, least) in zip(found.pair.masks, found.pair.indices, two, strict=True):
        space = InterpretationSpace(question, Circuit(question.layout, int(mask, 16)))
        assert int(mask, 16) == circuit
        assert space.least_index_of_class(space.at(int(index)).gates) == least


def test_on_the_authors_network_the_pair_is_that_of_the_opening_story():
    found = fair_pair(*of_circuits(real_analysis()))
    pair = found.pair
    assert (found.classes, found.n_fair, found.n_clear) == (7_836, 8_096_027, 642)
    assert tuple(f"i-{mask}.{index}" for mask, index in zip(pair.masks, pair.indices, strict=True)) == PAIR
    assert (pair.differ, pair.counted) == ([(2, 0), (2, 2)], (46, 14))
    assert (pair.both_right, pair.first_right, pair.second_right) == (596, 79, 29)
    assert [one.neurons for one in pair.experiments] == [[FORCED]] * 2
    assert tuple((one.source, one.base) for one in pair.experiments) == tuple(EXPERIMENTS.values())
    first, second = pair.experiments
    assert (first.says[0], second.says[1]) == (first.answer, second.answer)
    assert first.answer != (first.unforced > 0.5)


def test_of_too_many_classes_some_are_drawn():
    found = fair_pair(*of_circuits(real_analysis()), max_classes=50, n_drawn=40)
    assert (found.drawn, found.classes, found.n_classes) == (True, 40, "7836")
    assert (
        "40 of 7,836 observed classes were compared, drawn uniformly without repetition (seed 0)." in found.findings()
    )
    assert found.n_fair > 1
    assert f"{found.n_fair:,} pairs of classes drawn meet them; none of them comes before it." in found.findings()


NONE = {
    "one class": (exact_xor, "All interpretations are of one observed class"),
    "constant": (lambda: small_network(0), "No interpretation predicts anything"),
    "no circuit": (lambda: small_network(6), "There are no interpretations to compare"),
}


@pytest.mark.parametrize(("file", "why"), NONE.values(), ids=list(NONE))
def test_where_no_two_contradict_each_other_is_said_why(file, why):
    found = fair_pair(*of_circuits(analyse_output(ask(file().network))))
    assert found.pair is None
    assert found.findings()[0].startswith(why)


GIVEN_UP = {
    "turns": lambda: of_circuits(real_analysis(), 0x3ABEF),
    "one": lambda: of_circuits(real_analysis(), 0x3A2CF),
    "clear": lambda: of_circuits(analyse_output(ask(small_network(10).network))),
    "each": lambda: of_circuits(analyse_output(ask(small_network(24).network))),
    "settled each": lambda: of_circuits(analyse_output(ask(small_network(71, (3, 2, 1)).network))),
}


@pytest.mark.parametrize("conditions", GIVEN_UP)
def test_where_no_pair_is_fair_the_one_that_gives_up_the_fewest_conditions_is_shown(conditions):
    found = fair_pair(*GIVEN_UP[conditions]())
    pair, given_up = found.pair, conditions.split()
    assert (found.n_fair, pair.given_up) == (0, given_up)
    assert found.findings()[0].startswith(
        f"No pair meets every condition. In the one that comes nearest, {CONDITIONS[given_up[0]]}"
    )
    p, q = pair.counted
    assert ("each" in given_up) == (min(p, q) == 0)
    assert (p <= pair.first_right, q <= pair.second_right) == (True, True)
    assert len(pair.experiments) == 1 + ("each" not in given_up)
    assert ("one" in given_up) == any(len(one.neurons) > 1 for one in pair.experiments)
    turned = [one.answer != (one.unforced > 0.5) for one in pair.experiments]
    assert any(turned) == ("turns" not in given_up) or len(given_up) > 1
