"""Every criterion on one page, and each on a page of its own, made from the registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.app.errors import NotFound
from pluriscope.app.options import PageModel
from pluriscope.app.pages.example import NETWORK
from pluriscope.documents.criteria import EVERY, details, plurals
from pluriscope.page_kit.blocks import Action, Block, Head, Prose, Table
from pluriscope.page_kit.templating import linked

QUESTION: Final = "Which tests can an explanation pass, and what does each ask?"
_BY_KEY: Final = {one.key: one for one in EVERY}


class CriterionRecord(PageModel):
    """A criterion in words."""

    key: str
    label: str
    definition: str
    formula: str
    kinds: list[str] = Field(
        description="Kinds of explanations that it judges; none: explanations of models of other kinds alone."
    )
    parameters: dict[str, float | int] = Field(description="What may be set, with the defaults.")
    method: str = Field(description="How it is decided, and how exactly.")
    source: str
    url: str


class CriteriaRecord(PageModel):
    """Every criterion."""

    criteria: list[CriterionRecord]


def criterion_called(key: str, links: Addresses) -> Criterion:
    """The criterion of a key.

    Raises:
        NotFound: there is none.
    """
    if key not in _BY_KEY:
        raise NotFound(f"criterion {key[:40]!r}", "does not exist", f"take one of {links.criteria()}")
    return _BY_KEY[key]


def criterion_record(one: Criterion, links: Addresses) -> CriterionRecord:
    """A criterion as JSON."""
    return CriterionRecord.showing(one, kinds=_kinds(one), parameters=one.defaults, url=links.criteria(one.key))


def criteria_record(links: Addresses) -> CriteriaRecord:
    """All as JSON."""
    return CriteriaRecord(criteria=[criterion_record(one, links) for one in EVERY])


def criteria_blocks(links: Addresses) -> Iterator[Block]:
    """The list."""
    yield Head("Criteria", QUESTION)
    rows = [
        (linked(one.label, links.criteria(one.key), "link"), ", ".join(plurals(one)), one.definition) for one in EVERY
    ]
    yield Table.plain(("Criterion", "Of", "What passes"), rows)


def criterion_blocks(one: Criterion, links: Addresses) -> Iterator[Block]:
    """Page of a criterion."""
    passing = Action("Explanations that pass it", links.explanations(NETWORK, passes=one.key))
    yield Head(one.label, one.definition, actions=[passing] if _kinds(one) else [])
    yield Prose("\n".join(details(one)))


def _kinds(one: Criterion) -> list[str]:
    return [*one.kinds]
