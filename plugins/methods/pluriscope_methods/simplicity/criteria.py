"""Whether no other explanation of its kind has a shorter description, under each of two codes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import log2, nan
from typing import Final

import numpy as np

from pluriscope.analysis.criteria.criterion import Criterion, Settings
from pluriscope.analysis.criteria.cuts import CutCircuits
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import NOT_APPLICABLE, Verdicts, Witness, verdicts_of
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope_methods.simplicity.codes import ENUMERATIVE, LIST, Code

_NO_VARIABLE: Final = "Its algorithm has no variable, so nothing is placed."


def _circuits(code: Code, population: Population, _: Settings) -> Verdicts:
    n_edges = population.question.layout.n_edges
    words = [code.subset(int(mask).bit_count(), n_edges) for mask in population.items]
    return _judged(words, words, complete=population.complete)


def _cuts(code: Code, population: CutCircuits, _: Settings) -> Verdicts:
    found, n_bits = population.question.found, population.items.shape[1]
    every = found.distribution.by_edges if found and found.counted else ()
    words = [code.subset(size, n_bits) for size in population.items.sum(axis=1).tolist()]
    return _judged(words, [*words, *(code.subset(size, n_bits) for size in every)], complete=bool(every))


def _placements(code: Code, population: Population, _: Settings) -> Verdicts:
    question = population.question
    hidden = question.network.hidden_sizes
    depth = question.protocol.depth_for(len(hidden))
    words = []
    for algorithm, scored in population.items:
        sites = [site for _, site in scored.alignment.places]
        described = sites and isinstance(scored.alignment, NeuronPlacement)
        words.append(code.placement(algorithm, sites, hidden, depth) if described else None)
    return _judged(words, words, complete=population.complete)


def _judged(words: Sequence[int | None], every: Sequence[int | None], *, complete: bool) -> Verdicts:
    """Judge by the number of words that the code has for each; None where there is nothing to describe.

    Args:
        words: for each that is judged.
        every: for these and those that they are held against.
        complete: whether these are all.
    """
    least = min((one for one in every if one is not None), default=1)
    passed = np.array([one == least for one in words], dtype=np.bool_)

    def explain(position: int) -> tuple[str, Witness]:
        own = words[position]
        if own is None:
            return _NO_VARIABLE, {}
        has = f"Its description has {log2(own):.1f} bits"
        if own > least:
            return f"{has}; the shortest has {log2(least):.1f}.", {}
        return (f"{has}; none is shorter." if complete else f"{has}, but not all are listed."), {}

    scores = [nan if one is None else log2(one) for one in words]
    found = verdicts_of(passed, explain, scores=scores, undecided=None if complete else passed)
    found.outcomes[np.isnan(found.scores)] = NOT_APPLICABLE
    return found


def _shortest(code: Code, formula: str, source: str) -> Criterion:
    return Criterion(
        key=f"shortest-{code.key}",
        label=f"Shortest in the {code.label}",
        definition=f"No explanation of its kind has a shorter description in the {code.label}.",
        formula=formula,
        source=source,
        judges={
            "circuit": partial(_circuits, code),
            "cut": partial(_cuts, code),
            "alignment": partial(_placements, code),
        },
        direction="lower",
        score="bits of its description",
        method="Lengths are compared as exact numbers of words. Interpretations are not judged: the analysis "
        "Simplicity finds the shortest of them.",
        over="population",
        term="description-length",
        idle={"direction": "The codes describe neurons; a direction has real numbers."},
    )


SHORTEST_ENUMERATIVE: Final = _shortest(
    ENUMERATIVE,
    "L(C) = log2 (n+1)·(n choose |C|), n edges; of an algorithm its tree, of each variable its layer and neurons",
    "Cover, IEEE Transactions on Information Theory 1973: enumerative source encoding",
)
SHORTEST_LIST: Final = _shortest(
    LIST,
    "L(C) = (|C|+1)·log2 (n+1), n edges; of an algorithm its symbols, of each variable its layer and neurons",
    "Feldman, Nature 2000: length of the shortest Boolean formula; sets as lists",
)
