"""Tests of criteria for interpretations by variables, against runs of every interchange."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from pluriscope.analysis.criteria import on_variables
from pluriscope.analysis.criteria.on_variables import VARIABLES
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.registry import EVERY, OF_VARIABLES
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.readings.circuit_readings import CircuitInterpretations, CircuitReader, VariableGroup
from pluriscope.analysis.readings.task_variables import classes_of
from tests.graph_questions import TWIN, asked, every_valid

READ = (
    (TWIN, "complete"),
    (TWIN, "last-edges"),
    ("parity-3-elman", "complete"),
    ("parity-3-elman", "neurons-mean"),
    ("majority-5-attention", "complete"),
)


@cache
def interpretations(slug: str, rules: str) -> Any:
    """A few interpretations of the smallest circuits that have any."""
    question, items = asked(slug, rules), []
    classes = classes_of(question)
    for mask in sorted(every_valid(slug, rules), key=lambda one: (one.bit_count(), one)):
        read = CircuitInterpretations(CircuitReader(question, mask).read(classes), [*map(VariableGroup.of, classes)])
        some = sorted({*range(min(read.count, 3)), read.count - 1} if read.count else ())
        items += [(classes, read, read.at(index)) for index in some]
        if len(items) > 8:
            break
    assert items
    return PopulationOf(VARIABLES, question, items)


def decided(question: Any, mask: int, base: int, values: dict[str, Any]) -> tuple[int, dict[str, Any], float]:
    """The decision of a circuit on a row with nodes at some values, the values of all its nodes, and the gap."""
    seen = {}

    def change(name: str, own: Any) -> Any:
        seen[name] = own
        return values.get(name, own)

    rows = question.subject.inputs[base : base + 1]
    outputs = question.space.outputs(question.graph.bits([mask]), question.space.absent, rows, change)[0, 0]
    low, high = np.sort(outputs)[-2:]
    return int(largest(outputs)), seen, high - low


@pytest.mark.parametrize(("slug", "rules"), READ)
@pytest.mark.parametrize("key", ["interchange", "interchange-joint"])
@pytest.mark.parametrize("suffix", ["", "-on-circuit"])
def test_interchanges_change_decisions_by_the_values_of_variables(slug, rules, key, suffix) -> None:
    population, question = interpretations(slug, rules), asked(slug, rules)
    whole = question.graph.number(question.space.reduce(np.ones((1, question.graph.n_bits), bool))[0])
    verdicts, rows = EVERY[key + suffix].judge(population), range(question.n_rows)
    for at, (classes, _, one) in enumerate(population.items):
        if any("~" in read.place.place for read in one.read):
            continue
        mask = int(one.mask, 16) if suffix else whole
        clean = [decided(question, mask, row, {}) for row in rows]
        right, of = 0, 0
        for size in range(1, len(one.read) + 1 if "joint" in key else 2):
            for some in combinations(one.read, size):
                names = [read.place.place for read in some]
                values = [tuple(int(classes[r.place.classes[r.number]].which[row]) for r in some) for row in rows]
                for base in rows:
                    given = [decided(question, mask, base, {n: clean[s][1][n] for n in names})[0] for s in rows]
                    said = {values[s]: given[s] for s in reversed(rows)} | {values[base]: clean[base][0]}
                    right += sum(given[s] == said[values[s]] for s in rows if s != base)
                    of += len(rows) - 1
        verdict = verdicts.at(at)
        assert (verdict.numerator, verdict.denominator) == (right, of)
        assert verdict.outcome == ("passed" if right == of else "failed")
        assert bool(verdict.witness) == (right < of)


def test_some_interpretations_say_wrong_what_a_set_of_nodes_or_the_network_does() -> None:
    found = {
        key: {
            outcome for one in READ for outcome, n in vars(EVERY[key].judge(interpretations(*one)).tally).items() if n
        }
        for key in ("interchange", "interchange-joint", "interchange-on-circuit", "interchange-joint-on-circuit")
    }
    assert found.pop("interchange-on-circuit") == {"passed"}, "each node is read so"
    assert "passed" in found.pop("interchange-joint-on-circuit")
    assert all({"passed", "failed"} <= outcomes for outcomes in found.values()), found


@pytest.mark.parametrize("key", ["interchange-on-circuit", "interchange-joint-on-circuit"])
def test_a_variable_that_says_nothing_is_refuted_by_its_own_circuit(key: str) -> None:
    population = interpretations("parity-3-elman", "complete")
    items = [
        ([replace(each, which=np.zeros_like(each.which)) for each in classes], every, one)
        for classes, every, one in population.items
    ]
    verdicts = EVERY[key].judge(replace(population, items=items))
    assert verdicts.tally.failed == len(items)
    assert set(verdicts.at(0).witness) == {"patched", "source", "base"}


@pytest.mark.parametrize(("slug", "rules"), READ)
def test_the_first_of_a_class_is_the_one_that_no_row_tells_from_a_lower_index(slug: str, rules: str) -> None:
    population = interpretations(slug, rules)
    verdicts = EVERY["observed-class"].judge(population)
    for at, (classes, every, one) in enumerate(population.items):

        def rows(index: int, every: Any = every, classes: Any = classes) -> list[Any]:
            return [classes[read.place.classes[read.number]].which.tolist() for read in every.at(index).read]

        first = next(index for index in range(one.index + 1) if rows(index) == rows(one.index))
        assert verdicts.at(at).outcome == ("passed" if first == one.index else "failed")


@pytest.mark.parametrize(("slug", "rules"), READ[:4])
def test_the_margin_is_that_of_every_interchange_of_one_node(slug: str, rules: str) -> None:
    population, question = interpretations(slug, rules), asked(slug, rules)
    scores = EVERY["margin"].judge(population).scores
    for score, (_, _, one) in zip(scores, population.items, strict=True):
        mask, rows = int(one.mask, 16), range(question.n_rows)
        clean = [decided(question, mask, row, {})[1] for row in rows]
        gaps = [
            decided(question, mask, base, {read.place.place: clean[source][read.place.place]})[2]
            for read in one.read
            for base in rows
            for source in rows
        ]
        assert score == pytest.approx(min(gaps), abs=1e-12)


def test_what_takes_too_many_runs_is_undecided_and_none_is_judged_of_none(monkeypatch: pytest.MonkeyPatch) -> None:
    population = interpretations("parity-3-elman", "complete")
    monkeypatch.setattr(on_variables, "MAX_MILLISECONDS", 0.0)
    verdicts = EVERY["interchange-joint"].judge(population)
    assert verdicts.tally.undecided == len(population)
    assert "were not all tried" in verdicts.at(0).reason
    for criterion in OF_VARIABLES:
        assert len(criterion.judge(PopulationOf(VARIABLES, population.question, []))) == 0
