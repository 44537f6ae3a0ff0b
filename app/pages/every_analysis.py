"""How far the analyses of networks of any kind are, and where answers about a transformer stand among its circuits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from analysis.subjects.question import GraphQuestion
from app.db.job_tables import JobRow
from app.db.models import read_analysed, searches_of, stored_beside
from app.jobs.definitions import DEFINITIONS
from app.pages.analyses import Asked, Stored, at_once, each_of_network, state_of
from app.pages.place import AnyPlace, ModelPlace, Place
from app.pages.plan import refused
from pluriscope.address import Addresses
from pluriscope.analyses.registry import BY_KEY, Analysis
from pluriscope.analyses.shown import AnalysisContext
from pluriscope.naming import RulesScope


def asked(session: Session, place: AnyPlace, links: Addresses, analyses: Sequence[Analysis]) -> list[Asked]:
    """How far some analyses of a network are."""
    if isinstance(place, Place):
        return each_of_network(session, place, links, analyses)
    return [_of_transformer(session, place, links, one) for one in analyses]


def _of_transformer(session: Session, place: ModelPlace, links: Addresses, analysis: Analysis) -> Asked:
    searched = searches_of(session, [place.row.id])
    known = {RulesScope.of(text) for _, text in searched} | {place.scope}
    rules = {words: scope for words, scope in place.others().items() if scope in known}

    def sizes() -> Mapping[int, int]:
        return dict(searched[place.row.id, place.text].by_bits)

    def stored(key: str) -> Any:
        return stored_beside(session, place.row, place.text, key, BY_KEY[key].report)

    question, read = GraphQuestion(place.kind, place.model, place.settings), partial(read_analysed, session)
    planted = place.model.planted and place.model.planted.under(question.graph)
    about_it = question, place.row.name, place.slug, place.scope, links, partial(read, place.row, place.text), sizes
    subject = AnalysisContext(*about_it, planted, report=stored)
    if not analysis.find:
        return at_once(analysis, subject, rules)
    if why := analysis.refuses(question, planted):
        return Asked(analysis, subject, "not_applicable", None, None, why, rules)
    if analysis.searched and (place.row.id, place.text) not in searched:
        why, instead = refused(session, place)
        return Asked(analysis, subject, "not_applicable" if why else "not_analysed", None, None, why, rules, instead)
    report = stored(analysis.key)
    kind = DEFINITIONS[f"model-{analysis.key}"]
    job = session.get(JobRow, kind.job_id({"model": place.row.digest, "rules": place.text}))
    found = None if report is None else Stored(report=report)
    return Asked(analysis, subject, *state_of(found, job), "", rules)
