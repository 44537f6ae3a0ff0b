"""The same function as a network file and as a classifier file: by the same grain it has the same circuits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.library.models import questions_of, read_model
from tests.one_machine import frozen

COUNTS: Final = {"edges": (8, 513), "neurons": (2, 28)}
LINEAR: Final = ("leaky_relu", "relu", "linear")
"""Activations of outputs that cross ½ where what is before them does."""
FURTHER: Final = {
    "majority-3-3 0": (2467, 2867),
    "superposition-5-2-5 1": (0, 1),
    "superposition-5-2-5 2": (0, 2),
    "superposition-5-2-5 4": (6, 10),
    "xor-or-imp-3-3 1": (940, 1301),
}
"""Circuits by rounding and by threshold, where these differ: some have outputs from 1½ on or below −½."""


def numbers(content: Any, grain: str) -> tuple[int, int]:
    """Valid and possible circuits of a file by a grain."""
    result = pluriscope.explain(content, protocol=grain)
    return result.counts.valid_circuits.value, result.search.possible


def twin(slug: str, output: int) -> dict[str, Any]:
    """A bundled network's output as a classifier: 0 and the output before its activation, less a half."""
    file = frozen.file_of(slug)
    question = frozen.questions(slug, frozen.COMPLETE)[output]
    network, rows, labels = question.network, *question.judged
    document = network_file_json(file)
    weights, biases = network.weights[-1], network.biases[-1] - 0.5
    return {
        "format": "pluriscope-classifier/1",
        "name": f"{slug} {output}",
        "weights": [*document["weights"][:-1], [[0.0] * weights.shape[1], weights[0].tolist()]],
        "biases": [*document["biases"][:-1], [0.0, float(biases[0])]],
        "activation": document["activation"],
        **({"negative_slope": document["negative_slope"]} if document.get("negative_slope") is not None else {}),
        "output_activation": "linear",
        "outputs": ["0", "1"],
        "tasks": [{"name": "twin", "rows": rows.tolist(), "answers": labels.astype(int).tolist()}],
    }


@cache
def twins() -> Mapping[str, dict[str, Any]]:
    """Those of every output that has one."""
    return {
        f"{slug} {output}": twin(slug, output)
        for slug in frozen.BUNDLED
        for output in range(len(frozen.file_of(slug).tasks))
        if frozen.file_of(slug).network.output_activation in LINEAR
    }


def shifted(document: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """A classifier with a row of drawn numbers added to the weights of both logits, and a number to both biases."""
    rng = np.random.default_rng(seed)
    weights, biases = (np.array(document[part][-1]) for part in ("weights", "biases"))
    return {
        **document,
        "weights": [*document["weights"][:-1], (weights + rng.normal(size=weights.shape[1])).tolist()],
        "biases": [*document["biases"][:-1], (biases + rng.normal()).tolist()],
    }


def test_as_many_questions_have_a_twin_as_are_known():
    assert len(twins()) == 20


def test_the_rules_that_are_known_to_differ_do():
    listed = {
        f"{slug} {output}": tuple(of[f"{output} {rules}"]["valid"] for rules in ("complete", "threshold"))
        for slug, of in frozen.golden()["listings"].items()
        for output in {key.split()[0] for key in of}
    }
    assert {key: both for key, both in listed.items() if both[0] != both[1] and key in twins()} == FURTHER


@pytest.mark.parametrize("rules", [{}, {"granularity": "edges"}])
def test_the_network_file_by_edges(rules):
    result = pluriscope.explain(frozen.BUNDLED["xor-2-2-2"], protocol={"circuit_decision": "threshold", **rules})
    assert (result.counts.valid_circuits.value, result.search.possible) == COUNTS["edges"]


@pytest.mark.parametrize("grain", COUNTS)
@pytest.mark.parametrize("path", [frozen.BUNDLED["xor-2-2-2"], frozen.TWIN], ids=lambda one: one.stem)
def test_both_files_have_the_same_circuits_by_a_grain(path, grain):
    assert numbers(path, grain) == COUNTS[grain]


@pytest.mark.parametrize("name", ["edges", "neurons", "last-edges"])
def test_each_grain_is_the_name_of_rules_for_both_files(name):
    for path in (frozen.BUNDLED["xor-2-2-2"], frozen.TWIN):
        question = pluriscope.explain(path, protocol=name).question
        assert question.rules["granularity"] == name


@pytest.mark.slow
@pytest.mark.parametrize("name", twins())
def test_every_twin_by_edges_has_as_many_as_under_threshold(name):
    slug, output = name.split()
    expected = frozen.golden()["listings"][slug][f"{output} threshold"]
    assert numbers(twins()[name], "edges") == (expected["valid"], int(expected["possible"]))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["twin-classifier", "and-3-3 0", "xor-or-imp-3-3 1"])
def test_numbers_added_to_both_logits_change_no_number_by_neurons(name, seed):
    document = json.loads(frozen.TWIN.read_text()) if name == "twin-classifier" else twins()[name]
    before, after = (pluriscope.explain(one, protocol="neurons") for one in (document, shifted(document, seed)))
    assert before.masks.tolist() == after.masks.tolist()


@pytest.mark.parametrize("rules", ["neurons", "last-edges"])
@pytest.mark.parametrize("path", [*frozen.BUNDLED.values(), frozen.TWIN, frozen.SHIFTED], ids=lambda one: one.stem)
def test_a_circuit_by_a_coarser_grain_decides_as_the_circuit_of_edges_that_keeps_the_same(path, rules):
    given = read_model(path)
    for question in questions_of(given, (), rules):
        found, there = question.kind.explaining.search(question, DEFAULT_WORK), 0
        for mask in found.masks[::7].tolist() if found else ():
            if (as_edges := question.as_edges(mask)) is not None:
                by_edges, of_edges = as_edges
                assert by_edges.read_mask(by_edges.graph.to_hex(of_edges)) == of_edges
                assert (by_edges.judge(of_edges).valid, question.judge(mask).valid) == (True, True)
                there += 1
        assert there or path.stem not in ("xor-2-2-2", "majority-3-3", frozen.TWIN.stem)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_added_to_both_logits_change_no_number_by_edges(seed):
    document = shifted(json.loads(frozen.TWIN.read_text()), seed)
    found = pluriscope.explain(document, protocol="edges")
    assert (found.counts.valid_circuits.value, found.search.possible) == COUNTS["edges"]
