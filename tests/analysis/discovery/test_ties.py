"""Ties against every order of equals, every branch and every draw, each taken one by one."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest

from pluriscope.analysis.discovery.audit import audit, claim_json
from pluriscope.analysis.discovery.claims import Claim
from pluriscope.analysis.discovery.registry import METHODS, read_method
from pluriscope.analysis.discovery.selection import sequence
from pluriscope.analysis.discovery.ties import TOLERANCE, ties_json, ways_of_scores
from pluriscope.analysis.subjects.graph import perceptron_graph
from tests.analysis.discovery.test_deletion import landscape_of, valid_of

ENDS = [perceptron_graph(sizes).ends for sizes in ((2, 1, 2, 1), (1, 2, 2))]  # of one output and of two
FEW = 6
NEAR, FAR = TOLERANCE / 4, 3 * TOLERANCE


@pytest.mark.parametrize("ends", ENDS, ids=["one output", "two outputs"])
@pytest.mark.parametrize("pick", ["top", "greedy"])
@pytest.mark.parametrize(
    "scores",
    [(1, 1, 1, 1, 1, 1), (1, 0, 0.5, 0.5, 0, 0), (0, 1, NEAR, 0, NEAR, 0.5), (0, 1, FAR, 0, FAR, 1 - NEAR), range(6)],
)
def test_ways_are_the_answers_of_every_order_of_equals(pick, scores, ends) -> None:
    values = np.array(scores) / max(scores)
    equal = np.round(values, 8)  # what is told apart here is more than 1e-8 apart, but for FAR
    equal[np.abs(values - FAR) < NEAR] = 1e-7
    for n_taken in range(FEW + 1):
        taken = set()
        for order in permutations(range(FEW)):
            first = np.empty(FEW)
            first[list(order)] = np.arange(FEW) * 1e-8 / FEW
            taken.add(sum(1 << bit for bit in sequence(equal - first, ends, pick)[:n_taken]))
        own = sum(1 << bit for bit in sequence(values, ends, pick)[:n_taken])
        ways = ways_of_scores(values, ends, pick, own)
        assert own in taken
        assert (taken == {own}) if ways is None else (set(ways.masks) == taken and ways.number == len(taken) > 1)


def branches(cut, order, loss, tau, mask):
    """Every mask to which ACDC may come, each decision within 1e-9 of tau taken both ways."""
    if not order:
        return {mask}
    without = mask & ~(1 << order[0])
    rise = cut.losses([without], loss)[0] - cut.losses([mask], loss)[0] - tau
    found = branches(cut, order[1:], loss, tau, without) if rise < TOLERANCE else set()
    return found | (branches(cut, order[1:], loss, tau, mask) if rise > -TOLERANCE else set())


def located(subject, method, **settings):
    """An answer as an audit file has it."""
    landscape = landscape_of(subject)
    (one,) = audit(landscape, [(METHODS.by_key[method], METHODS.by_key[method].filled(settings))])
    return claim_json(one, landscape.graph, complete=True)


@pytest.mark.parametrize("method", ["weights", "random", "random-deletion"])
def test_what_has_no_ties_says_nothing(method) -> None:
    assert "ties" not in located("and_3-3", method)


def claimed(subject, scores, k):
    landscape = landscape_of(subject)
    picking = {"k": k, "pick": "top", "signed": False}
    (one,) = audit(landscape, [], {"own": Claim("scores", None, tuple(scores), picking)})
    return claim_json(one, landscape.graph, complete=True)


@pytest.mark.parametrize(("subject", "k"), [("xor_2-2-2", 9), (("other_name_1x2_0", "mean"), 8)])
def test_a_claim_of_edges_without_scores_rests_on_ties(subject, k) -> None:
    landscape = landscape_of(subject)
    n_bits = landscape.graph.n_bits
    reply = claimed(subject, [1.0, *[None] * (n_bits - 1)], k)["ties"]
    ways = [1 | sum(1 << bit for bit in some) for some in combinations(range(1, n_bits), k - 1)]
    circuits = {landscape.left(mask).mask for mask in ways}
    assert (reply["tied"], reply["kept"], reply["ways"]) == (n_bits - 1, k - 1, len(ways))
    assert (reply["circuits"], reply["valid"]) == (len(circuits), len(circuits & valid_of(subject)))


def test_of_too_many_ways_some_are_drawn() -> None:
    reply = claimed("xor_pretrained", [0.0] * 18, 13)
    landscape, ties = landscape_of("xor_pretrained"), reply["ties"]
    ways = [landscape.left(sum(1 << bit for bit in some)).mask for some in combinations(range(18), 13)]
    exact = sum(mask in valid_of("xor_pretrained") for mask in ways)
    assert (ties["ways"], ties["circuits"], ties["valid"], ties["drawn"]) == (len(ways), None, None, 1_000)
    assert ties["interval"][0] <= exact <= ties["interval"][1] < len(ways)
    assert reply["fragile"] == (0 < ties["drawn_valid"] < 1_000)


def test_greedy_ways_that_are_too_many_are_not_counted() -> None:
    ends = perceptron_graph((4, 4, 4, 1)).ends
    ways = ways_of_scores(np.zeros(len(ends)), ends, "greedy", (1 << 18) - 1)
    cut = landscape_of("xor_pretrained").under("")
    assert set(ties_json(ways, 0, cut).values()) == {None}


def test_deletion_asks_the_judge_so_ties_decide_nothing() -> None:
    method, settings = read_method("exact-edge(after=deletion)")
    assert method.answer(landscape_of("xor_pretrained").under("pairs"), settings).ways is None
