"""Analyses asked of a result, such as stories: what one found, in sentences, as a report, a drawing and a table."""

from __future__ import annotations

import time
from dataclasses import dataclass

from analysis.errors import AnalysisError
from analysis.report import Analysed, Report, Settings
from analysis.work import Work
from app.figures.numbers import noun
from pluriscope.analyses.registry import ANALYSES, BY_KEY, Analysis
from pluriscope.analyses.shown import Subject, network_subject, shown
from pluriscope.findings import Findings
from pluriscope.showing import Drawing, Rows, heading, link


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """What one analysis found.

    Args:
        analysis: which.
        report: every number, as its JSON has them under the same name.
        subject: what it was asked about.
    """

    analysis: Analysis
    report: Report
    subject: Subject

    @property
    def findings(self) -> list[str]:
        """What was found, in sentences."""
        return self.report.findings(self.subject.ask, self.subject.part)

    @property
    def address(self) -> str:
        """Its page."""
        return self.subject.links.analysis(self.subject.slug, self.analysis.key, self.subject.scope)

    @property
    def rows(self) -> Rows:
        """What its table lists; nothing where it has none."""
        makes = shown(self.analysis).table
        if makes is None:
            return Rows(())
        table = makes(self.report, self.subject)
        names = [column.name for column in table.listing.columns]
        found = [{name: row[name] for name in names} for row in table.rows()]
        return Rows(found, f"{self.analysis.title}: {noun(len(found), table.noun)}.")

    def draw(self) -> Drawing:
        """The drawing of its card."""
        return Drawing(shown(self.analysis).thumb(self.report, self.subject))

    def _repr_html_(self) -> str:
        drawn = self.draw()
        said = heading(link(self.address, self.analysis.title), after=" ".join(self.findings))
        return said + (drawn.image() if drawn.markup else "")

    def __repr__(self) -> str:
        return f"<{self.analysis.title}: {' '.join(self.findings)}>"


def answer(result: Findings, key: str, *, thorough: bool = False) -> Answer:
    """Ask one analysis.

    Raises:
        AnalysisError: there is no such analysis, it says nothing of such networks, or it looks at more than a result
            holds.
    """
    here = ", ".join(one.key for one in ANALYSES if not one.reads)
    analysis = BY_KEY.get(key)
    if analysis is None:
        raise AnalysisError(f"analysis {key[:40]!r}", "is unknown", f"use {here}")
    if analysis.reads:
        cause = "looks at more than circuits, which a result does not hold"
        raise AnalysisError(f"analysis {key!r}", cause, f"use the command pluriscope ask {key} FILE, or {here}")
    if refusal := analysis.refuses(result.question):
        raise AnalysisError(f"analysis {key!r}", f"does not apply: {refusal}", "choose another one")
    if thorough and not analysis.thoroughly:
        raise AnalysisError(f"analysis {key!r}", "does all there is", "leave thorough out")
    of = Analysed(result.question, result.search)
    subject = network_subject(
        result.question,
        result.name,
        result.network_key,
        result.scope,
        result.addresses,
        lambda: of,
        sizes=lambda: of.circuits.distribution.by_edges,
        planted=result.network_file.planted,
    )
    report = analysis.finds(of, Settings(thorough=thorough), Work(clock=time.perf_counter))
    return Answer(analysis, report, subject)
