"""How one method under one setting came to its answer: every step, the circuit left behind it, and its chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.cuts import CutNetwork
from analysis.discovery.location import C, ValidCircuits
from analysis.discovery.method import Method, Step
from analysis.discovery.part_names import PartNames, names_in
from analysis.discovery.path import Stage, stages_of, steps_of
from analysis.discovery.registry import read_method
from analysis.errors import InvalidMethod
from analysis.method_settings import Settings
from analysis.networks.circuit import Circuit
from app.addressing import Addresses
from app.db.methods import METHODS, MethodsReport, step_of
from app.db.reports import report_of, report_row
from app.errors import BadQuery, NotFound
from app.figures.svg.layout import edge_name
from app.options import BigInt, Options, PageModel, ScopeOptions
from app.pages.claims.standing import BaselineView, NetworkStanding, Standing
from app.pages.located import edges_drawn
from app.pages.place import Subject, locate
from app.pages.reports.methods import text_beside
from app.pages.shared import LinkedPage, linked, scope_now

MEASURES: Final = {
    "mse": "squared difference",
    "kl": "divergence",
    "cross-entropy": "cross-entropy",
    "decision": "rows decided wrong",
}


class StepOptions(Options):
    """Which step is looked at."""

    step: int | None = Field(None, ge=0, le=100_000, description="The step that is drawn; by default the answer's.")


class MethodPathOptions(ScopeOptions, StepOptions):
    """Options of the page of a method's steps."""


class StepView(PageModel):
    """One step."""

    number: int = Field(description="From 1; 0 is the mask that the method begins with.")
    edges: list[str] = Field(description="What it is about, as claims name edges; empty for the beginning.")
    kept: bool = Field(description="Whether they are in the raw mask behind it.")
    before: float | None = Field(description="The measure before it.")
    after: float | None = Field(description="The same with the edges removed, or taken.")
    score: float | None = Field(description="Of the edge, of methods of scores; null where it has none.")
    at: int | None = Field(description="Of methods that learn: behind which step of gradient descent.")
    raw_mask: str
    raw_edges: int
    mask: str = Field(description="What is left once edges that lead nowhere or come from nowhere are dropped.")
    n_edges: int
    valid: bool
    chance_valid: BigInt | None = Field(description="Valid circuits of that size; null where that is not known.")
    chance_possible: BigInt | None = Field(description="Possible circuits of that size; null where there is none.")
    url: str = Field(description="This page at this step.")
    circuit_url: str = Field(description="The circuit's page; empty if it is no possible one.")


class Followed(PageModel):
    """The steps of one method under one setting, on a network or a model."""

    key: str
    label: str
    definition: str
    source: str
    text: str = Field(description="The method with the settings that differ from its defaults, as commands take it.")
    settings: dict[str, Any]
    kind: Literal["removing", "taking", "learning"]
    measure: str = Field(description="What before and after are.")
    state: Literal["found", "not_analysed", "not_stored"] = Field(
        description="not_stored: it learns, and its steps under these settings are not stored."
    )
    steps: list[StepView] = Field(description="The beginning first.")
    answer: int | None = Field(description="The step whose raw mask is the answer; null where it came to none.")
    at: int = Field(description="The step that is drawn.")
    first_valid: int | None = Field(description="Edges of the smallest valid circuit on the way; null if none is.")
    baselines: list[BaselineView] = Field(description="Largest weights and a random order, to be read beside it.")
    methods_url: str
    request_url: str
    request_fields: list[tuple[str, str]]

    @property
    def unknown(self) -> bool:
        """Whether the method has no score for some edge."""
        return self.kind == "taking" and any(one.score is None for one in self.steps if one.number)


class MethodPathPage(LinkedPage, Followed):
    """The steps of one method on a network under one setting."""

    @property
    def edge_names(self) -> list[str]:
        """How drawings call each edge, in the order of masks."""
        sizes = (*self.network.sizes[:-1], 1)
        return [
            edge_name(layer, out, source, sizes)
            for layer in range(1, len(sizes))
            for out in range(sizes[layer])
            for source in range(sizes[layer - 1])
        ]

    @property
    def drawn(self) -> Circuit:
        """The raw mask behind the step."""
        return edges_drawn(self.network, self.steps[self.at].raw_mask if self.steps else "")


def build_method_path(
    session: Session, addresses: Addresses, network: str, method: str, options: MethodPathOptions
) -> MethodPathPage:
    """The steps of the method that an address names.

    Raises:
        NotFound: no such network, output, protocol, data record or method.
        BadQuery: settings that do not fit the task, or a step that is not there.
        BeyondLimits: the network is too large to be followed on the spot.
    """
    place = locate(session, addresses, network, options.scope)
    found, settings = method_meant(method, read_method, place, addresses)
    standing = None if place.analysis is None else NetworkStanding(session, place, place.analysis, addresses)
    steps = None if standing is None else _steps(standing, found, settings)
    return MethodPathPage(
        **linked(place, addresses, scope_now(session, place, addresses)),
        **followed(found, settings, steps, standing, place, names_in(place.question.layout), addresses, options.step),
    )


def followed(
    method: Method[Any],
    settings: Settings,
    steps: Sequence[Step] | None,
    standing: Standing[Any] | None,
    subject: Subject,
    names: PartNames,
    addresses: Addresses,
    step: int | None,
) -> dict[str, Any]:
    """The fields of :class:`Followed`, and the page's own address.

    Args:
        method: that is followed.
        settings: all of them.
        steps: of it; None where they are not known.
        standing: the circuits that they are located among; None where nothing was searched.
        subject: what the method was asked about.
        names: of the bits of a mask.
        addresses: builds links.
        step: that is asked for.

    Raises:
        BadQuery: there is no such step.
    """
    slug, scope, text = subject.slug, subject.scope, text_beside(method, settings)

    def view(number: int, one: Stage) -> StepView:
        mask = one.closed.mask
        circuit_url = addresses.circuit(slug, names.to_hex(mask), scope) if one.closed.possible else ""
        return _view(number, one, names, addresses.method(slug, text, scope, step=number), circuit_url)

    views: list[StepView] = []
    if standing is not None and steps is not None:
        begin = 0 if method.score is not None else (1 << names.n_bits) - 1
        stages = stages_of([Step((), False, None, None, begin), *steps], standing.landscape)
        views = [view(number, one) for number, one in enumerate(stages)]
    answer = _answer(method, settings, views)
    at = step if step is not None else answer if answer is not None else 0
    if views and at >= len(views):
        raise BadQuery(f"step {at}", f"there are {len(views) - 1}", "name one of them", "step")
    return {
        "key": method.key,
        "label": method.label,
        "definition": method.definition,
        "source": method.source,
        "text": text,
        "settings": dict(settings),
        "kind": "learning" if method.learns else "taking" if method.score is not None else "removing",
        "measure": "faithfulness" if method.score is not None else MEASURES.get(str(settings.get("loss")), "loss"),
        "state": "not_analysed" if standing is None else "not_stored" if steps is None else "found",
        "steps": views,
        "answer": answer,
        "at": at if views else 0,
        "first_valid": min((one.n_edges for one in views if one.valid), default=None),
        "baselines": [] if standing is None else standing.baselines(),
        "methods_url": addresses.methods(slug, scope),
        "request_url": addresses.methods(slug, type(scope)()),
        "request_fields": scope.fields,
        "url": addresses.method(slug, text, scope, step=step),
    }


def method_meant(
    text: str, read: Callable[[str], tuple[Any, Settings]], subject: Subject, addresses: Addresses
) -> tuple[Method[Any], Settings]:
    """The method that an address names, with every setting.

    Args:
        text: as it came in.
        read: that → the method and its settings; raises InvalidMethod.
        subject: what it is asked about.
        addresses: for the page to go to instead.

    Raises:
        NotFound: there is none, or it has no such setting.
    """
    page = addresses.methods(subject.slug, subject.scope), "what methods answer"
    try:
        found, settings = read(text)
    except InvalidMethod as problem:
        raise NotFound(problem.item, problem.cause, problem.cure, "method", *page) from None
    if not isinstance(found, Method):
        raise NotFound(
            f"method {found.key}", "answers with no circuit, so it has no steps", "name another", "method", *page
        )
    return found, settings


def _steps(standing: NetworkStanding, method: Method[CutNetwork], settings: Settings) -> list[Step] | None:
    """The steps; of a method that learns, only what a job has stored."""
    if not method.learns:
        return steps_now(method, settings, standing.landscape)
    row = report_row(standing.session, standing.analysis, METHODS)
    answers = [] if row is None else report_of(row, MethodsReport).answers
    known = next((one for one in answers if one.method == method.key and one.settings == dict(settings)), None)
    return None if known is None or known.steps is None else [step_of(one) for one in known.steps]


def steps_now(method: Method[C], settings: Settings, landscape: ValidCircuits[C]) -> list[Step]:
    """The steps of a method that does not learn.

    Raises:
        BadQuery: settings that do not fit the task, the network or the model.
        BeyondLimits: it is too large to be followed on the spot.
    """
    try:
        return list(steps_of(method, settings, landscape.cut(settings["ablation"])))
    except InvalidMethod as problem:
        raise BadQuery(problem.item, problem.cause, problem.cure, "method") from None


def _answer(method: Method[Any], settings: Settings, views: list[StepView]) -> int | None:
    """The step whose raw mask is the method's answer; None where it came to none."""
    if not views or (method.score is not None and len(views) == 1):
        return None
    if method.score is None:
        return len(views) - 1
    if "k" in settings:
        return int(settings["k"])
    threshold = float(settings["threshold"])
    shares = [(one.number, one.after) for one in views[1:]]
    if any(after is None for _, after in shares):
        return None
    return next((number for number, after in shares if after is not None and after >= threshold), len(views) - 1)


def _view(number: int, one: Stage, names: PartNames, url: str, circuit_url: str) -> StepView:
    step, chance = one.step, one.chance
    told = list(names.numbers)
    return StepView.showing(
        step,
        number=number,
        edges=[told[edge] for edge in step.edges],
        raw_mask=names.to_hex(step.mask),
        raw_edges=step.mask.bit_count(),
        mask=names.to_hex(one.closed.mask),
        n_edges=one.closed.mask.bit_count(),
        valid=one.valid,
        chance_valid=chance.low if chance is not None and chance.exact else None,
        chance_possible=None if chance is None else chance.possible,
        url=url,
        circuit_url=circuit_url,
    )
