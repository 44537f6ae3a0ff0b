"""Rivals: the circuits and interpretations of one analysis that differ most, and a map of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import CriterionStep, default_steps, parse_steps
from analysis.criteria.verdict import PASSED
from analysis.errors import InvalidCriterion
from analysis.networks.circuit import Circuit
from analysis.stories.relation import RELATIONS
from app.addressing import Addresses
from app.db.reads import common_ground as common_ground_reads
from app.db.reads.circuits import masks_of
from app.db.reads.verdicts import outcomes_in, verdict_row, verdict_sets
from app.db.reports import RIVALS, RivalsReport, StoredContradiction, report_of, report_row
from app.db.stories import STORIES, stored_relations
from app.errors import BadQuery
from app.figures.numbers import exact, noun
from app.options import Options, PageModel, ScopeOptions
from app.pages.common_ground.points import survey_view
from app.pages.common_ground.views import ExtremeView
from app.pages.formulas import FractionView
from app.pages.place import Place, Subject, locate_boolean
from app.pages.reports.state import ReportPage, report_fields
from app.pages.shared import About, ScopeView, about_network, scope_now
from pluriscope.naming import ExplanationRef

CIRCUIT: Final = "circuit"
BY_EDGES: Final = "edges"
BY_STORY: Final = "story"
NAMES_OF_RELATIONS: Final = dict(enumerate(RELATIONS))
Role = Literal["", "pair", "different"]


class RivalsOptions(ScopeOptions):
    """Options of the page of rivals."""

    by: str = Field(
        BY_EDGES,
        max_length=200,
        description="What marks on the map show: edges, story (that relation), or a criterion about circuits.",
    )


class RivalCircuit(PageModel):
    """A circuit that is one of the most different ones."""

    mask: str
    label: str = Field(description="What lists call it.")
    url: str
    ref: str
    n_edges: int
    n_neurons: int


class RivalPair(PageModel):
    """The two most different circuits."""

    circuits: list[RivalCircuit]
    shared: int = Field(description="Edges that both keep.")
    either: int = Field(description="Edges that one of them keeps.")
    distance: FractionView = Field(description="Jaccard's distance.")
    exact: bool = Field(description="Whether every listed pair was ruled out; else the distance is a lower bound.")
    shared_edges: list[list[list[bool]]] = Field(description="Edges that both keep, one matrix for each layer.")
    compare_url: str


class RivalChoice(PageModel):
    """Circuits that are mutually most different."""

    circuits: list[RivalCircuit]
    distance: FractionView = Field(description="The smallest Jaccard distance between two of them.")
    exact: bool
    compare_url: str


class RivalInterpretation(PageModel):
    """An interpretation that stands against another one."""

    label: str
    url: str
    ref: str
    right: FractionView | None = Field(description="Interventions that it predicts right; null where not known.")


class RivalInterpretations(PageModel):
    """Two interpretations that contradict each other."""

    interpretations: list[RivalInterpretation]
    differ: FractionView | None = Field(description="Interventions on which they predict different decisions.")
    of: int | None = Field(description="Interpretations that were compared; null for best and worst.")
    complete: bool = Field(description="Whether these stand for all interpretations of all listed circuits.")
    compare_url: str


class PlacedCircuit(PageModel):
    """A circuit on the map."""

    mask: str
    url: str
    ref: str
    label: str = Field(description="What the map calls it.")
    x: float
    y: float
    n_edges: int
    role: Role
    shows: str = Field(
        description="What the map shows of it: passes or fails, or how its story relates to the network's, or not "
        "asked; empty where it shows sizes."
    )


class MapChoice(PageModel):
    """What marks on the map may show."""

    key: str
    label: str
    current: bool


class MapView(PageModel):
    """The map of circuits."""

    items: list[PlacedCircuit]
    kept: float | None = Field(description="Share of the variance of all distances that the plane keeps.")
    correlation: float | None = Field(description="Pearson's, of distances on the map and Jaccard's.")
    n_landmarks: int = Field(description="Circuits that the plane was found from.")
    choices: list[MapChoice]
    by: str
    missing: str = Field(description="Why what is asked for is not shown, empty if it is.")


class RivalsFound(PageModel):
    """How different the circuits of a network or a model are."""

    of: int = Field(description="Circuits that were looked at: those listed.")
    complete: bool = Field(description="Whether these are all valid ones.")
    pair: RivalPair | None
    different: RivalChoice | None
    map: MapView | None
    request_url: str = Field(description="A form sent here asks for the rivals.")
    request_fields: list[tuple[str, str]]
    circuits_url: str


class RivalsPage(ReportPage, RivalsFound):
    """The page of rivals of one analysis."""

    scope: ScopeView
    contradicting: RivalInterpretations | None
    best_and_worst: RivalInterpretations | None
    common_ground_url: str

    @property
    def about(self) -> About:
        """What the page is about."""
        return about_network(self.network, self.scope, self.network_url)


def build_rivals(session: Session, addresses: Addresses, network: str, options: RivalsOptions) -> RivalsPage:
    """The rivals of one analysis.

    Raises:
        NotFound: no such network, output, protocol or data record, or rows that stand for no Boolean inputs.
        BadQuery: the map is to show what is no criterion about circuits.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    step = _shown(options)
    row = report_row(session, place.analysis, RIVALS)
    report = None if row is None else report_of(row, RivalsReport)
    view = _Viewer(session, place, addresses)
    return RivalsPage(
        **report_fields(session, place, addresses, RIVALS, row),
        scope=scope_now(session, place, addresses),
        **rivals_fields(report, view.shown, place, addresses, options),
        contradicting=None if report is None else view.contradicting(report.contradicting),
        best_and_worst=view.best_and_worst(),
        map=None if report is None else view.map(report, options, step),
        common_ground_url=addresses.common_ground(place.slug, place.scope),
    )


def rivals_fields(
    report: RivalsReport | None,
    shown: Shown,
    subject: Subject,
    addresses: Addresses,
    options: Options,
    part: str = "edge",
) -> dict[str, Any]:
    """The fields of :class:`RivalsFound` but for the map, what was found in sentences, and the page's own address.

    Args:
        report: None where there is none.
        shown: how circuits are shown.
        subject: whose circuits they are.
        addresses: builds links.
        options: of the page.
        part: what a mask names.
    """
    slug, scope = subject.slug, subject.scope
    return {
        "of": 0 if report is None else report.of,
        "complete": report is None or report.complete,
        "pair": None if report is None else shown.pair(report),
        "different": None if report is None else shown.different(report),
        "findings": [] if report is None else findings_of(report, part),
        "request_url": addresses.rivals(slug, type(scope)()),
        "request_fields": scope.fields,
        "circuits_url": addresses.circuits(slug, scope),
        "url": addresses.rivals(slug, scope, **options.view_of()),
    }


def stored_rivals(
    session: Session, place: Place, addresses: Addresses
) -> tuple[RivalPair | None, RivalInterpretations | None, RivalInterpretations | None]:
    """The two most different circuits, the interpretations that contradict most, and best against worst, as stored."""
    row = report_row(session, place.analysis, RIVALS)
    report = None if row is None else report_of(row, RivalsReport)
    view = _Viewer(session, place, addresses)
    pair = None if report is None else view.shown.pair(report)
    contradicting = None if report is None else view.contradicting(report.contradicting)
    return pair, contradicting, view.best_and_worst()


def _shown(options: RivalsOptions) -> CriterionStep | None:
    """The criterion that the map shows; None where it shows something else."""
    if options.by in (BY_EDGES, BY_STORY):
        return None
    try:
        (step,) = parse_steps([options.by])
    except InvalidCriterion as error:
        raise BadQuery(f"by {options.by[:60]!r}", error.cause, error.cure, "by") from None
    if CIRCUIT not in step.kinds:
        raise BadQuery(f"by {options.by[:60]!r}", "is not about circuits", "leave it out to show sizes", "by")
    return step


@dataclass(frozen=True)
class Shown:
    """How a page shows circuits of a report.

    Args:
        circuit: of a mask.
        compare_url: refs → where they are compared.
        shared_edges: of a mask of edges, one matrix for each layer; empty of a model.
    """

    circuit: Callable[[str], RivalCircuit]
    compare_url: Callable[[Sequence[str]], str]
    shared_edges: Callable[[int], list[list[list[bool]]]] = lambda _: []

    def pair(self, report: RivalsReport) -> RivalPair | None:
        """The two most different circuits."""
        pair = report.pair
        if pair is None:
            return None
        circuits = [self.circuit(mask) for mask in pair.masks]
        first, second = (int(mask, 16) for mask in pair.masks)
        return RivalPair(
            circuits=circuits,
            shared=(first & second).bit_count(),
            either=(first | second).bit_count(),
            distance=_fraction(pair.distance),
            exact=pair.exact,
            shared_edges=self.shared_edges(first & second),
            compare_url=self.compare_url([one.ref for one in circuits]),
        )

    def different(self, report: RivalsReport) -> RivalChoice | None:
        """Circuits that are mutually most different."""
        chosen = report.different
        if chosen is None:
            return None
        circuits = [self.circuit(mask) for mask in chosen.masks]
        return RivalChoice(
            circuits=circuits,
            distance=_fraction(chosen.distance),
            exact=chosen.exact,
            compare_url=self.compare_url([one.ref for one in circuits]),
        )

    def map(
        self, report: RivalsReport, by: str, shown: Sequence[str], missing: str, choices: Sequence[tuple[str, str]]
    ) -> MapView | None:
        """The map of circuits.

        Args:
            report: with the map, or without one.
            by: what marks show.
            shown: of each circuit of the map.
            missing: why that is not known, empty if it is.
            choices: what marks may show, with labels.
        """
        placed = report.map
        if placed is None:
            return None
        pair = set(report.pair.masks) if report.pair else set()
        different = set(report.different.masks) if report.different else set()
        return MapView.showing(
            placed,
            items=[
                PlacedCircuit.showing(
                    self.circuit(mask),
                    x=x,
                    y=y,
                    role="pair" if mask in pair else "different" if mask in different else "",
                    shows=shows,
                )
                for mask, x, y, shows in zip(placed.masks, placed.x, placed.y, shown, strict=True)
            ],
            choices=[MapChoice(key=key, label=label, current=key == by) for key, label in choices],
            by=by,
            missing=missing,
        )


class _Viewer:
    """Makes the parts of the page of one report that networks alone have."""

    def __init__(self, session: Session, place: Place, addresses: Addresses) -> None:
        self._session, self._place, self._addresses = session, place, addresses
        self.shown = Shown(self._circuit, self._compare, self._shared)

    def _circuit(self, mask: str) -> RivalCircuit:
        circuit = Circuit(self._place.question.layout, int(mask, 16))
        return RivalCircuit(
            mask=mask,
            label=f"c·{mask}",
            url=self._addresses.circuit(self._place.row.slug, mask, self._place.scope),
            ref=str(ExplanationRef("circuit", mask)),
            n_edges=circuit.n_edges,
            n_neurons=circuit.n_neurons,
        )

    def _compare(self, refs: Sequence[str]) -> str:
        return self._addresses.compare(self._place.row.slug, refs, self._place.scope)

    def _shared(self, mask: int) -> list[list[list[bool]]]:
        return [matrix.tolist() for matrix in Circuit(self._place.question.layout, mask).keep]

    def contradicting(self, found: StoredContradiction | None) -> RivalInterpretations | None:
        if found is None:
            return None
        two = [self._interpretation(mask, index, None) for mask, index in zip(found.masks, found.indices, strict=True)]
        return RivalInterpretations(
            interpretations=two,
            differ=FractionView(agreed=found.differ, of=found.n_interventions),
            of=found.of,
            complete=found.complete,
            compare_url=self._compare([one.ref for one in two]),
        )

    def _interpretation(self, mask: str, index: str, right: FractionView | None) -> RivalInterpretation:
        slug, scope = self._place.row.slug, self._place.scope
        return RivalInterpretation(
            label=f"i·{mask}.{index}",
            url=self._addresses.interpretation(slug, mask, int(index), scope),
            ref=str(ExplanationRef("interpretation", mask, index)),
            right=right,
        )

    def best_and_worst(self) -> RivalInterpretations | None:
        """The interpretations that are right most and least often, where the common ground is surveyed."""
        analysis = self._place.analysis
        row = None if analysis is None else common_ground_reads.common_ground_of(self._session, analysis)
        if row is None:
            return None
        survey = survey_view(row, self._place, self._addresses)
        found = [one for one in (survey.best, survey.worst) if one is not None and one.index is not None]
        if len(found) < 2 or found[0].ref == found[1].ref:
            return None
        return RivalInterpretations(
            interpretations=[_extreme(one) for one in found],
            differ=None,
            of=None,
            complete=not survey.drawn,
            compare_url=self._compare([one.ref for one in found]),
        )

    def map(self, report: RivalsReport, options: RivalsOptions, step: CriterionStep | None) -> MapView | None:
        """The map of circuits."""
        placed, analysis = report.map, self._place.analysis
        if placed is None or analysis is None:
            return None
        shown, missing = self._shown(placed.masks, options.by, step)
        stored = {one.step.key for one in verdict_sets(self._session, analysis) if one.kind == CIRCUIT}
        steps = [one for one in default_steps() if CIRCUIT in one.kinds and one.key in stored]
        steps += [step] if step is not None and step not in steps else []
        choices = [(BY_EDGES, "Edges"), (BY_STORY, "Story"), *((str(one), one.criterion.label) for one in steps)]
        return self.shown.map(report, options.by, shown, missing, choices)

    def _shown(self, masks: Sequence[str], by: str, step: CriterionStep | None) -> tuple[list[str], str]:
        """What is shown of each of some listed circuits, and why that is not known."""
        analysis = self._place.analysis
        nothing = [""] * len(masks)
        if analysis is None or by == BY_EDGES:
            return nothing, ""
        listed = masks_of(self._session, analysis)
        places = np.searchsorted(listed, np.array([int(mask, 16) for mask in masks], dtype=listed.dtype))
        if step is None:
            relations = stored_relations(self._session, analysis, report_row(self._session, analysis, STORIES))
            if relations is None:
                return nothing, "The stories of circuits are not known yet."
            return [NAMES_OF_RELATIONS.get(code, "not asked") for code in relations[places].tolist()], ""
        verdict = verdict_row(self._session, analysis, CIRCUIT, step)
        if verdict is None:
            return nothing, f"Verdicts of {step} are not stored yet."
        passing = (outcomes_in(self._session, verdict.id)[places] == PASSED).tolist()
        return ["passes" if one else "fails" for one in passing], ""


def _extreme(one: ExtremeView) -> RivalInterpretation:
    return RivalInterpretation(label=one.label, url=one.url, ref=one.ref, right=one.accuracy)


def _fraction(text: str) -> FractionView:
    value = Fraction(text)
    return FractionView(agreed=value.numerator, of=value.denominator)


def findings_of(report: RivalsReport, part: str = "edge") -> list[str]:
    """What was found, in sentences that claim no more than was looked at; ``part`` is what a mask names."""
    which = "valid" if report.complete else "listed"
    if not report.of:
        return ["No circuit is valid, so there is none to compare." if report.complete else "No circuit is listed."]
    if report.pair is None:
        return [f"There is only one {which} circuit, so there is none to compare it with."]
    distance = Fraction(report.pair.distance)
    first, second = (int(mask, 16) for mask in report.pair.masks)
    shared, either = (first & second).bit_count(), (first | second).bit_count()
    among = f"Of the {exact(report.of)} {which} circuits"
    farther = "no two are farther apart than" if report.pair.exact else "some are at least as far apart as"
    told = [
        f"{among} {farther} {report.pair.masks[0]} and {report.pair.masks[1]}: they share {shared} of the "
        f"{noun(either, part)} that either keeps, a Jaccard distance of {distance} ({float(distance):.2f})."
    ]
    if distance == 1:
        told.append(f"So the task can be done on two circuits without a common {part}.")
    return told
