"""The list of models, and one model: what it is, its graph, and its circuits under each set of rules."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.models import registry
from analysis.models.model import gaps
from app.addressing import USUAL_RULES, Addresses
from app.db.job_tables import JobRow
from app.db.model_tables import ModelRow
from app.db.models import all_models, model_of, searches_of
from app.db.reads.jobs import UNFINISHED
from app.jobs.definitions import MODEL_CIRCUITS, model_arguments
from app.options import Options, PageModel
from app.pages.models.inside import ROW, LookView, TableView, chosen_row, look_view, table_views
from app.pages.models.views import (
    GraphView,
    ModelView,
    RowView,
    RulesView,
    graph_view,
    model_view,
    open_model,
    row_views,
    rules_view,
    sandbox_url,
)
from pluriscope.naming import RulesScope

ROWS_SHOWN: Final = 12


class KindView(PageModel):
    """A kind of model that can be imported."""

    key: str
    plural: str
    definition: str
    format: str = Field(description="What its files have as their format.")


class ModelItem(PageModel):
    """One model of the list."""

    model: ModelView
    usual: RulesView = Field(description="What was found under the usual rules.")


class ModelsPage(PageModel):
    """Every stored model of another kind than the networks."""

    items: list[ModelItem]
    kinds: list[KindView]
    url: str
    action: str = Field(description="Where a file is sent with POST.")


class FactView(PageModel):
    """Something to say of a model."""

    label: str
    value: str


class RulesItem(PageModel):
    """One set of rules on a model's page."""

    rules: RulesView
    state: str = Field(description="searched, queued, running, failed, cancelled, not_searched or too_large.")
    job_url: str = Field(description="The search on its way or what became of it; empty if there is none.")
    error: str = Field(description="Why the search failed.")


class ModelPage(PageModel):
    """One model."""

    model: ModelView
    definition: str
    attribution: str
    facts: list[FactView]
    right: int = Field(description="Rows on which the whole model is right.")
    worst: float = Field(description="Its smallest gap.")
    rows: list[RowView] = Field(description="Those with the smallest gaps, at most twelve.")
    look: LookView | None = Field(description="What happens inside on one row; null where there is nothing to show.")
    tables: list[TableView] = Field(description="What else there is to say of it.")
    graph: GraphView = Field(description="Under the usual rules.")
    rules: list[RulesItem]
    url: str
    file_url: str
    search_url: str = Field(description="Where a search is asked for with POST.")
    sandbox_url: str = Field(description="Empty where models of this kind have none.")
    list_url: str
    methods_url: str = Field(description="What discovery methods answer about it.")
    scope: ClassVar[RulesScope] = USUAL_RULES


def model_items(session: Session, addresses: Addresses, query: str = "") -> list[ModelItem]:
    """The stored models, all or those with a text in their name or slug, or whose digest begins with it."""
    rows = [row for row in all_models(session) if matches(row, query.lower())]
    searches = searches_of(session, [row.id for row in rows])
    items = []
    for row in rows:
        kind, model = model_of(row)
        usual = rules_view(row, kind, model, kind.default_rules, searches.get((row.id, "")), addresses)
        items.append(ModelItem(model=model_view(row, kind, model, addresses), usual=usual))
    return items


def matches(row: ModelRow, text: str) -> bool:
    """Whether a text in lower case is in a model's name or slug, or begins its digest, and its kind is known here."""
    known = row.kind in {kind.key for kind in registry.MODEL_KINDS}  # another version may have stored more kinds
    return known and (text in row.name.lower() or text in row.slug or row.digest.startswith(text))


def build_models(session: Session, addresses: Addresses) -> ModelsPage:
    """The list of models."""
    return ModelsPage(
        items=model_items(session, addresses),
        kinds=registry.MODEL_KINDS,
        url=addresses.models(),
        action=addresses.models(),
    )


class ModelOptions(Options):
    """Options of one model's page."""

    row: int | None = Field(None, ge=0, description=ROW)


def build_model(session: Session, addresses: Addresses, ref: str, options: ModelOptions) -> ModelPage:
    """The page of one model.

    Raises:
        NotFound: there is none.
        BadQuery: its task has no such row.
    """
    row, kind, model = open_model(session, addresses, ref)
    searches = searches_of(session, [row.id])
    space = model.space(kind.default_rules)
    whole = np.ones(space.graph.n_bits, dtype=np.bool_)
    outputs = space.run(whole[None])
    apart = gaps(outputs, model.answers)[0]
    at, inside = chosen_row(model, apart, options.row), space.inside(whole)

    def url(number: int) -> str:
        return addresses.model(row.slug, row=number)

    items = []
    for rules in kind.admitted_rules(model):
        view = rules_view(row, kind, model, rules, searches.get((row.id, kind.write_rules(rules))), addresses)
        job = session.get(JobRow, MODEL_CIRCUITS.job_id(model_arguments(row.digest, view.text)))
        state = "too_large" if view.too_large else "not_searched"
        if view.valid is not None:
            state = "searched"
        elif job is not None and job.state in (*UNFINISHED, "failed", "cancelled"):
            state = job.state
        items.append(
            RulesItem(
                rules=view,
                state=state,
                job_url="" if job is None or state == "searched" else addresses.job(job.id),
                error="" if job is None or state != "failed" else job.error,
            )
        )
    return ModelPage(
        model=model_view(row, kind, model, addresses),
        definition=kind.definition,
        attribution=model.attribution,
        facts=[FactView(label=label, value=value) for label, value in model.facts],
        right=int((apart > 0).sum()),
        worst=float(apart.min()),
        rows=row_views(model, outputs[0], ROWS_SHOWN, url),
        look=look_view(model, inside, at, url),
        tables=table_views((*inside.tables, *model.tables), at),
        graph=graph_view(space),
        rules=items,
        url=addresses.model(row.slug, row=options.row),
        file_url=addresses.model_file(row.slug),
        search_url=addresses.model_searches(row.slug),
        sandbox_url=sandbox_url(addresses, row, space, USUAL_RULES, "", options.row),
        list_url=addresses.models(),
        methods_url=addresses.analysis(row.slug, "methods", USUAL_RULES),
    )
