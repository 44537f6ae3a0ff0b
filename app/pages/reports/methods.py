"""What discovery methods answer about one analysis, each answer located among all valid circuits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuit_sets.chance import chances_by_size
from analysis.discovery.method import Method
from analysis.discovery.planted_answers import FALSE_ERRORS, answered
from analysis.discovery.registry import METHODS as REGISTERED
from analysis.method_settings import settings_text
from app.addressing import Addresses
from app.db.codecs import planted_of
from app.db.methods import METHODS, MethodsReport, StoredAnswer
from app.db.reads.circuit_sets import stored_sizes
from app.db.reports import report_of, report_row
from app.figures.svg.audit import AnswerMark, audit_strip
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.claims.standing import NetworkStanding
from app.pages.located import LocatedView, located_view
from app.pages.place import Place, Subject, locate
from app.pages.reports.state import ReportPage, report_fields
from app.pages.shared import About, ScopeView, about_network, scope_now


class AnswerView(PageModel):
    """One answer of a method."""

    settings: dict[str, Any]
    text: str = Field(description="The method with the settings that differ from its defaults, as commands take it.")
    default: bool
    outcome: str = Field(description="found, all (every edge), nothing, undefined or diverged.")
    faithfulness: float | None = Field(description="Of the raw mask, where a threshold picked it.")
    fragile: bool
    place: LocatedView | None
    url: str = Field(description="The answer's own page; empty where there is no mask.")
    path_url: str = Field(description="How it came to it, step by step.")
    planted: str = Field(
        description="Beside the planted circuit: recovered, contains, inside, another, invalid or planted-invalid; "
        "empty where nothing was planted, or there is no mask."
    )


class MethodView(PageModel):
    """One method under all its settings."""

    key: str
    label: str
    definition: str
    source: str
    default: AnswerView | None
    answers: list[AnswerView] = Field(description="Under other settings.")
    n_valid: int = Field(description="Valid answers, that under default settings among them.")
    n_answers: int
    refused: str = Field(description="Why it could not be asked under its default settings; empty if it could.")


class MethodsFound(PageModel):
    """What methods answer about a network or a model."""

    complete: bool = Field(description="Whether every valid circuit is listed.")
    methods: list[MethodView]
    n_edges: int = Field(description="Of the network, or bits of a model's masks: edges, or nodes.")
    shares: dict[int, float] = Field(description="Share of valid among possible circuits, by number of edges.")
    claim_url: str = Field(description="Where a circuit of your own is located.")
    request_url: str = Field(description="A form sent here asks the methods; thorough=true for those that learn too.")
    request_fields: list[tuple[str, str]]


class MethodsPage(ReportPage, MethodsFound):
    """The page of methods."""

    scope: ScopeView
    thorough: bool = Field(description="Whether methods that learn were asked too.")
    not_asked: list[str] = Field(description="Methods that are asked on request, by name.")
    valid: BigInt = Field(description="Valid circuits.")
    planted: str = Field(description="The planted circuit; empty if nothing is said to be planted.")
    planted_place: LocatedView | None = Field(description="Where that stands; null likewise, and where none answered.")
    circuits_url: str
    lenses_url: str

    @property
    def about(self) -> About:
        """What the page is about."""
        return about_network(self.network, self.scope, self.network_url)


def build_methods(session: Session, addresses: Addresses, network: str, options: ScopeOptions) -> MethodsPage:
    """What methods answer about one analysis.

    Raises:
        NotFound: no such network, output, protocol or data record.
    """
    place = locate(session, addresses, network, options.scope)
    row = report_row(session, place.analysis, METHODS)
    report = None if row is None else report_of(row, MethodsReport)
    slug, scope = place.row.slug, place.scope
    record = planted_of(place.row)

    def beside(shown: LocatedView) -> str:
        return "" if record is None else answered(int(shown.mask, 16), record.circuit.mask, valid=shown.valid)

    methods = (
        []
        if report is None
        else methods_shown(
            report, REGISTERED, place, addresses, partial(located_view, place=place, addresses=addresses), beside
        )
    )
    asked = {one.key for one in methods}
    planted_place = None
    if report is not None and record is not None and place.analysis is not None:
        planted_place = NetworkStanding(session, place, place.analysis, addresses).at(record.circuit.mask)
    return MethodsPage(
        **report_fields(session, place, addresses, METHODS, row),
        **methods_fields(report, methods, {} if report is None else shares_of(session, place), place, addresses),
        scope=scope_now(session, place, addresses),
        thorough=report is not None and report.thorough,
        not_asked=[] if report is None else [one.label for one in REGISTERED if one.key not in asked],
        valid=0 if place.analysis is None else place.analysis.circuits_valid,
        n_edges=place.question.layout.n_edges,
        findings=[] if report is None else [*findings_of(methods), *_planted_finding(methods)],
        planted="" if record is None else record.circuit.hex,
        planted_place=planted_place,
        circuits_url=addresses.circuits(slug, scope),
        lenses_url=addresses.lenses(slug, scope),
    )


def methods_fields(
    report: MethodsReport | None,
    methods: list[MethodView],
    shares: Mapping[int, float],
    subject: Subject,
    addresses: Addresses,
) -> dict[str, Any]:
    """The fields of :class:`MethodsFound` but for the number of edges, and the page's own address."""
    slug, scope = subject.slug, subject.scope
    return {
        "complete": report is not None and report.complete,
        "methods": methods,
        "shares": shares,
        "claim_url": addresses.claim(slug, scope),
        "request_url": addresses.methods(slug, type(scope)()),
        "request_fields": scope.fields,
        "url": addresses.methods(slug, scope),
    }


def shares_of(session: Session, place: Place) -> dict[int, float]:
    """The share of valid among possible circuits by size, where both are known exactly."""
    if place.analysis is None:
        return {}
    known = stored_sizes(session, place.analysis)
    found = chances_by_size(known, place.question.layout, place.question.protocol)
    return {size: float(one.share) for size, one in found.items() if one.share is not None}


def methods_shown(
    report: MethodsReport,
    methods: Sequence[Method[Any]],
    subject: Subject,
    addresses: Addresses,
    located: Callable[[str, Mapping[str, Any]], LocatedView],
    beside: Callable[[LocatedView], str] = lambda _: "",
) -> list[MethodView]:
    """What was answered, by method; nothing of those that were not asked.

    Args:
        report: with the answers.
        methods: in their order.
        subject: what was asked about.
        addresses: builds links.
        located: a raw mask and what is said of its place → that as pages show it.
        beside: that → what it is beside a planted circuit.
    """
    slug, scope, found = subject.slug, subject.scope, []

    def shown(method: Method[Any], one: StoredAnswer) -> AnswerView:
        text = text_beside(method, one.settings)
        place = None if one.raw_mask is None or one.place is None else located(one.raw_mask, one.place)
        return AnswerView.showing(
            one,
            text=text,
            place=place,
            url="" if one.raw_mask is None else addresses.claim(slug, scope, mask=one.raw_mask),
            path_url=addresses.method(slug, text, scope),
            planted="" if place is None else beside(place),
        )

    for method in methods:
        views = [shown(method, one) for one in report.answers if one.method == method.key]
        if not views and method.label not in report.refused:
            continue
        default = next((view for view in views if view.default), None)
        found.append(
            MethodView.showing(
                method,
                default=default,
                answers=[view for view in views if not view.default],
                n_valid=sum(view.place is not None and view.place.valid for view in views),
                n_answers=len(views),
                refused="" if default is not None else report.refused.get(method.label, ""),
            )
        )
    return found


def text_beside(method: Method[Any], settings: Mapping[str, Any]) -> str:
    """A method with the settings that differ from its defaults."""
    key, defaults = method.key, method.defaults
    return settings_text(key, {name: value for name, value in settings.items() if defaults.get(name) != value})


def findings_of(methods: Sequence[MethodView], noun: str = "edge") -> list[str]:
    """What the default answers are, never without the baselines beside them; ``noun`` is of what they keep."""
    answered = ((one, one.default.place if one.default is not None else None) for one in methods)
    defaults = [(one, place) for one, place in answered if place is not None]
    if not defaults:
        return ["No method came to a circuit."]
    valid = [place for _, place in defaults if place.valid]
    distinct = len({place.mask for _, place in defaults})
    told = (
        f"Under default settings {len(valid)} of {len(defaults)} methods answer with a valid circuit, and they give "
        f"{distinct} different answer{'' if distinct == 1 else 's'}."
    )
    sizes = sorted(place.edges for place in valid)
    more = []
    if sizes:
        least = min((place.excess for place in valid if place.excess is not None), default=None)
        span = f"{sizes[0]}" if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"
        need = "" if least is None else f"; the smallest has {least} more than needed" if least else "; one is smallest"
        more.append(f"The valid ones have {span} {noun}s{need}.")
    random = next((place for one, place in defaults if one.key == "random"), None)
    if random is not None:
        words = "is valid too" if random.valid else "is not valid"
        more.append(f"A random order of {noun}s {words}, with {random.edges} {noun}{'' if random.edges == 1 else 's'}.")
    return [told, " ".join(more)] if more else [told]


def _planted_finding(methods: list[MethodView]) -> list[str]:
    """What the default answers are beside the planted circuit, where there is one."""
    beside = [one.default.planted for one in methods if one.default is not None and one.default.planted]
    if not beside:
        return []
    right, false = beside.count("recovered"), sum(one in FALSE_ERRORS for one in beside)
    unsaid, invalid = beside.count("planted-invalid"), beside.count("invalid")
    told = (
        f"Of {len(beside)} answers {right} recover{'s' if right == 1 else ''} the planted circuit, {false} "
        f"{'is another valid circuit' if false == 1 else 'are other valid circuits'}, which a benchmark that knows "
        f"only the planted one counts as {'an error' if false == 1 else 'errors'}, and {invalid} "
        f"{'is' if invalid == 1 else 'are'} not valid."
    )
    whole = f"{unsaid} answer{'s' if unsaid == 1 else ''} with the planted circuit, which is not valid."
    return [told, *([whole] if unsaid else [])]


def strip_of(method: MethodView, n_edges: int, shares: Mapping[int, float]) -> Markup:
    """One method's answers as a drawing.

    Args:
        method: with its answers.
        n_edges: of the network, or bits of a model's masks.
        shares: of valid among possible circuits, by size.
    """
    every = [*([method.default] if method.default else []), *method.answers]
    marks = [
        AnswerMark(one.text, one.place.edges, one.place.valid, one.default) for one in every if one.place is not None
    ]
    return audit_strip(marks, n_edges, shares, title=method.label)
