"""Explanations of one network with sites beside each other, on rows and on interchanges."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup

from pluriscope.addresses.naming import LEAST
from pluriscope.analysis.questions.answers import ANSWER_RULE
from pluriscope.analysis.sandbox.intervention import MAX_CHANGES
from pluriscope.analysis.subjects.subject import ACCURACY_THRESHOLD
from pluriscope.app.pages.compare.compared import Compared, Experiment
from pluriscope.app.pages.explanations import Explanation
from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.graphs import graph_diagram, row_asked
from pluriscope.kinds.placements import called, nodes_of, rounded, site_words, sites_drawing
from pluriscope.objects.comparison import OnSites, said_of
from pluriscope.views.records import DifferenceRecord

_OF_MASKS: Final = "circuit", "interpretation"
_THICK: Final = "Thick: an edge that only some keep. Pale: an edge that is left out. "
_CARRIED: Final = (
    "A node that carries a variable, or is read as one, has its name. Circuits answer rows, read or not; an algorithm "
    "says its answer on rows, and with its variables on sites what their interchange gives. "
)


class ComparedOnSites(Compared):
    """Circuits, of which each answers its largest output, or nothing where two are; readings of them, algorithms and
    placements.
    """

    @property
    def legend(self) -> str:
        carried = _CARRIED if not self.circuits else ""
        whose = "The network and each circuit answer" if self.circuits else "The network answers"
        rule = ANSWER_RULE if self.place.boolean else "the strictly largest output"
        return f"{_THICK if len({*self._kept}) >= LEAST else ''}{carried}{whose} {rule}."

    @cached_property
    def trials(self) -> OnSites:
        return OnSites.of(self.place.question, [_said(one) for one in self.explanations])

    @cached_property
    def _kept(self) -> dict[int, list[bool]]:
        """Mask of each circuit, read or not → the edges that it keeps, ``[edge]``."""
        graph, masks = self.place.question.graph, [one.mask for one in self.explanations if one.kind in _OF_MASKS]
        return dict(zip(masks, graph.kept_edges(graph.bits(masks)).tolist(), strict=True))

    def name(self, number: int) -> str:
        one = self.explanations[number]
        if one.kind == "circuit":
            on_rows = self.trials.where[:, 0] < 0
            right = (self.trials.said[number, on_rows] == self.place.question.examples.answers).mean()
            valid = "valid" if right > ACCURACY_THRESHOLD else "not valid"
            return f"{noun(one.mask.bit_count(), self.place.part)}, {valid}"
        if one.kind == "interpretation":
            return str(one.item.words)
        if one.kind == "algorithm":
            return f"{called(one.item.text)}, not placed"
        model, placement = one.item
        return f"{called(model.text)} on {rounded(placement.sites)}"

    def edges(self, number: int) -> list[str] | None:
        one = self.explanations[number]
        if one.kind not in _OF_MASKS:
            return None
        every = zip(self.place.question.graph.edge_labels, self._kept[one.mask], strict=True)
        return [label for label, keeps in every if keeps]

    @cached_property
    def differences(self) -> Sequence[DifferenceRecord]:
        says = dict[str, dict[str, str]]()
        names = {one.name for one in self.place.question.graph.nodes}
        for letter, one in self.lettered:
            for place in one.item[1].places if one.kind == "alignment" else ():
                for site in place.sites.split():
                    for node in nodes_of(site, names) or [rounded(site)]:
                        said = says.setdefault(node, {})
                        said[letter] = ", ".join(filter(None, (said.get(letter), place.variable)))
            for each in one.item.read if one.kind == "interpretation" else ():
                said = says.setdefault(each.place.node, {})
                said[letter] = ", ".join(filter(None, (said.get(letter), each.name)))
        silent = {letter: "nothing" for letter, one in self.lettered if one.kind in ("alignment", "interpretation")}
        of_nodes = (DifferenceRecord(site=node, says=silent | said) for node, said in says.items())
        apart = [one for one in of_nodes if len({*one.says.values()}) > 1 or len(silent) == 1]
        return [*apart, *self.edges_apart(self.place.question.graph.edge_labels)]

    def drawings(self, _: float) -> Sequence[Markup]:
        return self._drawn

    @cached_property
    def _drawn(self) -> list[Markup]:
        question, drawn = self.place.question, list[Markup]()
        shared = [all(some) for some in zip(*self._kept.values(), strict=True)]
        for one in self.explanations:
            if one.kind == "alignment":
                drawn.append(sites_drawing(question, one.item[1]))
                continue
            own = self._kept.get(one.mask) if one.kind in _OF_MASKS else None
            alone = None
            if own is not None and len(self._kept) >= LEAST:
                alone = [keeps and not every for keeps, every in zip(own, shared, strict=True)]
            title = f"{one.record.heading} {one.ref.first}"
            drawn.append(graph_diagram(question.graph, own, alone=alone, title=title))
        return drawn

    def trial(self, number: int) -> dict[str, Any]:
        which, source, base = self.trials.where[number].tolist()
        rows = self.place.question.examples.rows
        if which < 0:
            itself = f"nothing: {rows[base]} itself" if self.trials.sets else rows[base]
            return {"neurons": itself, "experiment": f"{base}"}
        text = self.trials.sets[which]
        words = " and ".join(site_words(self.place.question, site) for site in text.split())
        view = {"row": base, "source": source, "change": text.split()}
        url = self.links.play(self.place.slug, self.refs, self.place.scope, **view)
        url = "" if self.place.question.kind.refuses("play") or len(view["change"]) > MAX_CHANGES else url
        experiment = f"{text}:{source}:{base}"
        return {"neurons": words, "experiment": experiment, "source": rows[source], "base": rows[base], "url": url}

    def experiment(self, number: int) -> Experiment:
        record, (_, _, base) = self.trial(number), self.trials.where[number].tolist()
        row, happens = self.place.question.examples.rows[base], int(self.trials.happens[number])
        answer = self.words(happens)
        given = f", but give {record['neurons']} what it is on {record['source']}" if "source" in record else ""
        return Experiment(
            asks=f"We run {row}{given}.",
            outcome=f"The network answers {answer}.",
            drawings=self.drawings,
            network=lambda reply: row_asked(row.split(), answer if reply else ""),
        )


def _said(one: Explanation[Any]) -> Any:
    value = (one.item[0].text, one.item[1]) if one.kind == "alignment" else one.item
    return said_of(one.kind, one.ref.first, value)
