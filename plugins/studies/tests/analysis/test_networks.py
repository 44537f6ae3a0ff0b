"""Measures of a network: exactly one explanation of a kind, or not known; circuits that no other measure needs."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import and_

import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.explaining.pipeline import analyse_output, unsearched
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_studies.analysis.measures import networks
from pluriscope_studies.analysis.measures.measure import Studied
from pluriscope_studies.analysis.measures.registry import MEASURES
from pluriscope_studies.analysis.running import circuits_alone
from tests.golden_files import golden, golden_data, golden_network


def studied(name, protocol):
    file, data = golden_network(name), golden_data(name)
    question = ask(file.network, task=file.tasks[0], protocol=protocol, data=data)
    return Studied(analyse_output(question))


def value(key, one):
    return MEASURES[key].of(one).value


@pytest.mark.parametrize("name", ["xor_2-2", "xor_2-2_b", "xor_3", "nor_2-2"])
def test_as_the_authors_code_counts(name):
    stored = golden(name)["outputs"][0]
    one = studied(name, PAPER)
    assert value("one-circuit", one) == (stored["circuits"]["n_valid"] == 1)
    assert value("one-interpretation", one) == (stored["interpretations"]["total_factored"] == 1)
    assert value("decides-right", one) is True


def test_what_is_not_known_is_not_said():
    one = studied("xor_2-2", COMPLETE)
    few = replace(one.analysis.circuits, interval=(0, 4))
    many = replace(one.analysis.circuits, interval=(2, 4))
    assert value("one-circuit", replace(one, analysis=replace(one.analysis, circuits=few))) is None
    assert value("one-circuit", replace(one, analysis=replace(one.analysis, circuits=many))) is False
    none = replace(one.analysis.interpretations, by_circuit=(1,), complete=False)
    assert value("one-interpretation", replace(one, analysis=replace(one.analysis, interpretations=none))) is None


def test_a_network_of_another_task_decides_wrong():
    one = studied("xor_2-2", COMPLETE)
    other = replace(one.analysis, question=replace(one.question, task=named_task("AND", 2)))
    assert value("decides-right", replace(one, analysis=other)) is False


@pytest.mark.parametrize("most", [5_000_000, 1_000])
def test_circuits_that_no_other_measure_needs_are_listed_or_counted(monkeypatch, most):
    monkeypatch.setattr(networks, "_ALONE", Limits(max_possible=most, max_seconds=10, n_draws=10, n_smallest=0))
    question = ask(golden_network("xor_pretrained").network, task=named_task("XOR", 2))
    one = Studied(circuits_alone(question, unsearched(question)))
    masks = search_circuits(question).masks.tolist()
    assert value("circuits-fewest-edges", one) == min(map(int.bit_count, masks))
    assert value("backbone-edges", one) == reduce(and_, masks).bit_count() == 6
