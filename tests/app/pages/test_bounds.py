"""A number that is a bound, an estimate or nothing at all says so in every cell, in files and in twins."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.explaining.pipeline import analyse_output, unsearched
from pluriscope.analysis.numerics.large_numbers import estimate, interval
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.progress import KnownCircuits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.writes import save_network
from pluriscope.app.main import create_app
from pluriscope.figures.numbers import bounded, bounded_text
from pluriscope.objects.counts import Count
from tests.factories import on_a_copy, save_analysis, small_network

ESTIMATED = Limits(n_samples=3_000, n_draws=15, n_smallest=10, n_tried=20_000)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("bounds")))
    file = small_network(5, (2, 7, 7, 1))
    network, data = file.network, clean_data(2)
    task = replace(file.tasks[0], truth_table=(0, 0, 0, 0), name="")
    few = Limits(max_candidates=4, n_samples=1)
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000)) as client:
        with app.state.store.write() as session:
            save_network(session, replace(file, tasks=(task,)), slug="wide")
            for protocol, circuits in (
                (COMPLETE, find_circuits(ask(network, task=task, data=data), Work(limits=ESTIMATED))),
                (PAPER, unsearched(ask(network, protocol=PAPER, data=data))),
            ):
                found = analyse_output(
                    ask(network, task=task, protocol=protocol, data=data), Work(limits=few), circuits=circuits
                )
                bare = tuple(
                    replace(result, alignments=(), n_valid=0, n_minimal=0, truncated_at=0)
                    for result in found.algorithms.algorithms
                )
                save_analysis(session, replace(found, algorithms=replace(found.algorithms, algorithms=bare)))
        yield client


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.partition("</header>")[2]))


def test_an_unfinished_list_is_no_tick(client):
    state = re.search(r'data-l="Analysis">(.*?)</td>', client.get("/networks").text, re.DOTALL)[1]
    assert "truncated" in state
    assert "m-pass" not in state


@pytest.mark.slow
def test_the_network_page_says_not_searched_instead_of_zero(client):
    text = words(client.get("/networks/wide").text)
    assert "≥ 0" not in text
    counts = client.get("/api/v2/networks/wide").json()["counts"]
    sure = ("valid_circuits", "interpretations", "observed_classes", "aligned_algorithms", "valid_alignments")
    assert [counts[name]["bound"] for name in sure] == ["about", *["unknown"] * 4]
    unsearched = client.get("/api/v2/networks/wide?protocol=paper").json()["counts"]
    assert {unsearched[name]["bound"] for name in sure} == {"unknown"}


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (94_634, 229_881, "94,600–230,000"),
        (149_469_123, 149_470_001, "149,469,120–149,470,010"),
        (551 * 10**30, 629 * 10**30, "5.5–6.3 × 10³²"),
        (0, 10**33, "0–1.0 × 10³³"),
        (585_123 * 10**27, 585_199 * 10**27, "5.851–5.852 × 10³²"),
        (3 * 10**20, 6 * 10**32, "3.0 × 10²⁰–6.0 × 10³²"),
        (216 * 10**6, 7_005 * 10**6, "2.1 × 10⁸–7.1 × 10⁹"),
    ],
)
def test_intervals_are_rounded_outwards_with_one_exponent_where_both_ends_have_it(low, high, text):
    assert interval(low, high) == text


@pytest.mark.parametrize(
    ("low", "high", "possible", "text"),
    [
        (70, 13_170 * 10**9, 13_174 * 10**9, "70–1.32 × 10¹³"),  # as so many are written
        (9 * 10**12, 9_999 * 10**9, 9_999 * 10**9, "9.0 × 10¹²–1.00 × 10¹³"),
        (0, 10**31, 10**31, "0–1.00 × 10³¹"),
        (0, 13_170 * 10**9, 10**15, "0–1.4 × 10¹³"),
    ],
)
def test_no_end_is_above_what_is_possible(low, high, possible, text):
    assert interval(low, high, possible) == text
    assert str(Count(high, "about", low, high, 0.95, possible)).endswith(f"({text})")


def test_an_interval_is_cut_by_what_is_certain():
    known = KnownCircuits(10, 0, 0, 12, 0.9, "sampled", (1, 3))
    assert (known.least, known.value, known.most) == (2, 2, 10)
    found = CircuitSearch(None, 10, np.array([1, 3], np.uint64), method="hashed", count=14, interval=(12, 30))
    assert (found.count, found.interval) == (10, (10, 10))


@pytest.mark.parametrize(
    ("number", "low", "high", "text"),
    [
        (1_914_414_216, 215_604_387, 7_005_006_617, "1.9 × 10⁹"),
        (149_469, 149_460, 149_475, "149,469"),
        (12, 8, 5_000, "10"),  # 0 would lie outside
        (587 * 10**30, 551 * 10**30, 629 * 10**30, "5.87 × 10³²"),
        (9_960_000_000, 10**9, 2 * 10**10, "1.0 × 10¹⁰"),
    ],
)
def test_an_estimate_has_the_digits_that_its_interval_supports(number, low, high, text):
    assert estimate(number, low, high) == text


def test_numbers_with_their_bounds():
    assert bounded_text(1_141_960, "at_least") == "≥ 1,141,960"
    assert bounded_text(587 * 10**30, "about", 551 * 10**30, 629 * 10**30) == "≈ 5.87 × 10³² (5.5–6.3 × 10³²)"
    assert bounded_text(0, "unknown") == "not searched"
    assert bounded_text(197) == str(bounded(197)) == "197"
    shown = bounded(587 * 10**30, "about", 551 * 10**30, 629 * 10**30)
    assert shown.count("nowrap") == 2, "the guess and its interval stand whole, side by side or below each other"
    assert re.sub("<[^>]+>", "", shown) == "≈ 5.87 × 1032 (5.5–6.3 × 1032)"
