"""Circuits of one network beside each other, on the rows of its task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from pluriscope.address import Addresses
from pluriscope.analysis.subjects.subject import ACCURACY_THRESHOLD
from pluriscope.app.pages.compare.compared import Compared, Experiment
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.place import AnyPlace
from pluriscope.comparison import trials_on_rows
from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.graphs import graph_diagram, row_asked
from pluriscope.naming import LETTERS
from pluriscope.records import ComparedRecord, DifferenceRecord

_LEGEND: Final = (
    "Thick: an edge that only some keep. Pale: an edge that is left out. The network and each circuit answer the "
    "strictly largest output."
)


def on_rows(session: Session, links: Addresses, place: AnyPlace, explanations: Sequence[Explanation]) -> Compared:
    """The comparison of some circuits; each answers its largest output, or nothing where two are."""
    question, subject, graph = place.question, place.question.subject, place.question.graph
    masks = [one.item for one in explanations]
    bits = graph.bits(masks)
    trials = trials_on_rows(question, [question.outputs(mask) for mask in masks])
    kept = graph.kept_edges(bits).tolist()
    names = list(graph.edge_labels)
    shared = [all(some) for some in zip(*kept, strict=True)]

    def words(number: int) -> str:
        return str(subject.outputs[number]) if number >= 0 else "nothing: two outputs are equal"

    def trial(number: int) -> dict[str, Any]:
        return {"neurons": subject.rows[number], "experiment": str(number)}

    def experiment(number: int) -> Experiment:
        row, answer = subject.rows[number], words(int(trials.happens[number]))
        return Experiment(
            asks=f"We run {row}.",
            changes="",
            outcome=f"The network answers {answer}.",
            drawings=lambda _: drawings,
            network=lambda told: row_asked(row.split(), answer if told else ""),
        )

    drawings = []
    for one, own in zip(explanations, kept, strict=True):
        alone = [keeps and not every for keeps, every in zip(own, shared, strict=True)]
        drawings.append(graph_diagram(graph, own, alone=alone, title=f"Circuit {one.ref.first}"))
    edges = [[name for name, there in zip(names, one, strict=True) if there] for one in kept]
    valid = (trials.said == subject.answers).mean(axis=1) > ACCURACY_THRESHOLD
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
                ref=str(one.ref),
                url=one.url,
                name=f"{noun(len(own), 'edge')}, {'valid' if passes else 'not valid'}",
                edges=own,
                claims=[],
                says=[],
                predicted=int(spoken.sum()),
                right=int(right.sum()),
                silent_because="",
            )
            for letter, one, own, right, spoken, passes in zip(
                LETTERS, explanations, edges, trials.right, trials.spoken, valid, strict=False
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
