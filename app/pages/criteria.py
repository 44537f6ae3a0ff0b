"""Criteria as an address or a form names them, and the analysis that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import MAX_TEXT, CriterionStep, default_steps, parse_steps
from analysis.errors import InvalidCriterion
from app.addressing import Addresses
from app.db.tables import AnalysisRow, NetworkRow
from app.errors import BadQuery, NotFound
from app.pages.place import locate_boolean
from pluriscope.naming import Scope

MAX_STEPS: Final = 64
Text = Annotated[str, Field(max_length=MAX_TEXT)]


def steps_of(texts: Sequence[str]) -> tuple[CriterionStep, ...]:
    """The criteria that an address or a form names, all of them if it names none.

    Raises:
        BadQuery: more than 64, an unknown criterion or parameter, or a value out of range.
    """
    if len(texts) > MAX_STEPS:
        raise BadQuery("criteria", f"are more than {MAX_STEPS}", "ask for fewer at a time", "criteria")
    try:
        return parse_steps(texts) or default_steps()
    except InvalidCriterion as error:
        raise BadQuery(error.item, error.cause, error.cure, "criteria") from None


def find_judged(session: Session, addresses: Addresses, network: str, scope: Scope) -> tuple[NetworkRow, AnalysisRow]:
    """A network, and the analysis that a scope names.

    Raises:
        NotFound: no such network, output, protocol or data record, or no such analysis yet.
    """
    place = locate_boolean(session, addresses, network, scope)
    if place.analysis is None:
        raise NotFound(
            f"analysis of {place.row.slug}",
            "is not stored, so there is nothing to judge",
            "ask for it with POST to the network's analyses; criteria follow by themselves",
            "protocol",
            addresses.network(place.row.slug, place.scope),
            f"network {place.row.slug}",
        )
    return place.row, place.analysis
