"""Layered networks answer what they did before all of them became one kind: circuits, digests, addresses, criteria."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.questions.decision import Decision
from pluriscope.analysis.questions.decisions import decided_right
from tests.of_plugins import absent
from tests.one_machine import frozen


def same(part: str, now: object, *keys: str) -> None:
    expected = frozen.golden()[part]
    for key in keys:
        expected = expected[key]
    assert [*frozen.differences(expected, now)] == []


@pytest.mark.slow
@pytest.mark.parametrize("slug", frozen.BUNDLED)
def test_circuits_under_five_sets_of_rules(slug):
    same("listings", frozen.listings(slug), slug)


def test_every_listing_is_kept():
    listings = frozen.golden()["listings"]
    assert [*listings] == [*frozen.BUNDLED]
    assert sum(map(len, listings.values())) == 105
    assert frozen.golden()["listings on rows"]["xor-pretrained any ablation"]["valid"] == 573


@pytest.mark.slow
def test_circuits_on_other_rows_and_under_any_ablation():
    same("listings on rows", frozen.listings_on_rows())


@pytest.mark.slow
def test_digests_and_addresses_of_every_bundled_question():
    same("names", frozen.names())


def test_digests_and_circuits_of_classifiers():
    same("classifiers", frozen.classifiers())


@pytest.mark.slow
def test_outcomes_of_every_criterion_circuit_by_circuit():
    now, expected = frozen.outcomes(), frozen.golden()["outcomes"]
    missing = expected.keys() - now.keys()
    assert missing <= absent(), "only what a plugin brings may be missing"
    same("outcomes", now | {key: expected[key] for key in missing})


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["xor-pretrained", "xor-2-2-2"])
def test_one_formula_is_placed(slug):
    same("placed", frozen.placed(slug), slug)


BESIDE = float(np.nextafter(0.5, 1))
RIGHT = {
    # output: answers that it is right for by rounding, threshold, sign, and as the difference of two classes
    -0.5: ("0", "0", "0", "0"),
    float(np.nextafter(-0.5, -1)): ("", "0", "0", "0"),
    0.0: ("0", "0", "0", ""),
    0.5: ("0", "0", "1", "1"),
    BESIDE: ("1", "1", "1", "1"),
    1.5: ("", "1", "1", "1"),
    float(np.nextafter(1.5, 0)): ("1", "1", "1", "1"),
}


@pytest.mark.parametrize("output", RIGHT)
def test_decisions_on_the_edges(output):
    by_rounding, by_threshold, by_sign, by_class = RIGHT[output]
    one, labels = np.array([[output], [output]]), np.array([[0], [1]])
    for rule, right in ("rounding", by_rounding), ("threshold", by_threshold):
        wanted = [answer in right for answer in "01"]
        assert decided_right(one[:, 0], labels[:, 0].astype(float), rule).tolist() == wanted
        assert (Decision("value", rounded=rule == "rounding").margins(one, labels) > 0).tolist() == wanted
    for name in "logit", "sign":
        assert (Decision(name).margins(one, labels) > 0).tolist() == [answer in by_sign for answer in "01"]
    two = np.concatenate([0 * one, one], axis=1)
    assert (Decision("classes").margins(two, labels[:, 0]) > 0).tolist() == [answer in by_class for answer in "01"]
