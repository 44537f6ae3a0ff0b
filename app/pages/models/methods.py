"""What discovery methods answer about a model, each answer located among its valid circuits under one set of rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.model_registry import MODEL_METHODS
from analysis.models.common import chances_by_bits
from analysis.models.judging import NONE
from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.methods import MethodsReport, StoredAnswer
from app.db.models import searches_of, stored_methods
from app.jobs.definitions import MODEL_METHODS as JOB
from app.jobs.definitions import model_circuits_arguments
from app.options import PageModel
from app.pages.located import LocatedView, located_fields
from app.pages.models.views import (
    ModelPlace,
    ModelView,
    RulesOptions,
    RulesView,
    locate_model,
    model_view,
    rules_view,
    search_of,
)
from app.pages.reports.methods import AnswerView, MethodView, findings_of, text_beside
from app.pages.reports.state import ReportState, work_state
from app.pages.shared import JobView, job_view


class RoleKept(PageModel):
    """The nodes that have a role in the whole model, and which of them have it in a circuit too."""

    label: str
    model: list[str]
    kept: list[str]


class ModelLocatedView(LocatedView):
    """Where an answer about a model stands; its edges are nodes where masks name nodes."""

    under: dict[str, bool | None] = Field(description="By ablation whether it is valid; null where it was not found.")
    roles: list[RoleKept] = Field(description="Roles that some node has in the whole model.")
    adds: list[str] = Field(description="What the nearest valid circuit keeps and this one does not.")
    drops: list[str] = Field(description="What this one keeps and the nearest valid circuit does not.")


class ModelAnswerView(AnswerView):
    """One answer of a method about a model."""

    place: ModelLocatedView | None


class ModelMethodView(MethodView):
    """One method under all its settings."""

    default: ModelAnswerView | None
    answers: Sequence[ModelAnswerView] = Field(description="Under other settings.")


class ModelMethodsPage(PageModel):
    """What methods answer about a model."""

    model: ModelView
    rules: RulesView
    other_rules: list[RulesView] = Field(description="Every set of rules under which circuits were searched.")
    state: ReportState
    job: JobView | None
    findings: list[str] = Field(description="What was found, in sentences made from its numbers.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    methods: list[ModelMethodView]
    n_edges: int = Field(description="Bits of a mask: edges, or nodes.")
    noun: str = Field(description="What a bit of a mask is: edge or node.")
    shares: dict[int, float] = Field(description="Share of valid among possible circuits, by number of edges.")
    request_url: str = Field(description="A form sent here asks the methods.")
    request_fields: list[tuple[str, str]]
    url: str


def build_model_methods(session: Session, addresses: Addresses, ref: str, options: RulesOptions) -> ModelMethodsPage:
    """What methods answer about the model and under the rules that an address names.

    Raises:
        NotFound: no such model or rules.
    """
    place = locate_model(session, addresses, ref, options.rules)
    search, report = search_of(session, place), stored_methods(session, place.row, place.text)
    job = session.get(JobRow, JOB.job_id(model_circuits_arguments(place.row.digest, place.text)))
    methods = [] if report is None else _methods(report, place, addresses)
    noun, slug = place.space.graph.cut[:-1], place.row.slug
    chances = {} if search is None else chances_by_bits(place.space, dict(search.by_bits))
    return ModelMethodsPage(
        model=model_view(place.row, place.kind, place.model, addresses),
        rules=rules_view(place.row, place.kind, place.model, place.rules, search, addresses),
        other_rules=_searched(session, place, addresses),
        state="not_analysed" if search is None else work_state(job) if report is None else "done",
        job=None if job is None or report is not None else job_view(job, addresses),
        findings=findings_of(methods, noun) if report is not None else [],
        complete=report is not None and report.complete,
        methods=methods,
        n_edges=place.space.graph.n_bits,
        noun=noun,
        shares={size: float(one.share) for size, one in chances.items() if one.share is not None},
        request_url=addresses.model_methods(slug),
        request_fields=[("rules", place.text)],
        url=addresses.model_methods(slug, place.text),
    )


def _searched(session: Session, place: ModelPlace, addresses: Addresses) -> list[RulesView]:
    """Every set of rules under which circuits were searched, each with the address of this page."""
    searches = searches_of(session, [place.row.id])
    found = []
    for rules in place.kind.admitted_rules(place.model):
        text = place.kind.write_rules(rules)
        search = searches.get((place.row.id, text))
        if search is not None:
            view = rules_view(place.row, place.kind, place.model, rules, search, addresses)
            found.append(view.model_copy(update={"url": addresses.model_methods(place.row.slug, text)}))
    return found


def _methods(report: MethodsReport, place: ModelPlace, addresses: Addresses) -> list[ModelMethodView]:
    found = []
    for method in MODEL_METHODS:
        views = [
            ModelAnswerView.showing(
                one,
                text=text_beside(method, one.settings),
                place=(at := _located(one, place, addresses)),
                url="" if at is None else at.url,
                path_url="",
                planted="",
            )
            for one in report.answers
            if one.method == method.key
        ]
        found.append(
            ModelMethodView.showing(
                method,
                default=next((view for view in views if view.default), None),
                answers=[view for view in views if not view.default],
                n_valid=sum(view.place is not None and view.place.valid for view in views),
                n_answers=len(views),
                refused=report.refused.get(method.label, ""),
            )
        )
    return found


def _located(one: StoredAnswer, place: ModelPlace, addresses: Addresses) -> ModelLocatedView | None:
    if one.raw_mask is None or one.place is None:
        return None
    told, graph = one.place, place.space.graph
    fields = located_fields(one.raw_mask, told, lambda mask: addresses.model_circuit(place.row.slug, mask, place.text))
    here = int(told["mask"], 16)
    there = here if fields["nearest"] is None else int(fields["nearest"].mask, 16)

    def names(mask: int) -> list[str]:
        return [name for bit, name in enumerate(graph.bit_labels) if mask >> bit & 1]

    return ModelLocatedView(
        **fields,
        ref=told["mask"] if told["possible"] else "",
        under=told["under"],
        roles=_roles(told["roles"], place),
        adds=names(there & ~here),
        drops=names(here & ~there),
    )


def _roles(told: Mapping[str, Any], place: ModelPlace) -> list[RoleKept]:
    found = []
    for role in place.kind.roles:
        if role.key not in told or told[role.key]["model"] == NONE:
            continue
        model, circuit = (told[role.key][whose].split(", ") for whose in ("model", "circuit"))
        found.append(RoleKept(label=role.label, model=model, kept=[node for node in model if node in circuit]))
    return found
