"""Findings of the studies that come with Pluriscope: docs/findings.md in short and chapter by chapter."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import Final

from analysis.studies.design import StudyDesign
from app.addressing import Addresses
from app.errors import NotFound
from app.pages.prose import chapters, items_of
from app.resources import DOCUMENTS
from pluriscope.blocks import Action, Block, Head, More, Prose, Section
from pluriscope.glossary import anchor_of
from pluriscope.markdown import DESIGNS

FINDINGS_FILE: Final = DOCUMENTS / "findings.md"
IN_SHORT: Final = "In short"
OTHER_ANSWERS: Final = "Answers of the other studies"
_STUDIES: Final = re.compile(r" Stud(?:y|ies): .*$")
_WITHIN: Final = re.compile(r"\]\(#([^)]+)\)")
_DESIGN: Final = re.compile(rf"\[([^\]]+)\]\({re.escape(DESIGNS)}([^)]+)\.json\)")
_LEADING: Final = re.compile(r"\*\*(.+?)\*\*(.*)$", re.DOTALL)


def findings(links: Addresses, stored: Collection[str]) -> Iterator[Block]:
    """All findings, the answers of other studies, and where the tables are; links lead to studies that are stored."""
    (_, intro), *rest = chapters(FINDINGS_FILE)
    studies = Action("Studies", links.studies())
    yield Head(
        "Findings", "What the studies that come with Pluriscope found, each with its numbers.", actions=[studies]
    )
    for number, text in enumerate(_in_short(), start=1):
        found = _LEADING.match(text)
        numbers = "" if found is None else found[2].lstrip(".,: ")
        yield Section(f"{number}. {headline_of(text)}", id=f"finding-{number}")
        yield Prose(_elsewhere(numbers[:1].upper() + numbers[1:], links, stored), glossary=False)
    yield Section("Tables", "Every chapter with its tables and intervals.")
    yield Prose("\n".join(f"- [{title}]({links.findings(key)})" for key, title in _tables().items()), glossary=False)
    others = "\n\n".join(dict(rest)[OTHER_ANSWERS])
    yield More(OTHER_ANSWERS, lambda: [Prose(_elsewhere(others, links, stored), glossary=False)])
    how = "\n\n".join(intro)
    yield More("How these were found", lambda: [Prose(_elsewhere(how, links, stored))], id="how")


def findings_chapter(links: Addresses, chapter: str, stored: Collection[str]) -> Iterator[Block]:
    """One chapter with its tables.

    Raises:
        NotFound: there is none.
    """
    if chapter not in _tables():
        cause, cure = "there is none", "choose one of the chapters there"
        raise NotFound(f"chapter {chapter[:60]!r}", cause, cure, "chapter", links.findings(), "all findings")
    title = _tables()[chapter]
    yield Head(title, actions=[Action("All findings", links.findings())])
    text = _elsewhere("\n\n".join(dict(chapters(FINDINGS_FILE))[title]), links, stored)
    yield Prose(re.sub(r"^### ", "## ", text, flags=re.MULTILINE))


def answers_of(slug: str, digest: str, links: Addresses) -> list[str]:
    """What was found with the design of a study, each answer as a line of Markdown; none for other studies.

    Args:
        slug: of the study.
        digest: of its design. A study of the same slug that asks something else has no answer here.
        links: of the chapters.
    """
    return answers_naming(f"{DESIGNS}{slug}.json", links) if _bundled_design(slug) == digest else []


def answers_naming(design: str, links: Addresses) -> list[str]:
    """The answers of the document that name a design, each as a line of Markdown."""
    return [_elsewhere(_STUDIES.sub("", text), links) for text in _answers() if f"]({design})" in text]


def headline_of(answer: str) -> str:
    """The leading sentence of an answer, without its stop."""
    found = _LEADING.match(answer)
    return (answer if found is None else found[1]).rstrip(".")


def _elsewhere(text: str, links: Addresses, stored: Collection[str] | None = None) -> str:
    """The same with links within the document leading to the page of the chapter, and none to studies not stored."""

    def address(found: re.Match[str]) -> str:
        chapter = _chapters_by_anchor().get(found[1], "")
        anchor = "" if found[1] == chapter else f"#{found[1]}"
        return f"]({links.findings(chapter)}{anchor})"

    def study(found: re.Match[str]) -> str:
        return found[0] if stored is None or found[2] in stored else f"{found[1]} (not stored here)"

    return _WITHIN.sub(address, _DESIGN.sub(study, text))


@lru_cache(maxsize=1)
def _tables() -> dict[str, str]:
    """The anchor of each chapter of tables → its title."""
    titles = [title for title, _ in chapters(FINDINGS_FILE) if title not in ("", IN_SHORT, OTHER_ANSWERS)]
    return {anchor_of(title): title for title in titles}


@lru_cache(maxsize=1)
def _chapters_by_anchor() -> dict[str, str]:
    """The anchor of each chapter of tables and of each heading in it → the anchor of the chapter."""
    found: dict[str, str] = {}
    for title, blocks in chapters(FINDINGS_FILE):
        if (chapter := anchor_of(title)) in _tables():
            headings = (block.removeprefix("### ") for block in blocks if block.startswith("### "))
            found |= {anchor_of(heading): chapter for heading in (title, *headings)}
    return found


@lru_cache(maxsize=1)
def _in_short() -> tuple[str, ...]:
    return _items(dict(chapters(FINDINGS_FILE))[IN_SHORT])


@lru_cache(maxsize=1)
def _answers() -> tuple[str, ...]:
    return _in_short() + _items(dict(chapters(FINDINGS_FILE))[OTHER_ANSWERS])


def _items(blocks: Sequence[str]) -> tuple[str, ...]:
    return tuple(item for block in blocks for item in items_of(block))


@lru_cache(maxsize=64)
def _bundled_design(slug: str) -> str:
    """Digest of the bundled design of that slug; "" if there is none."""
    file = resources.files("app.bundled") / "studies" / f"{slug}.json"
    return StudyDesign.model_validate_json(file.read_bytes()).digest if file.is_file() else ""
