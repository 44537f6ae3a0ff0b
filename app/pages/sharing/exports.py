"""Tables of what figures, comparisons and the funnel show, to take away, beside a text that describes them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analyses.funnel import steps_of
from pluriscope.analyses.registry import FUNNEL
from pluriscope.analyses.shown import shown
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.criteria.funnel import funnel_of
from pluriscope.analysis.interpretations.gates import gate_name
from pluriscope.analysis.interpretations.interpretation import NeuronGate
from pluriscope.app.errors import NotFound
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.analyses import analysis_meant, asked
from pluriscope.app.pages.compare.choosing import build_compare
from pluriscope.app.pages.compare.compared import Compared, table
from pluriscope.app.pages.compare.options import CompareOptions
from pluriscope.app.pages.interpretation_list import by_number
from pluriscope.app.pages.kinds import find_document
from pluriscope.app.pages.place import FORMULAS, check_boolean, locate
from pluriscope.app.pages.sharing.about import IN_SHORT, about_place
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.tiles import bits_of
from pluriscope.page_kit.blocks import Table
from pluriscope.tables.csv_files import csv_lines
from pluriscope.tables.frames import AtHand
from pluriscope.tables.table import Column, Query, Row

Exported = tuple[tuple[str, ...], Table]
"""The text beside a table, and the table."""


def exported(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Rows under the names of their columns; None is written as nothing."""
    columns = tuple(Column(name, name, "", "text", orders=False) for name in names)
    listed = [Row({name: _plain(cell) for name, cell in zip(names, row, strict=True)}) for row in rows]
    return Table(AtHand(columns, listed), Query(), "")


def _plain(cell: Any) -> Any:
    return str(cell).lower() if isinstance(cell, bool) else cell


class InterpretationRowsOptions(ScopeOptions):
    """Options of the table of a circuit's interpretations."""

    start: int = Field(0, ge=0, description="Index of the first row.")
    rows: int = Field(1_000, ge=0, description="Interpretations in the table, of any number; 0: all from there on.")


def interpretations_lines(
    session: Session, addresses: Addresses, network: str, ref: str, options: InterpretationRowsOptions
) -> Generator[str, None, None]:
    """Write interpretations of one circuit in the order of their index, each neuron with its function and table.

    Raises:
        BeyondLimits: a gate has more parents than a table of 64 bits.
    """
    one = find_document(session, addresses, network, ref, list(options.scope.query().items())).one
    listing, place = by_number(one), one.place
    space, sizes = listing.space, place.question.network.sizes
    first = min(options.start, space.count)
    last = min(first + options.rows, space.count) if options.rows else space.count
    sites = [(layer, neuron) for layer in range(1, len(sizes)) for neuron in range(sizes[layer])]
    places = [space.gated.index(site) if site in space.gated else None for site in sites]
    before, after = one.links.interpretation(place.slug, space.circuit.hex, 0, place.scope).rpartition(".0")[::2]

    def rows() -> Iterator[Sequence[Any]]:
        observed, names = -1, list[str]()
        for block in space.blocks(first, last):
            each = zip(block.classes.tolist(), block.tables.tolist(), strict=True)
            for number, (own, tables) in enumerate(each, start=block.start):
                if own != observed:
                    observed, names = own, [table_name_of(gate, sizes[0]) for gate in space.at(number).gates]
                functions, numbers = ([None if at is None else some[at] for at in places] for some in (names, tables))
                yield number, *functions, f"{before}.{number}{after}", *numbers

    size = (last - first) * sum(len(str(cell)) + 1 for cell in next(rows(), ()))
    about = (
        *about_place(place, f"Interpretations of circuit {one.ref.first}"),
        f"Rows {first} to {max(first, last) - 1} of {space.count}, about {size / 1e6:,.1f} MB; observed classes: "
        f"{space.n_observed}.",
        "Each column n… and y holds the function of the inputs that the neuron is read as, by name or as a truth table",
        "(inputs counted in binary, first input most significant); empty where it is left out or has one value only.",
        "Each column … table holds what its gate gives on the rows of its parents, as an integer: bit r is row r, the",
        "parent of lowest index most significant.",
    )
    nodes = [node_name(layer, neuron, sizes) for layer, neuron in sites]
    yield from csv_lines(about, ("index", *nodes, "url", *(f"{node} table" for node in nodes)), rows())


def table_name_of(gate: NeuronGate, n_inputs: int) -> str:
    """A function of the inputs by its name, else as a truth table."""
    return gate_name(gate.function, n_inputs) or "".join(map(str, bits_of(gate.function, n_inputs)))


def figures_table(session: Session, addresses: Addresses, network: str, options: ScopeOptions) -> Exported:
    """The numbers behind every figure of a network's page."""
    place = locate(session, addresses, network, options.scope)
    about = (
        *about_place(place, "Numbers behind the figures of a network's page"),
        "figure: which one; from, to: the bin or the value (logarithms to base 10 for interpretations and observed);",
        "edge_use counts the circuits that keep an edge; count: how many.",
    )
    rows: list[Sequence[Any]] = []
    spread = {} if place.analysis is None else place.analysis.distributions
    for name in ("edges", "neurons", "alignments_per_algorithm"):
        rows += [(name, "", value, value, count) for value, count in spread.get(name, ())]
    for name in ("margin", "interpretations", "observed", "iia"):
        ends, counted = (spread[name]["edges"], spread[name]["counts"]) if spread else ((), ())
        rows += [(name, "", *bin_) for bin_ in zip(ends, ends[1:], counted, strict=False)]
    names, kept = place.question.graph.bit_names, spread.get("edge_use", ())
    rows += [("edge_use", name, None, None, n) for name, n in zip(names, kept, strict=False)]
    return about, exported(("figure", "edge", "from", "to", "count"), rows)


def crucial_table(session: Session, addresses: Addresses, options: CompareOptions) -> Exported:
    """The interventions on which explanations contradict each other, clearest first.

    Raises:
        PageError: the comparison names nothing, or is not complete.
    """
    found = build_compare(session, addresses, options)
    about = (
        *_about(found, "Where the explanations of a comparison contradict each other"),
        "An explanation's column: what it predicts; empty where it predicts nothing. output: of the network; decision:",
        "what it answers; margin: distance of its output from 0.5.",
    )
    return about, table(found)


def agreement_table(session: Session, addresses: Addresses, options: CompareOptions) -> Exported:
    """Table of how often each two of a comparison predict the same, and each what the network does."""
    found = build_compare(session, addresses, options)
    about = (
        *_about(found, "Agreement of the explanations of a comparison"),
        "both: interventions on which both predict; same: of these those with the same prediction. Against 'network':",
        "both counts what the first predicts, same what is right.",
    )
    rows: list[Sequence[Any]] = []
    for first, second in combinations(range(len(found.ones)), 2):
        pair = found.trials.pair(first, second)
        rows.append((found.letters[first], found.letters[second], pair.both, pair.same))
    rows += [(one.letter, "network", one.predicted, one.right) for one in found.ones]
    return about, exported(("first", "second", "both", "same"), rows)


class FunnelOptions(ScopeOptions):
    """Options of the funnel's table."""

    criteria: list[Annotated[str, Field(max_length=200)]] = Field(
        [], max_length=33, description="The criteria in order; nothing: as recommended; `none`: no criterion."
    )


def funnel_table(session: Session, addresses: Addresses, network: str, options: FunnelOptions) -> Exported:
    """Table of what is left of each kind after each criterion of a sequence."""
    place = locate(session, addresses, network, options.scope)
    if not place.question.kind.refuses(FORMULAS):
        check_boolean(place, addresses)
    (one,) = asked(session, place, addresses, [FUNNEL])
    report = funnel_of(one.subject.analysed, steps_of(" ".join(options.criteria), place.question.kind))
    about = (
        *about_place(place, "What is left after each criterion of a sequence"),
        f"Sequence: {' '.join(report.criteria) or 'none'}.",
        "left is exact where whole is true, else an upper bound; of interpretations left_least to left. Explanations",
        "that fail, are undecided or not asked (not_applicable) are not left. Of interpretations alone says how many",
        "of all pass the criterion by itself. Where classes is true, observed classes are counted: a class passes",
        "where any one of its interpretations does. Empty left: no verdicts are stored.",
    )
    names = ("kind", "step", "criterion", "settings", "before", "passed", "failed", "undecided", "not_applicable",
             "alone", "left_least", "left", "whole", "classes", "state")  # fmt: skip
    rows: list[Sequence[Any]] = []
    for kind in report.kinds:
        begin = int(kind.begin)
        rows.append((kind.kind, 0, "", kind.begin_words, None, *[None] * 5, begin, begin, True, False, ""))
        for number, row in enumerate(kind.rows, start=1):
            counts = (row.passed, row.failed, row.undecided, row.not_applicable, row.alone)
            left = (row.left_least, row.left) if row.known else (None, None)
            numbers = [None if count is None else int(count) for count in (*counts, *left)]
            settings = ", ".join(f"{name} {value:g}" for name, value in row.step.changed.items())
            state = "stored" if row.known else "not_computed"
            rows.append(
                (kind.kind, number, row.step.key, settings, int(row.before), *numbers, row.whole, row.classes, state)
            )
    return about, exported(names, rows)


def analysis_table(session: Session, addresses: Addresses, network: str, key: str, options: ScopeOptions) -> Exported:
    """Table of what one analysis found, as the list that it is shown as.

    Raises:
        NotFound: no such analysis, or none that has a list.
    """
    place = locate(session, addresses, network, options.scope)
    analysis = analysis_meant(session, key, addresses, place)
    table = shown(analysis).table
    if table is None:
        page = addresses.analysis(place.slug, key, place.scope)
        raise NotFound(f"analysis {key!r}", "has no list", "ask for its JSON", "analysis", page, analysis.title)
    (one,) = asked(session, place, addresses, [analysis])
    note, names, rows = table(one.report, one.subject)
    about = about_place(place, f"{analysis.title} of {place.slug} under {place.under}")
    return (*about, f"The analysis is {one.state.replace('_', ' ')}. {note}".strip()), exported(names, rows)


def _about(found: Compared, what: str) -> tuple[str, ...]:
    named = "; ".join(
        f"{letter} is {one.ref} ({one.name})" for letter, one in zip(found.letters, found.ones, strict=True)
    )
    return (
        f"Pluriscope {ENGINE_VERSION}: {what}.",
        f"Network: {found.network.name} ({found.network.slug}), SHA-256 {found.network.digest}. Under {found.under}.",
        f"{named}.",
        f"Asked: {found.of} {found.trials.asked}. {found.trials.bounded}".strip(),
        *IN_SHORT,
    )
