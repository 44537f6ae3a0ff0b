"""The golden networks keep their counts of survivors, and a second route still agrees with them."""

from __future__ import annotations

import csv
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.registry import CRITERIA, criteria_for
from tests.analysis.criteria import golden_counts
from tests.of_plugins import whole


@lru_cache
def stored() -> dict[str, Any]:
    return json.loads(golden_counts.FILE.read_text())


def survivors() -> list[dict[str, str]]:
    """Read how many valid circuits of XOR networks 2-3-3-1 trained with seeds 0 to 99 pass each criterion.

    The program that counted them is gone; ``state`` says which converged, columns name the protocol and the criterion.
    """
    text = Path(__file__).with_name("survivors.csv").read_text()
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def of(case: tuple[str, int]) -> dict[str, Any]:
    return stored()["networks"]["{}/{}".format(*case)]


def test_every_golden_network_is_there_and_the_settings_are_the_defaults() -> None:
    assert list(stored()["networks"]) == ["{}/{}".format(*case) for case in golden_counts.cases()]
    now, then = golden_counts.settings(), stored()["settings"]
    both = now.keys() & then.keys()  # some came later, some are of plugins
    assert {key: now[key] for key in both} == {key: then[key] for key in both}, (
        "count anew: python -m tests.analysis.criteria.golden_counts"
    )


@whole
def test_no_criterion_is_gone() -> None:
    assert stored()["settings"].keys() <= golden_counts.settings().keys()


def counts_of(criterion: Criterion) -> list[int]:
    """Count the circuits of all golden networks; judged here if the file is older than the criterion."""
    every = {case: of(case)["counts"]["circuit"] for case in golden_counts.cases() if "circuit" in of(case)["counts"]}
    answer = [
        counts.get(criterion.key) or golden_counts.listed(criterion.judge(golden_counts.found_circuits(*case)).tally)
        for case, counts in every.items()
    ]
    return [sum(outcome) for outcome in zip(*answer, strict=True)]


def test_what_is_called_vacuous_removes_nothing_from_as_many_circuits_as_it_says() -> None:
    trained = [row for row in survivors() if row["state"] == "converged"]
    vacuous = [criterion for criterion in CRITERIA if criterion.vacuous]
    of_trained = [criterion.key for criterion in vacuous if f"complete {criterion.key}" in trained[0]]
    assert of_trained == ["necessity", "minimal-quasi", "minimal-quasi-structural"]
    for criterion in vacuous:
        answer = counts_of(criterion)
        assert answer[1:] == [0, 0, 0]
        assert f"none of the {answer[0]:,} valid circuits" in criterion.vacuous
        if criterion.key in of_trained:
            n_valid, n_passed = (
                sum(int(row[f"complete {key}"]) for row in trained) for key in ("valid", criterion.key)
            )
            assert n_valid == n_passed
            assert f"any of the {n_valid:,} of {len(trained)} trained ones" in criterion.vacuous


def test_a_later_criterion_that_removes_nothing_says_so() -> None:
    counted = of(("xor_pretrained", 0))["counts"]["circuit"]
    for criterion in criteria_for("circuit"):
        if criterion.key not in counted and criterion.cost == "quick" and not criterion.vacuous:
            passed, *removed = counts_of(criterion)
            assert any(removed), (
                f"{criterion.key}: none of the {passed:,} valid circuits of the authors' golden networks fails it at "
                "its usual settings: choose others, or say so in `vacuous`, in these words"
            )


LARGE = {
    *(
        "and_3-3/0",
        "or_3-3/0",
        "xor+and_3-3/0",
        "xor+and_3-3/1",
        "xor+or+imp_3-3/0",
        "xor+or+imp_3-3/1",
        "xor+or+imp_3-3/2",
        "nand_3-2/0",
        "xor_tanh_3-3/0",
    ),
    *("xor_3-3_b/0", "xor_3-3_tight/0", "xor_pretrained_notebook/0", "xor_sigmoid_3-3/0"),
}
"""With many circuits, and like others in shape, activation or task: three quarters of the time goes into them."""
TWICE = "xor_2-2-2_b/0"
"""Of the same shape, activation and task as another, and as slow."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.release] if "{}/{}".format(*case) in LARGE else [])
        for case in golden_counts.cases()
    ],
)
def test_the_engine_counts_what_it_counted(case: tuple[str, int]) -> None:
    now, golden = golden_counts.engine_counts(*case), of(case)["counts"]
    assert {kind: {key: now[kind][key] for key in answer} for kind, answer in golden.items()} == golden


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.release] if "{}/{}".format(*case) == TWICE else [])
        for case in golden_counts.cases()
        if case[0].startswith(("xor_2", "xor_3-3"))
    ],
)
def test_the_second_route_counts_the_same(case: tuple[str, int]) -> None:
    second = golden_counts.second_counts(*case)
    assert sorted(second["circuit"]) == of(case)["two routes"]["circuit"]
    assert golden_counts.disagreements(of(case)["counts"], second) == []
