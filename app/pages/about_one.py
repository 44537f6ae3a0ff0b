"""What the page of any explanation has folded below it: criteria, its place among others, where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from analysis import ENGINE_VERSION
from analysis.answers import ANSWER_RULE
from analysis.circuit_sets.judged_masks import asked_of, column_of
from analysis.explanations.explanation import REF
from analysis.tasks import INPUT_NAMES
from app.db.models import stored_circuits
from app.pages.every_analysis import asked
from app.pages.page import DRAWING, One
from app.pages.place import AnyPlace, ModelPlace, Place
from app.pages.verdicts.told import folded
from pluriscope.analyses.registry import COMMON_GROUND, Analysis
from pluriscope.analyses.shown import shown
from pluriscope.blocks import Action, Block, Figure, Menu, More, Notice, Section, Table
from pluriscope.figures.numbers import decimal, duration, when
from pluriscope.records import RowRecord
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


def behaviour_table(place: Place, rows: Sequence[RowRecord]) -> Table:
    """What a network, or a circuit of it, does on each Boolean input."""
    question, boolean = place.question, place.question.data.boolean
    names, task = INPUT_NAMES[: question.subject.n_inputs], question.task
    columns = (
        column("input", "".join(names) if boolean else "Row", "The inputs.", "name", first=True),
        column("output", "Output", "What it puts out.", "float", show=lambda row: decimal(row["output"], 4)),
        column("answers", "Answers", f"What it answers: {ANSWER_RULE}.", "text"),
        column("target", task.label, "What the task asks for.", "int"),
        column("right", "Right", "Whether the two are the same.", "bool"),
        column("margin", "Margin", "Distance from the nearest output that the protocol decides otherwise.", "float"),
        column("fragile", "Fragile", "A margin below 1e-6: another machine may round it the other way.", "bool"),
        *([column("note", "Note", "Where the protocol decides otherwise.")] if any(one.note for one in rows) else []),
    )
    told = [
        Row(
            {
                "input": "".join(map(str, one.bits)) if boolean else ", ".join(decimal(value, 3) for value in one.row),
                "output": one.output,
                "answers": str(one.decision),
                "target": one.target,
                "right": one.right,
                "margin": one.margin,
                "fragile": True if one.fragile else None,
                "note": one.note or None,
            }
        )
        for one in rows
    ]
    return listed("input", columns, told, id="behaviour")


def figure(one: One, drawn: Markup, caption: str, name: str = DRAWING) -> Figure:
    """A drawing that is offered as files."""
    path = name if name == DRAWING else f"figures/{name}"
    files = {form.upper(): one.links.made_of(one.url(), f"{path}.{form}") for form in ("svg", "png", "pdf")}
    return Figure(drawn, caption, files, id=name)


def head_actions(one: One) -> list[Action | Menu]:
    """What can be done with any explanation."""
    slug, scope, links = one.whole.slug, one.whole.scope, one.links
    found: list[Action | Menu] = []
    if one.known is None or one.place.played:
        found.append(Action("Compare", links.compare(slug, [one.ref], scope), primary=True))
    if one.known is not None and one.place.played and one.known.recorded is None:
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
    for each in asked(one.session, one.whole, one.links, [each for each in analyses if shown(each).about]):
        says = shown(each.analysis).about
        if says is not None and each.state != "not_applicable":
            yield from says(each.report, replace(each.subject, item=one.item), one.ref)


def about(one: One) -> Iterator[Block]:
    """The folds of any explanation."""
    if one.known is None:
        yield More("Criteria", lambda: _told(one), "what every criterion says of it", id="criteria")
    elif one.place.question.data.boolean:
        yield folded(one.session, one.links, [one.explanation])
        yield More("Where it stands", lambda: told(one, [COMMON_GROUND]), "among all explanations", id="standing")
    yield More("Provenance", lambda: _provenance(one), "which network, rules, rows and engine", id="provenance")


def _told(one: One) -> Iterator[Block]:
    """What criteria said of a circuit of a transformer when it was found, and the roles of its nodes."""
    assert isinstance(one.whole, ModelPlace)  # noqa: S101  # or it would be known otherwise
    place = one.whole
    stored = stored_circuits(one.session, place.row.id, place.text, place.kind)
    if stored is None or one.item not in stored[REF]:
        found = "The search keeps what criteria say of the valid circuits that it lists."
        yield Notice("Nobody asked.", f"{found} This one is not among them.")
        return
    at = int(np.flatnonzero(stored[REF] == one.item)[0])
    minimal = {0.0: "failed", 1.0: "passed"}.get(float(stored["minimal"][at]), "undecided")
    told = {"Minimal": minimal} | {c.label: str(stored[column_of(c)][at]) for c in asked_of(place.kind)}
    yield pairs("verdict", told)
    if place.kind.roles:
        yield Section("Roles", "which nodes have which")
        yield pairs("role", {role.label: str(stored[role.key][at]) for role in place.kind.roles})


def _provenance(one: One) -> Iterator[Block]:
    yield pairs("fact", provenance_of(one.whole))


def provenance_of(place: AnyPlace) -> dict[str, str]:
    """Where numbers about a place come from."""
    told = {
        "Network": place.row.digest,
        "Protocol": f"{place.rules} · {place.protocol_digest}",
        "Data": f"{place.rows} · {place.data_digest}",
    }
    row = None if isinstance(place, ModelPlace) else place.analysis
    if row is not None:
        libraries = ", ".join(f"{name} {version}" for name, version in row.provenance.items())
        told |= {
            "Analysis": f"engine {row.engine_version} ({libraries})",
            "Computed": when(row.created_at.isoformat(timespec="seconds")),
            "Took": ", ".join(f"{stage} {duration(value)}" for stage, value in row.seconds.items()),
            "Result": f"{row.result_digest} (SHA-256 of everything found, timings apart)",
        }
    attribution = place.model.attribution if isinstance(place, ModelPlace) else place.row.attribution
    if attribution:
        told["Attribution"] = attribution
    return told | {"This page": f"computed from the weights just now by engine {ENGINE_VERSION}"}
