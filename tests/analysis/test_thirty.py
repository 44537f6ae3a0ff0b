"""What the engine finds on thirty networks is what it has always found; those that take long only in long runs."""

from __future__ import annotations

import pytest

from analysis.circuits.strategy import find_circuits
from analysis.limits import MOST_STORED, Limits
from analysis.work import Work
from tests import thirty

THOROUGH = [pytest.mark.release]
MANY = [
    one
    for one in thirty.read("drawn_2-4-4-1_c")["questions"]
    if int(one["expected"]["circuits"]["valid"]) > MOST_STORED
]
QUICK = [name for name in thirty.FILES if thirty.read(name)["quick"]]


def test_there_are_thirty_and_some_are_quick() -> None:
    assert len(thirty.FILES) == 30
    assert len(QUICK) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in QUICK else THOROUGH) for name in thirty.FILES])
def test_the_engine_finds_what_it_found(name: str) -> None:
    assert thirty.compared(name) == []


@pytest.mark.slow
@pytest.mark.parametrize("question", MANY)
def test_what_a_store_keeps_of_more_than_it_lists_has_the_same_numbers(question: dict) -> None:
    """324,159 valid circuits; those valid under any ablation can be tested but not counted otherwise."""
    search = find_circuits(
        thirty.question_of(thirty.read("drawn_2-4-4-1_c"), question), Work(limits=Limits(max_valid=MOST_STORED))
    )
    expected = {**question["expected"]["circuits"], "method": "counted"}
    assert list(thirty.differences(expected, thirty.of_search(search), "")) == []
    assert search.n_listed <= 1_100


def test_a_value_that_is_another_or_missing_is_told_and_a_further_one_is_not() -> None:
    expected = {
        "circuits": {"valid": "3", "by_edges": {"4": "2", "5": "1"}},
        "verdicts": {"circuit": {"necessity": "3"}},
    }
    now = {"circuits": {"valid": "4", "by_edges": {"4": "2"}}, "verdicts": {"circuit": {"necessity": "3", "new": "3"}}}
    assert list(thirty.differences(expected, now, "a network:")) == [
        "a network: circuits valid: expected 3, found 4",
        "a network: circuits by_edges 5: expected 1, found nothing",
    ]
