"""Display of the answers of discovery methods, each among all valid circuits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.criteria.registry import CRITERIA, OF_MODELS
from pluriscope.analysis.discovery.audit import criterion_keys
from pluriscope.analysis.discovery.method import DiscoveryMethod
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.discovery.report import AnswerFound, MethodsReport
from pluriscope.analysis.methods.settings import settings_text, written
from pluriscope.analysis.planted.circuit import recovery_of
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.charts import Axis, Chart, Look, Series
from pluriscope.figures.numbers import exact, noun
from pluriscope.page_kit.blocks import Action, Block, ChartFigure, More, Notice, Prose, Section, Table
from pluriscope.tables.table import Column, Row

_ANSWERS: Final = (
    Column("method", "Method", "With the settings that differ from its own.", "name", first=True),
    Column("edges", "Size", "Of the circuit: edges, or nodes where masks name nodes.", "int"),
    Column("valid", "Valid", "Whether it is one of the valid circuits.", "bool"),
    Column("ties", "Ties", "Equal scores of which it takes some, and what other ways to take as many lead to.", "text"),
    Column("excess", "More than needed", "Than the smallest valid circuit has.", "int"),
    Column("chance", "Valid of its size", "Of all possible circuits of its size.", "text"),
    Column("backbone", "Backbone held", "Edges of the backbone that it holds.", "text"),
    Column("fails", "Fails", "Criteria that it fails.", "text"),
    Column("story", "Carries", "How the algorithms that it carries relate to the whole network's.", "text"),
    Column("planted", "Planted", "What it is beside the planted circuit.", "text"),
)
_FAILS: Final = Markup('<span aria-hidden="true">●</span><span class="vh">fails</span>')
_ALIKE: Final = ("valid", "backbone", "story")
"""Columns that are left out of the table of defaults where all answers have the same."""
_READING: Final = """
A method chooses a raw mask under its own ablation. Edges that lead nowhere or come from nowhere are dropped, and what
is left is judged under the rules. Valid alone says little: a random order is valid too once it has enough {part}s.
Random deletion, and any method with a setting `after`, asks the judge itself: its answer is valid because it knows.
Ties are scores that are equal, or nearer than 1e-9 of the largest, of which the answer takes some by their number; the
other ways take as many. A method with a threshold might stop earlier or later on some of them.
A method that optimises under one ablation is judged here under another, and its thresholds are ours: this says what it
returned on this network with this setting, not how good a method is.
"""


def _chart(report: MethodsReport, of: AnalysisContext[SubjectQuestion]) -> Chart:
    """Chart of each method's default answer by its size, below the sizes of the valid circuits."""
    answers = {METHODS.label(key): location for key, location in report.defaults.items()}
    sizes = of.sizes()
    usual = max(sizes, key=sizes.__getitem__, default=None)
    series = [
        Series("valid circuits, fewest to most", [usual], [0], low=[min(sizes)], high=[max(sizes)], look="grey",
               names=[f"All {exact(sum(sizes.values()))} valid circuits"])
    ] if usual is not None else []  # fmt: skip
    looks: tuple[tuple[str, Look, bool], ...] = (("valid", "ink", True), ("not valid", "open", False))
    for name, look, valid in looks:
        some = [
            (row, label, location)
            for row, (label, location) in enumerate(answers.items(), 1)
            if location["valid"] is valid
        ]
        x, y = [location["edges"] for *_, location in some], [row for row, *_ in some]
        urls = [of.circuit_url(location["mask"]) if location["possible"] else "" for *_, location in some]
        series.append(Series(name, x, y, names=[label for _, label, _ in some], urls=urls, look=look))
    names = Axis(names=["valid circuits", *answers])
    return Chart("dots", f"The answers of methods by {of.part}s", Axis(f"{of.part}s"), names, series)


def _page(report: MethodsReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    if not report.complete:
        yield Notice("Not all valid circuits are listed", "So the nearest one and minimality are not certain.")
    caption = "Answers under default settings. Of all valid circuits: the usual size, from the smallest to the largest."
    yield ChartFigure(chart=_chart(report, of), caption=caption, id="answers")
    rows = []
    circuits = [one for one in report.answers if one.default and one.place is not None]
    common = [key for key in (_failed(circuits[0]) if circuits else ()) if all(key in _failed(one) for one in circuits)]
    for key, method in METHODS.of(of.kind).items():
        answer = next((one for one in report.answers if one.method == key and one.default), None)
        if answer is not None:
            rows.append(_row(answer, method.label, of, drawn=True))
        elif method.label in report.refused:
            rows.append(Row({"method": method.label, "fails": report.refused[method.label]}))
        elif not method.learns:  # it came after this report
            rows.append(Row({"method": method.label, "fails": "not asked yet"}))
    unknown = [one for one in report.answers if one.default and one.method not in METHODS.by_key]
    rows += [_row(one, one.method, of, drawn=True) for one in unknown]
    refusals = METHODS.refusals(of.kind)
    rows += [Row({"method": METHODS.label(key), "fails": reason}) for key, reason in refusals.items()]
    action = Action("Locate your own", of.links.claim(of.slug, of.scope))
    yield Section("Under default settings", "Each leads to its circuit", action)
    same = [column for column in _ANSWERS if column.name in _ALIKE and _is_same(column, rows)]
    yield _table(rows, same)
    reply = [f"{column.label}: {'yes' if rows[0][column.name] is True else rows[0][column.name]}" for column in same]
    reply += [f"fails: {', '.join(map(_label, common))}"] if common else []
    if reply:
        yield Prose(f"The same for every answer: {'; '.join(reply)}.", glossary=False)
    if failing := list(dict.fromkeys(key for one in circuits for key in _failed(one) if key not in common)):
        yield Section("What each fails", "criteria that not all answers fail", id="fails")
        marks = [[_FAILS if key in _failed(one) else "" for key in failing] for one in circuits]
        names = [METHODS.label(one.method) for one in circuits]
        yield Table.plain(
            ("Method", *map(_label, failing)), [(name, *row) for name, row in zip(names, marks, strict=True)]
        )
    others = [one for one in report.answers if not one.default]
    many = noun(len(others), "answer")
    yield More("Under other settings", lambda: [_table([_row(one, "", of) for one in others])], sentence=many)
    reading = Prose(_READING.format(part=of.part))
    yield More("How to read it", lambda: [reading, *map(_definition, METHODS.of(of.kind).values())])


def _definition(method: DiscoveryMethod) -> Prose:
    return Prose(f"**{method.label}.** {method.definition} {method.source}.")


def _is_same(column: Column, rows: Sequence[Row]) -> bool:
    """Whether a column has one value in all of several rows."""
    return len(rows) > 1 and column.has(rows[0]) and all(row[column.name] == rows[0][column.name] for row in rows)


def _table(rows: Sequence[Row], without: Collection[Column] = ()) -> Table:
    """Answers; columns that say nothing of any are left out."""
    columns = tuple(one for one in _ANSWERS if one.first or (one not in without and any(one.has(row) for row in rows)))
    return Table.short("answer", columns, rows)


def _failed(one: AnswerFound) -> list[str]:
    """Criteria that an answer fails."""
    criteria = {} if one.place is None else one.place["criteria"] or {}
    return [key for key, passed in criterion_keys(criteria).items() if passed is False and key != "margin"]


def _label(key: str) -> str:
    return next((one.label for one in (*CRITERIA, *OF_MODELS) if one.key == key), key.replace("-", " "))


def _row(one: AnswerFound, label: str, of: AnalysisContext[SubjectQuestion], *, drawn: bool = False) -> Row:
    """Row of one answer; the criteria that it fails are left out where a figure shows them."""
    method = METHODS.of(of.kind).get(one.method)
    text = settings_text(one.method, one.settings if method is None else method.changed(one.settings))
    location = one.place
    if location is None:
        return Row({"method": label or text, "fails": f"{one.outcome}: no circuit"})
    chance, backbone = location["chance"], location["backbone"]
    planted = None if of.planted is None else of.planted.circuit.mask
    values = {
        "method": label or text,
        "edges": location["edges"],
        "valid": location["valid"],
        "ties": None if one.ties is None else ties_words(one.ties, of.part),
        "excess": location["excess"],
        "chance": None if chance["valid"] is None else f"{int(chance['valid']):,} of {int(chance['possible']):,}",
        "backbone": None if backbone is None else "{} of {}".format(*backbone["recall"]),
        "fails": None if drawn else ", ".join(map(_label, _failed(one))) or None,
        "story": location["story"] and location["story"]["relation"],
        "planted": None
        if planted is None
        else recovery_of(int(location["mask"], 16), planted, valid=location["valid"]),
    }
    return Row(values, url=of.circuit_url(location["mask"]) if location["possible"] else "")


def ties_words(reply: Mapping[str, Any], part: str) -> str:
    """The ties of an answer, as audit files have them, for people."""
    if reply["ways"] is None:
        return f"more ways than are followed, through tied {part}s"
    ways = int(reply["ways"])
    which = f"{reply['kept']} of {reply['tied']} tied {part}s in {ways:,} ways"
    if reply["circuits"] is None:
        low, high = (f"{int(end):,}" for end in reply["interval"])
        share = f"{reply['drawn_valid']:,} of {reply['drawn']:,} drawn"
        return f"{which}; {share} lead to a valid circuit, so {low} to {high} of all"
    return f"{which}; {reply['circuits']:,} circuits, {reply['valid'] or 'none'} of them valid"


def _about(report: MethodsReport | None, of: AnalysisContext[SubjectQuestion], ref: ExplanationRef) -> Iterator[Block]:
    """Notice of the methods that answered with a circuit."""
    if report is None or ref.kind != "circuit":
        return
    same = [one for one in report.answers if one.place is not None and one.place["mask"] == ref.first]
    if same:
        many = Counter(one.method for one in same)
        times = {METHODS.label(key): f" under {n} settings" if n > 1 else "" for key, n in many.items()}
        labels = ", ".join(f"{label}{more}" for label, more in times.items())
        action = Action("All methods", of.links.analysis(of.slug, "methods", of.scope))
        yield Notice("Discovery methods answer with it", f"{labels}.", actions=[action])


_OWN: Final = (
    *("method", "default", "outcome", "raw_mask", "faithfulness", "fragile"),
    *("settings", "mask", "edges", "valid"),
)
_OF_TIES: Final = ("tied", "kept", "ways", "circuits", "valid", "drawn", "drawn_valid")


def _list(
    report: MethodsReport | None, _: AnalysisContext[SubjectQuestion]
) -> tuple[str, Sequence[str], list[Sequence[Any]]]:
    """Answers under all settings, with the ties that they depend on: a note, the names of columns, and rows."""
    rows = list[Sequence[Any]]()
    for found in () if report is None else report.answers:
        settings = ",".join(f"{name}={written(value)}" for name, value in found.settings.items())
        reply, ties = {**vars(found), **(found.place or {}), "settings": settings}, found.ties or {}
        rows.append([*map(reply.get, _OWN), *map(ties.get, _OF_TIES)])
    note = (
        "Ties: ties_kept of ties_tied edges with equal scores are taken, one of ties_ways ways to ties_circuits "
        "circuits, of which ties_valid are valid. Empty: unknown, none."
    )
    return note, (*_OWN, *(f"ties_{name}" for name in _OF_TIES)), rows


SHOWN: Final = Shown(_page, about=_about, table=_list)
