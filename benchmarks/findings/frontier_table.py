"""The tables of the study of conjunctions of criteria, and what its figure shows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np

from analysis.studies.measures.patterns import ALIGNMENT_CRITERIA, CIRCUIT_CRITERIA, read_patterns
from analysis.studies.statistics import share_of
from benchmarks.findings.frontier import Counts, Halves, band, front, halves_of, shares
from benchmarks.findings.results import results_of
from benchmarks.findings.tables import head, percent, row

SLUG: Final = "frontier"
CRITERIA: Final = {"circuits": CIRCUIT_CRITERIA, "alignments": ALIGNMENT_CRITERIA}
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
            words = outcome.values["complete"][0][_MEASURES[kind]].value
            sides[outcome.seed >= middle].append(read_patterns(map(str, words if isinstance(words, tuple) else ())))
    return halves_of(CRITERIA[kind], *sides)


def frontier_table(kind: str) -> Iterator[str]:
    """The front of the first half, with what each of its conjunctions leaves in the second, and the band there."""
    found = halves(kind)
    existence, identifiability = shares(found.first)
    chosen = front(existence, identifiability)
    low, high = band(found.first, existence[chosen])
    yield from head(
        ("conjunction", "first half: none", "one", "many", "front, 95%", "second half: none", "exactly one", "many")
    )
    for place, conjunction in enumerate(chosen):
        n_networks = found.first.shape[1]
        cells = [f"{100 * n / n_networks:.0f}%" for n in parted(found.first[conjunction])]
        reach = f"{100 * low[place]:.0f}–{100 * high[place]:.0f}%"
        n_others = found.second.shape[1]
        others = [percent(share_of(n, n_others)) for n in parted(found.second[conjunction])]
        bold = f"**{found.name(conjunction)}**" if conjunction == found.best() else found.name(conjunction)
        yield row((bold, *cells, reach, *others))


def alone_table(kind: str) -> Iterator[str]:
    """What no criterion and each one alone leaves, over both halves."""
    found = halves(kind)
    yield from head(("criterion", "none left", "exactly one", "many"))
    every = np.concatenate([found.first, found.second], axis=1)
    for conjunction, positions in enumerate(found.conjunctions):
        if len(positions) <= 1:
            yield row(
                (found.name(conjunction), *(percent(share_of(n, every.shape[1])) for n in parted(every[conjunction])))
            )


def parted(left: Counts) -> tuple[int, int, int]:
    """Networks with none, exactly one and more left."""
    return int((left == 0).sum()), int((left == 1).sum()), int((left > 1).sum())
