"""Display of the placements of algorithms with finite variables on the sites of a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import Field

from pluriscope.addresses.naming import ExplanationRef, text_in_ref
from pluriscope.analyses.shown import AnalysisContext, Item, Shown, settings_form
from pluriscope.analysis.algorithms.written import example_for, fitting, inputs_of
from pluriscope.analysis.errors import AnalysisError, InvalidAlgorithm
from pluriscope.analysis.placements.report import PlacedModel, PlacementsReport
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.numbers import exact, noun
from pluriscope.kinds.placements import best_score, called
from pluriscope.page_kit.blocks import Action, Block, Form, Head, More, Notice, Prose, Section, Table
from pluriscope.tables.table import Column, Row

OWN: Final = "written"
"""The form for an algorithm of somebody's own."""
COLUMNS: Final = (
    Column("algorithm", "Algorithm", "Its text.", "name", first=True),
    Column("standing", "Standing", "Whether it is placed, or why it is not asked.", "text"),
    Column("placements", "Placements", "Valid ones, minimal ones, and those counted by path.", "text"),
    Column("best", "Best score", "Interchanges right, of all; of those that change the answer.", "text"),
)
FAMILIES: Final = (
    Column("family", "Family", "Sets of sites of one sort.", "name", first=True),
    Column("holds", "Holds", "Which sets.", "text"),
    Column("tried", "Tried", "Of how many there are.", "text"),
    Column("runs", "Runs", "Of the network.", "text"),
)
READING: Final = """\
- A variable of an algorithm is *placed* on sites if to give these sites what they are on another row changes the
  network's answer as giving the variable its value on that row changes the algorithm's, on every ordered pair of rows,
  and if some pair changes it. Pairs on which the algorithm has no answer are left out and counted.
- *At the inputs* is the score of exchanging all inputs that the sites are computed from.
- A site through which all of its inputs go has the score of the network's accuracy on such rows. That holds of every
  accurate network, and is marked so.
- An algorithm some of whose values no answer tells apart has every score of the one without that difference, and is
  folded onto it.
- Counts are of the families that were searched. Sets of units say nothing of directions.
"""


def _page(report: PlacementsReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    shown = sorted(report.algorithms, key=lambda one: (bool(one.wrong), not one.valid))
    yield Table.short("algorithm", COLUMNS, [_row(one, of) for one in shown if not one.folded_onto])
    if folded := [_row(one, of) for one in shown if one.folded_onto]:
        words = f"{noun(len(folded), 'algorithm')} whose values no answer tells apart, with the scores of others above"
        yield More("Refinements", lambda: [Table.short("algorithm", COLUMNS, folded)], words, id="refinements")
    yield Section("What follows from them")
    ground, funnel = (of.links.analysis(of.slug, key, of.scope) for key in ("common-ground", "funnel"))
    words = f"What all placed algorithms [share, and what tells them apart]({ground}); [how many are left]({funnel}) "
    yield Prose(f"{words}after one criterion and the next.", glossary=False)
    yield Section(
        "What was searched", f"on {exact(report.n_rows)} rows, of which {exact(report.n_right)} are answered right"
    )
    families = [
        Row(
            {
                "family": one.name,
                "holds": one.holds,
                "tried": f"{exact(one.n_tried)} of {exact(one.n_sets)}{'' if one.exact else ', found'}",
                "runs": exact(one.n_runs),
            }
        )
        for one in report.families
    ]
    yield Table.short("family", FAMILIES, families)
    yield More("How to read it", lambda: [Prose(READING)])


def _row(one: PlacedModel, of: AnalysisContext[SubjectQuestion]) -> Row:
    best = best_score(one)
    values = {
        "algorithm": called(one.text, 90),
        "standing": standing(one),
        "placements": _placements(one),
        "best": None if best is None else f"{best.text}; {best.changed_agreed}/{best.changed_of}",
    }
    return Row(values, url=of.explanation(str(ExplanationRef("algorithm", one.id))))


def _placements(one: PlacedModel) -> str | None:
    if not one.valid:
        return None
    if not one.n_placed:
        return f"{'not counted' if one.n_placed is None else 'jointly'}; {exact(len(one.valid))} listed"
    words = [
        f"{exact(n)} {what}" for n, what in ((one.n_minimal, "minimal"), (one.n_paths, "by path")) if n is not None
    ]
    return f"{exact(one.n_placed)}; {', '.join(words)}"


def standing(one: PlacedModel) -> str:
    """Whether an algorithm is placed, in words."""
    if one.wrong:
        return f"does not compute the task: {one.wrong}"
    if not one.valid:
        return "not placed"
    words = "placed" if any(each.placed == "single" for each in one.valid) else "placed jointly"
    words += ", follows from accuracy" if all(each.follows for each in one.valid) else ""
    return words + (", refines another" if one.folded_onto else "")


def _item(_report: PlacementsReport | None, of: AnalysisContext[Any], name: str, options: Mapping[str, str]) -> Item:
    """The form for an algorithm of somebody's own; with a text the page of that algorithm is meant.

    Raises:
        InvalidAlgorithm: there is no other thing of this analysis.
    """
    if name != OWN:
        raise InvalidAlgorithm(f"page {name[:60]!r}", "is not one of this analysis", f"use {OWN}")
    text, refused, leads = options.get("text", "").strip(), None, ""
    if text:
        try:
            model = fitting(text, of.question)
            leads = of.explanation(str(ExplanationRef("algorithm", text_in_ref(model.text))))
        except AnalysisError as error:
            refused = error
    return Item("Your own algorithm", lambda: _own(of, text, refused), refused=refused, leads=leads)


def _own(of: AnalysisContext[Any], text: str, refused: AnalysisError | None) -> Iterator[Block]:
    back = Action("Algorithms on sites", of.links.analysis(of.slug, "algorithms", of.scope))
    yield Head("Your own algorithm", f"An algorithm with finite variables for {of.name}.", actions=[back])
    if refused is not None:
        yield Notice.refused(refused)
    example, examples = example_for(of.question), of.question.examples
    inputs, classes = inputs_of(of.question), [*examples.classes]
    named = [*inputs.columns]
    words = f"{named[0]} to {named[-1]}" + (f", or {', '.join(inputs.letters)}" if inputs.letters else "")
    says = f"The last statement is the answer, the number of a class, right on all {exact(len(examples.rows))} rows."
    field = Field(
        title="Algorithm", description=says, json_schema_extra={"control": "textarea", "placeholder": example}
    )
    model = settings_form((), of.scope, {"text": (str, field)})
    url = of.links.analysis(of.slug, "algorithms", None, OWN)
    yield Form(model, url, "See what it does", {"text": text or example, **of.scope.query()}, changes=False)
    numbers = ", ".join(f"{number} {label}" for number, label in enumerate(classes)) if any(classes) else "from 0"
    rows = {"Inputs": words, "Answers": numbers, "First row": f"{examples.rows[0]} → {examples.answers[0]}"}
    yield Table.plain(("What is read", ""), list(rows.items()))
    grammar = of.links.document("machine-interface", chapter="an-algorithm-of-your-own")
    yield Prose(f"The [grammar]({grammar}) has integers, `+ - * // %`, comparisons, `and or not`, `A if B else C`, "
                "`min`, `max`, tables `(3, 1, 2)[x]` and `none`.", glossary=False)  # fmt: skip


SHOWN: Final = Shown(_page, _item, offers={"Write your own": OWN})
