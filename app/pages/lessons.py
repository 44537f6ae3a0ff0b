"""Lessons: prepared states of Play with a question each, to be answered before the network is changed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.sandbox.intervention import Intervention
from app.addressing import Addresses
from app.options import PageModel
from app.pages.place import locate_boolean
from app.pages.play.networks import NetworkPlay
from app.pages.showcase import Showcase, featured_network
from pluriscope.blocks import Action, Block, Head, More, Notice, Prose, Section
from pluriscope.naming import Scope


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
    row = featured_network(session, addresses)
    shown = Showcase(session, addresses, locate_boolean(session, addresses, row.slug, Scope()))
    return LessonsRecord(items=_lessons(shown), network=row.slug, url=addresses.lessons())


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
