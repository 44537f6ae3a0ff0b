"""Steering: a form that takes a site, a direction and doses, and what comes of it. The address holds it all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from analysis.errors import AnalysisError, ExplainedError, InvalidIntervention
from analysis.explanations.probes import table_text
from analysis.method_settings import filled, read_values
from analysis.report import Analysed
from analysis.steering.directions import SETTINGS
from analysis.steering.report import Steered, SteeringReport, find
from pluriscope.analyses.shown import AnalysisContext, Item, Shown, settings_form
from pluriscope.blocks import Action, Block, ChartFigure, Form, Head, More, Notice, Prose, Section, Table, side_by_side
from pluriscope.figures.charts import Axis, Chart, Look, Mark, Series
from pluriscope.figures.numbers import decimal, exact
from pluriscope.templating import linked

KEY: Final = "steering"
_LOOKS: Final[tuple[Look, ...]] = ("ink", "dashed", "grey")
_MOST_LINES: Final = 8
_MOST_LISTED: Final = 12
_ABOUT: Final = "Nothing is kept: the address of the answer holds what you gave."


def _page(_: None, of: AnalysisContext) -> Iterator[Block]:
    yield from _form(of, {})


def _form(of: AnalysisContext, given: Mapping[str, str]) -> Iterator[Block]:
    """The form, and what placements found here could be steered along."""
    yield Section("Another direction" if given else "A direction of your own", _ABOUT, id="form")
    model, url = settings_form(SETTINGS, of.scope), of.links.analysis(of.slug, KEY, None, "given")
    yield Form(model, url, "Steer", {**given, **of.scope.query()}, changes=False, primary=not given)
    if rows := list(_placements(of)):
        yield Section("Along what is placed here", "A valid placement, and the classes that its variable tells apart")
        yield Table.plain(("Variable", "On", "Step"), rows)


def _placements(of: AnalysisContext) -> Iterator[Sequence[Any]]:
    """The first variables of valid placements, each site and function once."""
    placed, seen = _analysed(of).placed, set[tuple[str, str]]()
    if placed is None:
        return
    for algorithm, placements, valid in zip(*(placed.algorithms, placed.placements, placed.valid), strict=True):
        for path, site in (one for places, passes in zip(placements, valid, strict=True) if passes for one in places):
            table = table_text(algorithm.responses[path].function, of.question.subject.n_inputs)
            if (site.text, table) in seen or len(seen) == _MOST_LISTED:
                continue
            seen.add((site.text, table))
            view = {"at": site.layer, "along": "placement", "of": table, "on": "+".join(map(str, site.neurons))}
            url = of.links.analysis(of.slug, KEY, of.scope, "given", **view)
            yield algorithm.formulas[path], site.label, linked("Steer", url, id=f"steer-{len(seen)}")


def _analysed(of: AnalysisContext) -> Analysed:
    """What was found before, as far as anything was."""
    try:
        return of.analysed
    except ExplainedError:
        return Analysed(of.question, None)


def _item(_: None, of: AnalysisContext, key: str, options: Mapping[str, str]) -> Item:
    """What the steering of an address does; what cannot be done stands above the form."""
    if key != "given":
        raise InvalidIntervention(f"page {key[:40]!r}", "is not one of these", "give a direction in the form")
    given = {name: text.strip() for name, text in options.items() if text.strip()}
    try:
        report = _found(of, given)
    except AnalysisError as error:
        notice = Notice.refused(error)
        return Item("Steering", lambda: [Head("Steering"), notice, *_form(of, given)], refused=error)
    record = {"findings": report.findings(), "report": report.model_dump(mode="json")}
    return Item(f"Steering of {of.name}", partial(_steered, report, of, given), record)


def _found(of: AnalysisContext, given: Mapping[str, str]) -> SteeringReport:
    values = filled(SETTINGS, read_values(SETTINGS, given, KEY), KEY)
    name = str(values["into"])
    if values["along"] == "das" and not of.kind.refuses("neurons"):
        cure = "learn it with pluriscope steer or in the library, and give its numbers here"
        raise InvalidIntervention("direction along das", "is learned, which no page does", cure)
    return find(_analysed(of), values, of.other(name) if name else None)


def _steered(report: SteeringReport, of: AnalysisContext, given: Mapping[str, str]) -> Iterator[Block]:
    url, told = of.links.analysis(of.slug, KEY, of.scope, "given", **given), report.findings()
    numbers = Action("Numbers as JSON", of.links.twin(url))
    yield Head(f"Steering at {report.steered.where}", " ".join(told[:2]), actions=[numbers])
    yield from map(Notice, report.notes)
    yield from _dosed(report.steered, report.classes, "")
    if report.predicted:
        yield Section("What valid explanations predict", "asked about every row at every dose but 0")
        apart = "Rows at a dose on which some contradict others"
        columns = ("Explanations", "Asked", "Never wrong", "Wrong somewhere", "Predict nothing", apart)
        rows = [
            (
                one.kind,
                exact(one.of) if one.asked == one.of else f"{one.asked:,} of {one.of:,}, drawn",
                *map(exact, (one.agree, one.wrong, one.silent)),
                f"{one.split:,} of {one.cells:,}",
            )
            for one in report.predicted
        ]
        yield Table.plain(columns, rows)
        caption = f"Predictions that are right, wrong and silent, of all rows. {report.predicted[0].kind}."
        yield ChartFigure(chart=_predicted(report), caption=caption, id="predicted")
    if (other := report.transfer) is not None:
        yield Section(f"Transferred to {other.network}", " ".join(told[-2:]))
        fits = "" if other.explained is None else f" It explains {other.explained:.2%} of the variance there."
        whose = "" if other.unique else " The rows do not determine the map: of all that fit, it moves least."
        anything = " There are so few rows that such a map fits whatever both compute." if other.fits_anything else ""
        yield Prose(
            f"The map has rank {other.rank} of {other.dimension}, and misses by at most {other.residual:.2g} on "
            f"{other.n_rows} rows.{fits}{whose}{anything}",
            glossary=False,
        )
        yield from _dosed(other.steered, report.classes, "-there")
    yield from _form(of, given)


def _dosed(steered: Steered, classes: tuple[str, str], ending: str) -> Iterator[Block]:
    """Charts and table of one network."""
    doses, rows = [one.dose for one in steered.doses], steered.rows
    axis = Axis("dose α")
    if len(rows) <= _MOST_LINES:
        lines = [Series(one.row, doses, one.measured, look="ink" if one.of_class == 1 else "dashed") for one in rows]
        marks = [Mark((flip.low + flip.high) / 2, one.row) for one in rows for flip in one.flips]
    else:
        lines = []
        for at, (name, look) in enumerate(zip(classes, _LOOKS, strict=False)):
            those = [one.measured for one in rows if one.of_class == 1 - at]
            lines.append(Series(name, doses, [sum(some) / len(some) for some in zip(*those, strict=True)], look=look))
        marks = []
    drawn = "for each row" if len(rows) <= _MOST_LINES else "in the mean of each class"
    chart = Chart("lines", f"{steered.measure.capitalize()} by dose", axis, Axis(steered.measure), lines, marks)
    where = "exactly" if steered.exact else "to the nearest doses"
    marked = f" Marks are the doses at which a row’s answer changes, {where}." if marks else ""
    response = ChartFigure(chart=chart, caption=f"The {steered.measure}, {drawn}.{marked}", id=f"response{ending}")
    counts = {"right": "right", "changed, meant": "meant", "changed, others": "others"}
    series = [
        Series(name, doses, [getattr(one, key) for one in steered.doses], look=look)
        for (name, key), look in zip(counts.items(), _LOOKS, strict=True)
    ]
    told = (
        f"Rows answered right, and rows whose answer changes. Positive doses are meant for rows of {classes[1]}, "
        f"negative ones for rows of {classes[0]}."
    )
    chart = Chart("lines", "Rows by dose", axis, Axis("rows", low=0), series)
    yield from side_by_side([response, ChartFigure(chart=chart, caption=told, id=f"rows{ending}")], 2)
    cells = [
        (one.row, one.wanted, one.answers[len(doses) // 2], ", ".join(map(_flip, one.flips)) or "never") for one in rows
    ]
    table = Table.plain(("Row", "Wanted", "Answers unsteered", "Changes at dose"), cells)
    yield (
        table
        if len(rows) <= _MOST_LINES
        else More(f"The {len(rows)} rows", lambda: [table], "where each changes its answer")
    )


def _flip(one: Any) -> str:
    at = decimal(one.low, 4) if one.low == one.high else f"{decimal(one.low, 4)} to {decimal(one.high, 4)}"
    return f"{at} → {one.answer}"


def _predicted(report: SteeringReport) -> Chart:
    """Shares of the predictions of the first kind that are right, wrong and silent at each dose."""
    one, n = report.predicted[0], report.predicted[0].asked * len(report.steered.rows)
    doses = [(at, each.dose) for at, each in enumerate(report.steered.doses) if each.dose]
    parts = {"right": one.right_at, "wrong": one.wrong_at, "silent": one.silent_at}
    series = [
        Series(name, [dose for _, dose in doses], [counts[at] / n for at, _ in doses], look=look)
        for (name, counts), look in zip(parts.items(), _LOOKS, strict=True)
    ]
    return Chart("lines", "Predictions by dose", Axis("dose α"), Axis("share", percent=True, low=0.0, high=1.0), series)


SHOWN: Final = Shown(_page, item=_item)
