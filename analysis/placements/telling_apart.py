"""The interchanges that tell placed algorithms apart: pairs of rows on which the variables of two say different things.

Two variables that are placed on one set of sites agree on every pair on which both have an answer, since the network
does what each says. So what tells two algorithms apart is an interchange of a variable of the one that no variable of
the other answers alike: on its sites the network does what the one says, and the other cannot place any variable there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import NONE, Integers, read_causal_model
from pluriscope.analysis.placements.interchange import AskedModel, Interchange
from pluriscope.analysis.placements.report import Apart, PlacedModel

_MOST: Final = 12
"""Algorithms, the first ones, that are compared two by two."""
_ANSWERS: Final = 1 << 23
"""Answers of all their variables; beyond, fewer algorithms are compared."""


def told_apart(there: Interchange, placed: Sequence[PlacedModel]) -> list[Apart]:
    """For every two of the first placed algorithms the interchange that parts them most: of one variable on the most
    pairs of rows, whichever variable of the other is exchanged in its place.
    """
    answers = dict[str, dict[str, Integers]]()
    left = _ANSWERS
    for one in placed[:_MOST]:
        left -= len(one.variables) * there.n_rows**2
        if left < 0:
            break
        asked = AskedModel(read_causal_model(one.text), there.inputs)
        values = {each.name: asked.itself[each.name] for each in one.variables}
        answers[one.id] = {name: asked.answers({name: own}) for name, own in values.items()}
    return [_apart(*pair, answers) for pair in combinations(answers, 2)]


def _apart(first: str, second: str, answers: dict[str, dict[str, Integers]]) -> Apart:
    found = [*_closest(first, second, answers), *_closest(second, first, answers)]
    return max(found, key=lambda one: one.differ)


def _closest(first: str, second: str, answers: dict[str, dict[str, Integers]]) -> Iterator[Apart]:
    """Each variable of an algorithm with the one of another that answers most alike."""
    for name, own in answers[first].items():
        each = {other: _differing(own, theirs) for other, theirs in answers[second].items()}
        other = min(each, key=lambda one: int(each[one][0].sum()))
        differ, n = each[other]
        pair = np.argwhere(differ)[:1].tolist()
        base, source = pair[0] if pair else (None, None)
        says = [] if base is None else [int(own[base, source]), int(answers[second][other][base, source])]
        yield Apart(
            first=first,
            second=second,
            variable=name,
            other=other,
            differ=int(differ.sum()),
            of=n,
            base=base,
            source=source,
            says=says,
        )


def _differing(own: Integers, other: Integers) -> tuple[NDArray[np.bool_], int]:
    """The ordered pairs of rows on which two answer differently ``[base, source]``, of how many on which both do."""
    both = (own != NONE) & (other != NONE) & ~np.eye(len(own), dtype=np.bool_)
    return both & (own != other), int(both.sum())
