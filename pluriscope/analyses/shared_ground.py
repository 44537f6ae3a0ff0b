"""What the placed algorithms of a network with sites share, as the page of the common ground shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext
from pluriscope.analysis.common_ground.on_sites import SharedGround
from pluriscope.analysis.placements.report import Apart
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.numbers import exact, noun
from pluriscope.kinds.placements import called, rounded, site_words
from pluriscope.page_kit.blocks import Action, Block, More, Notice, Section, Table
from pluriscope.tables.table import Column, Row

_ROWS: Final = 24
_PAIRS: Final = 8
SITES: Final = (
    Column("site", "Site", "With its position, from 1, where it has several.", "name", first=True),
    Column("words", "What it is", "In words.", "text"),
    Column("algorithms", "Algorithms", "Placed ones that use it.", "text"),
    Column("placements", "Placements", "Of those that are listed.", "int"),
    Column("coordinates", "All use", "Coordinates of it that all of them use.", "text"),
)
VARIABLES: Final = (
    Column("names", "Variable", "Names of variables that split the rows alike.", "name", first=True),
    Column("values", "Values", "On the rows.", "int"),
    Column("algorithms", "Algorithms", "Placed ones that have it.", "text"),
    Column("sites", "Minimal sites", "Of the placements that are listed.", "text"),
)
APART: Final = (
    Column("first", "One", "An algorithm that is placed.", "name", first=True),
    Column("second", "Another", "Likewise.", "name"),
    Column(
        "exchanged", "Exchange", "A variable of the one, against that of the other which answers most alike.", "text"
    ),
    Column(
        "differ", "Pairs that tell", "Ordered pairs of rows on which they differ, of all on which both answer.", "text"
    ),
    Column("example", "The first of them", "The row that runs, the row that gives the value, what each says.", "text"),
)
READINGS: Final = (
    Column("place", "Node", "With its position, from 1, where it has several.", "name", first=True),
    Column("circuits", "Circuits", "Of those that were read, in which it can be asked.", "int"),
    Column("variables", "Read in all as", "Variables; those of one class are equal signs apart.", "text"),
    Column("unread", "Read as nothing", "Circuits in which no variable of the task fits it.", "int"),
)


def shared_blocks(found: SharedGround, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    """What placed algorithms share and what parts them, and what all circuits are read as."""
    n = len(found.algorithms)
    words = f"{noun(n, 'algorithm')} placed, refinements not counted{_first(found.sites)}"
    yield Section("Sites that they share", words, id="sites")
    if not found.sites:
        yield Notice("No algorithm is placed.")
    else:
        rows = [
            Row(
                {
                    "site": one.site,
                    "words": site_words(of.question, one.site),
                    "algorithms": f"{'all ' if one.algorithms == n > 1 else ''}{exact(one.algorithms)}",
                    "placements": one.placements,
                    "coordinates": ", ".join(one.coordinates) or None,
                },
                url=of.links.explanations(of.slug, of.scope, kind="alignment"),
            )
            for one in found.sites[:_ROWS]
        ]
        yield Table.short("site", SITES, rows)
        words = f"variables that split the rows alike are one{_first(found.variables)}"
        yield Section("Variables that they share", words, id="variables")
        variables = [
            Row(
                {
                    "names": " = ".join(one.names),
                    "values": one.n_values,
                    "algorithms": f"{'all ' if one.algorithms == n > 1 else ''}{exact(one.algorithms)}",
                    "sites": rounded("; ".join(one.sites[:6])) + (" …" if len(one.sites) > 6 else "") or None,
                }
            )
            for one in found.variables[:_ROWS]
        ]
        yield Table.short("variable", VARIABLES, variables)
    if found.apart:
        looked_at = len({each for one in found.apart for each in (one.first, one.second)})
        some = f", of the first {looked_at} algorithms" if looked_at < n else ""
        words = f"those that are told apart by the fewest pairs first{some}"
        yield Section("What tells them apart", words, id="apart")
        hardest = sorted(found.apart, key=lambda one: one.differ)
        yield Table.short("pair", APART, [_apart(one, found, of) for one in hardest[:_PAIRS]])
        if rest := hardest[_PAIRS:]:
            more = noun(len(rest), "more pair of algorithms", "more pairs of algorithms")
            rows = [_apart(one, found, of) for one in rest]
            yield More("The others", lambda: [Table.short("pair", APART, rows)], more, id="others")
    yield from _readings(found, of)


def _first(rows: Sequence[object]) -> str:
    """What a section says of a table that is cut off."""
    return f"; the first {_ROWS} of {len(rows):,}" if len(rows) > _ROWS else ""


def _readings(found: SharedGround, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    words = ""
    if found.readings_asked:
        words = f"{noun(found.circuits, 'circuit')} read by variables{_first(found.readings)}"
    yield Section("What circuits are read as", words, id="readings")
    if not found.readings_asked:
        url = of.links.analysis(of.slug, "interpretations", of.scope)
        yield Notice("Not asked", "Nobody asked how its circuits are read.", actions=[Action("Interpretations", url)])
        return
    rows = [
        Row(
            {
                "place": one.place,
                "circuits": one.circuits,
                "variables": "; ".join(one.variables) or "nothing that holds in all",
                "unread": one.unread,
            }
        )
        for one in found.readings[:_ROWS]
    ]
    yield Table.short("node", READINGS, rows)


def _apart(one: Apart, found: SharedGround, of: AnalysisContext[SubjectQuestion]) -> Row:
    texts = dict(zip(found.algorithms, found.texts, strict=True))
    examples, example = of.question.examples, None
    if one.base is not None and one.source is not None:
        says = " against ".join(str(of.question.subject.outputs[each]) for each in one.says)
        example = f"{examples.rows[one.base]} with the value on {examples.rows[one.source]}: {says}"
    values = {
        "first": called(texts[one.first]),
        "second": called(texts[one.second]),
        "exchanged": f"{one.variable} against {one.other}",
        "differ": f"{exact(one.differ)} of {exact(one.of)}" if one.differ else "none: no variable alone parts them",
        "example": example,
    }
    pair = [str(ExplanationRef("algorithm", each)) for each in (one.first, one.second)]
    return Row(values, url=of.compare(pair))
