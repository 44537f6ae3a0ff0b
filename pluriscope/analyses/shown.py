"""How an analysis is shown: what its page, its card and the pages of single explanations take from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

from markupsafe import Markup

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.question import Question
from analysis.report import Analysed
from app.addressing import Addresses
from app.figures.svg import circuit_thumb
from pluriscope.analyses.registry import Analysis
from pluriscope.blocks import Block, Text
from pluriscope.naming import ExplanationRef, Scope


@dataclass(frozen=True, eq=False)
class Subject:
    """What an analysis was asked about.

    Args:
        question: that its search answered.
        name: of the network.
        slug: of the network.
        scope: of the analysis, as addresses have it.
        links: makes addresses.
        read: what was found before, read when a page needs it.
    """

    question: Question
    name: str
    slug: str
    scope: Scope
    links: Addresses
    read: Callable[[], Analysed]

    @cached_property
    def analysed(self) -> Analysed:
        """What was found before."""
        return self.read()

    def thumb(self, mask: str, **more: Any) -> Markup:
        """The drawing of a circuit."""
        return circuit_thumb(self.question.cut.weights, mask, title=f"Circuit {mask}", **more)

    def circuit(self, mask: str) -> Markup:
        """A circuit as a link."""
        url = self.links.circuit(self.slug, mask, self.scope)
        return Markup('<a class="mono" href="{}">c·{}</a>').format(url, mask)

    def algorithm(self, one: HighLevelModel) -> Markup:
        """An algorithm as a link."""
        url = self.links.algorithm(self.slug, one.id, self.scope)
        return Markup('<a class="f" href="{}">{}</a>').format(url, one.formula)

    def compare(self, refs: Iterable[ExplanationRef]) -> str:
        """The address of a comparison."""
        return self.links.compare(self.slug, [str(ref) for ref in refs], self.scope)


@dataclass(frozen=True)
class Item:
    """The page of one thing of an analysis, such as one method under some settings.

    Args:
        title: of the page.
        blocks: what it consists of, its head first.
        record: the same as JSON.
    """

    title: str
    blocks: Callable[[], Iterable[Block]]
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """How one analysis is shown.

    Args:
        thumb: report and subject → its drawing, 248 by 120.
        page: report and subject → what follows the head of its page.
        item: the same, the name of one thing and options → its page, whether anything is stored or not; raises
            AnalysisError where there is no such thing. None if there are no such pages.
        about: the same and one explanation → what its page says of it.
    """

    thumb: Callable[[Any, Subject], Markup]
    page: Callable[[Any, Subject], Iterable[Block]]
    item: Callable[[Any, Subject, str, Mapping[str, str]], Item] | None = None
    about: Callable[[Any, Subject, ExplanationRef], Iterable[Block]] | None = None


def shown(analysis: Analysis) -> Shown:
    """How an analysis is shown, by the file of its name."""
    found: Shown = import_module(f"pluriscope.analyses.{analysis.key}").SHOWN
    return found


def listed(parts: Iterable[Text], nothing: str) -> Text:
    """Several things with "and" between."""
    return Markup(" and ").join(parts) or nothing


def neurons(layer: int, some: Iterable[int]) -> str:
    """Some neurons of a layer for people: ``n1.0 + n1.2``."""
    return " + ".join(f"n{layer}.{one}" for one in some)


def input_words(row: int, n_inputs: int) -> str:
    """An input by its number in binary order: ``01``."""
    return f"{row:0{n_inputs}b}"
