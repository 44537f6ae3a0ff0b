"""Lessons: prepared states of Play with a question each, to be answered before the network is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

import numpy as np
from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.errors import AnalysisError
from analysis.experiments import InterventionSpace, NetworkAnswers, decide_under_interventions, experiment_at
from analysis.sandbox.choosing import most_divided
from analysis.sandbox.intervention import Intervention
from app.addressing import Addresses
from app.db.reads.circuits import smallest_circuits
from app.db.reads.networks import best_alignments
from app.errors import NotFound, PageError
from app.options import PageModel
from app.pages.explanations import Explanation
from app.pages.front import NETWORK
from app.pages.place import Place, locate_boolean
from app.pages.play.networks import NetworkPlay, play_network
from app.pages.play.state import NetworkOptions
from app.pages.play.tokens import write_now
from app.pages.play.trying import as_intervention, space_of
from pluriscope.blocks import Action, Block, Head, More, Notice, Prose, Section
from pluriscope.naming import ExplanationRef, Scope

_TRIED: Final = 12  # of the smallest circuits, among which the one that is shown is chosen


class Lesson(PageModel):
    """One exercise."""

    title: str
    question: str
    url: str = Field(description="Play, ready for it.")
    answer: str = Field(description="Hidden until it is asked for.")


class LessonsRecord(PageModel):
    """All exercises."""

    items: list[Lesson] = Field(description="Empty while the explanations they are about are still to be found.")
    network: str = Field(description="Slug of the network that they are about.")
    url: str


def lessons_record(session: Session, addresses: Addresses) -> LessonsRecord:
    """The exercises, on the network that introduces the site.

    Raises:
        NotFound: that network is not stored.
    """
    try:
        place = locate_boolean(session, addresses, NETWORK, Scope())
    except NotFound as error:
        cause, cure = "is not stored here, as no bundled one is", "start the server without --no-bundled"
        raise NotFound(f"network {NETWORK}", cause, cure, "network", error.parent, error.parent_label) from None
    shown = Showcase(session, addresses, place)
    return LessonsRecord(items=_lessons(shown), network=NETWORK, url=addresses.lessons())


def lesson_blocks(found: LessonsRecord, links: Addresses) -> Iterator[Block]:
    """The page."""
    yield Head(
        "Lessons",
        Markup(
            'Each exercise opens Play before anything is changed: predict what <a href="{}">the network</a> will do, '
            "then change it and see."
        ).format(links.network(found.network)),
    )
    for number, lesson in enumerate(found.items, start=1):
        yield Section(lesson.title, action=Action("Start", lesson.url, primary=number == 1), id=f"lesson-{number}")
        yield Prose(lesson.question)
        yield More("Answer", partial(_answer, lesson), id=f"answer-{number}")
    if not found.items:
        progress = Action("View progress", links.jobs())
        cause = "The exercises appear here when the analysis of the network has finished."
        yield Notice("Explanations are still being found", cause, state="computing", actions=[progress])


def _answer(lesson: Lesson) -> list[Block]:
    return [Prose(lesson.answer, glossary=False)]


@dataclass(frozen=True)
class Showcase:
    """An interpretation and an alignment of one network, and the interventions that say most about them.

    Args:
        session: reads the store.
        addresses: builds links.
        place: the network under the protocol ``complete``.
    """

    session: Session
    addresses: Addresses
    place: Place

    @cached_property
    def crucial(self) -> tuple[list[str], Intervention] | None:
        """The references of an interpretation and of the best alignment with the intervention on which they disagree
        most clearly: of the smallest circuits the one with the largest margin whose first interpretation does, so that
        it is none that only just works. None while there is none.
        """
        analysis = self.place.analysis
        aligned = [] if analysis is None else best_alignments(self.session, analysis.id, 1)
        if analysis is None or not aligned:
            return None
        [(alignment, algorithm)] = aligned
        other = str(ExplanationRef("alignment", algorithm.algorithm_id, alignment.alignment_id))
        for row in sorted(smallest_circuits(self.session, analysis, _TRIED), key=lambda row: -row.margin):
            refs = [str(ExplanationRef("interpretation", row.mask, "0")), other]
            with suppress(PageError, AnalysisError):  # it has none, or too many to be counted
                change = self._disagreement(refs)
                if change is not None:
                    return refs, change
        return None

    def _disagreement(self, refs: Sequence[str]) -> Intervention | None:
        """The crucial experiment with the largest margin."""
        predictions = [one.predictions(self._space) for one in self._explanations(refs)]
        found = most_divided(predictions, self._answers, self._space)
        return None if found is None else as_intervention(found)

    def _explanations(self, refs: Sequence[str]) -> Sequence[Explanation]:
        return self.run(refs, Intervention(0)).explanations

    def flip(self, ref: str) -> Intervention | None:
        """An intervention that turns the network's decision around as an explanation predicts: of those that change the
        fewest neurons the one with the largest margin.
        """
        predictions = self._explanations([ref])[0].predictions(self._space)
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
    def _space(self) -> InterventionSpace:
        return space_of(self.place)

    @cached_property
    def _answers(self) -> NetworkAnswers:
        question = self.place.question
        return decide_under_interventions(question.cut, question.data.clean_rows, self._space)


def _lessons(shown: Showcase) -> list[Lesson]:
    if shown.crucial is None:
        return []
    (reading, alignment), apart = shown.crucial
    flip = shown.flip(alignment)
    if flip is None:
        return []
    flipped, divided = shown.run([alignment], flip), shown.run([reading, alignment], apart)
    right = "the alignment" if divided.right[1] else "the interpretation"
    return [
        Lesson(
            title="Predict a patch",
            question=f"An alignment says which variables neurons carry. {_experiment(flipped)}: what will the network "
            "decide? Predict before you patch.",
            url=flipped.clear_url,
            answer=f"The alignment predicts {flipped.said[0].bit}, and the network decides so: the output "
            "goes from one side of 0.5 to the other.",
        ),
        Lesson(
            title="One experiment, two explanations",
            question="An interpretation and an alignment of the same network both pass the usual tests. "
            f"{_experiment(divided)}: they predict different outputs. Which of them is correct? Say before you patch.",
            url=divided.clear_url,
            answer=f"Here {right} is correct. One experiment does not decide between them for good: the other may be "
            "correct elsewhere.",
        ),
        Lesson(
            title="Find an experiment yourself",
            question="The same two explanations, and nothing is changed yet. Patch neurons until the two predictions "
            "differ. How few changes do you need?",
            url=shown.run([reading, alignment], Intervention(0)).url,
            answer="“What to try next” in Play lists interventions that separate the two. One of them changes "
            f"{len(divided.changes)} of the {sum(shown.place.question.cut.sizes[1:-1])} hidden neurons.",
        ),
    ]


def _experiment(run: NetworkPlay) -> str:
    names = " and ".join(map(run.name_of, run.changes))
    return f"On input {run.bits(run.now.base)} with {names} patched from {run.bits(run.changes[0].source)}"
