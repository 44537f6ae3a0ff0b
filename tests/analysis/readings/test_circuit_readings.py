"""Interpretations of circuits by variables, against a search by loops over nodes, variables and pairs of rows."""

from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.errors import InvalidIndex
from pluriscope.analysis.explaining.explanation import explain, read_circuits
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.readings import report, task_variables
from pluriscope.analysis.readings.circuit_readings import CircuitInterpretations, CircuitReader, VariableGroup
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models

SMALLEST = {
    "parity-3-elman": (
        "p2 = (x[0][0] + x[1][0]) % 2; s2 = x[0][0] + x[1][0]; all2 = 2 * x[0][0] + x[1][0]; s3 = s2 + x[2][0]; y = s3",
        {"h2.1": ["p2", "s2", "all2"], "h3.0": ["s3"], "h3.1": ["s3"]},
    ),
    "majority-5-attention": ("n = t[0] + t[1] + t[2] + t[3] + t[4]; y = n > 2", {"1.1": ["n", "answer"]}),
    "tracr-histogram": (
        "e = t[3] == t[4]; f = t[2] == t[1]; c = (t[1] == t[4]) + (t[2] == t[4]) + e; d = 7 - c; y = c + 5",
        {"1.0~5": ["c", "d", "answer"], "1.mlp": ["c", "d", "answer"]},
    ),
    "tracr-induction": (
        "p = t[1] == 2; y = t[4]",
        {**{f"1.0~{k}": [f"t[{k - 2}]"] for k in range(3, 7)}, "2.0": ["answer"]},
    ),
}
"""An algorithm whose variables are asked beside inputs and answer; places that have readings, but for inputs of
numbers.
"""


@cache
def question(slug, **rules):
    kind, model = read_subject(bundled_models()[slug])
    return GraphQuestion(kind, model, kind.default_rules | rules)


@cache
def smallest(slug):
    (found,) = explain([question(slug)], DEFAULT_WORK)["outputs"]
    return min((int(mask, 16) for mask in found["circuits"]["masks"]), key=lambda mask: (mask.bit_count(), mask))


@cache
def classes(slug):
    with pytest.MonkeyPatch.context() as without:
        without.setattr(task_variables, "VOCABULARIES", ())
        return task_variables.classes_of(question(slug), [read_causal_model(SMALLEST[slug][0])])


@cache
def found(slug):
    return CircuitReader(question(slug), smallest(slug)).read(classes(slug))


def decisions(of, mask, node, at, itself):
    """``[base][source]``, None for no decision."""
    space, inputs = of.space, of.subject.inputs
    bits, table = of.graph.bits([mask])[0], []
    for base in inputs:

        def exchanged(name, values):
            if name != node:
                return values
            values = values.copy()
            values[:, at] = itself[:, at]
            return values

        outputs = space.run_sites(bits, np.stack([base] * len(inputs)), exchanged)
        best = np.sort(outputs, axis=1)
        apart = best[:, -1] - best[:, -2] > 1e-9
        table.append([int(one.argmax()) if decided else None for one, decided in zip(outputs, apart, strict=True)])
    return table


def can_be_read(vectors, variables):
    """Whether values can be read out of vectors: by a linear function, or by thresholds if they are on one line."""
    apart = [vector - vectors[0] for vector in vectors]
    longest = max(apart, key=np.linalg.norm)
    length = np.linalg.norm(longest)
    on_line = length > 1e-9 and all(
        np.linalg.norm(one - longest * (one @ longest) / length**2) < 1e-9 * length for one in apart
    )
    values = variables[0]
    if on_line:
        numbers = sorted((float(one @ longest / length), value) for one, value in zip(apart, values, strict=True))
        return all(high - low > 1e-9 for (low, one), (high, other) in pairwise(numbers) if one != other)
    matrix = np.column_stack([np.ones(len(vectors)), vectors])

    def fits(wanted):
        solution, *_ = np.linalg.lstsq(matrix, wanted, rcond=1e-9)
        return np.abs(matrix @ solution - wanted).max() <= 1e-6

    return all(fits(np.array([float(one == value) for one in values])) for value in {*values}) or any(
        fits(np.array(one, dtype=float)) for one in variables
    )


def by_loops(slug):
    """Of each node at each position the pairs that change a decision, and the names of the variables of readings."""
    of, mask, inputs, shapes = question(slug), smallest(slug), question(slug).subject.inputs, {}
    bits = of.graph.bits([mask])[0]
    of.space.run_sites(bits, inputs, lambda name, values: shapes.setdefault(name, values))
    kept = {of.graph.nodes[node].name for edge, (a, b) in enumerate(of.graph.ends) if bits[edge] for node in (a, b)}
    result = {}
    for node, values in shapes.items():
        for at in range(values.shape[1]) if node in kept else ():
            table, rows = decisions(of, mask, node, at, values), range(len(inputs))
            changed = sum(table[base][source] != table[base][base] for base, source in product(rows, rows))
            names = []
            for one in classes(slug):
                variables = [variable.values.tolist() for variable in one.variables]
                same, upheld = variables[0], bool(changed)
                for base in rows:
                    known = {}
                    upheld &= all(known.setdefault(same[s], table[base][s]) == table[base][s] for s in rows)
                if upheld and can_be_read(values[:, at], variables):
                    names += [variable.name for variable in one.variables]
            result[node if values.shape[1] == 1 else f"{node}~{at + 1}"] = changed, names
    return result


@pytest.mark.parametrize("slug", SMALLEST)
def test_a_smallest_circuit_has_the_readings_that_loops_find(slug):
    named = {
        place.place: (place.changed, [one.name for k in place.classes for one in classes(slug)[k].variables])
        for place in found(slug).places
    }
    assert named == by_loops(slug)
    expected = SMALLEST[slug][1]
    assert {place: names for place, (_, names) in named.items() if place in expected} == expected


def interpretations(slug, **changed):
    groups = [*map(VariableGroup.of, classes(slug))]
    return CircuitInterpretations(found(slug).model_copy(update=changed), groups)


@pytest.mark.parametrize("slug", SMALLEST)
def test_interpretations_are_a_product_over_places_each_at_an_index_of_its_own(slug):
    every = interpretations(slug)
    asked = [place for place in found(slug).places if place.changed]
    names = [[one.name for k in place.classes for one in classes(slug)[k].variables] for place in asked]
    listed = [every.at(index) for index in range(every.count)]
    assert [tuple(one.name for one in read.read) for read in listed] == [*product(*names)]
    by_class = [[k for k in place.classes for _ in classes(slug)[k].variables] for place in asked]
    observed = {chosen: rank for rank, chosen in enumerate(product(*(place.classes for place in asked)))}
    assert [one.observed_class for one in listed] == [observed[chosen] for chosen in product(*by_class)]
    ranks = [one.observed_class for one in listed]
    assert [every.index_of_observed(rank) for rank in range(every.n_observed)] == [*map(ranks.index, observed.values())]
    for index in (-1, every.count):
        with pytest.raises(InvalidIndex):
            every.at(index)


def test_a_product_is_exact_at_any_size():
    one = found("parity-3-elman")
    many = interpretations("parity-3-elman", places=one.places * 60)
    assert many.n_observed == interpretations("parity-3-elman").n_observed ** 60 > 1 << 64
    rank = many.n_observed - 12_345
    assert many.at(many.index_of_observed(rank)).observed_class == rank


def test_a_node_no_interchange_of_which_changes_a_decision_cannot_be_asked():
    one = found("tracr-histogram")
    silent = [place for place in one.places if not place.asked]
    assert [place.place for place in silent] == ["1.0~1", "1.0~2", "1.0~3", "1.0~4"]
    assert silent[2].n_read_out  # what it can be read as is no reading
    assert all(not place.classes for place in silent)


def test_vectors_that_have_a_linear_function_for_everything_are_marked_and_interchange_decides():
    one = found("tracr-induction")
    assert all(place.all_linear for place in one.places)
    assert not found("tracr-histogram").places[4].all_linear  # four vectors on one line


RULES = [
    *(("parity-3-elman", {"granularity": one}) for one in ("edges", "neurons")),
    *(("bars-4x4-conv", {"granularity": one, "ablation": "mean"}) for one in ("edges", "channels")),
    *(("tracr-reverse", {"granularity": one, "embedding": "split"}) for one in ("qkv", "heads")),
    ("majority-5-attention", {"granularity": "nodes", "ablation": "mean"}),
]


@pytest.mark.parametrize(("slug", "rules"), RULES)
def test_a_run_with_nothing_changed_has_the_same_bits(slug, rules):
    space, inputs = question(slug, **rules).space, question(slug).subject.inputs
    chance, names = np.random.default_rng(1), []
    masks = space.reduce(chance.random((3, space.graph.n_bits)) < 0.8)

    def kept(name, values):
        names.append(name)
        return values

    assert np.array_equal(np.stack([space.run_sites(one, inputs, kept) for one in masks]), space.run(masks))
    assert sorted({*names}) == sorted(space.graph.nodes[node].name for node in space.graph.removable)
    some = [5, 1, 5]
    assert np.array_equal(space.run_sites(masks[0], inputs[some], kept), space.run(masks[:1])[0][some])


WHOLE = {
    "parity-3-elman": ("h2.1", "h2", (0, 1)),
    "bars-4x4-conv": ("c2.1", "m", (0, 1)),
    "tracr-induction": ("1.0", "1.0", None),
    "induction-attention": ("1.1", "1.1", None),
}


@pytest.mark.parametrize("slug", WHOLE)
def test_the_circuit_that_keeps_everything_runs_as_the_network_with_a_site_changed(slug):
    of, (node, site, at) = question(slug), WHOLE[slug]
    inputs, chance = of.subject.inputs, np.random.default_rng(2)

    def changed(values):
        return values + chance.standard_normal(values.shape[1:])

    def in_network(name, values):
        if name == site and at is None:
            return changed(values)
        if name == site:
            values = values.copy()
            values[:, :1, at[1]] = changed(values[:, :1, at[1]])
        return values

    whole = np.ones(of.graph.n_bits, bool)
    outputs = of.space.run_sites(whole, inputs, lambda name, values: changed(values) if name == node else values)
    chance = np.random.default_rng(2)
    assert np.allclose(outputs, of.subject.run_sites(inputs, in_network), rtol=0, atol=1e-12)
    assert not np.allclose(outputs, of.space.run(whole[None])[0])


def test_the_smallest_circuits_are_read_as_far_as_there_is_time(monkeypatch):
    of, slug = question("parity-3-elman"), "parity-3-elman"
    (explained,) = explain([of], DEFAULT_WORK)["outputs"]
    circuits = Analysed(of, read_circuits(of, explained["circuits"]))
    one = CircuitReader(of, smallest(slug)).milliseconds
    monkeypatch.setattr(report, "MILLISECONDS", 2.5 * one)
    few = report.find(circuits, Settings())
    assert [reading.mask for reading in few.circuits] == ["0eda2", "1ada2"]
    assert few.n_circuits == 220
    assert f"{few.n_circuits}" in few.findings(of)[0]
    monkeypatch.setattr(report, "LONGEST", one / 2)
    none = report.find(circuits, Settings())
    assert none.circuits == []
    assert "would take about" in none.findings(of)[0]


def test_a_definition_has_the_helpers_that_it_reads(monkeypatch):
    monkeypatch.setattr(task_variables, "VOCABULARIES", ())
    text = "_low = min(a, b); _twice = 2 * _low; m = _twice + c; n = m % 3; y = n"
    every = task_variables.classes_of(question("parity-3-elman"), [read_causal_model(text)])
    written = {one.name: one.definition for group in every for one in group.variables}
    assert written["m"] == "_twice + c; _low = min(a, b); _twice = 2 * _low"
    assert written["n"] == "m % 3"
    assert written["x[0][0]"] == written["answer"] == ""
