"""What contradicts near explanations that do not: readings of a circuit, placements of an algorithm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.errors import BeyondLimits
from analysis.experiments import ask_network
from app.addressing import Addresses
from app.db.reads.algorithms import find_algorithm
from app.db.tables import AlignmentRow
from app.figures.numbers import exact
from app.pages.circuit_facts import space_of
from app.pages.explanations import Explanation, find_explanation
from app.pages.place import Place
from pluriscope.naming import LETTERS, ExplanationRef

_TRIED: Final = 8  # readings or placements of each


def nearest(
    session: Session, links: Addresses, place: Place, explanations: Sequence[Explanation]
) -> tuple[list[str], str] | None:
    """Two of some explanations, or of what can be made of the silent ones, that contradict each other.

    As few as possible of the explanations are exchanged; of equally many, those whose contradictions are shared most
    evenly.

    Returns:
        Their references, and what they are, as a sentence; None where nothing near contradicts anything.
    """
    space, answers = ask_network(place.question)
    counted = answers.counted
    near = [[one, *_made_of(session, links, one)] for one in explanations]
    said = {str(one.ref): one.predictions(space)[counted] for some in near for one in some}
    happens = answers.decisions[counted]

    def shared(pair: tuple[Explanation, ...]) -> tuple[int, int]:
        """The smaller share of their contradictions, and all of them."""
        first, second = (said[str(one.ref)] for one in pair)
        apart = (first != second) & (first >= 0) & (second >= 0)
        right = int((apart & (first == happens)).sum())
        return min(right, int(apart.sum()) - right), int(apart.sum())

    own = {str(one.ref) for one in explanations}
    owner = {id(one): letter for letter, some in zip(LETTERS, near, strict=False) for one in some}
    across = [pair for some, others in combinations(near, 2) for pair in product(some, others)]
    kept = [[pair for pair in across if sum(str(one.ref) in own for one in pair) == n] for n in (2, 1, 0)]
    for pairs in (*kept, [pair for some in near for pair in combinations(some, 2)]):
        best = max(pairs, key=shared, default=None)
        if best is not None and (n := shared(best)[1]):
            told = " and ".join(_called(one, owner[id(one)], is_own=str(one.ref) in own) for one in best)
            told = f"Nearest that do: {told}, on {exact(n)} of {exact(len(happens))} interventions"
            return [str(one.ref) for one in best], told
    return None


def _called(one: Explanation, letter: str, *, is_own: bool) -> str:
    if is_own:
        return letter
    return f"a reading of {letter}’s circuit" if one.circuit is not None else f"a placement of {letter}’s algorithm"


def _made_of(session: Session, links: Addresses, one: Explanation) -> Iterator[Explanation]:
    """Interpretations of a circuit, one of each of some observed classes; alignments of an algorithm, valid first."""
    place, refs = one.place, list[ExplanationRef]()
    if one.circuit is not None:
        try:
            space = space_of(place.question, one.circuit)
        except BeyondLimits:
            return
        ranks = dict.fromkeys(np.linspace(0, space.n_observed - 1, _TRIED).astype(int).tolist())
        indices = [space.index_of_observed(rank) for rank in ranks] if space.n_observed else []
        refs = [ExplanationRef("interpretation", one.circuit.hex, str(index)) for index in indices]
    elif one.algorithm is not None and place.analysis is not None:
        row = find_algorithm(session, place.analysis.id, one.algorithm.id)
        kept = select(AlignmentRow.alignment_id).where(AlignmentRow.algorithm_row_id == (row.id if row else 0))
        ids = session.scalars(kept.order_by(AlignmentRow.valid.desc(), AlignmentRow.id).limit(_TRIED))
        refs = [ExplanationRef("alignment", one.algorithm.id, alignment) for alignment in ids]
    for ref in refs:
        if ref != one.ref:
            yield find_explanation(session, links, place, ref)
