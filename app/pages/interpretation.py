"""One interpretation of a circuit: a gate on each neuron, with the cut and the rows that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.interpretations.gates import essential, gate_name
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.interpretation import Interpretation, NeuronGate
from analysis.networks.circuit import Circuit
from analysis.tasks import INPUT_NAMES
from app.addressing import Addresses
from app.errors import NotFound
from app.figures.numbers import when
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.circuit_facts import (
    MAX_INDEX_DIGITS,
    CircuitBasedPage,
    circuit_view,
    read_circuit,
    readings_of,
    verdict_on,
)
from app.pages.network import behaviour_of, provenance_of
from app.pages.place import Place, locate_boolean
from app.pages.previews import GateTile, InterpretationCard, gate_tiles, interpretation_card
from app.pages.shared import linked, neuron_name, scope_view
from pluriscope.naming import ExplanationRef

N_SIBLINGS: Final = 3


class GateRow(PageModel):
    """One row of a local gate's table."""

    bits: list[int] = Field(description="Bits of the parents, in their order.")
    value: int
    free: bool = Field(description="Whether no input ever produces this row, so that its value is a choice.")


class GateView(PageModel):
    """What an interpretation says of one neuron."""

    tile: GateTile
    low: float = Field(description="Largest activation below the cut.")
    high: float = Field(description="Smallest activation above the cut.")
    threshold: float = Field(description="Their midpoint; the neuron is 1 above it.")
    neutral: bool = Field(description="Whether it is the output, whose function is given by the task.")
    local: str = Field(description="The gate over its parents, e.g. n1.0 ∧ ¬n1.1; empty if it has no short form.")
    parents: list[str] = Field(description="Names of the neurons or inputs that it reads.")
    table: list[GateRow]
    activations: list[float] = Field(description="The neuron's activation in the circuit on each input.")


class InterpretationPage(CircuitBasedPage):
    """One interpretation of one circuit, computed from the weights."""

    index: BigInt
    ref: str
    of: BigInt = Field(description="Interpretations of the circuit.")
    observed: BigInt = Field(description="Classes that the inputs can tell apart.")
    observed_class: BigInt = Field(description="Which of them this one belongs to, from 0.")
    n_free_rows: int = Field(description="Rows of local gates that no input reaches: each is a free choice.")
    gates: list[GateView]
    silent: list[str] = Field(description="Active neurons with one value only: no gate, and nobody's parent.")
    first_url: str | None
    previous_url: str | None
    next_url: str | None
    last_url: str | None
    next_class_url: str | None = Field(description="The first interpretation of the next observed class.")
    previous_class_url: str | None
    siblings: list[InterpretationCard]

    @property
    def jump_path(self) -> str:
        """Where an index is turned into an interpretation's address."""
        return self.circuit.url.partition("?")[0] + "/interpretations"

    @property
    def input_labels(self) -> list[str]:
        return ["".join(map(str, row.bits)) for row in self.behaviour]

    @property
    def reading(self) -> str:
        return reading_words(self.gates)

    @property
    def tiles(self) -> list[GateTile]:
        return [gate.tile for gate in self.gates]

    @property
    def provenance_pairs(self) -> list[tuple[str, str]]:
        protocol, data = self.scope.protocol, self.scope.data
        pairs = [
            ("Rule", f"{protocol.name} · {protocol.digest}"),
            ("Network", self.network.digest),
            ("Data", f"{data.description} · {data.digest}"),
            ("This page", f"computed from the weights just now by engine {ENGINE_VERSION}"),
        ]
        if self.provenance is not None:
            when_stored = when(self.provenance.created_at)
            pairs.append(("Analysis", f"engine {self.provenance.engine_version}, {when_stored}"))
        return pairs


def build_interpretation(
    session: Session, addresses: Addresses, network: str, mask: str, index: str, options: ScopeOptions
) -> InterpretationPage:
    """The page of one interpretation, computed on the spot.

    Raises:
        NotFound: no such network, output, protocol, data record, circuit, or index.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    circuit = read_circuit(place, mask, addresses)
    verdict = verdict_on(place, circuit)
    readings = readings_of(place, circuit, verdict, None)
    slug, scope, analysis = place.row.slug, place.scope, place.analysis
    parent = {"parent": addresses.circuit(slug, circuit.hex, scope), "parent_label": f"circuit {circuit.hex}"}
    space = readings.space
    if space is None:
        item = f"interpretation {index[:40]} of circuit {circuit.hex}"
        raise NotFound(item, readings.why_not, "choose a valid circuit from the list", "index", **parent)
    number = _index(index, space, parent)
    found = space.at(number)
    layers = place.question.activations(circuit)
    rank = class_of(space, number)

    def at(other: int) -> str | None:
        known = 0 <= other < space.count and other != number
        return addresses.interpretation(slug, circuit.hex, other, scope) if known else None

    return InterpretationPage(
        **linked(place, addresses, scope_view(place, None, addresses)),
        circuit=circuit_view(session, place, circuit, addresses),
        verdict=verdict,
        index=number,
        ref=str(ExplanationRef("interpretation", circuit.hex, str(number))),
        of=space.count,
        observed=space.n_observed,
        observed_class=rank,
        n_free_rows=sum(len(gate.free_rows) for gate in found.gates),
        gates=[
            _gate_view(gate, tile, place, layers)
            for gate, tile in zip(found.gates, gate_tiles(found, place.question.cut.sizes), strict=True)
        ],
        silent=_silent(found, circuit, place),
        behaviour=behaviour_of(place, layers[-1][:, 0]),
        first_url=at(0),
        previous_url=at(number - 1),
        next_url=at(number + 1),
        last_url=at(space.count - 1),
        next_class_url=None if rank + 1 >= space.n_observed else at(space.index_of_observed(rank + 1)),
        previous_class_url=None if rank == 0 else at(space.index_of_observed(rank - 1)),
        siblings=[interpretation_card(space, i, place, addresses) for i in _siblings(space, rank)],
        provenance=None if analysis is None else provenance_of(analysis),
        list_url=addresses.circuits(slug, scope),
        criteria_url=addresses.verdicts(slug, [ExplanationRef("interpretation", circuit.hex, str(number))], scope),
        standing_url=addresses.standing(slug, ExplanationRef("interpretation", circuit.hex, str(number)), scope),
        url=addresses.interpretation(slug, circuit.hex, number, scope),
    )


def _index(text: str, space: InterpretationSpace, parent: dict[str, str]) -> int:
    """The index that an address names.

    Raises:
        NotFound: no number, or beyond the last interpretation.
    """
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    item = f"interpretation {shown} of circuit {space.circuit.hex}"
    cure = f"use a number from 0 to {space.count - 1}" if space.count else "choose another circuit"
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_INDEX_DIGITS):
        raise NotFound(item, "is no whole number", cure, "index", **parent)
    if int(text) >= space.count:
        cause = f"the circuit has {space.count:,} interpretations, counted from 0"
        raise NotFound(item, cause, cure, "index", **parent)
    return int(text)


def class_of(space: InterpretationSpace, index: int) -> int:
    """The observed class of an interpretation; its members follow one another, so the least indices are ascending."""
    low, high = 0, space.n_observed - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if space.index_of_observed(middle) <= index else (low, middle - 1)
    return low


def _siblings(space: InterpretationSpace, rank: int) -> list[int]:
    """Least indices of some other observed classes, spread over all of them."""
    others = {space.n_observed * step // N_SIBLINGS for step in range(N_SIBLINGS)} | {rank - 1, rank + 1}
    known = sorted(r for r in others if 0 <= r < space.n_observed and r != rank)
    return [space.index_of_observed(r) for r in known][:N_SIBLINGS]


def _gate_view(gate: NeuronGate, tile: GateTile, place: Place, layers: tuple[NDArray[np.float64], ...]) -> GateView:
    sizes, n_parents = place.question.cut.sizes, len(gate.parents)
    parents = [neuron_name(sizes, layer, neuron) for layer, neuron in gate.parents]
    return GateView.showing(
        gate,
        tile=tile,
        neutral=gate.layer == len(sizes) - 1,
        local=local_formula(gate, parents),
        parents=parents,
        table=[
            GateRow(
                bits=[(row >> (n_parents - 1 - i)) & 1 for i in range(n_parents)],
                value=value,
                free=row in gate.free_rows,
            )
            for row, value in enumerate(gate.table)
        ],
        activations=layers[gate.layer][:, gate.neuron].tolist(),
    )


def reading_words(gates: Sequence[GateView]) -> str:
    """What the hidden neurons are read as, each function once a layer, e.g. "A ∧ B, A ∨ B → A ⊕ B"."""
    layers: dict[int, list[str]] = {}
    for gate in gates:
        if not gate.neutral:
            names = layers.setdefault(gate.tile.layer, [])
            name = gate.tile.name or "".join(map(str, gate.tile.truth_table))
            if name not in names:
                names.append(name)
    return " → ".join(", ".join(names) for names in layers.values())


def local_formula(gate: NeuronGate, parents: Sequence[str]) -> str:
    """The gate over its parents' names ("n1.0 ∧ ¬n1.1"), its short name where it reads more than two, or ""."""
    if len(parents) > len(INPUT_NAMES) or len(essential(gate.table)[0]) > 2:
        return gate.name
    with_letters = gate_name(sum(value << row for row, value in enumerate(gate.table)), len(parents))
    return "".join(parents[INPUT_NAMES.index(c)] if c in INPUT_NAMES else c for c in with_letters)


def _silent(found: Interpretation, circuit: Circuit, place: Place) -> list[str]:
    """Active neurons that carry no gate."""
    return [
        neuron_name(place.question.cut.sizes, layer, neuron)
        for layer, row in enumerate(circuit.active[1:], start=1)
        for neuron, active in enumerate(row)
        if active and found.gate(layer, neuron) is None
    ]
