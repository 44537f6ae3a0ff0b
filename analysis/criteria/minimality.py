"""Four meanings of "no smaller circuit would do", each judged by function and by structure.

Components are edges. Φ(E) says of a set of edges that it will do:

- *by function*: what is left once dead neurons are pruned decides right
  (:mod:`pluriscope.analysis.criteria.remainders`). Its shape does not matter.
- *by structure*: E itself is a valid circuit of the protocol's family. A removal that strands a neuron, so that it has
  no edge in or no edge out, then leaves nothing valid, although it may change no decision.

Zero ablation is not monotone: a circuit may be valid although a larger one is not. So greedy deletion proves nothing,
and every valid circuit is looked at.

Source: Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823), where the four are defined for a predicate on sets of
components.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import minimal_masks
from pluriscope.analysis.criteria import circuits, cuts
from pluriscope.analysis.criteria.criterion import VACUOUS, Change, Criterion, Judge
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.remainders import ignores_an_input, needs_every_input, pruned, sets_ignoring_an_input
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from pluriscope.analysis.questions.protocol import in_space
from pluriscope.analysis.subjects.perceptron.circuit import mask_array, one_mask
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices

_NOT_ALL: Final = "Not every valid circuit is listed, so a smaller one may have been missed."
_NOT_TRIED: Final = (
    "Too many sets of edges leave an input unused for each to be tried, so one that will do may be missed."
)
_TOO_MANY_REMOVALS: Final = "There are too many removals to run each."
MAX_REMOVALS: Final = 1 << 20  # run one by one where not every valid circuit is listed, some seconds


@dataclass(frozen=True, eq=False)
class _Sufficient:
    """The sets of edges that will do, as far as they are known."""

    population: Population
    by_function: bool

    @cached_property
    def known(self) -> tuple[NDArray[Any], str]:
        """Sets that will do, ascending, and why these may not be all; "" if they are."""
        population, question = self.population, self.population.question
        masks: NDArray[Any] = population.items
        if not population.complete:
            return masks, _NOT_ALL
        if not self.by_function or population.once("needs every input", lambda: needs_every_input(question)):
            return masks, ""
        ignoring = sets_ignoring_an_input(question.layout)
        if ignoring is None:
            return masks, _NOT_TRIED
        right = ignoring[circuits.decide_right(replace(population, items=ignoring))]
        return np.union1d(masks, right).astype(masks.dtype), ""

    def without(self, edge: int) -> NDArray[Any]:
        """Return what is left of each circuit without an edge, ``[circuits]``."""
        layout = self.population.question.layout
        left: NDArray[Any] = self.population.items & ~one_mask(1 << edge, layout)
        return pruned(left, layout) if self.by_function else left

    @cached_property
    def runs(self) -> bool:
        """Whether single-edge removals are run: not all that will do is known, and they are few enough."""
        return bool(self.known[1]) and int(np.bitwise_count(self.population.items).sum()) <= MAX_REMOVALS

    def run(self, masks: NDArray[Any]) -> NDArray[np.bool_]:
        """Decide which masks will do, ``[masks]``, by running them."""
        some = replace(self.population, items=masks)
        return circuits.decide_right(some) if self.by_function else valid_by_running(some)


def valid_by_running(population: Population) -> NDArray[np.bool_]:
    """Decide which sets of edges are valid circuits of the protocol's family, listed or not, ``[masks]``."""
    masks, question = population.items, population.question
    sizes, layout = question.network.sizes, question.layout
    hidden = keep_matrices(masks, layout)[:-1]
    n_active = sum((layer.any(axis=2).sum(axis=1) for layer in hidden), np.zeros(len(masks), dtype=np.int64))
    allowed = np.array([in_space(n, sizes, question.protocol) for n in range(sum(sizes[1:-1]) + 1)], dtype=np.bool_)
    found: NDArray[np.bool_] = (pruned(masks, layout) == masks) & ~ignores_an_input(masks, layout) & allowed[n_active]
    found[found] = circuits.decide_right(replace(population, items=masks[found]))
    return found


# --- single removals


def _spare_edges(will_do: _Sufficient) -> tuple[NDArray[np.int16], NDArray[np.int16], str]:
    """Single edges that can be spared: looked up, or run where not all that will do is known.

    Returns:
        ``[circuits]`` how many edges can be spared, one of them each (−1 if there is none), and why others may have
        been missed, "" if none can have been.
    """
    population, (known, missing) = will_do.population, will_do.known

    def find() -> tuple[NDArray[np.int16], NDArray[np.int16], str]:
        layout, masks = population.question.layout, population.items
        n_spare, edge_of = np.zeros(len(masks), dtype=np.int16), np.full(len(masks), -1, dtype=np.int16)
        for edge in reversed(range(layout.n_edges)):
            population.work.check()
            left = will_do.without(edge)
            removed = (masks & one_mask(1 << edge, layout)) != one_mask(0, layout)
            spared = removed & _among(known, left)
            if will_do.runs:
                unknown = removed & ~spared
                spared[unknown] = will_do.run(left[unknown])
            n_spare += spared
            edge_of[spared] = edge
        return n_spare, edge_of, "" if will_do.runs else missing

    return population.once(("spare edges", will_do.by_function), find)


def _among(known: NDArray[Any], masks: NDArray[Any]) -> NDArray[np.bool_]:
    """Decide which masks are among some ascending ones."""
    if not len(known):
        return np.zeros(len(masks), dtype=np.bool_)
    found: NDArray[np.bool_] = known[np.searchsorted(known, masks).clip(0, len(known) - 1)] == masks
    return found


def _single_removals(will_do: _Sufficient, *, every: bool) -> Verdicts:
    """Judge whether circuits need every single edge, or some."""
    population = will_do.population
    n_edges = np.bitwise_count(population.items).astype(np.int64)
    n_spare, edge_of, missing = _spare_edges(will_do)
    needed = n_edges - n_spare
    passed = needed == n_edges if every else needed > 0

    def explain(position: int) -> tuple[str, Witness]:
        what = "change what is decided" if will_do.by_function else "leave no valid circuit"
        if missing and passed[position]:
            return f"{missing} {_TOO_MANY_REMOVALS}", {}
        reason = f"{needed[position]} of {n_edges[position]} single-edge removals {what}."
        edge = int(edge_of[position])
        if edge < 0:
            return reason, {}
        alone = replace(will_do, population=population.alone(position))
        return reason, {"edge": edge, **_shown(population, int(alone.without(edge)[0]))}

    undecided = passed if missing else None
    return verdicts_of(passed, explain, numerators=needed, denominators=n_edges, undecided=undecided)


def _shown(population: Population, mask: int) -> Witness:
    """A set of edges as a circuit where it is one, else how many edges it has."""
    layout = population.question.layout
    ignoring = bool(ignores_an_input(mask_array([mask], layout), layout)[0])
    return {"left": mask.bit_count()} if ignoring else {"mask": layout.to_hex(mask)}


# --- every removal


def _smaller_by_running(will_do: _Sufficient) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Decide which circuits can lose an edge, ``[circuits]``, where not all that will do is known, and what is then
    left.
    """
    masks = will_do.population.items
    found, smaller = np.zeros(len(masks), dtype=np.bool_), masks.copy()
    if will_do.runs:
        _, edge_of, _ = _spare_edges(will_do)
        found = edge_of >= 0
        for edge in set(edge_of[found].tolist()):
            here = edge_of == edge
            smaller[here] = will_do.without(edge)[here]
    return found, smaller


def _subset(will_do: _Sufficient) -> Verdicts:
    """Judge whether circuits have no proper subset that will do."""
    population, by_function = will_do.population, will_do.by_function
    known, missing = will_do.known
    minimal = minimal_masks(known, population.work)
    loses, smaller = _smaller_by_running(will_do)
    passed = np.isin(population.items, minimal) & ~loses

    def explain(position: int) -> tuple[str, Witness]:
        mask = population.items[position]
        if passed[position]:
            return missing or f"No proper subset {'decides right' if by_function else 'is a valid circuit'}.", {}
        inside = smaller[position] if loses[position] else minimal[(minimal & mask) == minimal][0]
        n_more = int(mask).bit_count() - int(inside).bit_count()
        edges = "one edge" if n_more == 1 else f"{n_more} edges"
        still = "It still decides right" if by_function else "A valid circuit is left"
        return f"{still} without {edges}.", _shown(population, int(inside))

    return verdicts_of(passed, explain, undecided=passed if missing else None)


def _cardinal(will_do: _Sufficient) -> Verdicts:
    """Judge whether circuits have as few edges as anything that will do."""
    population = will_do.population
    known, missing = will_do.known
    loses, smaller = _smaller_by_running(will_do)
    n_edges = np.bitwise_count(population.items).astype(np.int64)
    least = known[np.argmin(np.bitwise_count(known))] if len(known) else 0
    fewest = int(least).bit_count()
    passed = (n_edges == fewest) & ~loses
    of_any = "with which it decides right" if will_do.by_function else "of any valid circuit"

    def explain(position: int) -> tuple[str, Witness]:
        n = n_edges[position]
        if passed[position]:
            return missing or f"It has {n} edges; the fewest {of_any} are {fewest}.", {}
        other = least if n > fewest else smaller[position]
        has = f"another has {int(other).bit_count()}" if missing else f"the fewest {of_any} are {fewest}"
        return f"It has {n} edges; {has}.", _shown(population, int(other))

    return verdicts_of(passed, explain, scores=n_edges, undecided=passed if missing else None)


# --- the records

_SOURCE: Final = "Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823)"
_BY_FUNCTION: Final = "Φ(E): what is left of E decides right once neurons without an edge in or out are pruned. "
_BY_STRUCTURE: Final = (
    "Φ(E): E is itself a valid circuit of the protocol's family, whatever a removal that strands a neuron changes. "
)
_REMOVALS: Final = "Every removal is decided."
_SUBSETS: Final = (
    "Where not all valid circuits are listed, one that can lose a single edge fails and the others are undecided "
    "unless a listed one makes them fail."
)
_IGNORING: Final = " Sets may leave an input unused that the task does not need."
_BEFORE: Final = "a removal that strands a neuron counted as one that leaves no valid circuit"


def _both(
    kind: str,
    label: str,
    judge: Callable[[_Sufficient], Verdicts],
    definitions: tuple[str, str],
    formulas: tuple[str, str],
    method: str,
    *,
    score: tuple[str, str] = ("", ""),
    of_cuts: tuple[Judge, Judge],
    **more: Any,
) -> tuple[Criterion, Criterion]:
    """Make the two criteria of one meaning of minimality, by function and by structure."""
    common = {"over": "population", "term": "minimality", **more}
    by_function = Criterion(
        key=f"minimal-{kind}",
        label=label,
        definition=definitions[0],
        formula=formulas[0],
        source=_SOURCE,
        judges={"circuit": lambda some, _: judge(_Sufficient(some, by_function=True)), "cut": of_cuts[0]},
        method=_BY_FUNCTION + method + _IGNORING,
        score=score[0],
        changes=(
            Change(_BEFORE, "dead neurons are pruned and decisions alone are judged", f"minimal-{kind}-structural"),
        ),
        **common,
    )
    by_structure = Criterion(
        key=f"minimal-{kind}-structural",
        label=f"{label} by structure",
        definition=definitions[1],
        formula=formulas[1],
        source=f"{_SOURCE}, with Φ by structure",
        judges={"circuit": lambda some, _: judge(_Sufficient(some, by_function=False)), "cut": of_cuts[1]},
        method=_BY_STRUCTURE + method,
        score=score[1],
        **common,
    )
    return by_function, by_structure


_SHARE: Final = (
    "share of single-edge removals that change what is decided",
    "share of single-edge removals that leave no valid circuit",
)
MINIMAL_QUASI, MINIMAL_QUASI_STRUCTURAL = _both(
    "quasi",
    "Quasi-minimal",
    partial(_single_removals, every=False),
    (
        "Without some single edge it no longer decides right.",
        "The removal of some single edge leaves no valid circuit.",
    ),
    ("there is e in C with not Φ(C∖{e})",) * 2,
    _REMOVALS,
    score=_SHARE,
    of_cuts=(cuts.removals(every=False, by_function=True), cuts.removals(every=False, by_function=False)),
    direction="higher",
    vacuous=VACUOUS,
)
MINIMAL_LOCAL, MINIMAL_LOCAL_STRUCTURAL = _both(
    "local",
    "Locally minimal",
    partial(_single_removals, every=True),
    (
        "Whichever edge is left out, it no longer decides right.",
        "The removal of any single edge leaves no valid circuit.",
    ),
    ("for every e in C: not Φ(C∖{e})",) * 2,
    _REMOVALS,
    score=_SHARE,
    of_cuts=(cuts.removals(every=True, by_function=True), cuts.removals(every=True, by_function=False)),
    direction="higher",
)
MINIMAL_SUBSET, MINIMAL_SUBSET_STRUCTURAL = _both(
    "subset",
    "Subset-minimal",
    _subset,
    ("No proper subset of its edges decides right.", "No valid circuit is a proper subset."),
    ("for every non-empty S ⊆ C: not Φ(C∖S)",) * 2,
    _SUBSETS,
    of_cuts=(cuts.subset_minimal,) * 2,
)
MINIMAL_CARDINAL, MINIMAL_CARDINAL_STRUCTURAL = _both(
    "cardinal",
    "Cardinally minimal",
    _cardinal,
    ("No set of fewer edges decides right.", "No valid circuit has fewer edges."),
    ("|C| = min of |E| over all E with Φ(E)", "|C| = min of |C'| over all C' with Φ(C')"),
    _SUBSETS,
    score=("edges", "edges"),
    of_cuts=(cuts.cardinally_minimal,) * 2,
    direction="lower",
)
