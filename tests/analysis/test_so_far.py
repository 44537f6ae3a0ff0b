"""What an analysis tells of itself while it is on its way: nothing that its end takes back."""

from __future__ import annotations

from functools import lru_cache

import pytest

import analysis.pipeline as so_far
from analysis.pipeline import analyse_output
from analysis.question import ask
from analysis.result import OutputAnalysis
from analysis.work import Work
from tests.factories import pretrained_xor


@lru_cache
def told() -> tuple[list[tuple[str, OutputAnalysis]], OutputAnalysis]:
    """Everything that the pretrained XOR network's analysis says on its way, and at its end."""
    file, parts = pretrained_xor(), []

    def report(progress):
        if progress.so_far is not None and (progress.done % 25 == 0 or progress.done == progress.total):
            parts.append((progress.stage, progress.so_far()))

    whole = analyse_output(ask(file.network, task=file.tasks[0]), Work(report=report))
    return parts, whole


@pytest.mark.slow
def test_every_stage_after_the_first_circuits_tells_what_is_certain():
    parts, _ = told()
    assert {stage for stage, _ in parts} >= {"circuits", "interpretations", "algorithms", "alignments", "criteria"}
    assert parts[-1][0] == "criteria"


def test_nothing_told_on_the_way_is_taken_back():
    parts, whole = told()
    valid = set(whole.circuits.masks.tolist())
    results = {result.algorithm.id: result for result in whole.algorithms.algorithms}
    for _, part in parts:
        assert valid.issuperset(part.circuits.masks.tolist())
        assert part.circuits.n_valid <= whole.circuits.n_valid
        assert part.interpretations.total in (0, whole.interpretations.total)
        for result in part.algorithms.algorithms:
            assert result in (results[result.algorithm.id], so_far.untried(result.algorithm))


def test_numbers_grow_and_what_is_still_to_come_counts_as_not_searched():
    parts, whole = told()
    aligned = [part.algorithms.n_aligned for _, part in parts]
    circuits = [part.circuits.n_valid for _, part in parts]
    assert (aligned, circuits) == (sorted(aligned), sorted(circuits))
    assert 0 < aligned[-2] == whole.algorithms.n_aligned
    early = [part for stage, part in parts if stage != "criteria" and part.algorithms.n_aligned == 0]
    assert not any(part.exhaustive for part in early)
    before = [part for stage, part in parts if stage in ("circuits", "interpretations")]
    assert all(part.interpretations.truncated_at == 0 for part in before)
    assert all(part.algorithms.truncated_at == 0 for part in before)


@pytest.mark.parametrize("limit", [1, 3])
def test_what_is_told_is_bounded_and_says_so(monkeypatch, limit):
    _, whole = told()
    monkeypatch.setattr(so_far, "MAX_SO_FAR", limit)
    monkeypatch.setattr(so_far, "MAX_ALGORITHMS", limit)
    monkeypatch.setattr(so_far, "MAX_ALIGNMENTS", limit)
    known = so_far.SoFar(whole.question)
    known.circuits, known.interpretations = whole.circuits, whole.interpretations
    known.algorithms = whole.algorithms
    part = known.analysis()
    assert part.circuits.n_listed == part.circuits.truncated_at == len(part.algorithms.algorithms) == limit
    assert part.algorithms.truncated_at == limit
    assert part.circuits.n_valid == part.circuits.distribution.of == whole.circuits.n_valid
    assert sum(len(result.alignments) for result in part.algorithms.algorithms) <= limit
    assert len(part.interpretations.by_circuit) == limit
    assert not part.exhaustive
    assert not part.interpretations.complete
