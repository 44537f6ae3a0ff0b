"""How one method under one setting came to its answer: every step, the circuit left behind it, and its chance."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.claims import edge_numbers
from analysis.discovery.method import Method, Step
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
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.claims.standing import BaselineView, Standing
from app.pages.located import edges_drawn
from app.pages.place import Place, locate
from app.pages.reports.methods import method_text
from app.pages.shared import LinkedPage, linked, scope_now

MEASURES: Final = {"mse": "squared difference", "kl": "divergence", "decision": "rows decided wrong"}


class MethodPathOptions(ScopeOptions):
    """Options of the page of a method's steps."""

    step: int | None = Field(None, ge=0, le=100_000, description="The step that is drawn; by default the answer's.")


class StepView(PageModel):
    """One step."""

    number: int = Field(description="From 1; 0 is the mask that the method begins with.")
    edges: list[str] = Field(description="What it is about, as claims name edges; empty for the beginning.")
    kept: bool = Field(description="Whether they are in the raw mask behind it.")
    before: float | None = Field(description="The measure before it.")
    after: float | None = Field(description="The same with the edges removed, or taken.")
    score: float | None = Field(description="Of the edge, of methods of scores.")
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


class MethodPathPage(LinkedPage):
    """The steps of one method under one setting."""

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
    slug, scope = place.row.slug, place.scope
    found, settings = _meant(method, place, addresses)
    text = method_text(found.key, settings)
    steps, stored = _steps(session, place, found, settings)
    standing = None if place.analysis is None else Standing(session, place, place.analysis, addresses)
    views: list[StepView] = []
    answer = None
    if standing is not None and steps is not None:
        layout = place.question.layout
        begin = 0 if found.score is not None else (1 << layout.n_edges) - 1
        stages = stages_of([Step((), False, None, None, begin), *steps], standing.landscape)
        views = [_view(number, one, place, addresses, text) for number, one in enumerate(stages)]
        answer = _answer(found, settings, views)
    at = options.step if options.step is not None else answer if answer is not None else 0
    if views and at >= len(views):
        raise BadQuery(f"step {at}", f"there are {len(views) - 1}", "name one of them", "step")
    valid = [one.n_edges for one in views if one.valid]
    return MethodPathPage(
        **linked(place, addresses, scope_now(session, place, addresses)),
        key=found.key,
        label=found.label,
        definition=found.definition,
        source=found.source,
        text=text,
        settings=dict(settings),
        kind="learning" if found.learns else "taking" if found.score is not None else "removing",
        measure="faithfulness" if found.score is not None else MEASURES.get(str(settings.get("loss")), "loss"),
        state="not_analysed" if standing is None else "found" if stored else "not_stored",
        steps=views,
        answer=answer,
        at=at if views else 0,
        first_valid=min(valid, default=None),
        baselines=[] if standing is None else standing.baselines(),
        methods_url=addresses.methods(slug, scope),
        request_url=addresses.methods(slug),
        request_fields=scope.fields,
        url=addresses.method(slug, text, scope, **options.view_of()),
    )


def _meant(text: str, place: Place, addresses: Addresses) -> tuple[Method, Settings]:
    """The method that an address names, with every setting.

    Raises:
        NotFound: there is none, or it has no such setting.
    """
    page = addresses.methods(place.row.slug, place.scope), "what methods answer"
    try:
        found, settings = read_method(text)
    except InvalidMethod as problem:
        raise NotFound(problem.item, problem.cause, problem.cure, "method", *page) from None
    if not isinstance(found, Method):
        raise NotFound(
            f"method {found.key}", "answers with no circuit, so it has no steps", "name another", "method", *page
        )
    return found, settings


def _steps(session: Session, place: Place, method: Method, settings: Settings) -> tuple[list[Step] | None, bool]:
    """The steps, and whether they are known: of a method that learns, only what a job has stored.

    Raises:
        BadQuery: settings that do not fit the task or the network.
    """
    if place.analysis is None:
        return None, False
    if not method.learns:
        try:
            return list(steps_of(method, settings, place.question)), True
        except InvalidMethod as problem:
            raise BadQuery(problem.item, problem.cause, problem.cure, "method") from None
    row = report_row(session, place.analysis, METHODS)
    answers = [] if row is None else report_of(row, MethodsReport).answers
    known = next((one for one in answers if one.method == method.key and one.settings == dict(settings)), None)
    if known is None or known.steps is None:
        return None, False
    return [step_of(one) for one in known.steps], True


def _answer(method: Method, settings: Settings, views: list[StepView]) -> int | None:
    """The step whose raw mask is the method's answer."""
    if method.score is None:
        return len(views) - 1
    if "k" in settings:
        return int(settings["k"])
    threshold = float(settings["threshold"])
    shares = [(one.number, one.after) for one in views[1:]]
    if any(after is None for _, after in shares):
        return None
    return next((number for number, after in shares if after is not None and after >= threshold), len(views) - 1)


def _view(number: int, one: Stage, place: Place, addresses: Addresses, text: str) -> StepView:
    step, layout = one.step, place.question.layout
    names = list(edge_numbers(layout))
    chance, mask, slug = one.chance, layout.to_hex(one.closed.mask), place.row.slug
    exact = chance is not None and chance.exact
    return StepView(
        number=number,
        edges=[names[edge] for edge in step.edges],
        kept=step.kept,
        before=step.before,
        after=step.after,
        score=step.score,
        at=step.at,
        raw_mask=layout.to_hex(step.mask),
        raw_edges=step.mask.bit_count(),
        mask=mask,
        n_edges=one.closed.mask.bit_count(),
        valid=one.valid,
        chance_valid=chance.low if chance is not None and exact else None,
        chance_possible=None if chance is None else chance.possible,
        url=addresses.method(slug, text, place.scope, step=number),
        circuit_url=addresses.circuit(slug, mask, place.scope) if one.closed.possible else "",
    )
