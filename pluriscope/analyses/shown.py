"""The record by which an analysis is shown: on its page, on its card and on the pages of single explanations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any, Final, Generic, Literal

from markupsafe import Markup
from pydantic import BaseModel, Field, create_model

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef, Scope
from pluriscope.analyses.analysis import Analysis
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.discovery.landscape import Landscape
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.errors import ExplainedError
from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.methods.settings import Setting
from pluriscope.analysis.planted.circuit import PlantedExplanation
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import Q_co, SubjectQuestion, part
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.page_kit.blocks import Block, Text

OLDER: Final = "Made by an older version"
AGAIN: Final = "The method answers otherwise today. A worker makes it again when nothing else waits, if it is quick."


@dataclass(frozen=True, eq=False)
class AnalysisContext(Generic[Q_co]):
    """Subject of an analysis, with what is known about it.

    Args:
        question: about the network.
        name: of the network.
        slug: of the network.
        scope: of the analysis, as addresses have it.
        read: what was found before, read when a page needs it.
        sizes: valid circuits by their size.
        planted: what was planted; None where nothing is said to be.
        lists: whether an algorithm, by its id, is among those that are stored.
        report: key of another analysis → what it found; None where nothing is stored.
        item: the value of the one explanation that is spoken of; None where none is.
        other: name of another network → its name and the question about it under the same scope.
        work: of what is computed when it is shown.
    """

    question: Q_co
    name: str
    slug: str
    scope: Scope
    links: Addresses
    read: Callable[[], Analysed[Q_co]]
    sizes: Callable[[], Mapping[int, int]] = dict
    planted: PlantedExplanation | None = None
    lists: Callable[[str], bool] = lambda _: True
    report: Callable[[str], Any] = lambda _: None
    item: Any = None
    other: Callable[[str], tuple[str, SubjectQuestion] | None] = lambda _: None
    work: Work = DEFAULT_WORK

    @property
    def kind(self) -> SubjectKind:
        """Kind of the network."""
        return self.question.kind

    @property
    def part(self) -> str:
        """Word for a bit of a mask: edge or node."""
        return part(self.question)

    @cached_property
    def analysed(self) -> Analysed[Q_co]:
        """Results found before."""
        return self.read()

    @cached_property
    def landscape(self) -> Landscape[SubjectQuestion]:
        """The valid circuits, to locate answers among; judged by criteria where that is quick."""
        of = self.analysed
        found = landscape_of(of.question, of.search, stored=of.stored, work=self.work)
        return replace(found, judges=found.judges_quickly)

    def thumb(self, mask: str, shared: int = 0, marked: int = 0) -> Markup:
        """The drawing of a circuit; where edges are weights, pale is what it shares, and what is marked is broad."""
        question, number = self.question, int(mask, 16)
        if not isinstance(question, Question):
            graph = question.graph
            kept = graph.kept_edges(graph.bits([number]))[0].tolist()
            return graph_diagram(graph, kept, title=f"Circuit {mask}", thumb=True)
        layout, weights = question.layout, question.network.weights
        pale, broad = (Circuit(layout, one).keep if one else None for one in (shared, marked))
        return circuit_thumb(weights, Circuit(layout, number), shared=pale, marked=broad, title=f"Circuit {mask}")

    def ref(self, mask: str) -> str:
        """Reference of a circuit in the address of a comparison."""
        return str(ExplanationRef("circuit", mask))

    def explanation(self, ref: str) -> str:
        """The address of an explanation."""
        return self.links.explanation(self.slug, ref, self.scope)

    def circuit_url(self, mask: str) -> str:
        """The address of a circuit."""
        return self.links.circuit(self.slug, mask, self.scope)

    def circuit(self, mask: str) -> Markup:
        """A circuit as a link."""
        return Markup('<a class="mono" href="{}">c·{}</a>').format(self.circuit_url(mask), mask)

    def algorithm(self, one: HighLevelModel) -> Markup:
        """An algorithm as a link."""
        url = self.links.algorithm(self.slug, one.id, self.scope)
        return Markup('<a class="f" href="{}">{}</a>').format(url, one.formula)

    def compare(self, refs: Iterable[str], **view: Any) -> str:
        """The address of a comparison."""
        return self.links.compare(self.slug, list(refs), self.scope, **view)


@dataclass(frozen=True)
class Item:
    """The page of one thing of an analysis, such as one method under some settings.

    Args:
        title: of the page.
        blocks: what it consists of, its head first.
        record: the same as JSON has it.
        refused: why there is none; the page says so above what was given.
        leads: the address of the page that is meant, where there is one already.
        waits: whether it is there once the analysis is; the page then says how far that is, and offers it.
    """

    title: str
    blocks: Callable[[], Iterable[Block]]
    record: Callable[[], Mapping[str, Any]] = dict
    refused: ExplainedError | None = None
    leads: str = ""
    waits: bool = False


@dataclass(frozen=True)
class Shown:
    """Functions that show an analysis.

    Args:
        page: report and subject → what follows the head of its page; of one that others stand beside, with None where
            only these are stored. Of one that is shown in short on another's page there is none.
        item: the same, the name of one thing and options → its page, whether anything is stored or not; raises
            AnalysisError where there is no such thing. None if there are no such pages.
        about: the same and one explanation → what its page says of it.
        claimed: report, None where nothing is stored, subject, edges of a valid circuit that somebody claims and the
            criteria that it meets → what is said of it; of a baseline.
        table: report, None where nothing is stored, and subject → the list that is taken away as CSV: a sentence about
            its columns, their names, and rows; None if there is none.
        offers: words → the name of a thing to which the head of its page leads, whatever is stored.
    """

    page: Callable[[Any, AnalysisContext[Any]], Iterable[Block]] = lambda *_: ()
    item: Callable[[Any, AnalysisContext[Any], str, Mapping[str, str]], Item] | None = None
    about: Callable[[Any, AnalysisContext[Any], ExplanationRef], Iterable[Block]] | None = None
    claimed: Callable[[Any, AnalysisContext[Any], int, Collection[str]], Iterable[Block]] | None = None
    table: Callable[[Any, AnalysisContext[Any]], tuple[str, Sequence[str], Iterable[Sequence[Any]]]] | None = None
    offers: Mapping[str, str] = field(default_factory=dict)


def shown(analysis: Analysis) -> Shown:
    """Record that shows an analysis, from the module that it names, or else from the module of its key."""
    if analysis.page and not analysis.shows:
        return Shown()
    own = f"pluriscope.analyses.{analysis.key.replace('-', '_')}"
    found: Shown = import_module(analysis.shows or own).SHOWN
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


def settings_form(settings: Iterable[Setting], scope: Scope, first: Mapping[str, Any] | None = None) -> type[BaseModel]:
    """Model of a form for settings, behind the hidden fields of the scope.

    Args:
        scope: as it is.
        first: name, with type and field, of what stands before them.
    """
    kept: dict[str, Any] = {
        name: (str, Field(value, json_schema_extra={"control": "hidden"})) for name, value in scope.query().items()
    }
    fields: dict[str, Any] = dict(first or {})
    for one in settings:
        choices = ("true", "false") if isinstance(one.default, bool) else tuple(one.choices)
        meaning = one.meaning if choices else f"{one.meaning}; {one.allowed()}"
        answer = Field("", title=one.label or one.name.replace("_", " ").capitalize(), description=meaning)
        fields[one.name] = (Literal[*choices] if choices else str, answer)
    return create_model("Settings", **kept, **fields)
