"""Circuits of one model beside each other, on the rows of its task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from analysis.models.model import gaps
from app.addressing import Addresses
from app.figures.numbers import noun
from app.figures.svg import graph_diagram, graph_thumb
from app.pages.about_one import column
from app.pages.compare.compared import Compared, One, by_letter
from app.pages.models.views import ModelPlace, OpenCircuit
from pluriscope.blocks import More, Table
from pluriscope.comparison import Trials
from pluriscope.naming import LEAST, LETTERS
from pluriscope.records import DifferenceRecord

_COLUMNS: Final = (
    column("row", "Row", "Of the task.", "name", first=True),
    column("experiment", "Number", "Of the row, from 0.", shown=False),
)


def of_model(session: Session, links: Addresses, place: ModelPlace, circuits: Sequence[OpenCircuit]) -> Compared:
    """The comparison of some circuits of a model; each returns the output that is the largest, and is never silent."""
    model, graph = place.model, place.space.graph
    outputs = place.space.run(np.array([one.bits for one in circuits]))
    apart = gaps(outputs, model.answers)
    kept = [graph.kept_edges(one.bits[None])[0].tolist() for one in circuits]
    names = list(graph.edge_labels)
    draw = graph_diagram if len(circuits) == LEAST else graph_thumb  # names need room

    def trial(number: int) -> dict[str, Any]:
        found: dict[str, Any] = {"row": model.rows[number], "experiment": number}
        if place.space.run_row(circuits[0].bits, number) is not None:
            found["url"] = links.sandbox(place.slug, (), place.scope, circuit=circuits[0].mask, row=number)
        return found

    edges = [[name for name, there in zip(names, one, strict=True) if there] for one in kept]
    return Compared(
        session=session,
        links=links,
        network=place.row,
        scope=place.scope,
        rules="Under " + (", ".join(place.rules.values()) or "the usual rules"),
        ones=[
            One(
                kind="circuit",
                heading="Circuit",
                ref=one.mask,
                url=links.circuit(place.slug, one.mask, place.scope),
                name=f"{noun(len(own), 'edge')}, {'valid' if one.valid else 'not valid'}",
                drawing=draw(graph, mine, title=f"Circuit {one.mask}"),
                edges=own,
            )
            for one, own, mine in zip(circuits, edges, kept, strict=True)
        ],
        trials=Trials(outputs.argmax(axis=2), np.asarray(model.answers), apart.max(axis=0) - apart.min(axis=0)),
        asked="rows",
        columns=_COLUMNS,
        trial=trial,
        words=lambda number: str(model.outputs[number]),
        differences=[
            DifferenceRecord(
                site=name,
                says={letter: "kept" if name in own else "cut" for letter, own in zip(LETTERS, edges, strict=False)},
            )
            for name in names
            if 0 < sum(name in own for own in edges) < len(edges)
        ],
        folds=lambda: iter([More("Figures", lambda: [_figures(circuits)], "as the list has them", id="figures")]),
    )


def _figures(circuits: Sequence[OpenCircuit]) -> Table:
    letters = LETTERS[: len(circuits)]
    told = zip(*(one.views() for one in circuits), strict=True)
    rows = [(one[0].label, dict(zip(letters, (view.words for view in one), strict=True))) for one in told]
    return by_letter("Figure", letters, rows)
