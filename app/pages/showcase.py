"""The bundled network that introduces the site: one explanation of each kind, and the interventions that say most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from analysis.experiments import (
    InterventionSpace,
    NetworkAnswers,
    decide_under_interventions,
    experiment_at,
)
from analysis.sandbox.choosing import most_divided
from analysis.sandbox.intervention import Intervention
from app.addressing import Addresses
from app.db.errors import StoreError
from app.db.reads import analyses
from app.db.reads.circuits import smallest_circuits
from app.db.reads.networks import best_alignments
from app.db.tables import NetworkRow
from app.errors import NotFound
from app.pages.explanations import Explanation
from app.pages.place import Place
from app.pages.play.networks import NetworkPlay, play_network
from app.pages.play.state import NetworkOptions
from app.pages.play.tokens import write_now
from app.pages.play.trying import as_intervention, space_of
from app.pages.previews import (
    AlignmentCard,
    CircuitCard,
    InterpretationCard,
    alignment_card,
    circuit_card,
    first_interpretations,
)
from app.pages.shared import Counts, counts_of

FEATURED_NETWORK: Final = "xor-pretrained"
_TRIED: Final = 12  # of the smallest circuits, among which the one that is shown is chosen


def featured_network(session: Session, addresses: Addresses) -> NetworkRow:
    """The network that introduces the site.

    Raises:
        NotFound: it is not stored.
    """
    row = find_featured(session)
    if row is None:
        cause, cure = "the bundled networks are not stored here", "start the server without --no-bundled"
        raise NotFound(f"network {FEATURED_NETWORK}", cause, cure, "network", addresses.gallery(), "all networks")
    return row


def find_featured(session: Session) -> NetworkRow | None:
    """The same, None if it is not stored."""
    try:
        return analyses.find_network(session, FEATURED_NETWORK)
    except StoreError:
        return None


@dataclass(frozen=True)
class Showcase:
    """What is shown of one analysed network; explanations are looked up when they are asked for.

    Args:
        session: reads the store.
        addresses: builds links.
        place: the network under the protocol ``complete``.
    """

    session: Session
    addresses: Addresses
    place: Place

    @cached_property
    def counts(self) -> Counts | None:
        """What the analysis found; None while there is none."""
        return None if self.place.analysis is None else counts_of(self.place.analysis)

    @cached_property
    def alignment(self) -> AlignmentCard | None:
        """The best alignment of the analysis."""
        if self.place.analysis is None:
            return None
        found = best_alignments(self.session, self.place.analysis.id, 1)
        return alignment_card(*found[0], self.place, self.addresses) if found else None

    @cached_property
    def circuit(self) -> tuple[CircuitCard, InterpretationCard] | None:
        """One of the smallest circuits with its first interpretation: of those whose interpretation disagrees with the
        alignment, or of all where none does, the one with the largest margin, so that it is no circuit that only just
        works.
        """
        if self.place.analysis is None:
            return None
        rows = smallest_circuits(self.session, self.place.analysis, _TRIED)
        shown = None
        for row in sorted(rows, key=lambda row: -row.margin):
            for reading in first_interpretations(self.place, [row], self.addresses):
                card = circuit_card(row, self.place.row.slug, self.place.scope, self.addresses)
                shown = shown or (card, reading)
                if self.alignment is None or self.disagreement([reading.ref, self.alignment.ref]):
                    return card, reading
        return shown

    def explanations(self, refs: Sequence[str]) -> list[Explanation]:
        """Explanations by their references."""
        return list(self.run(refs, Intervention(0)).explanations)

    def disagreement(self, refs: Sequence[str]) -> Intervention | None:
        """The crucial experiment with the largest margin."""
        predictions = [one.predictions(self._space) for one in self.explanations(refs)]
        found = most_divided(predictions, self._answers, self._space)
        return None if found is None else as_intervention(found)

    @cached_property
    def crucial(self) -> tuple[list[str], Intervention] | None:
        """The references of interpretation and alignment, and their crucial experiment; None where the two never
        disagree.
        """
        if self.circuit is None or self.alignment is None:
            return None
        refs = [self.circuit[1].ref, self.alignment.ref]
        change = self.disagreement(refs)
        return None if change is None else (refs, change)

    def flip(self, ref: str) -> Intervention | None:
        """An intervention that turns the network's decision around as an explanation predicts: of those that change the
        fewest neurons the one with the largest margin.
        """
        predictions = self.explanations([ref])[0].predictions(self._space)
        unchanged = self.place.question.task.truth_table
        turned = (predictions == self._answers.decisions) & (predictions == 1 - np.array(unchanged, dtype=np.int8))
        where = np.argwhere(turned & self._space.counted)
        if not len(where):
            return None
        margins = self._answers.margins[tuple(where.T)]
        sizes = [len(self._space.sets[number]) for number in where[:, 0].tolist()]
        best = where[np.lexsort((-margins, np.array(sizes)))[0]].tolist()
        return as_intervention(experiment_at([predictions], self._answers, self._space, (best[0], best[1], best[2])))

    def run(self, refs: Sequence[str], intervention: Intervention) -> NetworkPlay:
        """Play with some explanations and an intervention."""
        now = write_now(intervention, self.place.question.cut.n_inputs)
        return play_network(self.session, self.addresses, self.place, NetworkOptions(e=list(refs), now=now))

    @cached_property
    def unchanged(self) -> NetworkPlay:
        """Play before anything is changed or asked, on the first input that the task answers with 1."""
        ones = [row for row, bit in enumerate(self.place.question.task.truth_table) if bit]
        return self.run([], Intervention(ones[0] if ones else 0))

    @cached_property
    def _space(self) -> InterventionSpace:
        return space_of(self.place)

    @cached_property
    def _answers(self) -> NetworkAnswers:
        question = self.place.question
        return decide_under_interventions(question.cut, question.data.clean_rows, self._space)
