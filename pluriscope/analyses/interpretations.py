"""Display of what the nodes of circuits can be read as, of networks that no Boolean formulas are read of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.readings.circuit_readings import CircuitInterpretations, PlaceReadings, VariableGroup
from pluriscope.analysis.readings.report import InterpretationsReport
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.numbers import decimal, exact, noun
from pluriscope.page_kit.blocks import Block, More, Prose, Section, Table
from pluriscope.tables.table import Column, Row

_SHOWN: Final = 24  # circuits; all are in the record and in the list
_NAMED: Final = 12  # variables of a place, likewise
CIRCUITS: Final = (
    Column("mask", "Circuit", "Its mask.", "name", first=True),
    Column("interpretations", "Interpretations", "The product over its nodes.", "big"),
    Column("observed", "Classes", "That rows tell apart.", "big"),
    Column("places", "Nodes read", "Of those that can be asked; nodes at each position that cannot.", "text"),
)
VARIABLES: Final = (
    Column("name", "Variable", "Those that split the rows alike are one class.", "name", first=True),
    Column("definition", "Definition", "By inputs and other names.", "text"),
    Column("values", "Values", "On the rows.", "int"),
)
PLACES: Final = (
    Column("place", "Node", "With its position, from 1, where it has several.", "name", first=True),
    Column("read", "Can be read as", "Variables; those of one class are equal signs apart.", "text"),
    Column("fit", "Fit", "The residual of the linear read-out, or the margin of thresholds and how many.", "text"),
    Column("changed", "Changed", "Ordered pairs of rows whose interchange changes the circuit's decision.", "text"),
    Column("vectors", "Activations", "Different ones on the rows, and in how many dimensions.", "text"),
)
READING: Final = """\
- A node *can be read as* a variable of the task if the variable can be read out of the node's activation in the circuit
  and interchange upholds it: with the activation taken from another row the circuit's decision depends on that row by
  the variable's value alone, on every base, and some pair of rows changes it.
- Read out: a linear function with a constant gives it within 1e-6; of one number, and of vectors on one line, cut
  points part its values. Where every function of the activations is linear in them that alone says nothing.
- A node no interchange of which changes a decision *cannot be asked*, and is read as nothing.
- Variables are the inputs, the words of vocabularies, those of written algorithms, and the answer. A node that can be
  read as none of these may still be read as another: no interpretation here says none *in these words*.
"""


def _page(report: InterpretationsReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    every = [*report.by_mask.values()]
    shown = sorted(every, key=lambda one: not one.count)[:_SHOWN]
    yield Table.short("circuit", CIRCUITS, [_row(one, of) for one in shown])
    if len(every) > _SHOWN:
        yield Prose(f"{exact(len(every) - _SHOWN)} more were read; the list of circuits has them.")
    yield Section("The variables", f"{noun(len(report.classes), 'class', 'classes')} that rows tell apart")
    yield variables_table(report.classes)
    yield More("How to read it", lambda: [Prose(READING)])


def _row(one: CircuitInterpretations, of: AnalysisContext[SubjectQuestion]) -> Row:
    places = one.places
    asked = [place for place in places if place.asked]
    words = f"{sum(bool(place.classes) for place in asked)} of {len(asked)}; {len(places) - len(asked)} cannot be asked"
    mask = one.mask
    values = {"mask": mask, "interpretations": one.count, "observed": one.n_observed, "places": words}
    return Row(values, url=of.circuit_url(mask))


def variables_table(groups: Sequence[VariableGroup]) -> Block:
    """The variables of a task, by class."""
    rows = [
        Row({"name": name, "definition": definition or "of the row itself", "values": group.n_values})
        for group in groups
        for name, definition in zip(group.names, group.definitions, strict=True)
    ]
    return Table.short("variable", VARIABLES, rows)


def places_table(of: CircuitInterpretations) -> Block:
    """What each node of a circuit can be read as."""
    return Table.short("node", PLACES, [_place(place, of.groups) for place in of.places])


def _place(place: PlaceReadings, groups: Sequence[VariableGroup]) -> Row:
    names = ["\u2009=\u2009".join(groups[one].names) for one in place.classes[:_NAMED]]
    names += [f"{len(place.classes) - _NAMED} more"] if len(place.classes) > _NAMED else []
    nothing = "no variable of the task" if place.asked else "cannot be asked"
    return Row(
        {
            "place": place.place,
            "read": "; ".join(names) or nothing,
            "fit": "; ".join(fits_of(place)[:_NAMED]),
            "changed": f"{exact(place.changed)}/{exact(place.of)}",
            "vectors": f"{exact(place.n_activations)} in {noun(place.dimensions, 'dimension')}"
            + (", which everything is linear in" if place.all_linear and place.dimensions > 1 else ""),
        }
    )


def fits_of(place: PlaceReadings) -> list[str]:
    """How well each variable of a place can be read out of it."""
    if place.dimensions != 1:
        return [f"residual {fit:.1g}" for fit in place.fits]
    each = zip(place.fits, place.cuts, strict=True)
    return [f"margin {decimal(fit, 3)}, {noun(n, 'threshold')}" for fit, n in each]


SHOWN: Final = Shown(_page)
