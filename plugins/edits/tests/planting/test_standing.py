"""Planted beside found, against counts made another way."""

from __future__ import annotations

from importlib import resources
from itertools import combinations

import pytest

import pluriscope
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.errors import AnalysisError, InvalidMask
from pluriscope.analysis.explaining.pipeline import search_for_circuits
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, Protocol, protocol_from_mapping
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, possible_circuit
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_edits.planting.compiling import compile_algorithm
from pluriscope_edits.planting.disguises import disguised
from pluriscope_edits.planting.found import PlantedReport, find
from pluriscope_edits.planting.planted import Planted
from tests.factories import exact_xor

ALICE = "!(!(!A&B)&!(!B&A))"


def planted(*disguises: str, seed: int = 0, hidden: tuple[int, ...] = (3, 3)) -> Planted:
    found = compile_algorithm(parse_algorithm(ALICE, "and_inverter", 2), hidden)
    for text in disguises:
        found = disguised(found, text, seed)
    return found


def split() -> Planted:
    """The bundled network of which one neuron was split into two."""
    file = parse_network_file(
        resources.files("pluriscope.app.bundled").joinpath("xor-planted-disguised.json").read_bytes()
    )
    assert file.planted is not None
    return Planted(file.network, file.planted)


def standing(one: Planted, protocol: Protocol = COMPLETE) -> PlantedReport:
    question = ask(one.network, task=one.record.task, protocol=protocol)
    return find(Analysed(question, search_for_circuits(question, DEFAULT_WORK), planted=one.record), Settings())


def passes_everything(found: PlantedReport) -> bool:
    return found.passes is not None and found.passes.everything


def possible_above(mask: int, layout: EdgeLayout) -> int:
    """Structurally possible circuits that hold all edges of a mask, itself included, one by one."""
    others = [1 << k for k in range(layout.n_edges) if not mask >> k & 1]
    found = 0
    for size in range(len(others) + 1):
        for more in combinations(others, size):
            try:
                possible_circuit(mask | sum(more), layout)
            except InvalidMask:
                continue
            found += 1
    return found


def test_a_compiled_circuit_is_minimal_and_every_circuit_above_it_is_valid() -> None:
    """Other edges have weight 0, so whatever holds the planted circuit decides as it does."""
    one = planted()
    found = standing(one)
    above = possible_above(one.record.circuit.mask, one.record.circuit.layout)
    assert above == 352
    assert (found.valid, found.outcome, found.smaller, found.equal, found.inside) == (True, "recovered", "0", "0", 0)
    assert (int(found.n_valid), found.around) == (above, above - 1)


def test_under_the_papers_rules_circuits_that_use_every_neuron_are_not_looked_at() -> None:
    narrow = standing(planted(hidden=(2, 1)), PAPER)
    assert (narrow.valid, int(narrow.n_valid)) == (False, 0)
    assert passes_everything(narrow)


def test_a_split_circuit_has_smaller_ones_inside() -> None:
    found = standing(split())
    assert found.valid
    assert found.outcome == "contained"
    assert found.inside
    assert passes_everything(found)


def test_what_noise_breaks_says_why() -> None:
    broken = next(found for seed in range(40) if not (found := standing(planted("noise=0.6", seed=seed))).valid)
    assert broken.margin is None
    assert broken.reasons[0].startswith("With zero ablation ")
    assert broken.outcome == "invalid"
    assert not passes_everything(broken)


def test_places_that_the_rules_do_not_allow_are_not_tried() -> None:
    single = protocol_from_mapping({"alignment_sites": "single_neurons"})
    one = split()
    assert any(len(site.neurons) > 1 for _, site in one.record.alignment.places)
    assert standing(one, single).passes is None
    assert standing(one, single).valid


def test_a_result_of_a_network_in_which_nothing_was_planted_is_not_asked() -> None:
    with pytest.raises(AnalysisError, match="Nothing is said to be planted"):
        pluriscope.explain(exact_xor()).ask("planted")
