"""The page of one candidate algorithm: what it computes, and where in the network its variables are found."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from markupsafe import Markup
from pydantic import Field

from pluriscope.addresses.address import ResultRef
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.redundancy import IRREDUNDANT
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.listing import frame_of_analysis
from pluriscope.app.db.reads import algorithms as reads
from pluriscope.app.db.tables import AlgorithmRow
from pluriscope.app.pages.candidates import find_algorithm_row, hues_of, input_texts, posited, variables_of
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.page import about, column, figure, head_actions, page
from pluriscope.app.pages.placed import PlacedOptions
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.tiles import Hues, bits_of
from pluriscope.figures.svg.trees import formula_tree
from pluriscope.page_kit.blocks import Block, Choice, Fact, Facts, Head, Notice, Section, Side, Table, Tray, Verdict
from pluriscope.tables.frames import AtHand
from pluriscope.tables.table import Query
from pluriscope.views.records import AlgorithmRecord

_VARIABLES: Final = {
    "and_inverter": "its gates but the last, each occurrence its own",
    "shared_gates": "its gates but the last; equal ones are one gate",
    "formula_trees": "its inner nodes, where a NOT stands for its child, each occurrence its own",
}

_FIRST: Final = 12  # alignments that the page lists; all are in the list of explanations
_SHOWN: Final = ("neurons", "iia", "margin")
_PLACE: Final = (column("where", "Placement", "What stands where.", first=True),)


class AlgorithmOptions(PlacedOptions):
    """Options of one algorithm's page."""

    minimal: bool = Field(False, description="Only minimal placements.")


def row_of(one: Explanation[Question]) -> AlgorithmRow:
    """The row of the algorithm, or of an alignment's."""
    return find_algorithm_row(one.session, one.links, one.place, one.ref.first)


def algorithm_record(one: Explanation[Question]) -> AlgorithmRecord:
    """An algorithm as JSON."""
    place, row = one.place, row_of(one)
    algorithm: HighLevelModel = one.item
    return AlgorithmRecord.showing(
        algorithm,
        row,
        **one.fields,
        algorithm=algorithm.id,
        truth_table=list(bits_of(algorithm.function, algorithm.n_inputs)),
        variables=variables_of(algorithm),
        irredundant={key: getattr(row, key.replace("-", "_")) for key in IRREDUNDANT},
        of=0 if place.analysis is None else reads.n_algorithms(one.session, place.analysis),
        valid=row.n_valid,
        minimal=row.n_minimal,
        kept=row.n_kept,
    )


@page(algorithm_record, AlgorithmOptions)
def algorithm(one: Explanation[Question], options: AlgorithmOptions) -> Iterator[Block]:
    """Page of an algorithm: what it computes, where it is found, and the rest folded."""
    record, hues = algorithm_record(one), hues_of(one.item)
    yield _head(one, record)
    caption = "Squares in colour are the variables it posits; grey ones are given by the task. Dashed with ¬ = negated."
    tree = formula_tree(one.item, hues=hues, title=f"Formula tree of {record.formula}")
    yield Side([figure(one, tree, caption), Facts(list(_facts(record)))])
    yield from _values(one, record, hues)
    yield from _placements(one, record, options)
    yield from about(one)


def _head(one: Explanation[Question], record: AlgorithmRecord) -> Head:
    place = one.place
    number = f"number {exact(record.position + 1)} of {noun(record.of, 'candidate')}"
    if not record.of:
        number = f"candidate number {exact(record.position + 1)}"
    task = place.question.task
    label = task.label
    states = {None: "untested", True: "pass", False: "fail"}
    url = one.links.glossary("irredundant")
    return Head(
        Markup('<span class="f">{}</span>').format(record.formula),
        f"{one.name}, {number} for {label} under protocol {place.question.protocol.name}: depth {record.depth}, "
        f"{noun(record.n_gates, 'gate')}, {noun(len(record.variables), 'variable')}.",
        [Verdict(IRREDUNDANT[key], states[passed], url) for key, passed in record.irredundant.items()],  # type: ignore[arg-type]
        head_actions(one),
    )


def _facts(record: AlgorithmRecord) -> Iterator[Fact]:
    if record.truncated_at == 0:
        yield Fact("Placements", "unknown", "they were not searched", url="#alignments")
        return
    stopped = f"the first {exact(record.truncated_at)} are kept" if record.truncated_at else "exact"
    yield Fact("Placements", exact(record.valid), stopped, url="#alignments")
    yield Fact("Minimal", exact(record.minimal), "of them")
    yield Fact("Kept", exact(record.kept), "with those that come closest")


def _values(one: Explanation[Question], record: AlgorithmRecord, hues: Hues) -> Iterator[Block]:
    """The value of each variable on every input, and how the algorithm is written."""
    task = one.place.question.task
    lines: list[tuple[str, str, list[int]]] = [
        (posited(known, hues), known.path, known.truth_table) for known in record.variables
    ]
    lines += [("output", "", record.truth_table), (task.name or "task", "", list(task.truth_table))]
    inputs = input_texts(one.place.question.subject.n_inputs)
    yield Section("What it computes", f"its variables are {_VARIABLES[record.form]}")
    yield Table.plain(("Variable", "Path", *inputs), [(name, path, *map(str, table)) for name, path, table in lines])


# --- where it is found


def _kept(one: Explanation[Question], **wanted: str) -> Table:
    """The first of the kept alignments of an algorithm on neurons, fewest neurons first."""
    place, asked = one.place, {"kind": "alignment", "algorithm": one.ref.first, **wanted}
    listing = AtHand((), ())
    if place.analysis is not None:
        frame = frame_of_analysis(one.session, place.analysis, place.question, ResultRef(place.slug, place.scope))
        query = Query({name: (value,) for name, value in asked.items()}, "neurons", limit=_FIRST)
        columns = (*_PLACE, *(known for known in frame.columns if known.name in _SHOWN))
        listing = AtHand(columns, frame.select(query, facets=False).rows)
    return Table(
        listing,
        Query(limit=_FIRST),
        "",
        "alignment",
        thumb=lambda row: None if row.drawing is None else row.drawing(),
        tray=Tray(f"{place.slug}/{place.scope.output}", one.links.compare(place.slug, (), place.scope)),
        facets=False,
    )


def _placements(one: Explanation[Question], record: AlgorithmRecord, options: AlgorithmOptions) -> Iterator[Block]:
    """The alignments that are kept, or why there are none."""
    place = one.place
    every = partial(one.links.explanations, place.slug, place.scope, kind="alignment", algorithm=record.algorithm)
    lists = {"valid": one.url(), "minimal": one.url(minimal=1), f"all {record.kept} kept": every(valid="any")}
    choice = Choice("Listed", lists, "minimal" if options.minimal else "valid") if record.kept else None
    yield Section("Where it is found", "on sets of neurons, the smallest first", choice, id="alignments")
    if record.kept and (record.minimal if options.minimal else record.valid):
        yield _kept(one, **{"minimal" if options.minimal else "valid": "yes"})
    elif record.truncated_at != 0:
        whole = "The search was exhaustive." if record.truncated_at is None else ""
        yield Notice("No placement of its variables is valid." if not record.valid else "None is minimal.", whole)
    else:
        cause = "There are too many sets of neurons to try"
        if not record.of:
            cause = f"This output has not been analysed under {place.question.protocol.name} yet"
        cause += "; whether a placement carries this algorithm is not known."
        yield Notice("Placements were not searched.", cause, state="computing")
