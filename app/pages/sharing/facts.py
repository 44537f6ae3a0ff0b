"""What a page is, in a few words and numbers: what previews, cards and citations say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import escape

from analysis import ENGINE_VERSION
from analysis.explanations.registry import KIND_OF
from app.figures.numbers import exact
from app.pages.compare.own_swaps import OwnSwapsView
from app.pages.compare.views import ComparedView, ComparePage
from app.pages.overview import Overview
from app.pages.page import Document
from app.pages.place import Place
from app.pages.sandbox.views import SandboxPage
from app.pages.shared import AnalysisPage
from app.pages.sharing.targets import SharedPage
from app.pages.studies.strips import value_text
from app.pages.studies.views import FigureTable, StudyPage


@dataclass(frozen=True)
class Facts:
    """What is said of a page wherever it is named without being shown.

    Args:
        kicker: what kind of thing it is.
        title: its name.
        lines: key numbers as (what, value), the most telling first.
        identity: which explanation of the network it is.
        protocol: name and digest of the rules.
        engine_version: of what computed it.
        analysed_on: date of the analysis, "" where it is computed on request.
    """

    kicker: str
    title: str
    lines: tuple[tuple[str, str], ...]
    identity: str
    protocol: str
    engine_version: str = ENGINE_VERSION
    analysed_on: str = ""

    @property
    def sentence(self) -> str:
        """One line for previews."""
        return f"{self.title}. " + "; ".join(f"{what}: {value}" for what, value in self.lines) + "."


def facts_of(page: SharedPage) -> Facts:
    """What a page is, in a few words and numbers."""
    return _FACTS[type(page)](page)


def _rules(page: AnalysisPage) -> str:
    protocol = page.scope.protocol
    data = "" if page.scope.data.is_default else f", data {page.scope.data.digest[:12]}"
    return f"{protocol.name} ({protocol.digest[:12]}){data}"


def _of_overview(page: Overview) -> Facts:
    """What it is, and how many explanations it has."""
    lines = tuple((str(fact.label), escape(fact.value).striptags()) for fact in page.told.facts[:5])
    row = page.place.analysis if isinstance(page.place, Place) else None
    stored = () if row is None else (row.engine_version, row.created_at.date().isoformat())
    return Facts("Network", page.place.row.name, lines, "", page.place.cited, *stored)


def _of_document(page: Document) -> Facts:
    """What its head and its figures say."""
    place, kind = page.one.whole, KIND_OF[page.one.ref.kind]
    lines = tuple((str(fact.label), escape(fact.value).striptags()) for fact in page.facts.facts)
    title = f"{escape(page.head.title).striptags()} of {place.row.name}"
    identity = f"{kind.noun} {page.one.ref}"
    row = None if page.one.known is None else page.one.place.analysis
    if row is None:
        return Facts(kind.heading, title, lines, identity, place.cited)
    return Facts(
        kind.heading, title, lines, identity, place.cited, row.engine_version, row.created_at.date().isoformat()
    )


def _of_sandbox(page: SandboxPage) -> Facts:
    threshold = [] if page.run is None else [one for one in page.run.decisions if one.rule == "threshold"]
    if page.run is None or page.run.output is None or not threshold:
        answer = "hidden until you predict it" if page.hidden else "beyond float64"
    else:
        answer = f"{threshold[0].decision}, from an output of {page.run.output:.4g}"
    says = {0: "predicts 0", 1: "predicts 1", -1: "makes no prediction"}
    lines = [
        ("Input", page.base),
        ("The network decides", answer),
        *((one.letter, says[one.says] + _outcome(one.right)) for one in page.explanations),
    ]
    data = "" if page.data.is_default else f", data {page.data.digest[:12]}"
    asked = ", ".join(one.ref for one in page.explanations)
    return Facts(
        "Intervention by hand",
        f"{page.network.name} on {page.words}",
        tuple(lines),
        f"intervention {page.now}" + (f"; asked: {asked}" if asked else ""),
        f"{page.protocol.name} ({page.protocol.digest[:12]}){data}",
    )


def _outcome(right: bool | None) -> str:
    return "" if right is None else ", correct" if right else ", incorrect"


def _medians(table: FigureTable) -> str:
    """The medians of the first groups of a measure of numbers, in words."""
    known = [(group.label, group.spread.median) for group in table.groups[:3] if group.spread]
    told = [f"{value_text(median)} ({label})" for label, median in known if median is not None]
    return "median " + ", ".join(told) if told else "none yet"


def _of_study(page: StudyPage) -> Facts:
    p = page.progress
    lines = [
        ("Networks with an outcome", f"{exact(p.finished)} of {exact(p.networks)}"),
        ("Converged and analysed", f"{exact(p.converged)} of {exact(p.finished)}"),
        *[(table.measure.label, _medians(table)) for table in page.tables if table.groups[0].spread][:3],
    ]
    protocol = next(one for one in page.protocols if one.current)
    return Facts(
        "Study",
        page.name,
        tuple(lines),
        f"study design {page.digest}, {exact(p.finished)} of {exact(p.networks)} networks",
        f"{protocol.name} ({protocol.digest[:12]})",
        page.engine_version,
        page.updated_at.date().isoformat(),
    )


def _right(item: ComparedView, own: OwnSwapsView | None) -> str:
    """How often one explanation of a comparison is right, on its own swaps where it is silent about neuron sets."""
    if item.standing.predicted:
        return f"{exact(item.standing.right)} of {exact(item.standing.predicted)}"
    score = None if own is None else next(one for one in own.scores if one.letter == item.letter)
    if score is None or not score.predicted:
        return "no predictions under interventions"
    return f"{exact(score.right)} of {exact(score.predicted)}, on own interventions"


def _of_comparison(page: ComparePage) -> Facts:
    name = "" if page.network is None else page.network.name
    experiments = 0 if page.space is None else page.space.interventions
    own = page.own_swaps
    if own is not None:
        experiments += own.n_interventions
    lines = [
        ("Crucial experiments", f"{exact(page.n_divided)} of {exact(experiments)} interventions"),
        *((f"{item.letter} predicts correctly", _right(item, own)) for item in page.explanations),
    ]
    protocol = "" if page.protocol is None else f"{page.protocol.name} ({page.protocol.digest[:12]})"
    title = f"{len(page.explanations)} explanations of {name} compared"
    return Facts("Comparison", title, tuple(lines), ", ".join(page.refs), protocol)


_FACTS: Final[Mapping[type, Callable[[Any], Facts]]] = {
    Overview: _of_overview,
    Document: _of_document,
    SandboxPage: _of_sandbox,
    StudyPage: _of_study,
    ComparePage: _of_comparison,
}
