"""Every list as a table to take away, with a short text beside the data that says what it is and what it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.interpretations.gates import gate_name
from analysis.interpretations.interpretation import NeuronGate
from app.addressing import Addresses
from app.options import ScopeOptions
from app.pages.interpretation_list import by_number
from app.pages.kinds import find_document
from app.pages.place import locate
from app.pages.shared import edge_names, neuron_name, truth_rows
from app.pages.sharing.about import about_place

MAX_ROWS: Final = 5_000_000
_AT_ONCE: Final = 500
MAX_INTERPRETATIONS: Final = 10_000
Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """One list.

    Args:
        name: of the file, without its ending.
        about: the text beside the data, line by line.
        columns: names, the JSON twins' where they have them.
        rows: in order; may be read once.
    """

    name: str
    about: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Iterator[Sequence[Cell]]


class InterpretationRowsOptions(ScopeOptions):
    """Options of the table of a circuit's interpretations."""

    start: int = Field(0, ge=0, description="Index of the first row.")
    rows: int = Field(1_000, ge=1, le=MAX_INTERPRETATIONS, description="Interpretations in the table.")


def interpretations_table(
    session: Session, addresses: Addresses, network: str, ref: str, options: InterpretationRowsOptions
) -> Table:
    """Some interpretations of one circuit in the order of their index, a column for each neuron."""
    one = find_document(session, addresses, network, ref, list(options.scope.query().items())).one
    listing, place = by_number(one), one.place
    space, sizes = listing.whole, place.question.cut.sizes
    last = min(options.start + options.rows, space.count)
    sites = [(layer, neuron) for layer in range(1, len(sizes)) for neuron in range(sizes[layer])]
    about = (
        *about_place(place, f"Interpretations of circuit {one.ref.first}"),
        f"Rows {options.start} to {max(options.start, last) - 1} of {space.count}; observed classes: "
        f"{space.n_observed}.",
        "Each column n… and y holds the function of the inputs that the neuron is read as, by name or as a truth table",
        "(inputs counted in binary, first input most significant); empty where a neuron is cut or has one value only.",
    )

    def rows() -> Iterator[Sequence[Cell]]:
        for index in range(min(options.start, space.count), last):
            row = listing.row(index)
            gates = (row["read"].gate(*site) for site in sites)
            yield (index, *("" if gate is None else table_name_of(gate, sizes[0]) for gate in gates), row.url)

    names = (neuron_name(sizes, layer, neuron) for layer, neuron in sites)
    return Table(f"{place.slug}-{one.ref.first}-interpretations", about, ("index", *names, "url"), rows())


def table_name_of(gate: NeuronGate, n_inputs: int) -> str:
    """A function of the inputs by its name, else as a truth table."""
    return gate_name(gate.function, n_inputs) or "".join(map(str, truth_rows(gate.function, 1 << n_inputs)))


def figures_table(session: Session, addresses: Addresses, network: str, options: ScopeOptions) -> Table:
    """The numbers behind every figure of a network's page."""
    place = locate(session, addresses, network, options.scope)
    about = (
        *about_place(place, "Numbers behind the figures of a network's page"),
        "figure: which one; from, to: the bin or the value (logarithms to base 10 for interpretations and observed);",
        "edge_use counts the circuits that keep an edge; count: how many.",
    )
    rows: list[Sequence[Cell]] = []
    spread = {} if place.shown is None else place.shown.distributions
    for name in ("edges", "neurons", "alignments_per_algorithm"):
        rows += [(name, "", value, value, count) for value, count in spread.get(name, ())]
    for name in ("margin", "interpretations", "observed", "iia"):
        ends, counted = (spread[name]["edges"], spread[name]["counts"]) if spread else ((), ())
        rows += [(name, "", *bin_) for bin_ in zip(ends, ends[1:], counted, strict=False)]
    layout = place.question.layout
    names = (name.replace(" → ", "-") for name in edge_names(layout, (1 << layout.n_edges) - 1))
    rows += [("edge_use", name, None, None, n) for name, n in zip(names, spread.get("edge_use", ()), strict=False)]
    return Table(f"{place.row.slug}-figures", about, ("figure", "edge", "from", "to", "count"), iter(rows))
