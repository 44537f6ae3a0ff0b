"""What the pages of alignments on neurons and on directions share: every interchange of each variable, as evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from pydantic import Field

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Aligned
from analysis.alignments.iia import InterchangeMatrix
from analysis.validity import FRAGILE_MARGIN, margin_to_edge
from app.options import ScopeOptions
from app.pages.about_one import head_actions
from app.pages.candidates import input_texts, posited, variables_of
from app.pages.page import One
from pluriscope.blocks import Block, Fact, Head, More, Section, Table, Verdict
from pluriscope.figures.numbers import decimal, exact, noun
from pluriscope.figures.svg.tiles import Hues
from pluriscope.records import AlignmentRecord, DirectionRecord, PlaceRecord
from pluriscope.tables import Query

_SHOWN: Final = 200  # interventions on one page of their list
_EDGE: Final = 12  # failing interventions that stand on the page without asking
_LABELS: Final = ("Path", "Formula", "Site", "Source", "Base", "Output", "Decision", "Expected", "Tested", "Agreed")


class EvidenceOptions(ScopeOptions):
    """Options of the page of an alignment."""

    start: int = Field(0, ge=0, le=10**9, description="Intervention from which all are listed.")


def place_fields(
    one: One, algorithm: HighLevelModel, path: str, place: str, site: str, matrix: InterchangeMatrix
) -> dict[str, Any]:
    """What a record says of a variable where it stands.

    Args:
        one: the alignment.
        algorithm: whose variable it is.
        path: the variable.
        place: as addresses write it.
        site: for people.
        matrix: its interchanges.
    """
    known = next(known for known in variables_of(algorithm) if known.path == path)
    margins = margin_to_edge(matrix.outputs, one.place.question.protocol.alignment_decision)[matrix.tested]
    return {
        **known.model_dump(),
        "place": place,
        "site": site,
        "agreed": int((matrix.tested & matrix.agreed).sum()),
        "tested": int(matrix.tested.sum()),
        "margin": float(margins.min()) if len(margins) else None,
        "is_tested": matrix.tested.tolist(),
        "outputs": matrix.outputs.tolist(),
        "decisions": matrix.decisions.tolist(),
        "expected": matrix.expected.tolist(),
    }


def aligned_fields(one: One, places: Sequence[Mapping[str, Any]], stored: bool) -> dict[str, Any]:
    """What a record says of an alignment as a whole."""
    found: Aligned[Any] = one.item
    agreed, tested = (sum(place[name] for place in places) for name in ("agreed", "tested"))
    margin = min((place["margin"] for place in places if place["margin"] is not None), default=None)
    return {
        **one.told(stored),
        "algorithm": found.algorithm.id,
        "formula": found.algorithm.formula,
        "alignment": found.alignment.id,
        "agreed": agreed,
        "tested": tested,
        "valid": agreed == tested,
        "margin": margin,
        "fragile": margin is not None and margin < FRAGILE_MARGIN,
        "places": places,
    }


def aligned_head(
    one: One, told: AlignmentRecord | DirectionRecord, where: str, how: str, tests: Mapping[str, bool | None]
) -> Head:
    """The head of any alignment's page.

    Args:
        one: the alignment.
        told: its record.
        where: its variables stand, after the formula.
        how: it was found; "" where no row holds it.
        tests: further ones with whether they are passed, None where that is not known.
    """
    place, states = one.place, {None: "untested", True: "pass", False: "fail"}
    both = place.question.protocol.interchange_pairs == "ordered"
    fragile = {"margin: fragile": False} if told.fragile else {}
    tests = {"both directions" if both else "one direction": told.valid, **fragile, **tests}
    return Head(
        Markup('<span class="f">{}</span>').format(told.formula) + where,
        Markup('{}, {} of <a href="{}">this algorithm</a> under protocol {}, {}.').format(
            f"{one.name[0]}·{told.alignment}",
            "a valid alignment" if told.valid else "an alignment that fails",
            one.links.algorithm(place.slug, told.algorithm, place.scope),
            place.question.protocol.name,
            how or "not stored, computed just now",
        ),
        [Verdict(label, states[passed]) for label, passed in tests.items()],  # type: ignore[arg-type]  # its states
        head_actions(one),
    )


def interchange_facts(told: AlignmentRecord | DirectionRecord) -> list[Fact]:
    """The figures of any alignment."""
    return [
        Fact("IIA", f"{exact(told.agreed)} of {exact(told.tested)}", "interchanges that end as the algorithm says"),
        Fact("Margin", "–" if told.margin is None else decimal(told.margin, 4), "smallest of any tested output"),
    ]


def variables_table(told: AlignmentRecord | DirectionRecord, hues: Hues, **more: Callable[[Any], str]) -> Table:
    """Each variable where it stands, with how it fares by itself, and further columns by their labels."""
    rows = [
        (
            *(posited(here, hues), here.path, here.site, f"{exact(here.agreed)} of {exact(here.tested)}"),
            "" if here.margin is None else decimal(here.margin, 4),
            *(says(here) for says in more.values()),
        )
        for here in told.places
    ]
    return Table.plain(("Variable", "Path", "Stands on", "IIA", "Margin", *more), rows)


def evidence(one: One, told: AlignmentRecord | DirectionRecord, options: EvidenceOptions) -> Iterator[Block]:
    """The interventions that fail, and in a fold every one."""
    if not told.places:
        return
    rows = [row for place in told.places for row in _rows(place)]
    failing = [row for row in rows if row[-2:] == (True, False)]
    if failing:
        some = f"the first {_EDGE} of {exact(len(failing))}" if len(failing) > _EDGE else ""
        yield Section("Interventions that fail", some, id="failing")
        yield Table.plain(_LABELS[1:-2], [row[1:-2] for row in failing[:_EDGE]])
    words = "none fails" if not failing else noun(len(failing), "fails", "fail")
    yield More(
        "Every interchange",
        lambda: _every(one, rows, options.start),
        f"{exact(told.tested)} tested, {words}",
        id="interchanges",
    )


def _every(one: One, rows: Sequence[tuple[Any, ...]], start: int) -> Iterator[Block]:
    yield replace(
        Table.plain(_LABELS, rows),
        query=Query(start=start, limit=_SHOWN),
        usual=Query(limit=_SHOWN),
        url=one.links.explanation(one.place.slug, one.ref),
        noun="intervention",
        files={"CSV": one.links.made_of(one.url(), "interchanges.all.csv")},
        kept={"part": "interchanges", **one.place.scope.query()},
        id="interchanges.all",
    )


def _rows(place: PlaceRecord) -> Iterator[tuple[Any, ...]]:
    """Each interchange of a variable, by the labels."""
    inputs = input_texts(len(place.truth_table).bit_length() - 1)
    for i, j in np.ndindex(len(inputs), len(inputs)):
        decision, expected = place.decisions[i][j], place.expected[i][j]
        what = (place.path, place.formula, place.site, inputs[i], inputs[j], place.outputs[i][j], decision, expected)
        yield (*what, place.is_tested[i][j], decision == expected)
