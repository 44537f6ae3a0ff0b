"""Circuits of one network beside each other, on the rows of its task."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from markupsafe import Markup

from pluriscope.analysis.subjects.subject import ACCURACY_THRESHOLD
from pluriscope.app.pages.compare.compared import Compared, Experiment
from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.graphs import graph_diagram, row_asked
from pluriscope.objects.comparison import Trials, trials_on_rows
from pluriscope.views.records import DifferenceRecord


class OnRows(Compared):
    """Circuits, of which each answers its largest output, or nothing where two are."""

    legend = (
        "Thick: an edge that only some keep. Pale: an edge that is left out. The network and each circuit answer the "
        "strictly largest output."
    )

    @cached_property
    def trials(self) -> Trials:
        return trials_on_rows(self.place.question, [one.item for one in self.explanations])

    @cached_property
    def kept(self) -> list[list[bool]]:
        """Mask of the edges that each circuit keeps, ``[circuit][edge]``."""
        graph = self.place.question.graph
        kept: list[list[bool]] = graph.kept_edges(graph.bits([one.item for one in self.explanations])).tolist()
        return kept

    def name(self, number: int) -> str:
        right = (self.trials.said[number] == self.place.question.subject.answers).mean()
        return f"{noun(sum(self.kept[number]), 'edge')}, {'valid' if right > ACCURACY_THRESHOLD else 'not valid'}"

    def edges(self, number: int) -> list[str]:
        every = zip(self.place.question.graph.edge_labels, self.kept[number], strict=True)
        return [label for label, keeps in every if keeps]

    @property
    def differences(self) -> Sequence[DifferenceRecord]:
        return list(self.edges_apart(self.place.question.graph.edge_labels))

    def drawings(self, _: float) -> Sequence[Markup]:
        return self._drawn

    @cached_property
    def _drawn(self) -> list[Markup]:
        shared, graph = [all(some) for some in zip(*self.kept, strict=True)], self.place.question.graph
        alone = [[keeps and not every for keeps, every in zip(own, shared, strict=True)] for own in self.kept]
        titles = [f"Circuit {one.ref.first}" for one in self.explanations]
        every = zip(self.kept, alone, titles, strict=True)
        return [graph_diagram(graph, own, alone=some, title=title) for own, some, title in every]

    def trial(self, number: int) -> dict[str, Any]:
        return {"neurons": self.place.question.subject.rows[number], "experiment": str(number)}

    def experiment(self, number: int) -> Experiment:
        row, answer = self.place.question.subject.rows[number], self.words(int(self.trials.happens[number]))
        return Experiment(
            asks=f"We run {row}.",
            outcome=f"The network answers {answer}.",
            drawings=self.drawings,
            network=lambda reply: row_asked(row.split(), answer if reply else ""),
        )
