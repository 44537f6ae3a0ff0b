"""Lessons: prepared states of Play with a question each, to be answered before the network is changed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.errors import NotFound
from app.pages.compare.compared import Compared
from app.pages.compare.networks import of_network
from app.pages.explanations import find_explanation
from app.pages.place import locate_boolean
from app.pages.story import NETWORK, PAIR
from pluriscope.blocks import Action, Block, Head, More, Prose, Section
from pluriscope.naming import ExplanationRef, Scope
from pluriscope.records import ContradictionRecord


class Lesson(NamedTuple):
    """One exercise.

    Args:
        title: of it.
        question: to be answered before anything is changed.
        url: of Play, ready for it.
        answer: hidden until it is asked for.
    """

    title: str
    question: str
    url: str
    answer: str


def lessons(session: Session, links: Addresses) -> Iterator[Block]:
    """The exercises, on the two explanations that introduce the site.

    Raises:
        NotFound: their network is not stored.
    """
    try:
        place = locate_boolean(session, links, NETWORK, Scope())
    except NotFound as error:
        cause, cure = "is not stored here, as no bundled one is", "start the server without --no-bundled"
        raise NotFound(f"network {NETWORK}", cause, cure, "network", error.parent, error.parent_label) from None
    pair = [find_explanation(session, links, place, ExplanationRef.parse(ref)) for ref in PAIR]
    yield Head(
        "Lessons",
        Markup(
            'Each exercise opens Play before anything is changed: predict what <a href="{}">the network</a> will do, '
            "then change it and see."
        ).format(links.network(NETWORK)),
    )
    for number, lesson in enumerate(_lessons(of_network(session, links, place, pair)), start=1):
        yield Section(lesson.title, action=Action("Start", lesson.url, primary=number == 1), id=f"lesson-{number}")
        yield Prose(lesson.question)
        yield More("Answer", partial(_answer, lesson), id=f"answer-{number}")


def _answer(lesson: Lesson) -> list[Block]:
    return [Prose(lesson.answer, glossary=False)]


def _lessons(found: Compared) -> Iterator[Lesson]:
    """What the two say of the interventions on which they contradict each other, the clearest first."""
    told = [found.contradiction(number) for number in found.trials.apart.tolist()]
    first = told[0]
    other = next(one for one in told if one.right != first.right)

    def start(one: ContradictionRecord, number: int = len(PAIR)) -> str:
        return found.links.play(NETWORK, found.refs[:number], found.scope, now=one.base)

    yield Lesson(
        title="Predict a patch",
        question=f"An interpretation says which question each neuron answers. {_experiment(first)}: what does "
        f"explanation {found.letters[0]} predict, and what will the network decide? Predict before you patch.",
        url=start(first, 1),
        answer=f"Explanation {found.letters[0]} predicts {first.says[found.letters[0]]}, and the network decides "
        f"{first.happens}.",
    )
    yield Lesson(
        title="One experiment, two explanations",
        question="Two interpretations of the same circuit both pass the usual tests. "
        f"{_experiment(other)}: they predict different outputs. Which of them is correct? Say before you patch.",
        url=start(other),
        answer=f"Here {' and '.join(other.right)} is correct. One experiment does not decide between them for good: "
        "the other may be correct elsewhere.",
    )
    yield Lesson(
        title="Find an experiment yourself",
        question="The same two explanations, and nothing is changed yet. Patch neurons until the two predictions "
        "differ. How few changes do you need?",
        url=start(first),
        answer=f"[Compare]({found.url}) lists all {len(told)} interventions that separate the two. The smallest "
        f"patches {min(one.neurons.count('+') for one in told) + 1} of the hidden neurons.",
    )


def _experiment(one: ContradictionRecord) -> str:
    return f"On input {one.base} with {one.neurons.replace(' + ', ' and ')} patched from {one.source}"
