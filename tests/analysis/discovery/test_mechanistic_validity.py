"""A claim in the terms of a published framework: what each outcome follows from."""

from __future__ import annotations

from typing import Any

import pytest

from pluriscope.analysis.discovery.mechanistic_validity import in_terms

KNOWN: dict[str, Any] = {
    "valid": True,
    "criteria": {"necessity": True, "minimal-local": True},
    "under": {"zero": True, "mean": True, "resample": True},
    "rank": {"smaller": 0, "equal": 1, "larger": 0},
    "excess": 0,
    "story": {"carried": ["a"]},
}
NULL = [{"model": model, "standard": "", "p": 0.01} for model in ("untrained", "drawn")]
STRICTER = {"model": "drawn", "standard": "mean-ablation", "p": 0.9}


def outcomes(answer: dict[str, Any], null: list[dict[str, Any]]) -> dict[str, str]:
    return {one.criterion: one.outcome for one in in_terms({**KNOWN, **answer}, null)}


def test_a_claim_that_meets_everything_leaves_what_one_ablation_cannot_show() -> None:
    found = outcomes({}, [*NULL, STRICTER])
    assert found.pop("necessity") == "partial"
    assert set(found.values()) == {"passed"}


@pytest.mark.parametrize(
    ("answer", "null", "criterion", "outcome"),
    [
        ({"criteria": {"necessity": False}}, NULL, "necessity", "failed"),
        ({"criteria": None}, NULL, "necessity", "open"),
        ({"criteria": {"minimal-local": False}}, NULL, "minimality", "failed"),
        ({"under": {"zero": True, "mean": False, "resample": None}}, NULL, "consistency", "failed"),
        ({"under": {"zero": True, "mean": True, "resample": None}}, NULL, "consistency", "open"),
        ({"rank": {"smaller": 0, "equal": "1" + "0" * 20, "larger": 4}}, NULL, "rival mechanism exclusion", "partial"),
        ({"story": {"carried": ["a", "b"]}}, NULL, "alternative exclusion", "partial"),
        ({"story": {"carried": []}}, NULL, "alternative exclusion", "open"),
        ({"story": None}, NULL, "alternative exclusion", "open"),
        ({}, [], "baseline separation", "open"),
        ({}, [NULL[0], NULL[1] | {"p": 0.06}], "baseline separation", "partial"),
        ({}, [one | {"p": 0.06} for one in NULL], "baseline separation", "failed"),
    ],
)  # fmt: skip
def test_each_outcome_follows_from_what_was_found(answer, null, criterion, outcome) -> None:
    assert outcomes(answer, null)[criterion] == outcome


def test_of_what_is_not_valid_only_that_is_decided() -> None:
    assert outcomes({"valid": False}, NULL) == {"sufficiency": "failed"}
