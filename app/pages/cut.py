"""A circuit as its page shows it, whatever network it is a part of: what is kept, and whether that is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis.circuit_sets.chance import SizeChance, chance_at
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.circuits.space import count_by_edges
from analysis.discovery.part_names import names_of
from analysis.explanations.explanation import REF
from analysis.models.circuits import mask_bits
from analysis.models.common import chances_by_bits
from analysis.models.graph import perceptron_graph
from analysis.models.model import ACCURACY_THRESHOLD, Table, gaps
from analysis.networks.circuit import Circuit
from app.db.models import searches_of, stored_circuits
from app.db.reads.circuits import find_circuit, masks_beside, stored_coverage, stored_sizes
from app.figures.numbers import noun
from app.figures.svg.graphs import graph_diagram
from app.figures.svg.networks import network_diagram
from app.pages.circuit_facts import Readings, Verdict, readings_of, verdict_on
from app.pages.inside import answers_of
from app.pages.network_page import behaviour_of
from app.pages.page import One
from app.pages.place import ModelPlace, Place
from pluriscope.kinds.circuits import edge_labels
from pluriscope.records import AnswerRecord, RowRecord

MAX_EDGES_COUNTED: Final = 130
"""Of the networks whose possible circuits are counted by size on a page: a tenth of a second."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What there is to say of any circuit.

    Args:
        mask: as addresses write it.
        part: what one of its bits is, in one word.
        bits: which it keeps.
        n_kept: how many.
        names: makes what each bit stands for, as claims and JSON name it.
        labels: the same as lists name it.
        neurons: how many hidden neurons, or heads, take part.
        n_neurons: how many there are.
        between: what those are called.
        verdict: whether it is valid.
        chance: how many of its size are; None where that is not known.
        stored: whether an analysis here holds it.
        n_valid: valid circuits, where all are known.
        beside: masks of those before and after it in the list; "" for none.
        drawn: the drawing.
        rows: what it does on each row.
        readings: its interpretations, or why there are none.
        inside: what there is to say of what happens inside it over all rows; nothing where interpretations say that.
    """

    mask: str
    part: str
    bits: tuple[bool, ...]
    n_kept: int
    names: Callable[[], Sequence[str]]
    labels: Callable[[], Sequence[str]]
    neurons: int
    n_neurons: int
    between: str
    verdict: Verdict
    chance: SizeChance | None
    stored: bool
    n_valid: int | None
    beside: tuple[str, str] = ("", "")
    drawn: Markup
    rows: list[RowRecord] | list[AnswerRecord]
    readings: Readings
    inside: tuple[Table, ...]

    @property
    def size(self) -> str:
        """How much it keeps, with its noun."""
        return noun(self.n_kept, self.part)

    def labelled(self, *, kept: bool) -> list[str]:
        """What it keeps, or leaves out, as lists name it."""
        return [label for label, there in zip(self.labels(), self.bits, strict=True) if there == kept]


def cut_of(one: One) -> Cut:
    """The circuit that an address names."""
    if isinstance(one.whole, ModelPlace):
        return _of_transformer(one.session, one.whole, one.item)
    return _of_perceptron(one, one.item)


def _of_perceptron(one: One, circuit: Circuit) -> Cut:
    place, layout = one.place, circuit.layout
    analysis, question, verdict = place.analysis, place.question, verdict_on(place, circuit)
    beside = ("", "") if analysis is None else masks_beside(one.session, analysis.id, circuit.hex, circuit.n_edges)
    return Cut(
        mask=circuit.hex,
        part=place.part,
        bits=tuple(bool(circuit.mask >> edge & 1) for edge in range(layout.n_edges)),
        n_kept=circuit.n_edges,
        names=lambda: list(names_of(perceptron_graph(layout.sizes)).numbers),
        labels=lambda: edge_labels(layout.sizes),
        neurons=circuit.n_neurons,
        n_neurons=sum(question.cut.hidden_sizes),
        between="Hidden neurons",
        verdict=verdict,
        chance=_chance_of(one.session, place, circuit),
        stored=analysis is not None and find_circuit(one.session, analysis.id, circuit.hex) is not None,
        n_valid=analysis.circuits_valid if analysis is not None and stored_coverage(analysis) == "all" else None,
        beside=beside,
        drawn=network_diagram(question.cut.weights, circuit, title=f"Circuit {circuit.hex}"),
        rows=behaviour_of(place, question.activations(circuit)[-1][:, 0]),
        readings=readings_of(place, circuit, verdict),
        inside=(),
    )


def _chance_of(session: Session, place: Place, circuit: Circuit) -> SizeChance | None:
    """How many of the possible circuits of that size are valid; None without an analysis, or of a large network."""
    layout = circuit.layout
    if place.analysis is None or layout.n_edges > MAX_EDGES_COUNTED:
        return None
    possible = count_by_edges(layout.sizes, place.question.protocol, layout.n_edges).get(circuit.n_edges)
    if possible is None:  # the protocol does not look at such circuits
        return None
    return chance_at(stored_sizes(session, place.analysis), circuit.n_edges, possible)


def _of_transformer(session: Session, place: ModelPlace, mask: str) -> Cut:
    model, space, graph = place.model, place.space, place.space.graph
    bits = mask_bits(space, mask)
    outputs = space.run(bits[None])
    apart = gaps(outputs, model.answers)[0]
    right, n, margin = int((apart > 0).sum()), len(model.rows), float(np.abs(apart).min())
    valid = right / n > ACCURACY_THRESHOLD
    asked = "" if valid else f", and a share above {ACCURACY_THRESHOLD:g} is asked for"
    search = searches_of(session, [place.row.id]).get((place.row.id, place.text))
    stored = stored_circuits(session, place.row.id, place.text, place.kind)
    return Cut(
        mask=mask,
        part=place.part,
        bits=tuple(bits.tolist()),
        n_kept=int(bits.sum()),
        names=lambda: list(names_of(graph).numbers),
        labels=lambda: graph.bit_names,
        neurons=int(graph.active_nodes(bits[None]).sum()),
        n_neurons=len(graph.removable),
        between="Nodes",
        verdict=Verdict(
            valid=valid,
            reason=f"it answers {right} of {n} rows right{asked}",
            n_right=right,
            n_rows=n,
            threshold=ACCURACY_THRESHOLD,
            in_space=True,
            margin=margin,
            fragile=margin < FRAGILE_MARGIN,
        ),
        chance=None if search is None else chances_by_bits(space, dict(search.by_bits)).get(int(bits.sum())),
        stored=stored is not None and mask in stored[REF],
        n_valid=None if search is None else search.valid,
        drawn=graph_diagram(graph, graph.kept_edges(bits[None])[0].tolist(), title=f"Circuit {mask}"),
        rows=answers_of(model, outputs[0], apart),
        readings=Readings(why_not="only circuits of perceptrons are interpreted"),
        inside=space.inside(bits),
    )
