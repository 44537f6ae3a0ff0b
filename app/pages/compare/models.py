"""Circuits of one transformer beside each other, on the rows of its task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from analysis.answers import largest
from analysis.models.circuits import mask_bits
from analysis.models.model import ACCURACY_THRESHOLD, gaps
from app.addressing import Addresses
from app.figures.numbers import noun
from app.figures.svg.beside import row_asked
from app.figures.svg.graphs import graph_diagram
from app.pages.compare.compared import Compared
from app.pages.compare.guess import Experiment
from app.pages.place import ModelPlace
from pluriscope.comparison import Trials
from pluriscope.naming import LEAST, LETTERS, ExplanationRef
from pluriscope.records import ComparedRecord, DifferenceRecord


def of_model(session: Session, links: Addresses, place: ModelPlace, masks: Sequence[str]) -> Compared:
    """The comparison of some circuits of a transformer; each answers its largest output, or nothing where two are."""
    model, graph = place.model, place.space.graph
    bits = np.array([mask_bits(place.space, mask) for mask in masks])
    outputs = place.space.run(bits)
    apart = gaps(outputs, model.answers)
    kept = graph.kept_edges(bits).tolist()
    names = list(graph.edge_labels)
    thumb = len(masks) > LEAST  # names need room

    def trial(number: int) -> dict[str, Any]:
        found: dict[str, Any] = {"neurons": model.rows[number], "experiment": str(number)}
        if place.played:
            found["url"] = links.play(place.slug, (), place.scope, circuit=masks[0], row=number)
        return found

    def experiment(number: int) -> Experiment:
        row, answer = model.rows[number], str(model.outputs[int(model.answers[number])])
        return Experiment(
            asks=f"We run {row}.",
            changes="",
            outcome=f"It answers {answer}:",
            drawings=drawings,
            network=lambda told: row_asked(row.split(), answer if told else ""),
            play=trial(number).get("url", ""),
        )

    drawings = [
        graph_diagram(graph, own, title=f"Circuit {mask}", thumb=thumb) for mask, own in zip(masks, kept, strict=True)
    ]
    edges = [[name for name, there in zip(names, one, strict=True) if there] for one in kept]
    trials = Trials(largest(outputs), np.asarray(model.answers), apart.max(axis=0) - apart.min(axis=0))
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
                ref=str(ExplanationRef("circuit", mask)),
                url=links.circuit(place.slug, mask, place.scope),
                name=f"{noun(len(own), 'edge')}, {'valid' if right.mean() > ACCURACY_THRESHOLD else 'not valid'}",
                edges=own,
                claims=[],
                says=[],
                predicted=int(spoken.sum()),
                right=int(right.sum()),
                silent_because="",
            )
            for letter, mask, own, right, spoken in zip(
                LETTERS, masks, edges, trials.right, trials.spoken, strict=False
            )
        ],
        drawings=drawings,
        trials=trials,
        asked="rows",
        trial=trial,
        experiment=experiment,
        outputs=f"Same kind, same test: {place.under}.",
        words=lambda number: str(model.outputs[number]),
        differences=[
            DifferenceRecord(
                site=name,
                says={letter: "kept" if name in own else "cut" for letter, own in zip(LETTERS, edges, strict=False)},
            )
            for name in names
            if 0 < sum(name in own for own in edges) < len(edges)
        ],
        folds=lambda: iter(()),
    )
