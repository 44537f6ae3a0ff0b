"""Edits and doses against runs of the edited network, exact doses, and every observed class asked by hand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.common_ground.interpreted import choose_classes
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.sandbox.predicting import predict_by_interpretation
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.resources import RESOURCES
from pluriscope_criteria.manipulability.manipulations import FACTORS, Manipulations
from pluriscope_criteria.manipulability.report import class_of
from pluriscope_methods.steering.predicting import UNREAD

BUNDLED = RESOURCES / "app" / "bundled"


@pytest.fixture(scope="module")
def xor():
    return pluriscope.explain(BUNDLED / "xor-pretrained.json", seconds=None)


def by_hand(asked: Manipulations) -> Iterator[Intervention]:
    """Every cell as an intervention, in order."""
    for dosed in asked.doses:
        for row, values in zip(dosed.base.tolist(), dosed.written.tolist(), strict=True):
            changes = [Change(dosed.layer, at, None, "value", value=value) for at, value in enumerate(values)]
            yield Intervention(row, tuple(changes))
    for one in asked.edits:
        cells = (some.tolist() for some in (one.base, one.target, one.source, one.value))
        for row, to, by, value in zip(*cells, strict=True):
            yield Intervention(row, (Change(one.layer, to, by, "value", value=value),))


def test_answers_are_those_of_the_network_under_each_intervention_by_hand(xor):
    asked = Manipulations(xor.question, [(1, np.array([1.0, 0.0, -1.0]))])
    bench = Bench(xor.question.network, xor.question.clean_rows)
    outputs = [bench.run(one)[-1][0] for one in by_hand(asked)]
    assert len(outputs) == len(asked.happens) == (4 + 4 + 1) * 20 * 4 + 18 * len(FACTORS) * 4
    assert (asked.happens == (np.array(outputs) > 0.5)).all()


def test_predictions_are_counted_as_right_as_right_where_the_answer_changes_and_as_wrong(xor):
    asked = Manipulations(xor.question)
    meant = asked.happens >= 0
    n, changed = int(meant.sum()), int((meant & (asked.happens != asked.unchanged)).sum())
    every = asked.happens, asked.unchanged, np.full(len(meant), UNREAD, dtype=np.int8)
    counts = [tuple(int(one) for one in asked.right(some)) for some in every]
    assert counts == [(n, changed, 0), (n - changed, 0, changed), (0, 0, 0)]
    assert 0 < changed < n


def test_answers_of_alice_and_bob_change_at_a_sixth_along_one_neuron_less_another():
    report = pluriscope.explain(BUNDLED / "alice-and-bob.json").ask("manipulability")
    (along,) = (one for one in report.along if one.name == "(1, 0, −1)")
    turns = {turn.row: (turn.dose, turn.answer) for turn in along.turns}
    assert turns["11"] == (pytest.approx(1 / 6, abs=1e-15), 1)
    assert turns["00"] == (pytest.approx(0.1666642, abs=5e-8), 1)
    assert [turns[row] for row in ("01", "10")] == [(pytest.approx(-turns["00"][0], abs=1e-15), 1)] * 2
    alice = next(one for one in report.predicting["direction"] if one.ref.endswith("0:1=0,1,-1;1:1=1,0,-1"))
    assert (alice.right, alice.wrong, report.cells, report.guess) == ([140], [0], 668, 398)


@pytest.mark.slow
def test_every_observed_class_predicts_what_its_representative_says_by_hand(xor):
    question, asked, n = xor.question, Manipulations(xor.question), 0
    report, chance = xor.ask("manipulability"), np.random.default_rng(0)
    bench, cells = Bench(question.network, question.clean_rows), [*by_hand(asked)]
    spoken = 0
    for mask in xor.search.masks.tolist():
        circuit = Circuit(question.layout, mask)
        chosen, space = choose_classes(question, circuit), InterpretationSpace(question, circuit)
        said = asked.of_classes(chosen.classes)
        for number, least in enumerate(chosen.least_indices):
            one, n = space.at(least), n + 1
            for cell in chance.integers(0, len(cells), 4).tolist():
                reply = predict_by_interpretation(one, cells[cell], bench).bit
                spoken += said[number, cell] != UNREAD
                assert said[number, cell] in (UNREAD, reply), (mask, least, cell)
    assert n == sum(len(one.right) for one in report.predicting["interpretation"]) == 7_836
    assert spoken > 15_000


def test_what_is_silent_depends_on_a_free_row_or_on_a_number_in_between(xor):
    question, asked = xor.question, Manipulations(xor.question)
    bench, cells = Bench(question.network, question.clean_rows), [*by_hand(asked)]
    circuit = Circuit(question.layout, int(xor.search.masks[0]))
    space, said = InterpretationSpace(question, circuit), asked.of_classes(choose_classes(question, circuit).classes)[0]
    members = [space.at(index) for index in range(space.index_of_observed(1))]
    for cell in np.flatnonzero(said == UNREAD)[::9].tolist():
        replies = {predict_by_interpretation(one, cells[cell], bench).bit for one in members}
        assert replies & {-1} or replies == {0, 1}


@pytest.mark.slow
def test_the_criterion_says_of_one_what_the_report_has(xor):
    question, report = xor.question, xor.ask("manipulability")
    mask = int(xor.search.masks[5])
    space = InterpretationSpace(question, Circuit(question.layout, mask))
    index = space.index_of_observed(2) + 1
    assert class_of(question, mask, index) == 2
    verdict = criterion_named("predicts-edits").judge(Population("interpretation", question, [space.at(index)])).at(0)
    asked = Manipulations(question)
    assert verdict.denominator == len(asked.happens) < report.cells
    assert verdict.outcome == "failed"
    right, of = report.of_ref(question, f"i-{question.layout.to_hex(mask)}.{index}")
    assert verdict.numerator <= right <= of == report.cells


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "n", "better"), [("xor-planted", 352, 352), ("xor-pretrained", 7_836, 24)])
def test_who_beats_the_guess_that_nothing_changes(slug, n, better):
    report = pluriscope.explain(BUNDLED / f"{slug}.json", seconds=None).ask("manipulability")
    right = np.concatenate([one.right for one in report.predicting["interpretation"]])
    assert (len(right), int((right > report.guess).sum())) == (n, better)
    assert f"the guess that nothing changes is right on {report.guess:,}." in report.findings()[0]


FORCED = (
    ([[-1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0]], [0.0, 0.0], [0.0], 234, 312),
    (
        [[0.253018, -0.305135], [-0.702544, 0.702556], [0.996816, -1.560859]],
        [[0.055088, 1.41998, 1.001046]],
        [-0.321696, -4.8e-05, 5.3e-05],
        [0.001174],
        352,
        428,
    ),
)


@pytest.mark.parametrize(("first", "last", "shift", "end", "right", "of"), FORCED)
def test_a_gate_of_which_one_completion_is_left_is_not_silent(first, last, shift, end, right, of):
    sizes = [2, len(first), 1]
    network = {"format": "pluriscope-network/1", "name": "forced", "sizes": sizes, "weights": [first, last]}
    network |= {"biases": [shift, end], "activation": "relu", "output_activation": "linear"}
    result = pluriscope.explain(network | {"tasks": [{"name": "XOR", "truth_table": [0, 1, 1, 0]}]})
    question, mask = result.question, int(result.search.masks[0])
    one = InterpretationSpace(question, Circuit(question.layout, mask)).at(0)
    verdict = criterion_named("predicts-edits").judge(Population("interpretation", question, [one])).at(0)
    assert (verdict.outcome, verdict.numerator, verdict.denominator) == ("passed", right, of)
    bench, cells = Bench(question.network, question.clean_rows), by_hand(asked := Manipulations(question))
    replies = [predict_by_interpretation(one, cell, bench).bit for cell in cells]
    assert int((np.array(replies) == asked.happens).sum()) == right  # its class has one member
