"""The first page of a transformer: what it computes, how many circuits are enough, and what else was asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.circuit_sets.backbone import backbone_words
from analysis.models.common import backbone_of_bits
from analysis.models.model import Table, gaps
from app.addressing import Addresses
from app.db.models import CircuitSearch, searches_of
from app.figures.numbers import decimal, readable
from app.figures.svg import graph_diagram
from app.options import ScopeOptions
from app.pages.about_one import column, listed, pairs
from app.pages.analyses import analyses_of, asked, cards_of
from app.pages.explanation_list import asked as listed_circuits
from app.pages.explanation_list import states
from app.pages.inside import ROW, chosen_row, inside_blocks, table_blocks
from app.pages.place import ModelPlace
from pluriscope.blocks import Action, Block, Choice, Fact, Facts, Figure, Head, Menu, More, Section, Side
from pluriscope.tables import Row


class OverviewOptions(ScopeOptions):
    """Options of a network's first page."""

    row: int | None = Field(None, ge=0, description=ROW)


def overview(session: Session, links: Addresses, place: ModelPlace, options: OverviewOptions) -> Iterator[Block]:
    """What it is, how many, what else was asked; the rest folded."""
    model, slug, scope = place.model, place.slug, place.scope
    whole = np.ones(place.space.graph.n_bits, dtype=np.bool_)
    apart = gaps(place.space.run(whole[None]), model.answers)[0]
    searches = searches_of(session, [place.row.id])
    search = searches.get((place.row.id, place.text))
    at, inside = chosen_row(model, apart, options.row), place.space.inside(whole)
    yield Head(
        model.name,
        f"{place.kind.definition} Right on {int((apart > 0).sum())} of {place.rows}; smallest gap "
        f"{decimal(float(apart.min()), 4)}.",
        actions=[
            Action("Compare circuits", links.compare(slug, (), scope), primary=True),
            Menu("Share", [Action("Network file", links.network_file(slug))], links.network(slug, scope)),
        ],
    )
    figure = Figure(graph_diagram(place.space.graph, title=model.name), "Every node and edge. A circuit keeps some.")
    yield Side([figure, Facts(list(_counts(links, place, search)))])
    rules = {words: links.network(slug, one) for words, one in place.others().items()}
    common = None if search is None else backbone_of_bits(search.valid, dict(search.by_bits), search.bit_use)
    told = "" if common is None else backbone_words(common, part=place.part)
    yield Section("Under these rules", told, Choice("Rules", rules, place.rules), id="counts")
    yield from states(listed_circuits(session, links, slug, {"protocol": [scope.protocol]}))
    yield Section("More analyses", "each with one finding", Action("All of them", links.analyses(slug, scope)))
    yield from cards_of([asked(session, place, links, one) for one in analyses_of(place)])
    look = partial(_url, links, place)
    yield More(
        "On one row",
        lambda: inside_blocks(model, inside, at, links.network(slug), scope.protocol, look),
        "where each node looks",
        id="inside",
    )
    if model.tables:
        yield More("Weights", lambda: _tables(model.tables), "what they are", id="weights")
    yield More("How it was counted", lambda: _counted(place, searches), "by rules, and by which engine", id="counted")


def _url(links: Addresses, place: ModelPlace, row: int) -> str:
    return links.network(place.slug, place.scope, row=row, part="inside")


def _counts(links: Addresses, place: ModelPlace, search: CircuitSearch | None) -> Iterator[Fact]:
    every = links.explanations(place.slug, place.scope)
    if search is not None:
        of = f"of {readable(search.possible)} possible"
        yield Fact("Valid circuits", readable(search.valid), place.rules, of, every)
        if search.by_bits:
            least, n = min(search.by_bits)
            yield Fact("Smallest", f"{least} {place.part}s", place.rules, f"{n:,} of them" if n > 1 else "one of them")
    else:
        yield Fact("Possible circuits", readable(place.space.possible), place.rules, "not searched", every)
    for label, value in place.model.facts:
        yield Fact(label, value)


def _tables(tables: tuple[Table, ...]) -> Iterator[Block]:
    for table in tables:
        yield from table_blocks(table, None)


def _counted(place: ModelPlace, searches: dict[tuple[int, str], CircuitSearch]) -> Iterator[Block]:
    """What was searched under each set of rules."""
    rows = []
    for words, scope in place.others().items():
        search = searches.get((place.row.id, scope.rules))
        told: dict[str, Any] = {"rules": words, "engine": "not searched"}
        if search is not None:
            told |= {"valid": search.valid, "possible": search.possible, "engine": search.engine_version}
        rows.append(Row(told))
    columns = (
        column("rules", "Rules", "What is cut, and what that carries.", first=True),
        column("valid", "Valid", "Circuits right on enough rows.", "int"),
        column("possible", "Possible", "Circuits there are.", "text"),
        column("engine", "Engine", "Version that searched."),
    )
    yield listed("set of rules", columns, rows)
    yield pairs(
        "fact",
        {
            "Network": place.row.digest,
            "Rules": place.protocol_digest,
            "Rows": place.data_digest,
            "Attribution": place.model.attribution or "none",
            "This page": f"computed from the weights just now by engine {ENGINE_VERSION}",
        },
    )
