"""Every list as a table to take away, with a short text beside the data that says what it is and what it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.interpretations.gates import gate_name
from app.addressing import Addresses
from app.db.codecs import alignment_of
from app.db.reads import algorithms as algorithm_reads
from app.errors import NotFound
from app.listing.page import every_page
from app.options import ScopeOptions
from app.pages.algorithm import AlgorithmOptions
from app.pages.alignment import AlignmentOptions, AlignmentPage, build_alignment
from app.pages.candidates import algorithm_of, find_algorithm_row
from app.pages.circuit_facts import read_circuit, readings_of, verdict_on
from app.pages.directions.views import DirectionPage
from app.pages.gallery import GalleryOptions, build_gallery
from app.pages.jobs import JobsOptions, build_jobs
from app.pages.network.page import edge_use_of
from app.pages.place import Place, locate
from app.pages.placements import places_of
from app.pages.scope import in_short
from app.pages.shared import counts_of, neuron_name, stops_of

MAX_ROWS: Final = 5_000_000
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


IN_SHORT: Final = (
    *in_short(),
    "What was not searched, and every setting: /scope of the site that this was taken from.",
)
"""What stands beside every table; the words are those of docs/scope.md."""
FIRST_CELL: Final = (
    "In CSV, text that a spreadsheet would take for a formula stands behind an apostrophe. Numbers have all their "
    "digits; in JSON integers beyond 2^53 are decimal text.",
)


def interpretations_table(
    session: Session, addresses: Addresses, network: str, mask: str, options: InterpretationRowsOptions
) -> Table:
    """Some interpretations of one circuit in the order of their index, a column for each neuron."""
    place = locate(session, addresses, network, options.scope)
    circuit = read_circuit(place, mask, addresses)
    readings = readings_of(place, circuit, verdict_on(place, circuit))
    space = readings.space
    if space is None:
        url = addresses.circuit(place.row.slug, circuit.hex, place.scope)
        raise NotFound(
            f"interpretations of circuit {circuit.hex}",
            readings.why_not,
            "choose a valid circuit from the list",
            "mask",
            url,
            f"circuit {circuit.hex}",
        )
    count, sizes = space.count, place.question.cut.sizes
    last = min(options.start + options.rows, count)
    sites = [(layer, neuron) for layer in range(1, len(sizes)) for neuron in range(sizes[layer])]
    about = (
        *about_place(place, f"Interpretations of circuit {circuit.hex}"),
        f"Rows {options.start} to {max(options.start, last) - 1} of {count}; observed classes: {space.n_observed}.",
        "Each column n… and y holds the function of the inputs that the neuron is read as, by name or as a truth table",
        "(inputs counted in binary, first input most significant); empty where a neuron is cut or has one value only.",
    )
    names = tuple(neuron_name(sizes, layer, neuron) for layer, neuron in sites)

    def rows() -> Iterator[Sequence[Cell]]:
        for index in range(min(options.start, count), last):
            found = space.at(index)
            cells: list[Cell] = [index]
            for site in sites:
                gate = found.gate(*site)
                named = "" if gate is None else gate_name(gate.function, sizes[0])
                bits = "" if gate is None else "".join(str(gate.function >> row & 1) for row in range(1 << sizes[0]))
                cells.append(named or bits)
            yield (*cells, addresses.interpretation(place.row.slug, circuit.hex, index, place.scope))

    return Table(f"{place.row.slug}-{circuit.hex}-interpretations", about, ("index", *names, "url"), rows())


def alignments_table(
    session: Session, addresses: Addresses, network: str, algorithm: str, options: AlgorithmOptions
) -> Table:
    """Every kept alignment of one algorithm: minimal ones, other valid ones, the best that fail."""
    place = locate(session, addresses, network, options.scope)
    row = find_algorithm_row(session, addresses, place, algorithm)
    tree = algorithm_of(row, place)
    about = (
        *about_place(place, f"Kept alignments of {tree.formula}"),
        f"Of {row.n_valid} valid alignments; kept: {row.n_kept}, the best that fail included.",
        "places: PATH:LAYER.NEURON+NEURON for each variable, layers from 1, neurons from 0.",
        "agreed of of: interchange interventions (source different from base) on which network and algorithm agree.",
    )
    columns = ("id", "formula", "places", "valid", "minimal", "agreed", "of", "n_neurons", "margin", "url")

    def rows() -> Iterator[Sequence[Cell]]:
        after, more = None, row.id is not None
        while more:
            page, more = algorithm_reads.alignments_after(
                session, row, after=after, limit=500, minimal_only=options.minimal
            )
            for one in page:
                places = " ".join(places_of(alignment_of(one, row.text).alignment))
                url = addresses.alignment(place.row.slug, row.algorithm_id, one.alignment_id, place.scope)
                yield (
                    one.alignment_id, tree.formula, places, one.valid, one.minimal, one.agreed, one.of,
                    one.n_neurons, one.margin, url,
                )  # fmt: skip
            after = page[-1] if page else None

    return Table(f"{place.row.slug}-{row.algorithm_id}-alignments", about, columns, rows())


def interchanges_table(
    session: Session, addresses: Addresses, network: str, algorithm: str, alignment: str, options: AlignmentOptions
) -> Table:
    """Every interchange intervention of one alignment: the figure of its page in numbers."""
    page = build_alignment(session, addresses, network, algorithm, alignment, options)
    place = locate(session, addresses, network, options.scope)
    about = (
        *about_place(place, f"Interchange interventions of {page.algorithm.formula}, alignment {page.id}"),
        "Run base, but with the variable's neurons set to what they are on source; expected: what the algorithm says.",
        "decision: 0, 1, or -1 for neither; tested: whether the protocol counts the pair.",
    )
    return interchange_table(about, page)


def interchange_table(about: tuple[str, ...], page: AlignmentPage | DirectionPage) -> Table:
    """Every interchange of an alignment, on neuron sets or on directions, with its columns."""
    columns = ("path", "formula", "site", "source", "base", "output", "decision", "expected", "tested", "agreed")
    rows = (
        (
            view.path, view.formula, view.site, source, base, view.outputs[i][j], view.decisions[i][j],
            view.expected[i][j], view.tested[i][j], view.agreed[i][j],
        )
        for view in page.interchanges
        for i, source in enumerate(page.inputs)
        for j, base in enumerate(page.inputs)
    )  # fmt: skip
    return Table(f"{page.network.slug}-{page.id}-interchanges", about, columns, rows)


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
    for layer in [] if place.shown is None else edge_use_of(place, place.shown):
        for target, counts in zip(layer.targets, layer.counts, strict=True):
            for source, count in zip(layer.sources, counts, strict=True):
                rows.append(("edge_use", f"{source}-{target}", None, None, count))
    return Table(f"{place.row.slug}-figures", about, ("figure", "edge", "from", "to", "count"), iter(rows))


def jobs_table(session: Session, addresses: Addresses, options: JobsOptions, now: datetime) -> Table:
    """Every job, newest first."""
    columns = ("id", "kind", "title", "state", "stage", "done", "total", "found", "error", "attempts",
               "created_at", "started_at", "finished_at", "url")  # fmt: skip

    def rows() -> Iterator[Sequence[Cell]]:
        for page in every_page(lambda wanted: build_jobs(session, addresses, wanted, now), options):
            for item in page.items:
                values = (getattr(item, name) for name in columns)
                yield [value.isoformat() if isinstance(value, datetime) else value for value in values]

    about = (f"Pluriscope {ENGINE_VERSION}: jobs, newest first. State: {options.state or 'any'}.", *FIRST_CELL)
    return Table("jobs", about, columns, rows())


def networks_table(session: Session, addresses: Addresses, options: GalleryOptions) -> Table:
    """Every network of the gallery, a row for each output and protocol."""
    counted = ("circuits_possible", "circuits_valid", "circuits_method", "circuits_truncated_at", "circuits_low",
               "circuits_high", "interpretations_total", "interpretations_observed", "algorithms_candidates",
               "algorithms_aligned", "alignments_valid", "alignments_minimal")  # fmt: skip

    def rows() -> Iterator[Sequence[Cell]]:
        for page in every_page(lambda wanted: build_gallery(session, addresses, wanted), options):
            for item in page.items:
                network = item.network
                for output in item.outputs:
                    numbers = [None if output.counts is None else getattr(output.counts, name) for name in counted]
                    yield (network.slug, network.name, network.digest, network.shape, output.output,
                           network.tasks[output.output].label, output.protocol, output.state, *numbers,
                           output.url)  # fmt: skip

    about = (
        f"Pluriscope {ENGINE_VERSION}: networks and what was found about each output under each protocol.",
        f"Search: {options.q or 'none'}.",
        *IN_SHORT,
        *FIRST_CELL,
    )
    columns = ("slug", "name", "digest", "shape", "output", "task", "protocol", "state", *counted, "url")
    return Table("networks", about, columns, rows())


def about_place(place: Place, what: str) -> tuple[str, ...]:
    """The text beside a table of one analysis: scope, settings, what a verdict means, how sure the numbers are."""
    protocol, data = place.question.protocol, place.question.record
    settings = ", ".join(f"{key}={value}" for key, value in protocol.model_dump(exclude={"name"}).items())
    lines = [
        f"Pluriscope {ENGINE_VERSION}: {what}.",
        f"Network: {place.row.name} ({place.row.slug}), SHA-256 {place.question.model.digest}.",
        f"Output {place.scope.output}, which should compute {place.question.task.name or 'an unnamed task'}: "
        f"{''.join(map(str, place.question.task.truth_table))}.",
        f"Protocol: {protocol.name}, SHA-256 {protocol.digest}.",
        f"Settings: {settings}.",
        f"Data: {data.description or 'every Boolean input, once'}, SHA-256 {data.digest}.",
    ]
    analysis = place.analysis
    if place.partial is not None:
        lines.append(
            "PARTIAL: the analysis is still computing. Rows are certain, but not all; what is missing may still exist. "
            f"So far: {counts_of(place.partial).so_far_words}."
        )
    elif analysis is None:
        lines.append("Analysis: none is stored; what needs one is empty here, which does not mean that none exist.")
    else:
        counts = counts_of(analysis)
        lines.append(
            f"Analysis: engine {analysis.engine_version}, {analysis.created_at.isoformat(timespec='seconds')}, result "
            f"SHA-256 {analysis.result_digest}."
        )
        sure = {
            "listed": "every possible circuit was tested",
            "counted": "every possible circuit was judged without being listed; the count is exact",
            "estimated": f"an estimate; {counts.interval_words}",
        }[counts.circuits_method]
        lines.append(f"Circuits: {counts.told('circuits_valid')} of {counts.circuits_possible}: {sure}.")
        stops = stops_of(counts)
        lines.append(f"Searches that stopped at a limit: {stops or 'none'}.")
    return (*lines, *IN_SHORT, *FIRST_CELL)


def _filters(options: ScopeOptions, left_out: Sequence[str]) -> str:
    """The filters in force, in words."""
    given = options.model_dump(exclude={"output", "protocol", "data", "theme", *left_out}, exclude_defaults=True)
    return ", ".join(f"{key}={value}" for key, value in given.items()) or "none"
