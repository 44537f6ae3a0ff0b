"""The ladder of map classes: how many explanations pass in each, beside the same on permuted networks."""

from __future__ import annotations

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.parsing import parse_algorithm
from analysis.ladder.rungs import CLOSED, LEARNED, MAP_CLASSES
from app.addressing import Addresses
from app.db.reports import LadderReport, StoredRung, report_of, report_row
from app.figures.svg.ladder import LadderLine, ladder_figure
from app.options import PageModel, ScopeOptions
from app.pages.formulas import AlgorithmLink, FractionView
from app.pages.place import Place, locate_boolean
from app.pages.reports.state import ReportPage, report_fields
from app.pages.shared import ScopeView, scope_now

DIRECTION_CLASSES = ("integer", "integer-any", "orthogonal", "oblique", "learned")


class FloorView(PageModel):
    """The same class on networks whose weights were permuted."""

    passing: FractionView = Field(description="Permuted networks on which any alignment passes, of those climbed.")
    alignments: int = Field(description="Alignments that pass on all of them together.")
    mean: float | None = Field(description="Alignments that pass on one of them, on average.")


class RungView(PageModel):
    """One class of maps."""

    key: str
    label: str
    algorithms: FractionView = Field(description="Algorithms with an alignment that passes, of those placed.")
    alignments: int = Field(description="Alignments whose single interchanges are all right.")
    of: int | None = Field(description="Placements that the class offers; null if too many to count.")
    joint: int | None = Field(description="Of those alignments, how many joint interchange confirms; null if not run.")
    exact: bool = Field(description="Whether the numbers are exact; else they are lower bounds.")
    refused: str = Field(description="Why this class was not computed; empty if it was.")
    seconds: float
    floor: FloorView
    url: str = Field(description="Where what passes can be looked at; empty if nothing lists it.")


class LadderPage(ReportPage):
    """The page of the ladder."""

    scope: ScopeView
    rungs: list[RungView]
    not_climbed: list[str] = Field(description="Classes that are climbed on request, by name.")
    algorithms: list[AlgorithmLink]
    n_irredundant: int = Field(description="Irredundant algorithms with a variable, exact.")
    n_permuted: int
    n_permuted_right: int = Field(description="Permuted networks that compute the task by themselves.")
    seed: int = Field(description="Of the permutations.")
    request_url: str = Field(description="A form sent here asks for the ladder; thorough=true for learned maps too.")
    request_fields: list[tuple[str, str]]


def build_ladder(session: Session, addresses: Addresses, network: str, options: ScopeOptions) -> LadderPage:
    """The ladder of one analysis.

    Raises:
        NotFound: no such network, output, protocol or data record.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    row = report_row(session, place.analysis, "ladder")
    report = None if row is None else report_of(row, LadderReport)
    rungs = [] if report is None else [_rung(one, report, place, addresses) for one in _in_order(report)]
    climbed = {one.key for one in rungs}
    slug, scope = place.row.slug, place.scope
    return LadderPage(
        **report_fields(session, place, addresses, "ladder", row),
        scope=scope_now(session, place, addresses),
        rungs=rungs,
        not_climbed=[] if report is None else [MAP_CLASSES[key] for key in MAP_CLASSES if key not in climbed],
        algorithms=[] if report is None else [_link(text, place, addresses) for text in report.algorithms],
        n_irredundant=0 if report is None else report.n_irredundant,
        n_permuted=0 if report is None else report.n_permuted,
        n_permuted_right=0 if report is None else report.n_permuted_right,
        seed=0 if report is None else report.seed,
        findings=[] if report is None else findings_of(rungs, report),
        url=addresses.ladder(slug, scope),
        request_url=addresses.ladder(slug),
        request_fields=scope.fields,
    )


def _in_order(report: LadderReport) -> list[StoredRung]:
    order = {key: number for number, key in enumerate((*CLOSED, *LEARNED))}
    return sorted(report.rungs, key=lambda one: order.get(one.map_class, len(order)))  # type: ignore[call-overload]


def _rung(one: StoredRung, report: LadderReport, place: Place, addresses: Addresses) -> RungView:
    url = ""
    if one.map_class in DIRECTION_CLASSES:
        url = addresses.directions(place.row.slug, place.scope, **{"class": one.map_class})
    elif one.map_class == "sets":
        url = addresses.algorithms(place.row.slug, place.scope)
    mean = one.floor_alignments / one.floor_networks if one.floor_networks else None
    return RungView.showing(
        one,
        key=one.map_class,
        label=MAP_CLASSES.get(one.map_class, one.map_class),  # type: ignore[call-overload]
        algorithms=FractionView(agreed=one.algorithms, of=len(report.algorithms)),
        floor=FloorView(
            passing=FractionView(agreed=one.floor_passing, of=one.floor_networks),
            alignments=one.floor_alignments,
            mean=mean,
        ),
        url=url,
    )


def _link(text: str, place: Place, addresses: Addresses) -> AlgorithmLink:
    algorithm = parse_algorithm(text, place.question.protocol.algorithm_form, place.question.model.n_inputs)
    url = addresses.algorithm(place.row.slug, algorithm.id, place.scope)
    return AlgorithmLink(id=algorithm.id, formula=algorithm.formula, url=url)


def findings_of(rungs: list[RungView], report: LadderReport) -> list[str]:
    """What the numbers say, no more: where nothing passes, where all do, and where chance does as well."""
    if not report.algorithms:
        return ["No algorithm of this task has a variable to place, so there is nothing to climb."]
    climbed = [one for one in rungs if not one.refused]
    n = len(report.algorithms)

    def named(chosen: list[RungView]) -> str:
        return "; ".join(one.label for one in chosen)

    told = []
    all_pass = [one for one in climbed if one.algorithms.agreed == n]
    some_pass = [one for one in climbed if 0 < one.algorithms.agreed < n]
    none_pass = [one for one in climbed if one.algorithms.agreed == 0]
    what = "the algorithm" if n == 1 else "both algorithms" if n == 2 else f"all {n:,} algorithms"
    if all_pass:
        told.append(f"{what[:1].upper()}{what[1:]} can be placed on: {named(all_pass)}.")
    if some_pass:
        told.append(f"Some of them, not all, on: {named(some_pass)}.")
    if none_pass:
        told.append(f"None on: {named(none_pass)}.")
    vain = [
        one
        for one in climbed
        if one.alignments and one.floor.passing.of and 2 * one.floor.passing.agreed >= one.floor.passing.of
    ]
    if vain:
        told.append(
            f"On at least half of the permuted networks something passes too, on: {named(vain)}. Passing there says "
            "little about this network."
        )
    return told


def ladder_lines(page: LadderPage) -> list[LadderLine]:
    """The rungs as they are drawn."""
    lines = []
    for one in page.rungs:
        if one.refused:
            lines.append(LadderLine(one.label, None, None))
            continue
        floor = (one.floor.passing.agreed, one.floor.passing.of) if one.floor.passing.of else None
        number = f"{'' if one.exact else '≥ '}{one.alignments:,} alignment{'' if one.alignments == 1 else 's'}"
        lines.append(LadderLine(one.label, (one.algorithms.agreed, one.algorithms.of), floor, number))
    return [*lines, *(LadderLine(label, None, None) for label in page.not_climbed)]


def ladder_drawing(page: LadderPage) -> Markup:
    """The ladder as a drawing."""
    return ladder_figure(ladder_lines(page), title=f"Ladder of map classes of {page.network.name}")
