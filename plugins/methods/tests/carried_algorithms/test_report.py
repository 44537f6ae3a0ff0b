"""The report of what circuits carry: draws, intervals, and what is stored of each circuit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.carried_algorithms import search
from pluriscope.analysis.carried_algorithms.search import Stories, find_stories
from pluriscope.analysis.circuits.result import SmallestCircuits
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.carried_algorithms.report import relation_column, stories_report
from tests.factories import pretrained_xor
from tests.golden_files import golden_network


def test_draws_stand_for_all_circuits_and_the_smallest_are_distinguished(monkeypatch: pytest.MonkeyPatch) -> None:
    question = ask(golden_network("xor_3-3_a").network, task=named_task("XOR", 2))
    whole = search_circuits(question)
    masks = whole.masks[::3]
    smallest = SmallestCircuits((), False, 0, 0, undrawn=tuple(masks[:5].tolist()))
    found = find_stories(question, masks)
    assert isinstance(found, Stories)
    cut = replace(whole, masks=masks, outputs=whole.outputs[::3], margins=whole.margins[::3], truncated_at=len(masks))
    counted = stories_report(found, replace(cut, method="counted", count=10**12, smallest=smallest))
    assert (counted.asked, counted.of, counted.exact, counted.drawn) == (len(masks) - 5, 10**12, False, True)
    assert sum(counted.counts.values()) == sum(one.circuits for one in counted.stories) == len(masks) - 5
    low, high = counted.intervals["same"]
    assert low <= counted.counts["same"] / counted.asked <= high
    cut_off = stories_report(found, replace(cut, count=len(masks)))
    assert (cut_off.exact, cut_off.drawn, cut_off.intervals) == (False, False, {})
    monkeypatch.setattr(search, "MAX_PRODUCTS", 1_680 * 20)
    assert np.count_nonzero(relation_column(find_stories(question, masks), masks) != 255) == 20


def test_a_result_is_asked_for_its_stories() -> None:
    xor = pluriscope.explain(pretrained_xor())
    stories = xor.ask("stories")
    assert stories.findings(xor.question)[1] == "Of its 197 valid circuits, 196 carry the same algorithms."
    assert stories.asked == 197
