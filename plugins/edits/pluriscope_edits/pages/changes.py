"""Two networks of one shape beside each other: which explanations both have, and which one of them alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.carried_algorithms.search import Unasked, all_stories
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.question import CircuitVerdict
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.jobs import jobs_about, jobs_of_network
from pluriscope.app.db.reports import report_of, report_row
from pluriscope.app.errors import BadQuery
from pluriscope.app.options import PageModel, ScopeOptions
from pluriscope.app.pages.compare.options import RefText
from pluriscope.app.pages.explanations import find_explanation, read_ref, readings_of
from pluriscope.app.pages.page import column
from pluriscope.app.pages.pending_work import missing, progress_of
from pluriscope.app.pages.place import AnyPlace, Place, locate, others
from pluriscope.app.pages.shared import latest_job, work_state
from pluriscope.app.pages.sharing.about import about_place
from pluriscope.app.pages.sharing.exports import Exported, exported
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.figures.numbers import bounded_text, exact, noun
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    ChartFigure,
    Choice,
    Figure,
    Head,
    Menu,
    More,
    Notice,
    Section,
    Side,
    Table,
)
from pluriscope.tables.table import Row
from pluriscope.views.networks import draw_network
from pluriscope_edits.addresses import changes_url
from pluriscope_edits.changes import Change, ChangesReport, beside
from pluriscope_edits.work import changes_kind

_NAMED: Final = 12
_CARD: Final = (
    column("name", "Circuit", "Its mask.", "name", first=True),
    column("edges", "Edges", "Edges that it keeps, or nodes where a mask names nodes."),
    column("margins", "Margins", "The least that speaks for the right answer on a row, before and after."),
)
_MEANS: Final = {
    "changed": ("Kept, with another meaning", "valid in both; other interpretations, or other carried algorithms"),
    "lost": ("Lost", "valid before alone"),
    "gained": ("Gained", "valid after alone"),
    "kept": ("Kept", "valid in both"),
}


class ChangesOptions(ScopeOptions):
    """Options of the page."""

    e: list[RefText] = Field([], max_length=64, description="c-MASK, a circuit: the page alone shows it, on both.")


class ChangesRecord(PageModel):
    """Record of what becomes of a network's explanations in another one, or of how far that is."""

    before: str = Field(description="Slug of the first network, whose task both are judged on.")
    after: str = Field(description="Slug of the second.")
    scope: dict[str, str] = Field(description="Output, protocol and data.")
    state: str = Field(description="done, computing, failed, cancelled, not_asked or not_analysed.")
    findings: list[str]
    report: ChangesReport | None
    job: str = Field(description='The address of the job that works on it; "" if none does.')
    url: str


@dataclass(frozen=True)
class Changes:
    """The page.

    Args:
        before: the first network.
        after: the second, under the same rules and on the task of the first.
    """

    session: Session
    links: Addresses
    before: AnyPlace
    after: AnyPlace

    @classmethod
    def find(cls, session: Session, links: Addresses, network: str, other: str, options: ScopeOptions) -> Changes:
        """Two networks by slug or digest.

        Raises:
            NotFound: no such network, output, protocol or data record.
            BadQuery: their shapes differ.
        """
        before, after = (locate(session, links, one, options.scope) for one in (network, other))
        try:
            judged: Any = beside(before.question, after.question.subject)
        except AnalysisError as error:
            item = f"{before.row.name} and {after.row.name}"
            parent = links.network(before.slug, before.scope)
            raise BadQuery(item, error.cause, error.cure, "other", parent, before.row.name) from None
        return cls(session, links, before, replace(after, question=judged))

    @property
    def url(self) -> str:
        return changes_url(self.links, self.before.slug, self.after.slug, self.before.scope)

    @cached_property
    def report(self) -> ChangesReport | None:
        """Report of the changes; None where none is stored."""
        row = report_row(self.session, self.before.analysis, changes_kind(self.after.row.digest))
        return None if row is None else report_of(row, ChangesReport)

    @cached_property
    def job(self) -> JobRow | None:
        """The newest that works on it."""
        jobs = [] if self.before.analysis is None else jobs_about(self.session, self.before.analysis, "changes")
        return next((job for job in jobs if job.arguments["other"] == self.after.row.digest), None)

    @property
    def state(self) -> str:
        if self.report is not None:
            return "done"
        return "not_analysed" if self.before.analysis is None else work_state(self.job)

    @property
    def findings(self) -> list[str]:
        return [] if self.report is None else self.report.findings(self.before.question)

    def record(self) -> ChangesRecord:
        """Record of the changes for JSON."""
        return ChangesRecord.showing(
            self,
            before=self.before.slug,
            after=self.after.slug,
            scope=dict(self.before.scope.fields),
            job="" if self.job is None else self.links.job(self.job.id),
        )

    def blocks(self, chosen: Sequence[str] = ()) -> Iterator[Block]:
        """The page; of one circuit on both networks, where one is chosen."""
        if len(chosen) > 1:
            cause, cure = "are named of two networks", "name one circuit, or one network"
            raise BadQuery(f"{len(chosen)} explanations", cause, cure, "e", self.url, "all of it")
        if chosen:
            yield from self._beside(read_ref(chosen[0], 1))
            return
        scope, before, after = self.before.scope, self.before.slug, self.after.slug
        rules = {words: changes_url(self.links, before, after, one.scope) for words, one in others(self.before).items()}
        rules.setdefault(self.before.rules, self.url)
        more = [
            Action("The other direction", changes_url(self.links, after, before, scope)),
            Action(f"Overview of {self.before.row.name}", self.links.network(before, scope)),
            Action(f"Overview of {self.after.row.name}", self.links.network(after, scope)),
            Action("All of it as JSON", self.links.twin(self.url)),
            Action("What is named as CSV", changes_url(self.links, before, after, scope, "csv")),
        ]
        sentence = " ".join(self.findings[:3]) or "Which explanations do both networks have?"
        title = f"From {self.before.row.name} to {self.after.row.name}"
        yield Head(title, sentence, actions=[Choice("Rules", rules, self.before.rules), Menu("More", more)])
        yield from self._waiting() if self.report is None else self._found(self.report)

    def _waiting(self) -> Iterator[Block]:
        scope = dict(self.before.scope.fields)
        jobs = jobs_of_network(self.session, self.before.row.digest, unfinished=True)
        analysing = [job for job in jobs if job.kind == "analyse"]
        first = latest_job(analysing, self.before.scope, self.before.row)
        if refusal := self.before.question.refusal:
            yield Notice("Circuits are too many to be compared", f"Of {self.before.row.name} {refusal}.")
        elif self.before.analysis is None and first is not None:
            yield progress_of(first, self.links, "progress", f"{self.before.row.name} is analysed first")
        elif self.before.analysis is None:
            ask = Action("Analyse", self.links.analyses(self.before.slug), True, True, scope)
            yield Notice(f"{self.before.row.name} is not analysed yet", "It starts from that.", actions=[ask])
        elif self.state == "computing" and self.job is not None:
            yield progress_of(self.job, self.links, "progress", "Both networks are analysed on one task")
        else:
            ask = Action("Compare", changes_url(self.links, self.before.slug, self.after.slug), True, True, scope)
            yield missing("The comparison", self.state, self.job, ask, self.links)

    def _found(self, report: ChangesReport) -> Iterator[Block]:
        changes = {
            "circuits": report.circuits,
            "interpretations": report.interpretations,
            "placements": report.alignments,
        }
        figures = [_figure(name, change) for name, change in changes.items() if change is not None]
        yield Side(figures) if len(figures) > 1 else figures[0]
        yield from map(Notice, self.findings[3:])
        yield from self._circuits(report)
        yield from self._placements(report)
        yield More("On every criterion", partial(_criteria, report), "explanations that pass it", id="criteria")

    def _circuits(self, report: ChangesReport) -> Iterator[Block]:
        """The smallest circuits of each kind of change, each on both networks."""
        for name, (title, means) in _MEANS.items():
            masks, number = report.masks.get(name, []), int(getattr(report.circuits, name))
            if name == "kept":  # those that changed stand before
                masks = [mask for mask in masks if mask not in {*report.masks.get("changed", [])}]
                number -= int(report.circuits.changed)
                means += ", with the same meaning" if self.before.boolean else ""
            if masks:
                some = "; the smallest" if number > _NAMED else ""
                yield Section(title, f"{noun(number, 'circuit')}, {means}{some}")
                margins = dict(zip(report.masks[name], report.margins.get(name, []), strict=False))
                rows = [self._circuit(mask, margins.get(mask, ())) for mask in masks[:_NAMED]]
                yield Table.short("circuit", _CARD, rows, view="cards", thumb=lambda row: row.drawing and row.drawing())

    def _circuit(self, mask: str, margins: Sequence[float]) -> Row:
        url = changes_url(self.links, self.before.slug, self.after.slug, self.before.scope, e=f"c-{mask}")
        question, number = self.before.question, int(mask, 16)
        drawn = partial(draw_network, question, number, title=f"Circuit {mask}", thumb=True)
        values = {"name": f"c·{mask}", "edges": noun(number.bit_count(), self.before.part)}
        values["margins"] = " → ".join(f"{one:.3g}" for one in margins)
        return Row(values, url=url, drawing=drawn)

    def _placements(self, report: ChangesReport) -> Iterator[Block]:
        rows = []
        for name, place in (("lost", self.before), ("gained", self.after), ("kept", self.before)):
            for one in report.placings.get(name, [])[:_NAMED]:
                url = self.links.alignment(place.slug, one.algorithm, one.alignment, self.before.scope)
                rows.append((Markup('<a href="{}">{}</a>').format(url, one.formula), one.where, name))
        if rows:
            yield Section("Placements", f"valid ones, up to {_NAMED} of each kind of change")
            yield Table.plain(("Algorithm", "Where its variables are", "What became of it"), rows)

    def _beside(self, ref: ExplanationRef) -> Iterator[Block]:
        """Show one circuit on both networks."""
        if ref.kind != "circuit":
            raise BadQuery(f"explanation {str(ref)[:60]}", "is no circuit", "give c-MASK", "e", self.url, "all of it")
        canonical = find_explanation(self.session, self.links, self.before, ref, 1).ref
        mask, both = self.before.question.read_mask(canonical.first), (self.before, self.after)
        verdicts = [place.question.judge(mask) for place in both]
        rows = [
            ("Valid", *("yes" if one.valid else "no" for one in verdicts)),
            ("Why", *(one.reason for one in verdicts)),
            ("Smallest margin", *(f"{one.margin:.4f}" for one in verdicts)),
        ]
        valid = [place.row.name for place, one in zip(both, verdicts, strict=True) if one.valid]
        sentence = f"It is valid in {' and in '.join(valid) or 'neither'}."
        if self.before.boolean:
            more, shared = _meanings(both, mask, verdicts)
            rows, sentence = [*rows, *more], f"{sentence}{shared}"
        back = Action("All that becomes of them", self.url)
        yield Head(f"Circuit c·{canonical.first} on both networks", sentence, actions=[back])
        yield Side([self._drawn(place, mask, canonical.first) for place in both])
        yield Table.plain(("Of the circuit", self.before.row.name, self.after.row.name), rows)

    def _drawn(self, place: AnyPlace, mask: int, text: str) -> Figure:
        url, title = self.links.circuit(place.slug, text, self.before.scope), f"Circuit {text} of {place.row.name}"
        drawn = draw_network(place.question, mask, title=title, thumb=True)
        return Figure(drawn, Markup('<a href="{}">{}</a>').format(url, place.row.name))

    def table(self) -> Exported:
        """Explanations that the report names, the smallest of each kind of change, as a table to take away."""
        masks, placings = ({}, {}) if self.report is None else (self.report.masks, self.report.placings)
        rows: list[Sequence[Any]] = [("circuit", name, f"c-{one}") for name, some in masks.items() for one in some]
        for name, placed in placings.items():
            rows += [("alignment", name, f"a-{one.algorithm}.{one.alignment}") for one in placed]
        title = f"Explanations of {self.before.slug} kept, changed, lost and gained in {self.after.slug}"
        return (*about_place(self.before, title), *self.findings), exported(("kind", "change", "explanation"), rows)


def _figure(name: str, change: Change) -> ChartFigure:
    words = "" if change.estimated is None else f", estimated, {change.confidence:.0%} intervals in the JSON"
    numbers = {what: int(getattr(change, what)) for what in _MEANS}
    numbers["kept"] -= numbers["changed"]
    shares = [number / (sum(numbers.values()) or 1) for number in numbers.values()]
    rows = [f"{_MEANS[what][0]}: {bounded_text(number)}" for what, number in numbers.items()]
    every = Axis("of those in either network", low=0.0, high=1.0, percent=True)
    series = [Series("", shares, range(len(shares)))]
    chart = Chart("bars", f"What became of the {name}", every, Axis(names=rows), series)
    return ChartFigure(chart=chart, caption=f"{name.capitalize()}{words}", id=f"flow-{name}")


def _meanings(
    both: Sequence[Place], mask: int, verdicts: Sequence[CircuitVerdict]
) -> tuple[list[tuple[str, ...]], str]:
    """Compare what a circuit means in two networks: rows of a table, and how much of that is the same."""
    read = [readings_of(place, mask, verdict) for place, verdict in zip(both, verdicts, strict=True)]
    first, second = (place.question for place in both)
    masks = mask_array([mask], first.layout)
    rows = [
        ("Interpretations", *("—" if one.total is None else exact(one.total) for one in read)),
        ("Carries", *(_story(all_stories(question, masks)) for question in (first, second))),
    ]
    if any(one.total is None for one in read):
        return rows, ""
    (shared,) = count_interpretations(first, masks, shared_with=second).by_circuit
    return rows, f" {exact(shared)} of its interpretations are the same in both."


def _story(one: Any) -> str:
    if isinstance(one, Unasked):
        return "—"
    story = one.stories[int(one.story_of[0])]
    return " and ".join(one.algorithms[number].formula for number in sorted(story)) or "none"


def _criteria(report: ChangesReport) -> Iterator[Block]:
    for kind, every in report.criteria.items():
        labels = ["kept", "lost", "gained", *(["undecided"] if any(one.undecided for one in every.values()) else [])]
        rows = [
            (CriterionStep.parse(text).criterion.label, *(exact(getattr(one, name)) for name in labels))
            for text, one in every.items()
        ]
        yield Section(f"{KIND_OF[kind].plural.capitalize()} that pass each criterion")
        yield Table.plain(("Criterion", *(name.capitalize() for name in labels)), rows)
