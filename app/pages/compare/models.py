"""Circuits of one transformer beside each other, on the rows of its task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.answers import largest
from analysis.subjects.enumeration import mask_bits
from analysis.subjects.subject import ACCURACY_THRESHOLD, gaps
from app.pages.compare.compared import Compared, Experiment
from app.pages.place import ModelPlace
from pluriscope.address import Addresses
from pluriscope.comparison import Trials
from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.graphs import graph_diagram, row_asked
from pluriscope.naming import LETTERS, ExplanationRef
from pluriscope.records import ComparedRecord, DifferenceRecord

_LEGEND: Final = (
    "Thick: an edge that only some keep. Pale: an edge that is cut. The network and each circuit answer the strictly "
    "largest output."
)


def of_model(session: Session, links: Addresses, place: ModelPlace, masks: Sequence[str]) -> Compared:
    """The comparison of some circuits of a transformer; each answers its largest output, or nothing where two are."""
    model, graph = place.model, place.space.graph
    bits = np.array([mask_bits(place.space, mask) for mask in masks])
    said, happens, outputs = _asked(place, bits)
    apart = gaps(outputs, model.answers)
    kept = graph.kept_edges(bits).tolist()
    names = list(graph.edge_labels)
    shared = [all(some) for some in zip(*kept, strict=True)]

    def words(number: int) -> str:
        return str(model.outputs[number]) if number >= 0 else "nothing: two outputs are equal"

    def trial(number: int) -> dict[str, Any]:
        return {"neurons": model.rows[number], "experiment": str(number)}

    def experiment(number: int) -> Experiment:
        row, answer = model.rows[number], words(int(happens[number]))
        return Experiment(
            asks=f"We run {row}.",
            changes="",
            outcome=f"The network answers {answer}.",
            drawings=lambda _: drawings,
            network=lambda told: row_asked(row.split(), answer if told else ""),
        )

    drawings = []
    for mask, own in zip(masks, kept, strict=True):
        alone = [keeps and not every for keeps, every in zip(own, shared, strict=True)]
        drawings.append(graph_diagram(graph, own, alone=alone, title=f"Circuit {mask}"))
    edges = [[name for name, there in zip(names, one, strict=True) if there] for one in kept]
    trials = Trials(said, happens, apart.max(axis=0) - apart.min(axis=0))
    valid = (said == np.asarray(model.answers)).mean(axis=1) > ACCURACY_THRESHOLD
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
                name=f"{noun(len(own), 'edge')}, {'valid' if passes else 'not valid'}",
                edges=own,
                claims=[],
                says=[],
                predicted=int(spoken.sum()),
                right=int(right.sum()),
                silent_because="",
            )
            for letter, mask, own, right, spoken, passes in zip(
                LETTERS, masks, edges, trials.right, trials.spoken, valid, strict=False
            )
        ],
        drawings=lambda _: drawings,
        trials=trials,
        asked="rows",
        trial=trial,
        experiment=experiment,
        outputs=f"Same kind, same test: {place.under}.",
        words=words,
        legend=_LEGEND,
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


def _asked(
    place: ModelPlace, bits: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """``[circuit, row]`` what circuits answer, ``[row]`` what the network does, and the circuits' outputs."""
    outputs = place.space.run(np.vstack([bits, np.ones((1, bits.shape[1]), dtype=np.bool_)]))
    said = largest(outputs)
    return said[:-1], np.where(said[-1] < 0, -2, said[-1]), outputs[:-1]  # nobody is right by saying nothing
