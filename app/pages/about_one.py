"""What the page of any explanation has folded below it: criteria, its place among others, where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup
from pydantic import BaseModel, Field

from analysis import ENGINE_VERSION
from app.figures.numbers import exact, when
from app.pages.common_ground.standing import build_standing
from app.pages.common_ground.views import StandingOptions
from app.pages.page import DRAWING, One
from app.pages.shared import protocol_view
from app.pages.verdicts.told import folded
from pluriscope.blocks import Action, Block, Fact, Facts, Figure, Menu, More, Notice, Section, Table
from pluriscope.tables import AtHand, Column, Query, Row, Type

_MOST_ASKED: Final = 2_000  # characters of a reference that an option takes


class OfScope(BaseModel):
    """What a form sends along so that the same analysis is meant."""

    output: int = Field(0, json_schema_extra={"control": "hidden"})
    protocol: str = Field("", json_schema_extra={"control": "hidden"})
    data: str = Field("", json_schema_extra={"control": "hidden"})


def column(name: str, label: str, meaning: str, type_: Type = "text", **more: Any) -> Column:
    """A column of a short list, in whose order it stays."""
    return Column(name, label, meaning, type_, orders=False, **more)


def listed(noun: str, columns: Sequence[Column], rows: Sequence[Row], id: str = "") -> Table:  # noqa: A002
    """All of a short list."""
    listing = AtHand(tuple(columns), tuple(rows))
    return Table(listing, Query(limit=max(len(rows), 1)), "", noun, facets=False, id=id)


def pairs(noun: str, values: Mapping[str, Any]) -> Table:
    """Names with what they name."""
    columns = (column("what", "What", "What it is.", first=True), column("value", "Value", "Its value."))
    return listed(noun, columns, [Row({"what": what, "value": value}) for what, value in values.items()])


def figure(one: One, drawn: Markup, caption: str, name: str = DRAWING) -> Figure:
    """A drawing that is offered as files."""
    path = name if name == DRAWING else f"figures/{name}"
    files = {form.upper(): one.links.made_of(one.url(), f"{path}.{form}") for form in ("svg", "png", "pdf")}
    return Figure(drawn, caption, files, id=name)


def head_actions(one: One, before: str = "", after: str = "") -> list[Action | Menu]:
    """What can be done with any explanation.

    Args:
        one: the explanation.
        before: address of the one before it in the list; "" if there is none.
        after: of the one after it.
    """
    slug, scope, links = one.place.slug, one.place.scope, one.links
    found: list[Action | Menu] = []
    if one.place.question.data.boolean:
        found.append(Action("Compare", links.compare(slug, [one.ref], scope), primary=True))
        if one.explanation.recorded is None:
            found.append(Action("Play", links.sandbox(slug, [one.ref], scope)))
    found.append(
        Menu(
            "Share",
            [
                Action("Card", links.made_of(one.url(), "card.png")),
                Action("In a frame", links.embedded(one.url())),
                Action("Start a collection", links.collection("", [(one.url(), "")])),
                Action("Cite and embed", f"{one.url(part='cite')}#cite"),
            ],
        )
    )
    for sign, words, url in (("←", "The one before", before), ("→", "The one after", after)):
        if url:
            found.append(
                Action(Markup('<span aria-hidden="true">{}</span><span class="vh">{}</span>').format(sign, words), url)
            )
    return found


def about(one: One) -> Iterator[Block]:
    """The folds of any explanation."""
    if one.place.question.data.boolean:
        yield folded(one.session, one.links, [one.explanation])
        if len(str(one.ref)) <= _MOST_ASKED:
            yield More("Where it stands", lambda: _standing(one), "among all, by interventions", id="standing")
    yield More("Provenance", lambda: _provenance(one), "which network, rules, rows and engine", id="provenance")


def _standing(one: One) -> Iterator[Block]:
    scope = one.place.scope
    options = StandingOptions(e=str(one.ref), output=scope.output, protocol=scope.protocol, data=scope.data)
    found = build_standing(one.session, one.links, one.place.slug, options)
    to_all = Action("The common ground", found.cloud_url)
    if found.coverage is None or not found.coverage.agreed:
        yield Notice(found.words, found.place, actions=[to_all])
        return
    shares = [("Coverage", found.coverage, "interventions that it predicts")]
    if found.accuracy is not None:
        shares.append(("Accuracy", found.accuracy, "of these that it predicts correctly"))
    yield Facts([Fact(label, f"{exact(one.agreed)} of {exact(one.of)}", note) for label, one, note in shares])
    yield Section("Among the others", found.place, to_all)


def _provenance(one: One) -> Iterator[Block]:
    place, protocol = one.place, protocol_view(one.place.question.protocol)
    data = place.question.record
    stored = {}
    if place.analysis is not None:
        row = place.analysis
        stored = {
            "Analysis": f"engine {row.engine_version}, {when(row.created_at.isoformat(timespec='seconds'))}",
            "Result": row.result_digest,
        }
    yield pairs(
        "fact",
        {
            "Network": place.question.model.digest,
            "Protocol": f"{protocol.name} · {protocol.digest}",
            "Data": f"{place.question.data.description or 'every Boolean input, once'} · {data.digest}",
            **stored,
            "This page": f"computed from the weights just now by engine {ENGINE_VERSION}",
        },
    )
