"""What discovery methods answer about a model, each answer located among its valid circuits under one set of rules."""

from __future__ import annotations

from functools import partial

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.part_names import names_of
from analysis.discovery.registry import MODEL_METHOD_BY_KEY, MODEL_METHODS, read_called
from analysis.models.common import chances_by_bits
from app.addressing import Addresses
from app.db.methods import METHODS, MethodsReport
from app.jobs.definitions import MODEL_METHODS as JOB
from app.pages.models.standing import ModelStanding, model_located
from app.pages.models.views import (
    ModelReportPage,
    RulesOptions,
    RulesPage,
    locate_model,
    report_beside,
    rules_page,
    search_of,
)
from app.pages.reports.method_path import Followed, StepOptions, followed, method_meant, steps_now
from app.pages.reports.methods import MethodsFound, findings_of, methods_fields, methods_shown, text_beside


class ModelMethodsPage(ModelReportPage, MethodsFound):
    """What methods answer about a model."""

    noun: str = Field(description="What a bit of a mask is: edge or node.")


def build_model_methods(session: Session, addresses: Addresses, ref: str, options: RulesOptions) -> ModelMethodsPage:
    """What methods answer about the model and under the rules that an address names.

    Raises:
        NotFound: no such model or rules.
    """
    place = locate_model(session, addresses, ref, options.rules)
    search, report, state = report_beside(session, place, addresses, METHODS, MethodsReport, JOB)
    located = partial(model_located, place=place, addresses=addresses)
    methods = [] if report is None else methods_shown(report, MODEL_METHODS, place, addresses, located)
    noun = place.space.graph.cut[:-1]
    chances = {} if search is None else chances_by_bits(place.space, dict(search.by_bits))
    shares = {size: float(one.share) for size, one in chances.items() if one.share is not None}
    return ModelMethodsPage(
        **rules_page(session, place, addresses, lambda rules: addresses.methods(place.slug, rules)),
        **methods_fields(report, methods, shares, place, addresses),
        **state,
        findings=findings_of(methods, noun) if report is not None else [],
        n_edges=place.space.graph.n_bits,
        noun=noun,
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
    found, settings = method_meant(method, partial(read_called, known=MODEL_METHOD_BY_KEY), place, addresses)
    standing = None if search_of(session, place) is None else ModelStanding(session, place, addresses)
    steps = None if standing is None else steps_now(found, settings, standing.landscape)
    written = text_beside(found, settings)
    return ModelPathPage(
        **rules_page(session, place, addresses, lambda rules: addresses.method(place.slug, written, rules)),
        **followed(found, settings, steps, standing, place, names_of(place.space.graph), addresses, options.step),
    )
