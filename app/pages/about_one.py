"""What the page of any explanation has folded below it: criteria, its place among others, where it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from markupsafe import Markup

from analysis import ENGINE_VERSION
from analysis.circuit_sets.judged_masks import NOT_ASKED, asked_of
from analysis.criteria.registry import criterion_named
from analysis.criteria.verdict import OUTCOMES
from app.db.reads.circuits import find_circuit
from app.db.verdicts import LETTERS, verdict_rows
from app.pages.analyses import asked
from app.pages.page import DRAWING, One
from app.pages.place import BOOLEAN, StoredQuestion
from app.pages.verdicts.told import folded
from pluriscope.analyses.registry import COMMON_GROUND, Analysis
from pluriscope.analyses.shown import shown
from pluriscope.blocks import Action, Block, Figure, Menu, More, Notice, Section, Table
from pluriscope.figures.numbers import duration, when
from pluriscope.tables import Column, Row, Type


def column(name: str, label: str, meaning: str, type_: Type = "text", **more: Any) -> Column:
    """A column of a short list, in whose order it stays."""
    return Column(name, label, meaning, type_, orders=False, **more)


listed: Final = Table.short
"""All of a short list."""


def pairs(noun: str, values: Mapping[str, Any]) -> Table:
    """Names with what they name."""
    columns = (column("what", "What", "What it is.", first=True), column("value", "Value", "Its value."))
    return listed(noun, columns, [Row({"what": what, "value": value}) for what, value in values.items()])


def figure(one: One, drawn: Markup, caption: str, name: str = DRAWING) -> Figure:
    """A drawing that is offered as files."""
    path = name if name == DRAWING else f"figures/{name}"
    files = {form.upper(): one.links.made_of(one.url(), f"{path}.{form}") for form in ("svg", "png", "pdf")}
    return Figure(drawn, caption, files, id=name)


def head_actions(one: One) -> list[Action | Menu]:
    """What can be done with any explanation."""
    slug, scope, links = one.place.slug, one.place.scope, one.links
    found: list[Action | Menu] = []
    place = one.place
    if place.boolean or place.question.kind.refuses(BOOLEAN):
        found.append(Action("Compare", links.compare(slug, [one.ref], scope), primary=True))
    if place.boolean and one.explanation.recorded is None:
        found.append(Action("Play", links.play(slug, [one.ref], scope)))
    found.append(
        Menu(
            "Share",
            [
                Action("Card", links.made_of(one.url(), "card.png")),
                Action("Cite and embed", f"{one.url(part='cite')}#cite"),
            ],
            one.url(),
        )
    )
    return found


def told(one: One, analyses: Iterable[Analysis]) -> Iterator[Block]:
    """What some analyses say of an explanation."""
    for each in asked(one.session, one.place, one.links, [each for each in analyses if shown(each).about]):
        says = shown(each.analysis).about
        if says is not None and each.state != "not_applicable":
            yield from says(each.report, replace(each.subject, item=one.item), one.ref)


def about(one: One) -> Iterator[Block]:
    """The folds of any explanation."""
    if one.place.boolean:
        yield folded(one.session, one.links, [one.explanation])
        yield More("Where it stands", lambda: told(one, [COMMON_GROUND]), "among all explanations", id="standing")
    elif one.place.question.kind.refuses(BOOLEAN):
        yield More("Criteria", lambda: _stored(one), "what every criterion says of it", id="criteria")
    yield More("Provenance", lambda: _provenance(one), "which network, rules, rows and engine", id="provenance")


def _stored(one: One) -> Iterator[Block]:
    """What criteria said of a circuit when it was found, and the roles of its nodes."""
    analysis, kind = one.place.analysis, one.place.question.kind
    row = None if analysis is None else find_circuit(one.session, analysis.id, one.ref.first)
    if analysis is None or row is None:
        found = "The search keeps what criteria say of the valid circuits that it lists."
        yield Notice("Nobody asked.", f"{found} This one is not among them.")
        return
    words = {letter: outcome.replace("_", " ") for letter, outcome in zip(LETTERS, OUTCOMES, strict=True)}
    letters = ((found.criterion, row.verdicts[found.position :][:1]) for found in verdict_rows(one.session, analysis))
    outcomes = {key: words.get(letter, NOT_ASKED) for key, letter in letters}
    judged = [criterion_named("minimal-subset"), *asked_of(kind)]
    yield pairs("verdict", {one.label: outcomes.get(one.key, NOT_ASKED) for one in judged})
    if kind.roles:
        roles = json.loads(row.roles or "{}")
        yield Section("Roles", "which nodes have which")
        yield pairs("role", {role.label: roles.get(role.key, NOT_ASKED) for role in kind.roles})


def _provenance(one: One) -> Iterator[Block]:
    yield pairs("fact", provenance_of(one.place))


def provenance_of(place: StoredQuestion[Any]) -> dict[str, str]:
    """Where numbers about a place come from."""
    told = {
        "Network": place.row.digest,
        "Protocol": f"{place.rules} · {place.protocol_digest}",
        "Data": f"{place.rows} · {place.data_digest}",
    }
    row = place.analysis
    if row is not None:
        libraries = ", ".join(f"{name} {version}" for name, version in row.provenance.items())
        told |= {
            "Analysis": f"engine {row.engine_version} ({libraries})",
            "Computed": when(row.created_at.isoformat(timespec="seconds")),
            "Took": ", ".join(f"{stage} {duration(value)}" for stage, value in row.seconds.items()),
            "Result": f"{row.result_digest} (SHA-256 of everything found, timings apart)",
        }
    if place.row.attribution:
        told["Attribution"] = place.row.attribution
    return told | {"This page": f"computed from the weights just now by engine {ENGINE_VERSION}"}
