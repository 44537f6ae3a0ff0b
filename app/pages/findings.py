"""Findings of the studies that come with Pluriscope: docs/findings.md as a page, and the answer of each study."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.studies.design import StudyDesign
from app.addressing import Addresses
from app.db.reads.studies import all_studies
from app.errors import NotFound
from app.options import Options, PageModel
from app.pages.prose import Block, Chapter, Piece, block_of, chapters, items_of, pieces
from app.resources import DOCUMENTS
from pluriscope.glossary import anchor_of
from pluriscope.markdown import DESIGNS

FINDINGS_FILE: Final = DOCUMENTS / "findings.md"
IN_SHORT: Final = "In short"
OTHER_ANSWERS: Final = "Answers of the other studies"
FRONT_PAGE: Final = (
    "alice-or-bob.json",
    "training-shrinks.json",
    "each-method.json",
    "one-induction-circuit.design.json",
)
"""Designs whose first finding the front page names."""
_STUDIES: Final = re.compile(r" Stud(?:y|ies): .*$")


class FindingsOptions(Options):
    """Options of the findings."""

    chapter: str = Field("", max_length=100, description="Anchor of the chapter that is shown alone; empty: in short.")


class Finding(PageModel):
    """One finding in short."""

    anchor: str
    headline: list[Piece] = Field(description="What was found, as a sentence without its stop.")
    evidence: list[Piece] = Field(description="The numbers behind it, and the studies they are from.")


class FrontFinding(PageModel):
    """A finding as the front page names it."""

    headline: list[Piece]
    url: str


class ChapterLink(PageModel):
    """A chapter of tables."""

    title: str
    url: str
    current: bool


class FindingsPage(PageModel):
    """What the studies found, as the document says it: in short, or the tables of one chapter."""

    intro: list[Block] = Field(description="How everything was found.")
    findings: list[Finding] = Field(description="The findings in short; empty where a chapter is shown.")
    chapters: list[Chapter] = Field(description="The chapter that is shown; without one, the answers of other studies.")
    contents: list[ChapterLink] = Field(description="All chapters of tables.")
    url: str


def build_findings(session: Session, addresses: Addresses, options: FindingsOptions) -> FindingsPage:
    """The page as it stands in the documentation; studies that are not stored here are named without a link.

    Raises:
        NotFound: no such chapter.
    """
    (_, intro), *rest = chapters(FINDINGS_FILE)
    tables = [title for title, _ in rest if title not in (IN_SHORT, OTHER_ANSWERS)]
    if options.chapter and options.chapter not in map(anchor_of, tables):
        cause, cure = "there is none", "choose one of the chapters there"
        raise NotFound(f"chapter {options.chapter}", cause, cure, "chapter", addresses.findings(), "all findings")
    stored = {addresses.study(row.slug) for row in all_studies(session)}

    def shown(piece: Piece) -> Piece:
        missing = piece.url is not None and piece.url.startswith(addresses.studies()) and piece.url not in stored
        return Piece(text=piece.text, manner="plain") if missing else piece

    def linked(line: Sequence[Piece]) -> list[Piece]:
        return [shown(piece) for piece in _elsewhere(line, addresses)]

    def blocks_of(blocks: Sequence[str]) -> list[Block]:
        found = [block_of(block, addresses) for block in blocks]
        return [Block(kind=one.kind, rows=[[linked(cell) for cell in row] for row in one.rows]) for one in found]

    wanted = options.chapter or anchor_of(OTHER_ANSWERS)
    return FindingsPage(
        intro=blocks_of(intro),
        findings=[]
        if options.chapter
        else [_finding(line, n, addresses, linked) for n, line in enumerate(_in_short())],
        chapters=[
            Chapter(title=title, anchor=anchor_of(title), blocks=blocks_of(blocks))
            for title, blocks in rest
            if anchor_of(title) == wanted
        ],
        contents=[
            ChapterLink(
                title=title, url=addresses.findings(anchor_of(title)), current=anchor_of(title) == options.chapter
            )
            for title in tables
        ],
        url=addresses.findings(options.chapter),
    )


def _finding(text: str, number: int, addresses: Addresses, linked: Callable[[Sequence[Piece]], list[Piece]]) -> Finding:
    """One finding in short: its leading sentence, and what follows it as sentences of their own."""
    line = pieces(text, addresses)
    headline, evidence = _headline(line), linked(line[1:])
    if evidence:
        rest = evidence[0].text.lstrip(".,: ")
        evidence[0] = evidence[0].model_copy(update={"text": rest[:1].upper() + rest[1:]})
    return Finding(anchor=_anchor(number), headline=headline, evidence=evidence)


def _headline(line: Sequence[Piece]) -> list[Piece]:
    """The leading sentence of a finding without its stop."""
    return [line[0].model_copy(update={"text": line[0].text.rstrip(".")})]


def _anchor(number: int) -> str:
    """Where a finding in short stands, by its place in the list from 0."""
    return f"finding-{number + 1}"


def answers_of(slug: str, digest: str, addresses: Addresses) -> list[list[Piece]]:
    """What was found with the design of a study, each answer as a line of text; none for other studies.

    Args:
        slug: of the study.
        digest: of its design. A study of the same slug that asks something else has no answer here.
    """
    return answers_naming(f"{DESIGNS}{slug}.json", addresses) if _bundled_design(slug) == digest else []


def answers_naming(design: str, addresses: Addresses) -> list[list[Piece]]:
    """The answers of the document that name a design, each as a line of text.

    Args:
        design: as the document names it.
    """
    return [
        _elsewhere(pieces(_STUDIES.sub("", text), addresses), addresses)
        for text in _answers()
        if f"]({design})" in text
    ]


def headlines(addresses: Addresses) -> list[FrontFinding]:
    """Findings that can be read without knowing the words of this site, each as its leading sentence."""
    found = []
    for design in FRONT_PAGE:
        number, text = next((n, text) for n, text in enumerate(_in_short()) if f"{design})" in text)
        url = f"{addresses.findings()}#{_anchor(number)}"
        found.append(FrontFinding(headline=_headline(pieces(text, addresses)), url=url))
    return found


def _elsewhere(line: Sequence[Piece], addresses: Addresses) -> list[Piece]:
    """The same with links within the document leading to the page of the chapter."""
    return [
        piece.model_copy(update={"url": _within(piece.url[1:], addresses)})
        if piece.url is not None and piece.url.startswith("#")
        else piece
        for piece in line
    ]


def _within(anchor: str, addresses: Addresses) -> str:
    """The address of a chapter or of a heading within one; of what is in short, of the page that begins with that."""
    chapter = _chapters_by_anchor().get(anchor, "")
    if not chapter:
        return f"{addresses.findings()}#{anchor}"
    return addresses.findings(chapter) + (f"#{anchor}" if anchor != chapter else "")


@lru_cache(maxsize=1)
def _chapters_by_anchor() -> dict[str, str]:
    """The anchor of each chapter of tables and of each heading in it → the anchor of the chapter."""
    found = {}
    for title, blocks in chapters(FINDINGS_FILE):
        if title not in ("", IN_SHORT, OTHER_ANSWERS):
            chapter = found[anchor_of(title)] = anchor_of(title)
            headings = (block.removeprefix("### ") for block in blocks if block.startswith("### "))
            found |= {anchor_of(heading): chapter for heading in headings}
    return found


@lru_cache(maxsize=1)
def _in_short() -> tuple[str, ...]:
    return tuple(item for block in dict(chapters(FINDINGS_FILE))[IN_SHORT] for item in items_of(block))


@lru_cache(maxsize=1)
def _answers() -> tuple[str, ...]:
    others = dict(chapters(FINDINGS_FILE))[OTHER_ANSWERS]
    return _in_short() + tuple(item for block in others for item in items_of(block))


@lru_cache(maxsize=64)
def _bundled_design(slug: str) -> str:
    """Digest of the bundled design of that slug; "" if there is none."""
    file = resources.files("app.bundled") / "studies" / f"{slug}.json"
    return StudyDesign.model_validate_json(file.read_bytes()).digest if file.is_file() else ""
