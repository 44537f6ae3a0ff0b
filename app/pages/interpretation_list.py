"""The interpretations of one circuit as a list by number, counted exactly; none is made but those that are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Final, Literal

from markupsafe import Markup
from pydantic import Field

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.interpretations.gates import gate_words
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.listing import prominent_in
from pluriscope.app.errors import NotFound
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.explanations import MAX_INDEX_DIGITS, N_CARDS, Explanation, Readings, readings_of
from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.figures.svg.tiles import gate_tiles
from pluriscope.kinds.interpretations import boxed
from pluriscope.page_kit.blocks import Block, Notice, Section, Table, Tray
from pluriscope.tables.table import Choice, Column, Facet, Query, Row, Selection, toggled

_OBSERVED: Final = "observed"
INDEX: Final = Column(
    "index", "Interpretation", "Its index among all of the circuit.", "big", first=True, orders=False,
    show=lambda row: f"i·{row['index']}",
)  # fmt: skip
CLASSES: Final = Column(
    "classes", "Listed", "One of each class that the inputs tell apart, or all.", "text", "any", shown=False,
    orders=False, default=(_OBSERVED,), choices=(_OBSERVED,), words=lambda _: "one of each observed class",
)  # fmt: skip


class CircuitOptions(ScopeOptions):
    """Options of a circuit's page."""

    classes: Literal["observed", "any"] = Field(
        "observed", description="Whether one interpretation of each observed class is listed, or every one."
    )
    start: str = Field(
        "0",
        pattern=f"^[0-9]{{1,{MAX_INDEX_DIGITS}}}$",
        description="Number of the first interpretation shown: its index, or its class's number if classes=observed.",
    )

    @property
    def query(self) -> Query:
        """Query of the list."""
        wanted = {"classes": (_OBSERVED,)} if self.classes == _OBSERVED else {}
        return Query(wanted, start=int(self.start), limit=N_CARDS)


@dataclass(frozen=True)
class ByNumber:
    """The interpretations of a circuit in the order of their index.

    Args:
        one: the circuit.
        space: all of them.
    """

    one: Explanation[Question]
    space: InterpretationSpace
    columns: tuple[Column, ...] = (INDEX, CLASSES)

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Select a page of them; of an observed class the first, or those that stand out."""
        space, observed = self.space, "classes" in query.wanted
        lines = space.n_observed if observed else space.count
        ranks = range(query.start, min(query.start + query.limit, lines))
        indices: Iterable[int] = ranks
        if observed:
            standing = {rank: [i for i in sorted(self.marks) if class_of(space, i) == rank] for rank in ranks}
            indices = chain.from_iterable(standing[rank] or [space.index_of_observed(rank)] for rank in ranks)
        rows = tuple(self.row(index, observed) for index in indices)
        choice = Choice(_OBSERVED, CLASSES.words(""), space.n_observed, observed, toggled(query, CLASSES, _OBSERVED))
        found = (Facet(CLASSES, (choice,), asked=query.wanted.get("classes", ())),) if facets else ()
        return Selection(lines, space.count, rows, found)

    @cached_property
    def marks(self) -> dict[int, list[str]]:
        """Marks of those that stand out, by index."""
        return marks_of(self.one)

    def row(self, index: int, observed: bool = True) -> Row:
        place, mask, found = self.one.place, self.space.circuit.hex, self.space.at(index)
        values = {"kind": "interpretation", "index": index, "read": found}
        values["free"] = "" if observed else _free(found, place.question.network.sizes)
        url = self.one.links.interpretation(place.slug, mask, index, place.scope)
        return Row(values, "interpretation", str(ExplanationRef("interpretation", mask, str(index))), url)

    def thumb(self, row: Row) -> Markup:
        """The circuit with a tile on each neuron."""
        question = self.one.place.question
        tiles = gate_tiles(row["read"].gates, question.network.n_inputs)
        title = f"Interpretation {row['index']}"
        return circuit_thumb(question.network.weights, self.space.circuit, tiles, title=title)

    def says(self, row: Row) -> str:
        """Words for the function of each hidden neuron, and the free rows of gates where others differ only there."""
        words = gate_words(row["read"].gates, self.one.place.question.network.sizes)
        return boxed(self.marks.get(row["index"], ())) + f"{words}{row['free']}"


def marks_of(one: Explanation[Question]) -> dict[int, list[str]]:
    """Marks of the interpretations of a circuit that stand out, by index."""
    analysis, found = one.place.analysis, dict[int, list[str]]()
    for known in () if analysis is None else prominent_in(one.session, analysis):
        if known.mask == one.mask:
            found.setdefault(known.index, []).append(known.mark)
    return found


def class_of(space: InterpretationSpace, index: int) -> int:
    """The observed class of an interpretation; its members follow one another, so the least indices are ascending."""
    low, high = 0, space.n_observed - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if space.index_of_observed(middle) <= index else (low, middle - 1)
    return low


def _free(found: Interpretation, sizes: Sequence[int]) -> str:
    """The values of free rows, in their order, of each gate that has some."""
    free = [
        f"{node_name(gate.layer, gate.neuron, sizes)} {''.join(str(gate.table[row]) for row in gate.free_rows)}"
        for gate in found.gates
        if gate.free_rows
    ]
    return f"; free rows: {', '.join(free)}" if free else ""


def by_number(one: Explanation[Question]) -> ByNumber:
    """The list of a circuit.

    Raises:
        NotFound: it is no circuit, or one whose interpretations are not counted.
    """
    item, parent = f"interpretations of {one.ref}", (one.url(), f"explanation {one.ref}")
    if one.ref.kind != "circuit":
        raise NotFound(item, "are asked for of a circuit", "choose one from the list", "ref", *parent)
    readings = readings_of(one.place, one.mask, one.place.question.judge(one.mask))
    if readings.space is None:
        raise NotFound(item, readings.why_not, "choose a valid circuit from the list", "ref", *parent)
    return ByNumber(one, readings.space)


# --- as blocks


def interpretations(one: Explanation[Question], readings: Readings, options: CircuitOptions) -> Iterator[Block]:
    """Show a page of interpretations from a number on."""
    space, place = readings.space, one.place
    if space is None:
        yield Section("Interpretations", id="interpretations")
        yield Notice("It has no interpretations to show.", f"{readings.why_not[:1].upper()}{readings.why_not[1:]}.")
        return
    classes = noun(space.n_observed, "observed class", "observed classes")
    yield Section("Interpretations", f"{noun(space.count, 'interpretation')} in {classes}", id="interpretations")
    listing, scope = ByNumber(one, space), place.scope
    path, _, query = one.links.interpretations(place.slug, one.ref.first, scope).partition("?")
    yield Table(
        listing,
        options.query,
        one.links.explanation(place.slug, one.ref),
        "interpretation",
        Query(limit=N_CARDS),
        "cards",
        listing.thumb,
        listing.says,
        Tray(f"{place.slug}/{scope.output}", one.links.compare(place.slug, (), scope)),
        files={f"CSV, {noun(space.count, 'row')}": f"{path}.csv?rows=0{'&' * bool(query)}{query}"},
        kept=scope.query(),
        id="excerpt",
    )
