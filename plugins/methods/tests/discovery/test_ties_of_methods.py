"""Ties of published methods against every branch and every choice, each taken one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tests.analysis.discovery.test_deletion import answer, landscape_of, valid_of
from tests.analysis.discovery.test_ties import branches, located


@pytest.mark.parametrize("subject", ["and_3-3", "xor_2-2-2", ("other_name_1x2_0", "mean")])
def test_acdc_follows_both_ways_where_a_change_is_tau(subject) -> None:
    found, cut = answer(subject, "acdc(loss=decision,tau=1)"), landscape_of(subject).under("")
    wanted = branches(cut, cut.order("out-first"), "decision", 1.0, (1 << cut.n_bits) - 1)
    assert set(found.ways.masks) == wanted
    assert found.raw_mask in wanted
    assert found.fragile


@pytest.mark.parametrize(
    ("settings", "ties", "fragile"),
    [
        ({"after": "cut"}, (4, 2, 6, 6, 2), True),
        ({}, (4, 3, 4, 4, 3), True),
        ({"threshold": 0.9}, (4, 1, 4, 4, 0), False),
        ({"pick": "greedy"}, (4, 3, 4, 4, 3), True),
    ],
)
def test_attribution_patching_of_the_authors_network_rests_on_ties(settings, ties, fragile) -> None:
    reply = located("xor_pretrained", "eap", **settings)
    assert (tuple(reply["ties"].values()), reply["fragile"]) == (ties, fragile)
    scores = np.abs(reply["scores"])
    tied, landscape = np.flatnonzero(scores < 1e-18).tolist(), landscape_of("xor_pretrained")
    rest = int(reply["raw_mask"], 16) & ~sum(1 << bit for bit in tied)
    ways = [rest | sum(1 << bit for bit in some) for some in combinations(tied, ties[1])]
    circuits = {landscape.left(mask).mask for mask in ways}
    assert (len(ways), len(circuits), len(circuits & valid_of("xor_pretrained"))) == ties[2:]


@pytest.mark.parametrize("method", ["eap-ig", "mask-ig", "acdc"])
def test_what_has_no_ties_says_nothing(method) -> None:
    assert "ties" not in located("and_3-3", method)
