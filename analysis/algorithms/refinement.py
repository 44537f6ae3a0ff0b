"""Which algorithm refines which: what every network that carries one carries of another.

A variable enters an alignment through its *prediction* alone: what the algorithm's output is when the variable has the
value of a source input and everything else that of a base input. Algorithm *a* is **coarser** than *b*, and *b* finer,
if every network that carries *b* carries *a*. Two ways in which that is so are decided here:

- every variable of *a* has the prediction of a variable of *b* of its own, so that it fits in the same place;
- *a* has two variables of which one predicts what the other does with source and base exchanged, and *b* has a variable
  with the prediction of one of them: the rest of that variable's layer carries the other (the glossary's "Duality of
  places").

This is the order of abstractions between causal models (Geiger et al.,
Causal Abstraction, 2021; Beckers and Halpern, 2019), restricted to variables that are kept or left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import lru_cache

from analysis.algorithms.high_level_model import HighLevelModel

Prediction = tuple[int, ...]
"""For each source input, in order, the output over all base inputs as an integer."""


@lru_cache(maxsize=4096)
def predictions(algorithm: HighLevelModel) -> tuple[Prediction, ...]:
    """What each variable predicts, in path order."""
    rows = range(1 << algorithm.n_inputs)
    return tuple(
        tuple(one.when_true if one.function >> source & 1 else one.when_false for source in rows)
        for one in algorithm.responses.values()
    )


def exchanged(prediction: Prediction) -> Prediction:
    """The same with source and base exchanged."""
    rows = range(len(prediction))
    return tuple(sum((prediction[source] >> base & 1) << source for source in rows) for base in rows)


def is_coarser(coarse: HighLevelModel, fine: HighLevelModel) -> bool:
    """Whether every network that carries ``fine`` carries ``coarse``, by one of the two ways; so of equal ones too.

    Args:
        coarse: an algorithm with at least one variable.
        fine: an algorithm of the same task.
    """
    wanted, known = predictions(coarse), predictions(fine)
    if Counter(wanted) <= Counter(known):
        return True
    if len(wanted) != 2 or exchanged(wanted[0]) != wanted[1]:
        return False
    if any(coarse.function in one for one in wanted):  # where one changes nothing, the other may fill its layer
        return False
    return any(one in known for one in wanted)


def finer_than_all(fine: Iterable[HighLevelModel], coarse: Collection[HighLevelModel]) -> tuple[HighLevelModel, ...]:
    """Those algorithms of the first that every one of the second is coarser than, in their order."""
    return tuple(one for one in fine if all(is_coarser(other, one) for other in coarse))
