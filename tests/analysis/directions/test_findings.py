"""Findings: what is known of each alignment beside its score, in result files, and computed anew."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from analysis.algorithms.candidates import candidate_algorithms
from analysis.data import clean_data
from analysis.directions.alignment import parse_directions
from analysis.directions.findings import CLOSED_FORM, MAX_CHEAP, closed_form_work, find_directions
from analysis.directions.result import Learning
from analysis.directions.result_json import directions_json, unfinished_directions
from analysis.directions.scoring import score_directions
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.result_file import result_json
from analysis.tasks import named_task
from app.bundled import bundled_networks
from tests.factories import pretrained_xor, real_analysis

XORNET = next(file for file in bundled_networks() if file.slug == "alice-and-bob").file.network
CANDIDATES = candidate_algorithms(named_task("XOR", 2), COMPLETE, 1)
DATA = clean_data(2)


@pytest.mark.parametrize("direction_class", CLOSED_FORM)
def test_every_alignment_has_evidence_for_each_place(direction_class):
    found = find_directions(ask(XORNET, data=DATA), CANDIDATES, direction_class)
    assert not found.refused
    kept = [pair for one in found.algorithms for pair in zip(one.alignments, one.evidence, strict=True)]
    assert kept
    for scored, evidence in kept:
        assert len(evidence) == len(scored.alignment.places)
        for one in evidence:
            assert one.rowspace is not None
            assert one.rowspace.of == 12
            closed = direction_class in ("orthogonal", "oblique")
            assert (one.family is not None) == closed
            if closed:
                assert (one.family.dimension, one.family.answer) == (2, "some")


def test_the_share_in_the_row_space_is_that_of_the_cosine():
    """The last layer reads one line, so the share is cos² of the angle to its weights."""
    found = find_directions(ask(XORNET, data=DATA), CANDIDATES, "integer")
    one = next(one for one in found.algorithms if one.algorithm.text == "!(!(!A&B)&!(!B&A))")
    alice, evidence = one.alignments[0], one.evidence[0]
    assert alice.valid
    p = [Fraction(1), Fraction(1), Fraction(-2)]
    for (_, place), told in zip(alice.alignment.places, evidence, strict=True):
        w = [Fraction(x) for x in place.reads[0]]
        dot = sum(a * b for a, b in zip(p, w, strict=True))
        share = dot * dot / (sum(a * a for a in p) * sum(a * a for a in w))
        assert share == Fraction(3, 4)
        assert told.rowspace.share == pytest.approx(float(share))
        assert told.rowspace.is_illusory
        assert told.rowspace.seen == 7


def test_a_class_beyond_its_limits_is_refused_with_the_reason():
    wide = Network.from_arrays([np.ones((10, 2)), np.ones((1, 10))], [np.zeros(10), np.zeros(1)], activation="relu")
    found = find_directions(ask(wide, data=DATA), CANDIDATES, "integer")
    assert "10 neurons" in found.refused
    assert found.algorithms == ()
    assert directions_json([found])["integer"]["refused"] == found.refused
    assert unfinished_directions([found], 0) == [
        f"output 0: directions, class integer was not searched: {found.refused}"
    ]
    assert closed_form_work(wide, 10**6) > MAX_CHEAP > closed_form_work(XORNET, 2)


@pytest.mark.slow
def test_a_result_file_names_them_by_class():
    analysis = real_analysis()
    candidates = candidate_algorithms(named_task("XOR", 2), COMPLETE, 2)
    found = find_directions(ask(pretrained_xor().network, data=DATA), candidates, "oblique")
    document = result_json([analysis], masks=False, directions=[directions_json([found])])
    told = document["outputs"][0]["directions"]["oblique"]
    assert (told["searched"], told["aligned"], told["valid"], told["joint"], told["exact"]) == (2, 2, 8, 3, True)
    for one in told["algorithms"]:
        for kept in one["alignments"]:
            algorithm = next(r.algorithm for r in found.algorithms if r.algorithm.id == one["id"])
            assert parse_directions(algorithm.text, kept["at"]).id == kept["id"]
            assert kept["valid"] == (kept["iia"]["agreed"] == kept["iia"]["of"])
            assert {variable["oblique"]["dimension"] for variable in kept["variables"]} == {2}
    assert "directions" not in result_json([analysis], masks=False)["outputs"][0]


def test_what_is_left_open_is_told():
    found = find_directions(ask(XORNET, data=DATA), CANDIDATES, "oblique")
    assert unfinished_directions([found], 0) == []
    first, *rest = found.algorithms
    open_ended = replace(first, truncated_at=1, n_undecided=2)
    search = replace(found, algorithms=(open_ended, *rest), all_listed=False)
    told = unfinished_directions([search], 3)
    assert len(told) == 3
    assert all(sentence.startswith("output 3: directions, class oblique") for sentence in told)
    assert not directions_json([search])["oblique"]["exact"]


def test_scored_anew_an_alignment_has_the_figures_of_the_search():
    question = ask(XORNET, data=DATA)
    for one in find_directions(question, CANDIDATES, "orthogonal").algorithms:
        for scored in one.alignments:
            anew = score_directions(question, one.algorithm, scored.alignment)
            assert (anew.iia, anew.joint, anew.valid) == (scored.iia, scored.joint, scored.valid)
            assert anew.margin == pytest.approx(scored.margin)
            assert [read.residual for read in anew.read_outs] == [read.residual for read in scored.read_outs]


@pytest.mark.slow
def test_learned_choices_keep_every_seed():
    found = find_directions(ask(XORNET, data=DATA), CANDIDATES, "learned", learning=Learning(2, 60, 1))
    assert found.settings == {"seeds": 2, "steps": 60, "max_dimension": 1}
    for one in found.algorithms:
        assert len(one.choices) == one.n_placements == 1  # two variables, one layer, one dimension each
        (choice,) = one.choices
        assert [seed for seed, *_ in choice.runs] == [0, 1]
        assert choice.blocks == (("0", 1, 1), ("1", 1, 1))
        assert choice.iia.agreed == max(iia.agreed for _, _, iia, _ in choice.runs)
    learned = directions_json([found])["learned"]
    assert learned["settings"] == found.settings
    assert learned["algorithms"][0]["learned"][0]["runs"][1]["seed"] == 1
    wide = Network.from_arrays([np.ones((300, 2)), np.ones((1, 300))], [np.zeros(300), np.zeros(1)], activation="relu")
    refused = find_directions(ask(wide, data=DATA), CANDIDATES, "learned", learning=Learning(1, 10))
    assert "20,000 choices" in refused.refused
