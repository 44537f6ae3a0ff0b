"""Which explanations of a comparison are one in substance, which no intervention parts, and what parts the rest."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.criteria.symmetry import Permutations
from analysis.equivalence import (
    EquivalenceClass,
    Reason,
    Substance,
    equivalence_classes,
    symmetry_between,
    weightless_edges,
)
from analysis.networks.circuit import Circuit
from analysis.separation import separate
from app.pages.compare.crucial import Link, Said, crucial_view
from app.pages.compare.own_swaps import OwnSwaps, one_swap
from app.pages.compare.views import GroupView, SeparationView
from app.pages.explanations import Explanation
from app.pages.place import Place
from app.pages.shared import edge_names

MAX_SYMMETRIES = 128  # permutations tried for a page; a network with more interchangeable neurons says so


def substance_of(explanation: Explanation) -> Substance:
    """The engine's value of an explanation."""
    if explanation.recorded is not None or explanation.lens is not None:
        return str(explanation.ref)
    placed = explanation.alignment or explanation.directions
    found: Substance = placed or explanation.item
    return found


def groups_of(place: Place, explanations: Sequence[Explanation], said: Said) -> list[EquivalenceClass]:
    """Explanations that are one in substance, each in one class; two of the same content under two protocols too."""
    return list(
        equivalence_classes(
            place.question.cut,
            [substance_of(explanation) for explanation in explanations],
            said.predictions,
            said.space,
            max_symmetries=MAX_SYMMETRIES,
        )
    )


def group_views(
    place: Place, explanations: Sequence[Explanation], letters: Sequence[str], classes: Sequence[EquivalenceClass]
) -> list[GroupView]:
    """The classes of two or more, with the reason in words."""
    views = []
    for group in classes:
        if len(group.members) < 2:
            continue
        first = substance_of(explanations[group.members[0]])
        words = []
        for member in group.members[1:]:
            moved = symmetry_between(
                place.question.cut, substance_of(explanations[member]), first, max_symmetries=MAX_SYMMETRIES
            )
            edges = _edges_between(place, substance_of(explanations[member]), first)
            names = letters[member], letters[group.members[0]]
            words.append(_weightless(*names, edges) if edges else _reason(*names, moved, group.reasons))
        views.append(
            GroupView(
                letters=[letters[member] for member in group.members],
                reasons=list(group.reasons),
                words=words,
            )
        )
    return views


def _edges_between(place: Place, one: Substance, other: Substance) -> list[str]:
    """The edges that one of two circuits keeps and the other does not, if none of them carries anything; else none."""
    if not isinstance(one, Circuit) or not isinstance(other, Circuit):
        return []
    parted = one.mask ^ other.mask
    if parted & ~weightless_edges(place.question.cut):
        return []
    return edge_names(one.layout, parted)


def _weightless(letter: str, first: str, edges: Sequence[str]) -> str:
    words = ", ".join(edges)
    if len(edges) == 1:
        return f"{letter} and {first} differ only by an edge of weight 0 ({words}), which carries nothing"
    return f"{letter} and {first} differ only by edges of weight 0 ({words}), which carry nothing"


def _reason(letter: str, first: str, moved: Permutations | None, reasons: Sequence[Reason]) -> str:
    if moved is None and "edges of weight 0" in reasons:
        return (
            f"{letter} becomes {first} by renaming neurons, which leaves every weight equal, and by edges of weight 0, "
            "which carry nothing"
        )
    if moved is None and len(reasons) > 1:
        return (
            f"{letter} becomes {first} by renaming neurons, which leaves every weight equal, and by choices that no "
            "input and no intervention shows"
        )
    if moved is None:
        return (
            f"{letter} gives every neuron the bits that {first} gives it and predicts the same on every intervention: "
            "they differ only in completions that nothing shows"
        )
    moves = [
        f"n{layer}.{neuron} → n{layer}.{target}"
        for layer, permutation in enumerate(moved, start=1)
        for neuron, target in enumerate(permutation)
        if neuron != target
    ]
    if not moves:
        return f"{letter} is {first} under another protocol"
    return f"{letter} becomes {first} if neurons are renamed ({', '.join(moves)}), which leaves every weight equal"


def separation_view(said: Said, own: OwnSwaps | None, link: Link) -> SeparationView:
    """The fewest interventions, own swaps included, that tell everyone apart who can be told apart."""
    found = separate(said.predictions, said.answers, said.space, swaps=None if own is None else own.asked)
    letters = said.letters
    return SeparationView.showing(
        found,
        experiments=[crucial_view(said, experiment, link) for experiment in found.experiments],
        swaps=[] if own is None else [one_swap(own, at) for at in found.swaps],
        alike=[[letters[i] for i in group] for group in found.alike],
        inseparable=[(letters[i], letters[j]) for i, j in found.inseparable],
        silent=[(letters[i], letters[j]) for i, j in found.silent],
    )
