"""Explanations of one network with sites beside each other, on rows and on interchanges."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup

from pluriscope.app.pages.compare.compared import Compared, Experiment
from pluriscope.app.pages.explanations import Explanation
from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.graphs import row_asked
from pluriscope.kinds.sites import called, nodes_of, rounded, site_words, sites_drawing
from pluriscope.objects.comparison import OnSites, said_of
from pluriscope.views.networks import draw_network
from pluriscope.views.records import DifferenceRecord

_OF_MASKS: Final = "circuit", "interpretation"


class WithPlacements(Compared):
    """Explanations of which some are no circuits."""

    legend = (
        "A node that carries a variable, or is read as one, has its name. Circuits answer rows, read or not; an "
        "algorithm says its answer on rows, and with its variables on sites what their interchange gives. The network "
        "answers the strictly largest output."
    )

    @cached_property
    def trials(self) -> OnSites:
        return OnSites.of(self.place.question, [_said(one) for one in self.explanations])

    def name(self, number: int) -> str:
        one = self.explanations[number]
        if one.kind == "circuit":
            return noun(one.item.bit_count(), self.place.part)
        if one.kind == "interpretation":
            return str(one.item.words)
        if one.kind == "algorithm":
            return f"{called(one.item.text)}, not placed"
        model, placement = one.item
        return f"{called(model.text)} on {rounded(placement.sites)}"

    def edges(self, number: int) -> list[str] | None:
        one, graph = self.explanations[number], self.place.question.graph
        if one.kind not in _OF_MASKS:
            return None
        (kept,) = graph.kept_edges(graph.bits([one.mask])).tolist()
        return [label for label, keeps in zip(graph.edge_labels, kept, strict=True) if keeps]

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
        for one in self.explanations:
            if one.kind == "alignment":
                drawn.append(sites_drawing(question, one.item[1]))
            else:
                mask = one.mask if one.kind in _OF_MASKS else None
                drawn.append(draw_network(question, mask, title=str(one.ref)))
        return drawn

    def trial(self, number: int) -> dict[str, Any]:
        which, source, base = self.trials.where[number].tolist()
        rows = self.place.question.subject.rows
        if which < 0:
            return {"neurons": f"nothing: {rows[base]} itself", "experiment": f"{base}"}
        text = self.trials.sets[which]
        words = " and ".join(site_words(self.place.question, site) for site in text.split())
        return {"neurons": words, "experiment": f"{text}:{source}:{base}", "source": rows[source], "base": rows[base]}

    def experiment(self, number: int) -> Experiment:
        record, (_, _, base) = self.trial(number), self.trials.where[number].tolist()
        row, happens = self.place.question.subject.rows[base], int(self.trials.happens[number])
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
