"""The pages of Learn: all of it on one, one lesson, slides, hand-outs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.errors import NotFound
from pluriscope.app.pages.page import read_options
from pluriscope.page_kit.blocks import Action, Block, Head, Menu, More, Notice
from pluriscope.page_kit.templating import AS_FILE, PART, render
from pluriscope_learn.lesson import Lesson, LessonNetwork
from pluriscope_learn.registry import LESSONS, LEVEL, NUMBERS, PLANS, STORY

_BY_SLUG: Final = {one.slug: one for one in LESSONS}


@dataclass(frozen=True, kw_only=True)
class Sheet(Block):
    """Block that a template of Learn renders.

    Args:
        template: its name.
        values: what its template shows.
    """

    template: str
    values: Mapping[str, Any]

    def html(self, part: str = "") -> Markup:
        return render(f"learn/{self.template}.html", **self.values)


def lesson_called(slug: str, links: Addresses) -> Lesson:
    """The lesson that an address names.

    Raises:
        NotFound: there is none.
    """
    if slug not in _BY_SLUG:
        first = LESSONS[0]
        cure = f"use {', '.join(_BY_SLUG)}"
        raise NotFound(
            f"lesson {slug[:60]!r}", "does not exist", cure, "lesson", links.url("learn", first.slug), first.title
        )
    return _BY_SLUG[slug]


def learn(session: Session, links: Addresses) -> Iterator[Block]:
    """All of it; where the network is not stored, without pictures."""
    many = NUMBERS[len(LESSONS)]
    yield Head(
        f"Learn it in {NUMBERS[STORY]} minutes. Teach it in {NUMBERS_OF_TENS[min(PLANS) // 10]}.",
        "Mechanistic interpretability claims to find out how a network computes. Is there one explanation, that is: is "
        f"it identifiable? Start with the story. Then {many} short lessons: each sets a task on a real network, lets "
        f"you try, and shows what came of it. {LEVEL}",
        actions=[Action("Start the story", links.front(), primary=True), Menu("Share", (), links.url("learn"))],
    )
    of = None
    try:
        of = LessonNetwork.stored(session, links)
    except NotFound as error:
        yield Notice.refused(error)
    lessons = [(one, links.url("learn", one.slug), _picture(one, of)) for one in LESSONS]
    urls: dict[int | None, str] = {
        None: "",
        0: links.url("learn", "slides"),
        **{n: links.url("learn", one.slug) for n, one in enumerate(LESSONS, start=1)},
    }
    plans = {minutes: [(part, urls[part.lesson]) for part in parts] for minutes, parts in PLANS.items()}
    yield Sheet(template="all", values={"lessons": lessons, "plans": plans})


NUMBERS_OF_TENS: Final = ("", "ten", "twenty", "thirty", "forty")


def _picture(lesson: Lesson, of: LessonNetwork | None) -> Markup:
    """The picture of a lesson, none where what it shows is not stored."""
    try:
        return Markup("") if of is None else lesson.picture(of)
    except NotFound:
        return Markup("")


def lesson(session: Session, links: Addresses, slug: str, query: Sequence[tuple[str, str]]) -> Iterator[Block]:
    """Page of a lesson in the state of its address.

    Raises:
        NotFound: there is no such lesson, its network is not stored, or an analysis that it is about.
        BadQuery: an option that it has not, or that cannot be read.
    """
    found = lesson_called(slug, links)
    state, of = read_options(found.options, query), LessonNetwork.stored(session, links)
    board, number = found.board(of, state), LESSONS.index(found) + 1
    answers = [] if board.opens else [(one, of.at(slug, state, answer=one.key)) for one in found.answers(of)]
    chosen = next((one for one, _ in answers if one.key == state.answer), None)
    yield Sheet(
        template="lesson",
        values={
            "lesson": found,
            "number": number,
            "of": len(LESSONS),
            "board": board,
            "answers": answers or [(one, "") for one in found.answers(of)],
            "chosen": chosen,
            "again": links.url("learn", slug),
        },
    )
    values = {"slug": slug, "n": found.numbers(of), "lesson": found, "number": number}
    if (PART, AS_FILE) not in query:  # a file is for pupils
        notes = (_button("notes", "the notes"), Sheet(template="notes", values=values))
        yield More("Teacher’s notes", lambda: notes, "with the answers", id="notes")
    after = LESSONS[number] if number < len(LESSONS) else None
    share = Menu("Share", (), of.at(slug, state))
    yield Sheet(template="foot", values={"after": after, "share": share})
    yield Sheet(template="handout", values=values)


def sheets(session: Session, links: Addresses, template: str) -> Iterator[Block]:
    """The hand-outs or the notes of all lessons, a page each on paper."""
    of, many = LessonNetwork.stored(session, links), NUMBERS[len(LESSONS)].capitalize()
    title, said = {
        "handout": ("Hand-outs", "black on white, one for each lesson, without answers."),
        "notes": ("Teacher’s notes", f"one for each lesson, with the answers. {LEVEL}"),
    }[template]
    page = links.url("learn", "hand-outs" if template == "handout" else template)
    yield Head(title, f"{many} pages to print, {said}", actions=[Menu("Share", (), page)])
    yield _button("all", "all of them")
    for number, one in enumerate(LESSONS, start=1):
        values = {"slug": one.slug, "n": one.numbers(of), "lesson": one, "number": number}
        yield Sheet(template=template, values=values)


def plan(links: Addresses, minutes: int) -> Iterator[Block]:
    """A plan on one page: minute by minute what is done, what to ask, what to keep."""
    starts = accumulate((part.takes for part in PLANS[minutes]), initial=0)
    page = links.url("learn", "notes", minutes=minutes)
    yield Head(f"{minutes} minutes", "One page to print.", actions=[Menu("Share", (), page)])
    yield _button("all", "it")
    values = {"minutes": minutes, "parts": list(zip(starts, PLANS[minutes], strict=False)), "level": LEVEL}
    yield Sheet(template="plan", values=values)


def _button(what: str, words: str) -> Sheet:
    return Sheet(template="print", values={"what": what, "words": words})
