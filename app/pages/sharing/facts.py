"""What a page is, in a few words and numbers: what previews, cards and citations say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import escape

from analysis import ENGINE_VERSION
from analysis.explanations.registry import KIND_OF
from app.figures.numbers import exact, noun
from app.pages.compare.compared import Compared
from app.pages.overview import Overview
from app.pages.page import Document
from app.pages.place import Place
from app.pages.play.models import ModelPlay
from app.pages.play.networks import NetworkPlay
from app.pages.play.played import Played
from app.pages.shared import AnalysisPage
from app.pages.sharing.targets import SharedPage
from app.pages.studies.page import StudyPage


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


def _of_play(page: Played) -> Facts:
    told = page.told
    title = f"{page.network.name} on {told.words}"
    return Facts("Intervention by hand", title, tuple(told.lines), told.identity, page.place.cited)


def _of_study(page: StudyPage) -> Facts:
    row, p = page.study.row, page.line.progress
    digest = page.study.protocols[page.protocol]
    return Facts(
        "Study",
        page.line.name,
        tuple(page.lines),
        f"study design {page.line.digest}, {exact(p.finished)} of {exact(p.networks)} networks",
        f"{page.protocol} ({digest[:12]})" if page.protocol else "own rules",
        ENGINE_VERSION if row is None else row.engine_version,
        "" if row is None else row.updated_at.date().isoformat(),
    )


def _of_comparison(page: Compared) -> Facts:
    lines = [("They contradict each other on", f"{exact(len(page.trials.apart))} of {noun(page.of, page.unit)}")]
    for one in page.ones:
        said = f"{exact(one.right)} of {exact(one.predicted)}" if one.predicted else "nothing, it predicts nothing"
        lines.append((f"{one.letter} is right on", said))
    title = f"{len(page.ones)} explanations of {page.network.name} compared"
    return Facts("Comparison", title, tuple(lines), ", ".join(page.refs), page.rules.removeprefix("Under protocol "))


_FACTS: Final[Mapping[type, Callable[[Any], Facts]]] = {
    Overview: _of_overview,
    Document: _of_document,
    NetworkPlay: _of_play,
    ModelPlay: _of_play,
    StudyPage: _of_study,
    Compared: _of_comparison,
}
