"""Pages of one explanation: each declared once, as a function from the explanation and its options to blocks.

Its address, its parts, its refusals, its content as JSON, its drawings and cards and its offline copy follow from the
declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar, get_origin

from markupsafe import escape
from pydantic import ValidationError
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.explanations.registry import KIND_OF
from app.db.tables import NetworkRow
from app.errors import BadQuery
from app.options import Options, ScopeOptions
from app.pages.explanations import Explanation
from app.pages.place import BOOLEAN, StoredQuestion
from app.pages.sharing.facts import InShort, Shared
from pluriscope.address import Addresses
from pluriscope.blocks import Block, Facts, Head
from pluriscope.naming import IN_LIBRARY, ExplanationRef, Scope
from pluriscope.records import ExplanationRecord

Model = TypeVar("Model", bound=Options)
EXPLANATION: Final = "/networks/{network}/explanations/{ref}"
DRAWING: Final = "drawing"
"""The id of the figure of the very thing that a page is about; other figures with an id are files as well."""


@dataclass(frozen=True)
class One:
    """One explanation at its own address, with the store that it is read from."""

    session: Session
    links: Addresses
    explanation: Explanation

    @property
    def place(self) -> StoredQuestion[Any]:
        """What it is an explanation of."""
        return self.explanation.place

    @property
    def ref(self) -> ExplanationRef:
        """How addresses name it."""
        return self.explanation.ref

    @property
    def item(self) -> Any:
        """The engine's value; of a circuit of a network other than a perceptron its mask."""
        return self.explanation.item

    @property
    def mask(self) -> int:
        """Of a circuit."""
        return int(self.ref.first, 16)

    @property
    def name(self) -> str:
        """Its reference, as pages write it."""
        return str(self.ref).replace("-", "·", 1)

    def url(self, **view: Any) -> str:
        """Its address with further options of its page."""
        return self.links.explanation(self.place.slug, self.ref, self.place.scope, **view)

    def told(self, stored: bool) -> dict[str, Any]:
        """What every record says.

        Args:
            stored: whether an analysis here holds it.
        """
        return {
            "ref": str(self.ref),
            "url": self.url(),
            "network": self.place.row.digest,
            "output": self.place.scope.output,
            "protocol": self.place.protocol_digest,
            "data": self.place.data_digest,
            "engine_version": ENGINE_VERSION,
            "stored": stored,
        }


@dataclass(frozen=True)
class Page:
    """The page of one kind of explanation.

    Args:
        blocks: what it consists of.
        record: the explanation as JSON.
    """

    blocks: Callable[[One, Any], Iterator[Block]]
    record: Callable[[One], ExplanationRecord]
    options: type[ScopeOptions]


def page(
    record: Callable[[One], ExplanationRecord], options: type[ScopeOptions] = ScopeOptions
) -> Callable[[Callable[[One, Any], Iterator[Block]]], Page]:
    """Declare a page by the function that makes its blocks."""
    return lambda blocks: Page(blocks, record, options)


@dataclass(frozen=True)
class Document(Shared):
    """What an address of an explanation shows.

    Args:
        page: its declaration.
        one: the explanation.
    """

    page: Page
    one: One
    options: ScopeOptions

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All of it, what is folded not yet computed."""
        return tuple(self.page.blocks(self.one, self.options))

    @property
    def head(self) -> Head:
        return next(block for block in self.blocks if isinstance(block, Head))

    @property
    def facts(self) -> Facts:
        """The figures that say most."""
        return next(block for block in _all(self.blocks) if isinstance(block, Facts))

    @property
    def title(self) -> str:
        """What it is, of which network."""
        return f"{escape(self.head.title).striptags()} of {self.network.name}"

    @property
    def in_short(self) -> InShort:
        kind, ref = KIND_OF[self.one.ref.kind], self.one.ref
        facts, cited = self.facts.facts, self.one.place.cited
        return InShort.of(kind.heading, self.title, facts, f"{kind.noun} {ref}", cited, self.one.place.analysis)

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.network, self.one.place.scope

    @property
    def in_library(self) -> bool:
        return not self.one.place.question.kind.refuses(BOOLEAN) and self.one.ref.kind in IN_LIBRARY

    @property
    def verifies(self) -> bool:
        return not self.one.place.question.kind.refuses(BOOLEAN)

    @property
    def network(self) -> NetworkRow:
        return self.one.place.row

    @property
    def url(self) -> str:
        return self.one.url()


def _all(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks and what is in them without asking."""
    for block in blocks:
        yield block
        yield from _all(block.inner)


def read_options(model: type[Model], query: Sequence[tuple[str, str]]) -> Model:
    """The options of a page as an address gives them; of one that is no list the last value counts.

    Raises:
        BadQuery: one is unknown or out of range.
    """
    given: dict[str, Any] = {}
    for key, value in query:
        field = model.model_fields.get(key)
        if field is not None and get_origin(field.annotation) is list:
            given.setdefault(key, []).append(value)
        else:
            given[key] = value
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            cause, cure = "is unknown here", f"use one of {', '.join(model.model_fields)}"
        else:
            cause, cure = first["msg"][:1].lower() + first["msg"][1:], "correct it or leave it out"
        raise BadQuery(f"option {name!r} {str(first.get('input'))[:60]!r}", cause, cure, name) from None
