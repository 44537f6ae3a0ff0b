"""The interpretations of a circuit by variables of the task: on its page, and each on a page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from markupsafe import Markup
from pydantic import Field

from pluriscope.analyses.interpretations import READING, fits_of, places_table, variables_table
from pluriscope.analysis.readings.circuit_readings import CircuitInterpretations, VariableInterpretation
from pluriscope.analysis.values.by_name import ByName
from pluriscope.analysis.values.exact import BigInt
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.page import about, column, figure, head_actions, listed, page
from pluriscope.app.pages.read_circuits import read_anew, read_circuit, stored_readings
from pluriscope.figures.numbers import exact, noun, readable
from pluriscope.page_kit.blocks import Block, Fact, Facts, Head, More, Notice, Prose, Section, Side
from pluriscope.page_kit.blocks import Verdict as Mark
from pluriscope.tables.table import Row
from pluriscope.views.networks import draw_network
from pluriscope.views.records import ExplanationRecord


class ReadNodeRecord(ByName):
    """A node that is read as a variable."""

    node: str = Field(description="With its position behind ~, from 1, where it has several.")
    variable: str
    definition: str = Field(description="By inputs and other names; empty of an input and of the answer.")
    same: list[str] = Field(description="All variables that split the rows alike, this one among them.")
    dimensions: int = Field(description="In which the node's activations differ.")
    fit: float = Field(description="Of one dimension the margin of the thresholds, of more the residual.")
    cuts: int = Field(description="Cut points; 0 of more dimensions.")
    changed: int = Field(description="Ordered pairs of rows whose interchange changes the circuit's decision.")
    of: int = Field(description="All ordered pairs of different rows.")


class VariableInterpretationRecord(ExplanationRecord):
    """A circuit with a variable of the task for each node that can be asked."""

    kind: Literal["interpretation"] = "interpretation"
    mask: str
    index: BigInt
    of: BigInt = Field(description="Interpretations of the circuit.")
    observed: BigInt = Field(description="Classes that rows tell apart.")
    observed_class: BigInt = Field(description="Which of them this one belongs to, from 0.")
    valid: bool = Field(description="Whether the circuit is.")
    margin: float = Field(description="Of the circuit.")
    nodes: list[ReadNodeRecord]
    silent: list[str] = Field(description="Nodes no interchange of which changes a decision.")


# --- on the page of a circuit


def reading_blocks(one: Any, every: CircuitInterpretations | None, why_not: str) -> Iterator[Block]:
    """Show what each node of a circuit can be read as, and lead to its first interpretations.

    Args:
        one: the circuit.
        every: its interpretations; None where there are none to speak of.
        why_not: then the reason, a clause.
    """
    if every is None:
        yield Section("Interpretations", id="interpretations")
        yield Notice("They are not counted.", f"{why_not[:1].upper()}{why_not[1:]}.")
        return
    classes = noun(every.n_observed, "class", "classes")
    says = f"{noun(every.count, 'interpretation')} in {classes} that rows tell apart"
    yield Section("Interpretations", says, id="interpretations")
    yield places_table(every)
    if every.count:
        yield _first(one, every)
    yield More("How to read it", lambda: [Prose(READING), variables_table(every.groups)], "and the variables")


_FIRST: Final = 12
_INTERPRETATIONS: Final = (
    column("index", "Interpretation", "Its index among all of the circuit.", first=True),
    column("read", "Reads", "Each node as a variable of the task."),
)


def _first(one: Any, every: CircuitInterpretations) -> Block:
    rows = []
    for rank in range(min(every.n_observed, _FIRST)):
        found = every.at(every.index_of_observed(rank))
        url = one.links.interpretation(one.place.slug, found.mask, found.index, one.place.scope)
        rows.append(Row({"index": f"i·{found.index}", "read": found.words}, url=url))
    return listed("class", _INTERPRETATIONS, rows)


# --- a page of its own


def interpretation_record(one: Any) -> VariableInterpretationRecord:
    """An interpretation by variables as JSON."""
    every, found = read_circuit(one.session, one.place, one.mask), one.item
    verdict = one.place.question.judge(one.mask)
    nodes = [
        ReadNodeRecord(
            node=each.place.place,
            variable=each.name,
            definition=each.definition,
            same=every.groups[each.place.classes[each.number]].names,
            dimensions=each.place.dimensions,
            fit=each.place.fits[each.number],
            cuts=each.place.cuts[each.number],
            changed=each.place.changed,
            of=each.place.of,
        )
        for each in found.read
    ]
    return VariableInterpretationRecord(
        **one.fields,
        mask=found.mask,
        index=found.index,
        of=every.count,
        observed=every.n_observed,
        observed_class=found.observed_class,
        valid=verdict.valid,
        margin=verdict.margin,
        nodes=nodes,
        silent=_silent(every),
    )


def _silent(every: CircuitInterpretations) -> list[str]:
    return [place.place for place in every.places if not place.asked]


def _held(one: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures of an interpretation as its circuit's stored ones give them, and as they are computed anew."""
    report = stored_readings(one.session, one.place)
    known = None if report is None else report.by_mask.get(one.ref.first)

    def figures(every: CircuitInterpretations) -> dict[str, Any]:
        index = one.item.index
        words = every.at(index).words if index < every.count else ""
        return {"of": every.count, "observed": every.n_observed, "read": words}

    anew = figures(read_anew(one.place.question, one.mask))
    return dict.fromkeys(anew) if known is None else figures(known), anew


@page(interpretation_record, held=_held)
def variable_interpretation(one: Any, _options: ScopeOptions) -> Iterator[Block]:
    """Page of an interpretation by variables: what each node is read as, and on what grounds."""
    every = read_circuit(one.session, one.place, one.mask)
    found: VariableInterpretation = one.item
    verdict = one.place.question.judge(one.mask)
    url = one.links.circuit(one.place.slug, found.mask, one.place.scope)
    yield Head(
        found.words,
        Markup('{}, one of {} of <a href="{}">circuit {}</a> of {}.').format(
            one.name, noun(every.count, "interpretation"), url, found.mask, one.place.row.name
        ),
        [Mark(f"{'valid' if verdict.valid else 'not valid'}: {verdict.reason}", "pass" if verdict.valid else "fail")],
        head_actions(one),
    )
    facts = [
        Fact("Index", f"{readable(found.index)} of {readable(every.count)}", "counted from 0"),
        Fact("Class", f"{readable(found.observed_class + 1)} of {readable(every.n_observed)}", "that rows tell apart"),
        Fact("Nodes read", exact(len(found.read)), "each at each position"),
        Fact("Cannot be asked", exact(len(_silent(every))), "no interchange of them changes a decision"),
    ]
    drawn = draw_network(one.place.question, one.mask, title=f"Circuit {found.mask}")
    yield Side([figure(one, drawn, "The circuit that is read."), Facts(facts)])
    yield Section("What each node is read as", "with the variables that no row tells apart from it")
    yield listed("node", _NODES, [_node(each, every) for each in found.read])
    yield More("How to read it", lambda: [Prose(READING)])
    yield from about(one)


_NODES: Final = (
    column("place", "Node", "With its position, from 1, where it has several.", first=True),
    column("name", "Read as", "A variable of the task."),
    column("definition", "Definition", "By inputs and other names."),
    column("same", "Also called", "Variables that split the rows alike."),
    column("fit", "Fit", "Of the read-out."),
    column("changed", "Changed", "Ordered pairs of rows whose interchange changes the circuit's decision."),
)


def _node(each: Any, every: CircuitInterpretations) -> Row:
    same = [name for name in every.groups[each.place.classes[each.number]].names if name != each.name]
    return Row(
        {
            "place": each.place.place,
            "name": each.name,
            "definition": each.definition or "of the row itself",
            "same": ", ".join(same),
            "fit": fits_of(each.place)[each.number],
            "changed": f"{exact(each.place.changed)}/{exact(each.place.of)}",
        }
    )
