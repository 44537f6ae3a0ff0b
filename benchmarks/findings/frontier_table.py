"""The tables of the study of conjunctions of criteria, and what its figure shows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np

from analysis.studies.cells import cells_of
from analysis.studies.outcome import StudyOutcome
from analysis.studies.statistics import share_of
from benchmarks.findings.frontier import Counts, Halves, band, front, halves_of, shares
from benchmarks.findings.results import results_of
from benchmarks.findings.tables import head, percent, row

SLUG: Final = "frontier"
NULL: Final = "drawn-criteria"
CRITERIA: Final = {
    "circuits": (
        "mean-ablation",
        "resample-ablation",
        "output-faithfulness",
        "knockout-completeness",
        "input-noise",
        "input-robust",
        "patching-robust",
        "minimal-wang",
        "minimal-local",
        "minimal-subset",
        "minimal-cardinal",
        "same-story",
    ),
    "alignments": (
        "irredundant-gates",
        "irredundant-functions",
        "irredundant-literals",
        "joint-interchange",
        "causal-order",
        "minimal-alignment",
        "minimal-joint-alignment",
        "above-random",
    ),
}
"""By bits of the patterns that were measured."""
_MEASURES: Final = {"circuits": "circuit-patterns", "alignments": "alignment-patterns"}


@lru_cache
def halves(kind: str) -> Halves:
    """What conjunctions leave of "circuits" or "alignments" in the networks that converged."""
    results = results_of(SLUG)
    numbers = results.design.seeds.numbers
    middle = numbers[len(numbers) // 2]
    sides: tuple[list[dict[int, int]], list[dict[int, int]]] = ([], [])
    for outcome in results.outcomes:
        if outcome.converged:
            sides[outcome.seed >= middle].append(_patterns(kind, outcome))
    return halves_of(CRITERIA[kind], *sides)


def _patterns(kind: str, outcome: StudyOutcome) -> dict[int, int]:
    """How many explanations of a network pass which criteria together."""
    words = outcome.values["complete"][0][_MEASURES[kind]].value
    told = (str(word).split(":") for word in (words if isinstance(words, tuple) else ()))
    return {int(pattern, 16): int(count) for pattern, count in told}


@lru_cache
def drawn(kind: str) -> dict[str, Counts]:
    """What the same conjunctions leave of drawn networks, by prior."""
    results = results_of(NULL)
    arms = {cell.key: cell.labels["prior"] for cell in cells_of(results.design)}
    found: dict[str, list[dict[int, int]]] = {arm: [] for arm in arms.values()}
    for outcome in results.outcomes:
        if outcome.converged:
            found[arms[outcome.cell]].append(_patterns(kind, outcome))
    return {arm: halves_of(CRITERIA[kind], some, []).first for arm, some in found.items()}


def _drawn_head(kind: str) -> list[str]:
    return [f"drawn, {arm}: none, exactly one" for arm in drawn(kind)]


def _drawn_cells(kind: str, conjunction: int) -> list[str]:
    """The shares of drawn networks in which a conjunction leaves none, and exactly one, by prior."""
    lefts = (left[conjunction] for left in drawn(kind).values())
    return [", ".join(percent(share_of(n, len(left))) for n in parted(left)[:2]) for left in lefts]


def frontier_table(kind: str) -> Iterator[str]:
    """The front of the first half, with what each of its conjunctions leaves in the second, and the band there."""
    found = halves(kind)
    existence, identifiability = shares(found.first)
    chosen = front(existence, identifiability)
    low, high = band(found.first, existence[chosen])
    first = ("first half: none", "one", "many", "front, 95%", "second half: none", "exactly one", "many")
    yield from head(("conjunction", *first, *_drawn_head(kind)))
    for place, conjunction in enumerate(chosen):
        n_networks = found.first.shape[1]
        cells = [f"{100 * n / n_networks:.0f}%" for n in parted(found.first[conjunction])]
        reach = f"{100 * low[place]:.0f}–{100 * high[place]:.0f}%"
        n_others = found.second.shape[1]
        others = [percent(share_of(n, n_others)) for n in parted(found.second[conjunction])]
        bold = f"**{found.name(conjunction)}**" if conjunction == found.best() else found.name(conjunction)
        yield row((bold, *cells, reach, *others, *_drawn_cells(kind, conjunction)))


def alone_table(kind: str) -> Iterator[str]:
    """What no criterion and each one alone leaves, over both halves."""
    found = halves(kind)
    yield from head(("criterion", "none left", "exactly one", "many", *_drawn_head(kind)))
    every = np.concatenate([found.first, found.second], axis=1)
    for conjunction, positions in enumerate(found.conjunctions):
        if len(positions) <= 1:
            cells = (percent(share_of(n, every.shape[1])) for n in parted(every[conjunction]))
            yield row((found.name(conjunction), *cells, *_drawn_cells(kind, conjunction)))


def parted(left: Counts) -> tuple[int, int, int]:
    """Networks with none, exactly one and more left."""
    return int((left == 0).sum()), int((left == 1).sum()), int((left > 1).sum())
