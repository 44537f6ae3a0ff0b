"""Findings of the studies that come with Pluriscope: docs/findings.md as a page, and the answer of each study."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.studies.design import StudyDesign
from app.addressing import Addresses
from app.db.reads.studies import all_studies
from app.options import PageModel
from app.pages.prose import DESIGNS, Block, Chapter, Piece, block_of, chapter, chapters, items_of, pieces
from app.resources import DOCUMENTS

FINDINGS_FILE: Final = DOCUMENTS / "findings.md"
IN_SHORT: Final = "In short"
OTHER_ANSWERS: Final = "Answers of the other studies"
_STUDIES: Final = re.compile(r" Stud(?:y|ies): .*$")


class FindingsPage(PageModel):
    """What the studies found, as the document says it, its tables among it."""

    intro: list[Block]
    chapters: list[Chapter] = Field(description="The first holds the findings in short.")
    url: str


def build_findings(session: Session, addresses: Addresses) -> FindingsPage:
    """The page as it stands in the documentation; studies that are not stored here are named without a link."""
    (_, intro), *rest = chapters(FINDINGS_FILE)
    stored = {addresses.study(row.slug) for row in all_studies(session)}

    def shown(piece: Piece) -> Piece:
        missing = piece.url is not None and piece.url.startswith(addresses.studies()) and piece.url not in stored
        return Piece(text=piece.text, manner="plain") if missing else piece

    def linked(block: Block) -> Block:
        return Block(kind=block.kind, rows=[[[shown(piece) for piece in cell] for cell in row] for row in block.rows])

    found = [chapter(title, blocks, addresses) for title, blocks in rest]
    return FindingsPage(
        intro=[block_of(block, addresses) for block in intro],
        chapters=[one.model_copy(update={"blocks": [linked(block) for block in one.blocks]}) for one in found],
        url=addresses.findings(),
    )


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


def headlines(addresses: Addresses, most: int) -> list[list[Piece]]:
    """The first findings in short, each as its leading sentence and nothing after it."""
    leading = ([piece for piece in pieces(text, addresses) if piece.manner == "strong"] for text in _in_short())
    return [
        [piece.model_copy(update={"text": piece.text.rstrip(".")}) for piece in sentence]
        for sentence in leading
        if sentence
    ][:most]


def _elsewhere(line: list[Piece], addresses: Addresses) -> list[Piece]:
    """The same with links within the document leading there."""
    here = addresses.findings()
    return [
        piece.model_copy(update={"url": f"{here}{piece.url}"}) if (piece.url or "").startswith("#") else piece
        for piece in line
    ]


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
