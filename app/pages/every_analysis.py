"""How far the analyses of networks of any kind are, and where answers about a transformer stand among its circuits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis.discovery.model_location import ModelLandscape
from app.db.job_tables import JobRow
from app.db.models import searches_of, stored_beside, stored_circuits, stored_landscape
from app.jobs.definitions import DEFINITIONS
from app.pages.analyses import UNPLANTED, Asked, Stored, at_once, each_of_network, state_of
from app.pages.place import AnyPlace, ModelPlace, Place
from app.pages.plan import refused
from pluriscope.address import Addresses
from pluriscope.analyses.registry import BY_KEY, Analysis
from pluriscope.analyses.shown import AnalysisContext
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.naming import RulesScope

MAX_JUDGED_MILLISECONDS: Final = 3.0
"""What a run of one circuit may take for criteria to be asked of a claim on the spot, some thousand runs."""


def _landscape(session: Session, place: ModelPlace) -> ModelLandscape:
    """The stored circuits of a model under one set of rules; nothing is known of the others where there are none."""
    search = searches_of(session, [place.row.id]).get((place.row.id, place.text))
    frame = stored_circuits(session, place.row.id, place.text, place.kind)
    if search is None or frame is None:
        found = ModelLandscape(place.kind, place.model, place.settings, None)
    else:
        found = stored_landscape(place.kind, place.model, place.settings, search, frame)
    return replace(found, judges=place.space.run_milliseconds <= MAX_JUDGED_MILLISECONDS)


def asked(session: Session, place: AnyPlace, links: Addresses, analyses: Sequence[Analysis]) -> list[Asked]:
    """How far some analyses of a network are."""
    if isinstance(place, Place):
        return each_of_network(session, place, links, analyses)
    return [_of_transformer(session, place, links, one) for one in analyses]


def _of_transformer(session: Session, place: ModelPlace, links: Addresses, analysis: Analysis) -> Asked:
    graph, searched = place.space.graph, searches_of(session, [place.row.id])
    known = {RulesScope.of(text) for _, text in searched} | {place.scope}
    rules = {words: scope for words, scope in place.others().items() if scope in known}

    def draws(mask: str, *, title: str) -> Markup:
        kept = graph.kept_edges(graph.bits([int(mask, 16)]))[0].tolist()
        return graph_diagram(graph, kept, title=title, thumb=True)

    def sizes() -> Mapping[int, int]:
        return dict(searched[place.row.id, place.text].by_bits)

    read = partial(_landscape, session, place)
    about_it = place.row.name, place.slug, place.scope, links, place.part, draws, None, read
    record = place.model.planted
    planted = None if record is None else record.under(graph)

    def stored(key: str) -> Any:
        return stored_beside(session, place.row, place.text, key, BY_KEY[key].report)

    subject = AnalysisContext(*about_it, sizes, graph.to_hex, planted, report=stored)
    if not analysis.find:
        return at_once(analysis, subject, rules)
    if analysis.of_planted and planted is None:
        return Asked(analysis, subject, "not_applicable", None, None, UNPLANTED, rules)
    if analysis.of_circuits and (place.row.id, place.text) not in searched:
        why, instead = refused(session, place)
        return Asked(analysis, subject, "not_applicable" if why else "not_analysed", None, None, why, rules, instead)
    report = stored(analysis.key)
    kind = DEFINITIONS[f"model-{analysis.key}"]
    job = session.get(JobRow, kind.job_id({"model": place.row.digest, "rules": place.text}))
    found = None if report is None else Stored(report=report)
    return Asked(analysis, subject, *state_of(found, job), "", rules)
