"""Circuits of one transformer beside each other, on the rows of its task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from analysis.models.model import gaps
from app.addressing import Addresses
from app.figures.numbers import noun
from app.figures.svg import graph_diagram, graph_thumb
from app.pages.compare.compared import Compared, by_letter
from app.pages.models.views import OpenCircuit
from app.pages.place import ModelPlace
from pluriscope.blocks import More, Table
from pluriscope.comparison import Trials
from pluriscope.naming import LEAST, LETTERS, ExplanationRef
from pluriscope.records import ComparedRecord, DifferenceRecord


def of_model(session: Session, links: Addresses, place: ModelPlace, circuits: Sequence[OpenCircuit]) -> Compared:
    """The comparison of some circuits of a transformer; each says the largest output, so none is silent."""
    model, graph = place.model, place.space.graph
    outputs = place.space.run(np.array([one.bits for one in circuits]))
    apart = gaps(outputs, model.answers)
    kept = [graph.kept_edges(one.bits[None])[0].tolist() for one in circuits]
    names = list(graph.edge_labels)
    draw = graph_diagram if len(circuits) == LEAST else graph_thumb  # names need room

    def trial(number: int) -> dict[str, Any]:
        found: dict[str, Any] = {"neurons": model.rows[number], "experiment": str(number)}
        if place.space.run_row(circuits[0].bits, number) is not None:
            found["url"] = links.sandbox(place.slug, (), place.scope, circuit=circuits[0].mask, row=number)
        return found

    edges = [[name for name, there in zip(names, one, strict=True) if there] for one in kept]
    trials = Trials(outputs.argmax(axis=2), np.asarray(model.answers), apart.max(axis=0) - apart.min(axis=0))
    return Compared(
        session=session,
        links=links,
        network=place.row,
        scope=place.scope,
        rules=f"Under {place.under}",
        ones=[
            ComparedRecord(
                letter=letter,
                kind="circuit",
                ref=str(ExplanationRef("circuit", one.mask)),
                url=links.circuit(place.slug, one.mask, place.scope),
                name=f"{noun(len(own), 'edge')}, {'valid' if one.valid else 'not valid'}",
                edges=own,
                claims=[],
                says=[],
                predicted=len(model.rows),
                right=int(right.sum()),
                silent_because="",
            )
            for letter, one, own, right in zip(LETTERS, circuits, edges, trials.right, strict=False)
        ],
        drawings=[draw(graph, own, title=f"Circuit {one.mask}") for one, own in zip(circuits, kept, strict=True)],
        trials=trials,
        asked="rows",
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
