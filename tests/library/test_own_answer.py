"""Tests of the first words on a circuit of somebody's own, in each state; and of the same in the library."""

from __future__ import annotations

import json

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.circuits.result import some_circuits
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.errors import InvalidClaim
from pluriscope.analysis.questions.decisions import bounds_of, decided_as
from pluriscope.analysis.subjects.graph import number_array
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.objects.counts import Count
from pluriscope.own_circuits.answer import apart_words, sentence, standing
from tests.factories import pretrained_xor

XOR = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])
OTHER = {"mask": "1", "edges": 7, "differs": 1, "shared": 8, "added": [], "left_out": ["A→n1.0"]}
FAR = {**OTHER, "mask": "2", "differs": 12, "shared": 3}
RECORD = {
    "state": "valid",
    "reason": "it classifies 4 of 4 rows correctly",
    "edges": 9,
    "wrong": [],
    "n_rows": 8,
    "circuits": {"value": 146_453, "bound": "exact"},
    "listed": 146_453,
    "all_listed": True,
    "smallest": 7,
    "smallest_known": True,
    "nearest_known": True,
    "nearest_other": OTHER,
    "farthest": FAR,
}
ALONE = {"nearest_other": None, "farthest": None}
UNREAD = "nput A is not read, and the rules look at circuits that read every input"
SAID = {
    "Valid, and one of 146,453. The nearest other differs in 1 edge, the farthest shares 3 of your 9. "
    "The smallest has 7 edges, yours 9.": {},
    "Valid, and one of 146,453. The nearest other differs in 1 edge, the farthest shares 3 of your 9. "
    "None is smaller than yours, with 7 edges.": {"smallest": 7, "edges": 7} | {"farthest": FAR},
    "Valid, and the only one.": {"circuits": {"value": 1, "bound": "exact"}, "listed": 1, **ALONE},
    "Valid, and one of at least 2. The other that is known differs in 1 edge. "
    "The smallest that is known has 7 edges, yours 9.": {
        "circuits": {"value": 2, "bound": "at_least"},
        "listed": 1,
        "all_listed": False,
        "smallest_known": False,
        "nearest_known": False,
        "farthest": OTHER,
    },
    "Valid, and one of about 149,000. Of the 2,000 that are known the nearest differs in 1 edge. The farthest "
    "shares 3 of your 9. The smallest that is known has 7 edges, yours 9. There are between 110,000 and 197,000, with "
    "99% confidence.": {
        "circuits": {"value": 149_469, "bound": "about", "low": 110_749, "high": 196_626, "confidence": 0.99},
        "listed": 2_000,
        "all_listed": False,
        "smallest_known": False,
        "nearest_known": False,
    },
    "Valid, and one of 2,000,000. The nearest other differs in 1 edge. Of the 2,000 that are known the farthest holds "
    "all your 9 and 3 more. The smallest has 7 edges, yours 9.": {
        "circuits": {"value": 2_000_000, "bound": "exact"},
        "listed": 2_000,
        "all_listed": False,
        "farthest": {**FAR, "shared": 9, "edges": 12},
    },
    "Valid, and one of 146,453. The nearest other differs in 1 edge, the farthest has 7 of your 9 and nothing else. "
    "The smallest has 7 edges, yours 9.": {"farthest": {**FAR, "shared": 7, "edges": 7}},
    "Valid. No other is known yet.": {"circuits": None, "listed": 0, "all_listed": False, **ALONE},
    "Not valid: wrong on 01 and 10. The nearest of the 146,453 valid ones differs in 1 edge: − A→n1.0.": {
        "state": "not valid",
        "wrong": ["01", "10"],
    },
    "Not valid: wrong on 5 of 8 rows. The nearest of the 146,453 valid ones differs in 12 edges.": {
        "state": "not valid",
        "wrong": list("abcde"),
        "nearest_other": FAR,
    },
    "Not valid. Protocol paper leaves out circuits with so many active neurons. No valid circuit is known yet.": {
        "state": "not valid",
        "reason": "protocol paper leaves out circuits with so many active neurons",
        "all_listed": False,
        **ALONE,
    },
    f"Not a circuit yet. I{UNREAD}. The only valid one that is known differs in 1 edge: − A→n1.0.": {
        "state": "no circuit",
        "reason": f"i{UNREAD}",
        "listed": 1,
        "all_listed": False,
    },
    "Not valid: wrong on 11. No circuit is valid.": {
        "state": "not valid",
        "wrong": ["11"],
        "circuits": {"value": 0, "bound": "exact"},
        "listed": 0,
        **ALONE,
    },
}


@pytest.mark.parametrize("said", SAID)
def test_what_is_said_first_in_each_state(said):
    reply = RECORD | SAID[said]
    if said.endswith("with 7 edges."):
        said = said.replace("your 9", "your 7")
    assert " ".join(filter(None, sentence(reply, "edge"))) == said


def test_the_difference_of_two_in_words():
    reply = {
        "asked": "swaps",
        "of": 756,
        "differ": 16,
        "row": "01",
        "neurons": ["n1.1"],
        "source": "10",
        "largest": None,
    }
    reply["answers"] = ("1", "0", "1")
    words = "16 of 756 swaps tell them apart.", "01 runs, n1.1 as on 10: yours 1, this 0, the network 1."
    assert apart_words(reply) == words
    assert apart_words({**reply, "differ": 0, "largest": 2}) == (
        "None of 756 swaps tells them apart.",
        "Swaps of up to 2 neurons are tried.",
    )
    rows = {**reply, "asked": "rows", "of": 32, "differ": 1, "row": "a b c"}
    assert apart_words(rows) == ("1 of 32 rows tells them apart.", "a b c: yours 1, this 0, the network 1.")


def test_edges_that_lead_nowhere_are_named_and_not_counted():
    known = landscape_of(XOR, some_circuits(0, number_array([0x183BF], 18)))
    reply = standing(known, 0x183BF | 1 << 14, None)  # n1.2→n2.2, which leads to nothing
    assert (reply["left_over"], reply["mask"], reply["edges"], reply["state"]) == (["n1.2→n2.2"], "183bf", 11, "valid")
    assert reply["circuits"] == {"value": reply["listed"], "bound": "at_least"}
    least = standing(known, 0x1839F, Count(900, "at_least", 0, 9_625))
    assert least["circuits"]["value"] == 900


@pytest.mark.parametrize("c", ["183bf", "1839f", "3ffff", "183be", "1c39f"])
def test_of_one_listed_circuit_the_nearest_is_that_of_all(xor, c):
    every, one = (
        xor.locate(c),
        standing(landscape_of(XOR, some_circuits(0, number_array([0x3FCDF], 18))), int(c, 16), None),
    )
    assert (one["nearest_known"], one["nearest_other"]) == (True, every["nearest_other"])
    assert one["smallest"] <= every["nearest_other"]["edges"]


def test_bounds_of_a_decision_are_its_edges():
    outputs = np.array([-2, -0.5, 0.5, 1.5, 2, *(edge + step for edge in (-0.5, 0.5, 1.5) for step in (-1e-12, 1e-12))])
    for rule in ("rounding", "threshold"):
        for label in (0, 1):
            low, high = (end if one is None else one for one, end in zip(bounds_of(label, rule), (-9, 9), strict=True))
            inside = (outputs > low) & (outputs < high) if label else (outputs >= low) & (outputs <= high)
            assert (inside == decided_as(outputs, label, rule)).all(), (rule, label)


@pytest.fixture(scope="module")
def xor():
    return pluriscope.explain(pretrained_xor())


def test_a_circuit_is_located_in_the_library(xor, tmp_path):
    reply = xor.locate("c-183bf")
    assert reply["sentence"] == (
        "Valid, and one of 197. The nearest other differs in 1 edge, the farthest shares 8 of your 11. "
        "The smallest has 10 edges, yours 11."
    )
    assert (reply["nearest_other"]["mask"], reply["farthest"]["mask"]) == ("1839f", "3fcdf")
    assert (reply["nearest_other"]["apart"]["differ"], reply["farthest"]["apart"]["differ"]) == (16, 120)
    assert sum(reply["by_distance"]) == 197
    assert reply["criteria"]["minimal-local"] is False
    assert repr(reply).startswith("Valid, and one of 197.")
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(list(xor.circuits[0].edges)))
    assert xor.locate(path)["mask"] == xor.circuits[0].mask == xor.locate(xor.circuits[0])["mask"]
    with pytest.raises(InvalidClaim, match="hex digits"):
        xor.locate("c-18")
