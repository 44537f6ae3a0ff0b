"""A run of a network on a row of its task with some of it changed by hand, and what explanations predict of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import LETTERS, ExplanationRef
from pluriscope.analysis.algorithms.causal_model import Inputs, read_causal_model
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.interventions.experiments import SILENT
from pluriscope.analysis.placements.interchange import Place as SitePlace
from pluriscope.analysis.placements.interchange import read_place
from pluriscope.analysis.placements.placement import NeuronPlacement, PlacedFormula
from pluriscope.analysis.placements.report import PlacedModel, SitePlacement
from pluriscope.analysis.sandbox.intervention import Prediction
from pluriscope.analysis.sandbox.predicting import predict_on_sites
from pluriscope.analysis.sandbox.running import Bench, Stage
from pluriscope.analysis.subjects.sites import Run, giver_of
from pluriscope.app.db.listing import prominent_in
from pluriscope.app.db.reads.algorithms import placements_on
from pluriscope.app.pages.candidates import algorithm_of, stored_placements
from pluriscope.app.pages.compare.compared import short
from pluriscope.app.pages.explanations import KIND_LABELS, Explanation
from pluriscope.app.pages.place import AnyPlace
from pluriscope.app.pages.play.changes import Change, on_neurons
from pluriscope.kinds.found import Prominent
from pluriscope.kinds.placements import called
from pluriscope.views.records import AskedRecord

_MOST_NEAR: Final = 3  # predictions of algorithms that are not placed


@dataclass(frozen=True)
class Said:
    """Prediction of an explanation.

    Args:
        record: of it.
        name: of the explanation, for people.
        which: what it is about.
    """

    record: AskedRecord
    name: str
    which: str


@dataclass(frozen=True, eq=False)
class Trial:
    """A run that is changed by hand: all that an address of Play says.

    Args:
        stage: the network with its rows.
        row: number of the row that is run.
        source: of the row that patches come from.
        explanations: that are asked.
        changes: in order, each site once.
        tool: what is written where something is chosen, as of a change.
    """

    session: Session
    links: Addresses
    place: AnyPlace
    stage: Stage
    row: int
    source: int
    _: KW_ONLY
    explanations: Sequence[Explanation[Any]] = ()
    changes: tuple[Change, ...] = ()
    tool: str = ""

    @cached_property
    def refs(self) -> list[str]:
        """References of the explanations that are asked."""
        return [str(one.ref) for one in self.explanations]

    def at(self, **others: Any) -> str:
        """The address of the state, or with others of its "row", "source", "changes", "tool" and "refs"."""
        names = "row", "source", "changes", "tool", "refs"
        row, source, changes, tool, refs = (others.get(name, getattr(self, name)) for name in names)
        view = {"row": row, "source": source, "change": [*map(str, changes)], "tool": tool.removeprefix("v")}
        return self.links.play(self.place.slug, refs, self.place.scope, **view)

    def toggled(self, change: Change) -> tuple[Change, ...]:
        """The changes with one more, or without the one at its site."""
        left = tuple(one for one in self.changes if one.site != change.site)
        return left if len(left) < len(self.changes) else (*left, change)

    def read(self, text: str) -> SitePlace:
        """The site of a text.

        Raises:
            InvalidIntervention: it cannot be read, or the network has none such.
        """
        found = read_place(text, self.stage.there)
        is_all = found.coordinates is not None and self.stage.there[found.name].shape[2] == 1
        return replace(found, coordinates=None) if is_all else found

    # --- what it does

    @cached_property
    def before(self) -> Run:
        """Run with nothing changed."""
        return self.stage.run(self.row)

    @cached_property
    def after(self) -> Run:
        """Run under the changes."""
        return self.stage.run(self.row, [(one.site, self.written(one)) for one in self.changes])

    def written(self, change: Change) -> NDArray[np.float64]:
        """The values that a change writes, ``[1, positions, coordinates]`` of all of what gives them."""
        name, written = giver_of(change.site.name, self.before.values).name, change.written
        if written == "mean":
            return self.stage.means(name)
        if written[:1] in ("", "s"):
            return self.stage.run(int(written[1:] or self.source)).values[name]
        return np.full_like(self.before.values[name], 0 if written == "zero" else float(written[1:]))

    @cached_property
    def happens(self) -> int:
        """Number of the answer under the changes."""
        return self.stage.decided(self.after)

    # --- what is said of it

    @cached_property
    def said(self) -> list[Said]:
        """Predictions of explanations that somebody chose, then of placements on what is changed."""
        chosen = [self._asked(one, letter) for letter, one in zip(self._letters(), self.explanations, strict=True)]
        others = [*self._on_neurons(), *self._on_sites()]
        return [*chosen, *(one for one in others if one.record.ref not in self.refs)]

    @cached_property
    def prominent(self) -> Mapping[str, Prominent]:
        """The explanations that stand out in the network's list, by their references."""
        analysis, graph = self.place.analysis, self.place.question.graph
        return {
            str(ExplanationRef("interpretation", graph.to_hex(one.mask), str(one.index))): one
            for one in (() if analysis is None else prominent_in(self.session, analysis))
        }

    def _letters(self) -> list[str]:
        """Names of the explanations: as the network's list has them, else the first letters that are free."""
        named = [self.prominent[ref].mark if ref in self.prominent else "" for ref in self.refs]
        free = (letter for letter in LETTERS if letter not in named)
        return [name or next(free) for name in named]

    def _record(self, ref: str, url: str, said: Prediction, letter: str = "") -> AskedRecord:
        right = said.bit == self.happens if said.speaks else None
        return AskedRecord(letter=letter, ref=ref, url=url, says=said.bit, reason=said.reason, right=right)

    def _asked(self, one: Explanation[Any], letter: str = "") -> Said:
        """What an explanation of any kind says."""
        name = one.algorithm.formula if one.algorithm else KIND_LABELS[one.kind]
        if one.kind in ("algorithm", "alignment") and one.on_sites:
            model, placement = (one.item, None) if isinstance(one.item, PlacedModel) else one.item
            name, (said, _) = called(model.text), self._predicted(model, placement)
        elif one.on_sites or not isinstance(self.stage.network, Bench):
            said = Prediction(SILENT, one.record.silence)
        elif (now := on_neurons(self.row, self.source, self.changes, self.stage.network.network.sizes)) is None:
            said = Prediction(SILENT, "directions of a layer are changed, and it speaks of neurons and edges")
        else:
            said = one.record.ask(one.place.question, one.item, now, self.stage.network)
        return Said(self._record(str(one.ref), one.url(), said, letter), name, short(str(one.ref)))

    def _on_neurons(self) -> Iterator[Said]:
        """Predictions of valid placements of formulas whose variables' neurons are those that are patched, one of each
        formula.
        """
        place, bench = self.place, self.stage.network
        if place.analysis is None or not self.changes or not isinstance(bench, Bench):
            return
        now = on_neurons(self.row, self.source, self.changes, bench.network.sizes)
        patched = {} if now is None else {at: one for at, one in now.neurons.items() if one.written == "source"}
        if now is None or len(patched) < len(now.changes):
            return
        for row in placements_on(self.session, place.analysis, {*patched}):
            ref, algorithm = ExplanationRef("alignment", row.algorithm.algorithm_id, row.alignment_id), row.algorithm
            aligned = PlacedFormula(algorithm_of(algorithm, place), NeuronPlacement.read(algorithm.text, row.places))
            said = self._asked(Explanation(self.session, self.links, ref, place, aligned))
            if said.record.says != SILENT:
                yield said

    @cached_property
    def placements(self) -> list[tuple[PlacedModel, SitePlacement]] | None:
        """Stored placements of algorithms that no other one stands for, those that are placed first, then the best;
        None where nobody asked.
        """
        report = stored_placements(self.session, self.place)
        if report is None:
            return None
        every = [(model, one) for model in report.distinct for one in model.placements]
        return sorted(every, key=lambda one: (not one[1].placed, -one[1].score.agreed / max(one[1].score.of, 1)))

    def _on_sites(self) -> Iterator[Said]:
        """Predictions of algorithms some of whose variables are on just what is exchanged, one of each algorithm and
        choice of variables; where none of them is placed, of some that come nearest.
        """
        found, placed = set[tuple[str, tuple[str, ...]]](), True
        for model, placement in (self.placements or ()) if self.changes else ():
            placed = placed and bool(placement.placed)
            if not placed and len(found) >= _MOST_NEAR:
                break
            said, variables = self._predicted(model, placement)
            if not variables or (model.id, variables) in found:
                continue
            found.add((model.id, variables))
            ref = str(ExplanationRef("alignment", model.id, placement.id))
            url = self.links.explanation(self.place.slug, ref, self.place.scope)
            standing = "" if placement.placed else f"; not placed, {placement.score.text} right"
            yield Said(self._record(ref, url, said), called(model.text), f"its {', '.join(variables)}{standing}")

    def _predicted(self, model: PlacedModel, placement: SitePlacement | None) -> tuple[Prediction, tuple[str, ...]]:
        """What an algorithm says with its variables on sites, or on none, and which of them are exchanged."""
        if any(one.written or one.site.name not in self.before.values for one in self.changes):
            why = "something else is done than to exchange sites with the source row, and its variables take its values"
            return Prediction(SILENT, why), ()
        inputs = inputs_of(self.place.question)
        both = Inputs(inputs.name, inputs.values[[self.row, self.source]])
        places = () if placement is None else placement.places
        placing = {one.variable: tuple(map(self.read, one.sites.split())) for one in places}
        exchanged = [one.site for one in self.changes]
        return predict_on_sites(read_causal_model(model.text), both, placing, exchanged, self.before.values)
