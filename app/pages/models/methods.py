"""What discovery methods answer about a model, each answer located among its valid circuits under one set of rules."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.part_names import names_of
from analysis.discovery.registry import MODEL_METHOD_BY_KEY, MODEL_METHODS, read_called
from analysis.errors import InvalidMethod
from analysis.models.common import chances_by_bits
from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.methods import METHODS, MethodsReport
from app.db.models import stored_beside
from app.errors import NotFound
from app.jobs.definitions import MODEL_METHODS as JOB
from app.jobs.definitions import model_arguments
from app.pages.models.standing import ModelLocatedView, ModelStanding, model_located
from app.pages.models.views import ModelPlace, RulesOptions, RulesPage, locate_model, rules_page, search_of
from app.pages.reports.method_path import Followed, StepOptions, Way, followed, steps_now
from app.pages.reports.methods import AnswerView, MethodView, findings_of, text_beside
from app.pages.reports.state import ReportState, work_state
from app.pages.shared import JobView, job_view


class ModelAnswerView(AnswerView):
    """One answer of a method about a model."""

    place: ModelLocatedView | None


class ModelMethodView(MethodView):
    """One method under all its settings."""

    default: ModelAnswerView | None
    answers: Sequence[ModelAnswerView] = Field(description="Under other settings.")


class ModelMethodsPage(RulesPage):
    """What methods answer about a model."""

    state: ReportState
    job: JobView | None
    findings: list[str] = Field(description="What was found, in sentences made from its numbers.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    methods: list[ModelMethodView]
    n_edges: int = Field(description="Bits of a mask: edges, or nodes.")
    noun: str = Field(description="What a bit of a mask is: edge or node.")
    shares: dict[int, float] = Field(description="Share of valid among possible circuits, by number of edges.")
    claim_url: str = Field(description="Where a circuit of your own is located.")
    request_url: str = Field(description="A form sent here asks the methods.")
    request_fields: list[tuple[str, str]]


def build_model_methods(session: Session, addresses: Addresses, ref: str, options: RulesOptions) -> ModelMethodsPage:
    """What methods answer about the model and under the rules that an address names.

    Raises:
        NotFound: no such model or rules.
    """
    place = locate_model(session, addresses, ref, options.rules)
    search, report = search_of(session, place), stored_beside(session, place.row, place.text, METHODS, MethodsReport)
    job = session.get(JobRow, JOB.job_id(model_arguments(place.row.digest, place.text)))
    methods = [] if report is None else _methods(report, place, addresses)
    noun, slug = place.space.graph.cut[:-1], place.row.slug
    chances = {} if search is None else chances_by_bits(place.space, dict(search.by_bits))
    return ModelMethodsPage(
        **rules_page(session, place, addresses, lambda text: addresses.model_methods(slug, text)),
        state="not_analysed" if search is None else work_state(job) if report is None else "done",
        job=None if job is None or report is not None else job_view(job, addresses),
        findings=findings_of(methods, noun) if report is not None else [],
        complete=report is not None and report.complete,
        methods=methods,
        n_edges=place.space.graph.n_bits,
        noun=noun,
        shares={size: float(one.share) for size, one in chances.items() if one.share is not None},
        claim_url=addresses.model_claim(slug, place.text),
        request_url=addresses.model_methods(slug),
        request_fields=[("rules", place.text)],
        url=addresses.model_methods(slug, place.text),
    )


class ModelPathOptions(RulesOptions, StepOptions):
    """Options of the page of a method's steps on a model."""


class ModelPathPage(RulesPage, Followed):
    """The steps of one method on a model under one setting."""

    @property
    def edge_names(self) -> list[str]:
        """The drawing names the bits of its edges itself."""
        return []

    @property
    def drawn(self) -> list[bool]:
        """For each edge of the graph whether the raw mask behind the step keeps it."""
        return self.keeps(self.steps[self.at].raw_mask if self.steps else "")


def build_model_path(
    session: Session, addresses: Addresses, ref: str, method: str, options: ModelPathOptions
) -> ModelPathPage:
    """The steps of the method that an address names.

    Raises:
        NotFound: no such model, rules or method.
        BadQuery: settings that do not fit the model, or a step that is not there.
        BeyondLimits: the model is too large to be followed on the spot.
    """
    place = locate_model(session, addresses, ref, options.rules)
    slug, text = place.row.slug, place.text
    methods_url = addresses.model_methods(slug, text)
    try:
        found, settings = read_called(method, MODEL_METHOD_BY_KEY)
    except InvalidMethod as problem:
        raise NotFound(
            problem.item, problem.cause, problem.cure, "method", methods_url, "what methods answer"
        ) from None
    written = text_beside(found, settings)
    standing = None if search_of(session, place) is None else ModelStanding(session, place, addresses)
    way = Way(
        steps=None if standing is None else steps_now(found, settings, standing.landscape),
        names=list(names_of(place.space.graph).numbers),
        step_url=lambda number: addresses.model_method(slug, written, text, step=number),
        circuit_url=lambda mask: addresses.model_circuit(slug, mask, text),
    )
    return ModelPathPage(
        **rules_page(session, place, addresses, lambda rules: addresses.model_method(slug, written, rules)),
        **followed(found, settings, written, way, standing, options.step),
        methods_url=methods_url,
        request_url=addresses.model_methods(slug),
        request_fields=[("rules", text)],
        url=addresses.model_method(slug, written, text, step=options.step),
    )


def _methods(report: MethodsReport, place: ModelPlace, addresses: Addresses) -> list[ModelMethodView]:
    found, slug = [], place.row.slug
    for method in MODEL_METHODS:
        views = [
            ModelAnswerView.showing(
                one,
                text=text_beside(method, one.settings),
                place=None
                if one.raw_mask is None or one.place is None
                else model_located(one.raw_mask, one.place, place, addresses),
                url="" if one.raw_mask is None else addresses.model_claim(slug, place.text, mask=one.raw_mask),
                path_url=addresses.model_method(slug, text_beside(method, one.settings), place.text),
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
