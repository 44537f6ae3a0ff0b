"""Cards: one explanation in a few numbers, for lists and for the pages that show some of each kind."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import cast

from pydantic import Field

from analysis.algorithms.high_level_model import Form
from analysis.algorithms.parsing import parse_algorithm
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.errors import BeyondLimits
from analysis.interpretations.gates import gate_name
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.interpretation import Interpretation
from analysis.networks.circuit import circuit_from_hex
from app.addressing import Addresses
from app.db.codecs import alignment_of
from app.db.reads.circuits import StoredCircuit
from app.db.tables import AlgorithmRow, AlignmentRow
from app.options import BigInt, PageModel
from app.pages.circuit_facts import space_of
from app.pages.formulas import FractionView, PlacedView, placed_views
from app.pages.place import Place
from app.pages.shared import neuron_name, truth_rows
from pluriscope.naming import ExplanationRef, Scope

MOST_COUNTED = 100_000  # states and links of a sample's interpretations: a page of samples answers within a second


class CircuitCard(PageModel):
    """A valid circuit."""

    mask: str
    url: str
    ref: str = Field(description="How a comparison's address names it.")
    n_edges: int
    n_neurons: int = Field(description="Active hidden neurons.")
    margin: float = Field(description="Smallest distance of any tested output from the decision's edge.")
    fragile: bool = Field(description="Whether that margin is below 1e-6.")
    interpretations: BigInt | None = Field(description="None where they are not counted.")
    observed: BigInt | None = Field(description="Classes of interpretations that the inputs can tell apart.")


class GateTile(PageModel):
    """What an interpretation says of one neuron, in short."""

    layer: int
    neuron: int
    site: str = Field(description="The neuron's name: n1.0, y.")
    name: str = Field(description="The function by name or formula, empty if it has none.")
    truth_table: list[int] = Field(description="Its value on every input, in binary order.")


class InterpretationCard(PageModel):
    """An interpretation of a circuit."""

    mask: str
    index: BigInt
    url: str
    ref: str
    of: BigInt = Field(description="Interpretations of the circuit.")
    n_edges: int
    n_neurons: int
    gates: list[GateTile]


class AlignmentCard(PageModel):
    """A kept alignment of an algorithm."""

    algorithm: str
    alignment: str
    formula: str
    url: str
    ref: str
    iia: FractionView
    minimal: bool
    variables: list[PlacedView]

    @property
    def tiles(self) -> list[GateTile]:
        """Each variable on every neuron that carries it, for drawing."""
        return [
            GateTile(layer=v.layer, neuron=n, site=v.site, name=v.shown, truth_table=v.truth_table)
            for v in self.variables
            for n in v.neurons
        ]


def circuit_card(
    row: StoredCircuit, slug: str, scope: Scope, addresses: Addresses, *, counted: bool = True
) -> CircuitCard:
    """A stored circuit.

    Args:
        row: as stored.
        slug: of its network.
        scope: of its analysis.
        addresses: builds its link.
        counted: whether its interpretations were counted; if not, the stored numbers say nothing.
    """
    return CircuitCard.showing(
        row,
        url=addresses.circuit(slug, row.mask, scope),
        ref=str(ExplanationRef("circuit", row.mask)),
        fragile=row.margin < FRAGILE_MARGIN,
        interpretations=row.interpretations if counted else None,
        observed=row.observed if counted else None,
    )


def gate_tiles(interpretation: Interpretation, sizes: tuple[int, ...]) -> list[GateTile]:
    n_rows = 1 << sizes[0]
    return [
        GateTile(
            layer=gate.layer,
            neuron=gate.neuron,
            site=neuron_name(sizes, gate.layer, gate.neuron),
            name=gate_name(gate.function, sizes[0]),
            truth_table=truth_rows(gate.function, n_rows),
        )
        for gate in interpretation.gates
    ]


def interpretation_card(
    space: InterpretationSpace, index: int, place: Place, addresses: Addresses
) -> InterpretationCard:
    """A card of one interpretation, computed from the weights."""
    circuit = space.circuit
    return InterpretationCard(
        mask=circuit.hex,
        index=index,
        url=addresses.interpretation(place.row.slug, circuit.hex, index, place.scope),
        ref=str(ExplanationRef("interpretation", circuit.hex, str(index))),
        of=space.count,
        n_edges=circuit.n_edges,
        n_neurons=circuit.n_neurons,
        gates=gate_tiles(space.at(index), place.question.cut.sizes),
    )


def first_interpretations(
    place: Place, rows: Iterable[StoredCircuit], addresses: Addresses
) -> list[InterpretationCard]:
    """The first interpretation of each of some stored circuits that have any, and not too many to be counted."""
    cards = []
    for row in rows:
        circuit = circuit_from_hex(row.mask, place.question.cut.sizes)
        with suppress(BeyondLimits):
            space = space_of(place.question, circuit, MOST_COUNTED)
            if space.count:
                cards.append(interpretation_card(space, 0, place, addresses))
    return cards


def alignment_card(
    alignment: AlignmentRow, algorithm: AlgorithmRow, place: Place, addresses: Addresses
) -> AlignmentCard:
    tree = parse_algorithm(algorithm.text, cast(Form, algorithm.form), place.question.model.n_inputs)
    scored = alignment_of(alignment, algorithm.text)
    slug, scope = place.row.slug, place.scope
    return AlignmentCard(
        algorithm=algorithm.algorithm_id,
        alignment=alignment.alignment_id,
        formula=algorithm.formula,
        url=addresses.alignment(slug, algorithm.algorithm_id, alignment.alignment_id, scope),
        ref=str(ExplanationRef("alignment", algorithm.algorithm_id, alignment.alignment_id)),
        iia=alignment,
        minimal=alignment.minimal,
        variables=placed_views(tree, scored.alignment),
    )
