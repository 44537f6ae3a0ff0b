"""The map of explanations: its neighbours by plain loops, its places the same in any order of what is given."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from pluriscope.analysis.common_ground.survey import survey_common_ground
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.explanations.circuits import predict_by_interpretation
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interventions.experiments import run_interventions
from pluriscope.analysis.methods.report import Analysed, Placed
from pluriscope.analysis.pair.readings import Counted, packed, read_classes, unpacked
from pluriscope.analysis.subjects.perceptron.circuit import circuit_from_hex
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.explanation_map.layout import DRAWN_TO, laid_out
from pluriscope_methods.explanation_map.neighbours import mean_alike, mean_alike_of_all, nearest, nearest_on_map
from pluriscope_methods.explanation_map.report import LISTED, NEAREST, MapReport, explanation_map
from tests.factories import exact_xor, real_analysis, small_network


def looked_at(analysis, *, classes=True, **more) -> Analysed:
    """What the map looks at of an analysis."""
    observed = analysis.interpretations.observed_by_circuit if classes else ()
    return Analysed(analysis.question, analysis.circuits, observed=observed, **more)


@cache
def of_pretrained(*, classes: bool = True) -> MapReport:
    return explanation_map(looked_at(real_analysis(), classes=classes))


def rows(n: int, n_bits: int, seed: int):
    """Different rows of bits in order, and the same in words."""
    bits = np.unique(np.random.default_rng(seed).integers(0, 2, (n, n_bits)).astype(bool), axis=0)
    words = np.unique(packed(bits), axis=0)
    return unpacked(words)[:, :n_bits], words


def digest(*values: object) -> str:
    return hashlib.sha256(json.dumps([np.asarray(one).tolist() for one in values]).encode()).hexdigest()[:16]


def refs(report: MapReport) -> list[str]:
    """What names each class or circuit."""
    masks = [report.masks[circuit] for circuit in report.circuit]
    return [f"{mask}.{index}" for mask, index in zip(masks, report.index, strict=True)] if report.index else masks


# --- neighbours


@pytest.mark.parametrize(("n", "n_bits", "among", "k"), [(2, 3, 2, 1), (7, 3, 7, 6), (40, 70, 40, 5), (40, 8, 30, 15)])
def test_the_nearest_rows_are_those_of_plain_loops(n, n_bits, among, k) -> None:
    bits, words = rows(n, n_bits, seed=n)
    among = min(among, len(bits))
    k = min(k, among - 1)
    found, differ = nearest(words, among, k)
    for one, row in enumerate(bits):
        others = sorted((int((row != bits[other]).sum()), other) for other in range(among) if other != one)[:k]
        assert [*zip(differ[one].tolist(), found[one].tolist(), strict=True)] == others


def test_the_nearest_on_the_map_are_those_of_plain_loops() -> None:
    x, y = np.random.default_rng(0).integers(0, 20, (2, 60))
    found = nearest_on_map(x, y, 7)
    for one in range(60):
        others = sorted(((x[one] - x[b]) ** 2 + (y[one] - y[b]) ** 2, b) for b in range(60) if b != one)[:7]
        assert found[one].tolist() == [number for _, number in others]


def test_means_are_those_of_plain_loops() -> None:
    bits, words = rows(30, 70, seed=1)
    pairs = [int((a == b).sum()) for a, b in combinations(bits, 2)]
    assert mean_alike_of_all(words, 70) == Fraction(sum(pairs), len(pairs))
    others = np.arange(60).reshape(2, 30).T[: len(bits)] % len(bits)
    alike = [int((bits[one] == bits[other]).sum()) for one, some in enumerate(others) for other in some]
    assert mean_alike(words, others, 70) == Fraction(sum(alike), len(alike))
    one = words[:1], np.zeros((1, 0), dtype=np.int64)
    assert (mean_alike(*one, 70), mean_alike_of_all(one[0], 70)) == (70, 70)


# --- places


@pytest.mark.slow
def test_places_have_the_bits_that_they_had_on_the_machine_that_wrote_this() -> None:
    _, words = rows(300, 100, seed=2)
    near, _ = nearest(words, len(words), NEAREST)
    assert digest(*laid_out(words, near[:, :DRAWN_TO])) == "1c2d8a6e720b7dac"


@pytest.mark.parametrize("n_bits", [1, 2])
def test_few_rows_stand_apart(n_bits) -> None:
    bits = np.array(sorted(np.ndindex(*(2,) * n_bits)), dtype=bool)
    words = np.unique(packed(bits), axis=0)
    x, y = laid_out(words, nearest(words, len(words), len(words) - 1)[0])
    assert len({*zip(x.tolist(), y.tolist(), strict=True)}) == len(words)
    assert (min(x), max(x)) == (0, 9_999)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [pytest.param(True, marks=pytest.mark.release), False])
def test_the_same_explanations_in_another_order_stand_at_the_same_places(classes) -> None:
    analysis, found = real_analysis(), list[tuple[object, ...]]()
    for order in (range(60), np.random.default_rng(3).permutation(60).tolist()):
        circuits = replace(analysis.circuits, masks=analysis.circuits.masks[order])
        observed = [analysis.interpretations.observed_by_circuit[one] for one in order] if classes else ()
        report = explanation_map(Analysed(analysis.question, circuits, observed=observed))
        places = {ref: (report.x[dot], report.y[dot]) for ref, dot in zip(refs(report), report.dot, strict=True)}
        found.append((places, report.network, report.kept, report.nearest))
    assert found[0] == found[1]


@pytest.mark.slow
@pytest.mark.parametrize("classes", [pytest.param(True, marks=pytest.mark.release), False])
def test_more_of_the_nearest_are_near_than_on_the_principal_components(classes) -> None:
    analysis, report = real_analysis(), of_pretrained(classes=classes)
    masks, observed = analysis.circuits.masks, analysis.interpretations.observed_by_circuit
    if classes:
        counted, asked = Counted(settled=False, clear=False), run_interventions(analysis.question)
        words = read_classes(analysis.question, masks, observed, asked, counted, n_drawn=None, seed=0).right
    else:
        words = packed(analysis.question.graph.bits(masks.tolist()))
    words = np.unique(words, axis=0)
    assert len(words) == report.n_dots
    centred = unpacked(words) - unpacked(words).mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    on_plane = nearest_on_map(*np.rint(1e4 * centred @ directions[:, -2:]).astype(np.int64).T, NEAREST)
    near, _ = nearest(words, len(words), NEAREST)
    kept = sum(len({*a} & {*b}) for a, b in zip(near.tolist(), on_plane.tolist(), strict=True))
    assert float(Fraction(report.kept)) > 1.4 * kept / near.size


# --- what is on it


@pytest.mark.slow
def test_the_map_of_the_pretrained_network() -> None:
    report, analysis = of_pretrained(), real_analysis()
    assert (len(report.dot), report.n_dots, report.drawn, report.complete) == (7_836, 2_885, False, True)
    assert sum(map(int, report.interpretations)) == 147_899_020
    assert report.findings(analysis.question) == [
        "7,836 observed classes of interpretations make 2,885 different predictions.",
        "65% of the 15 dots that agree on most interventions with a dot are among the 15 nearest on the map.",
    ]
    assert round(float(Fraction(report.nearest_agree)), 1) == 717.4  # as other programs found
    assert round(float(Fraction(report.any_agree)), 1) == 571.8
    assert float(Fraction(report.near)) > 706.8
    assert digest(report.x, report.y, report.network) == "efe303a44a86df18"
    # right as often as the common ground's representatives
    observed = analysis.interpretations.observed_by_circuit
    ground = survey_common_ground(analysis.question, analysis.circuits.masks, Placed((), (), (), observed))
    assert sorted(report.with_network[dot] for dot in report.dot) == sorted(ground.classes.right.tolist())


@pytest.mark.slow
def test_classes_share_a_dot_where_they_predict_the_same_and_neighbours_agree_as_often_as_is_said() -> None:
    report = of_pretrained()
    question = real_analysis().question
    space, answers = run_interventions(question)

    @cache
    def predicts(number: int):
        circuit = circuit_from_hex(report.masks[report.circuit[number]], question.network.sizes)
        one = InterpretationSpace(question, circuit).at(int(report.index[number]))
        for site, column in zip(report.neurons, report.reads, strict=True):
            gate = one.gate(*site)
            function = None if column[number] < 0 else int(report.functions[column[number]])
            assert function == (None if gate is None else gate.function)
        return predict_by_interpretation(one, space)[answers.counted]

    for dot in range(0, report.n_dots, 97):
        own = [number for number, one in enumerate(report.dot) if one == dot][:4]
        assert all((predicts(number) == predicts(own[0])).all() for number in own)
        assert report.with_network[dot] == (predicts(own[0]) == answers.decisions[answers.counted]).sum()
        alike = [int((predicts(own[0]) == predicts(report.dot.index(near))).sum()) for near in report.nearest[dot]]
        assert alike == report.alike[dot] == sorted(alike, reverse=True)
        assert len(alike) == LISTED
        assert max(alike) < report.of


def test_of_circuits_alone_dots_are_near_that_keep_the_same_edges() -> None:
    analysis, report = real_analysis(), of_pretrained(classes=False)
    assert (report.about, report.of, report.n_dots, report.index, report.reads) == ("parts", 18, 197, [], [])
    assert report.findings(analysis.question) == [
        "51% of the 15 dots that agree on most edges with a dot are among the 15 nearest on the map."
    ]
    for dot in range(0, 197, 13):
        mask = int(report.masks[report.circuit[report.dot.index(dot)]], 16)
        assert report.with_network[dot] == mask.bit_count()
        others = [18 - (mask ^ int(report.masks[near], 16)).bit_count() for near in report.nearest[dot]]
        assert others == report.alike[dot]
    whole = report.masks.index("3ffff")
    assert report.network == (report.x[whole], report.y[whole])


@pytest.mark.parametrize("classes", [True, False])
def test_of_more_than_it_holds_some_are_drawn(classes) -> None:
    of = looked_at(real_analysis(), classes=classes)
    circuits = replace(of.circuits, masks=of.circuits.masks[:70])
    of = Analysed(of.question, circuits, observed=of.observed[:70])  # of all it takes thrice as long
    report = explanation_map(of, max_dots=20, n_drawn=60)
    assert (report.drawn, len(report.dot), report.all_there_is) == (True, 60, False)
    assert f"60 of {report.total}" in " ".join(report.findings(of.question)).replace(",", "")
    assert {*refs(report)} < {*refs(of_pretrained(classes=classes))}


def test_where_there_is_little_the_map_has_it() -> None:
    few = {"exact": analyse_output(ask(exact_xor().network)), "random": analyse_output(ask(small_network(2).network))}
    for analysis in few.values():
        report = explanation_map(looked_at(analysis))
        n = report.n_dots
        assert n == len(report.x) == len(report.nearest) == len({*report.dot})
        assert all(len(near) == min(LISTED, n - 1) for near in report.nearest)
        assert all(0 <= one <= 9_999 for one in [*report.x, *report.y, *report.network])
    analysis = few["exact"]
    nothing = explanation_map(
        Analysed(analysis.question, replace(analysis.circuits, masks=analysis.circuits.masks[:0]), observed=())
    )
    assert (nothing.n_dots, nothing.findings(analysis.question)) == (0, ["There is no explanation to show."])
