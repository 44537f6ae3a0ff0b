"""Steering: a form that takes a site, a direction and doses, and what comes of it. The address holds it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from pluriscope.analyses.shown import AnalysisContext, Item, Shown, settings_form
from pluriscope.analysis.criteria.placements import valid_alignments
from pluriscope.analysis.errors import AnalysisError, ExplainedError, InvalidIntervention
from pluriscope.analysis.explanations.probes import table_text
from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.methods.settings import filled, read_values
from pluriscope.analysis.subjects.perceptron.mlp import activations, next_layer
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.charts import Axis, Chart, Look, Mark, Series
from pluriscope.figures.numbers import decimal, exact
from pluriscope.figures.svg.elements import Step, twice
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.vessels import NARROW, WIDE, Vessels, full_at
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    ChartFigure,
    Choice,
    Figure,
    Form,
    Head,
    More,
    Notice,
    Prose,
    Section,
    Table,
    side_by_side,
)
from pluriscope.page_kit.played import Ask, Field, Play
from pluriscope.page_kit.templating import linked
from pluriscope_methods.steering.directions import SETTINGS
from pluriscope_methods.steering.report import Steered, SteeringReport, find

KEY: Final = "steering"
_LOOKS: Final[tuple[Look, ...]] = ("ink", "dashed", "grey")
_MOST_LINES: Final = 8
_MOST_LISTED: Final = 12
_MOST_ROWS: Final = 16
_ABOUT: Final = "Nothing is kept: the address of the answer holds what you gave."


def _page(_: None, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    """Steer one neuron of the last hidden layer, or by the difference of a transformer's means, at one dose."""
    question = of.question
    given = _of_neurons(question, len(question.network.hidden_sizes), {0: 1}) if isinstance(question, Question) else {}
    try:
        view = _read_view({})
        report = _found(of, given, view["dose"])
        yield Prose(report.at_dose(_nearest(report, view)), glossary=False)
        yield from _steering(report, of, given, view)
    except AnalysisError as error:
        yield Notice.refused(error)
        yield from _form(of, given, refused=True)


def _of_neurons(question: Question, layer: int, signs: Mapping[int, int]) -> dict[str, str]:
    """Settings of a direction that has +1 or −1 on some neurons of a layer, and 0 on the others."""
    width = question.network.sizes[layer]
    return {"at": str(layer), "along": "numbers", "on": ",".join(str(signs.get(one, 0)) for one in range(width))}


def _read_view(options: Mapping[str, str]) -> dict[str, float]:
    """Read which dose is shown, and which row is drawn."""
    try:
        return {"dose": float(options.get("dose", 1)), "row": int(options.get("row", 0))}
    except ValueError:
        raise InvalidIntervention("dose or row", "is no number", "write dose=1.5&row=2") from None


def _nearest(report: SteeringReport, view: Mapping[str, float]) -> int:
    """The number of the dose that is looked at."""
    doses = [one.dose for one in report.steered.doses]
    return min(range(len(doses)), key=lambda number: abs(doses[number] - view["dose"]))


def _steering(
    report: SteeringReport, of: AnalysisContext[SubjectQuestion], given: Mapping[str, str], view: Mapping[str, float]
) -> Iterator[Block]:
    """The layer with a slider, what comes of it on every row, and what explanations predict."""
    steered, at = report.steered, _nearest(report, view)
    row, dose, settings = min(int(view["row"]), len(steered.rows) - 1), steered.doses[at].dose, _settings(given)

    stays = {name: text for name, text in given.items() if name not in ("at", "along", "on")}

    def url(direction: Mapping[str, str], **more: Any) -> str:
        options = {**stays, **direction, "dose": f"{dose:g}", "row": row or "", **more}
        return of.links.analysis(of.slug, KEY, of.scope, "given", **options)

    kept = [*given.items(), *of.scope.query().items(), ("row", str(row))]
    most = float(settings["most"])
    step = most / settings["steps"]
    slide = Field("dose", "Dose α", f"{dose:g}", kind="range", least=-most, most=most, step=step)
    controls: list[Choice | Ask] = [Ask("Show", kept, [slide])]
    drawn, caption = _drawn(report, of, dose, row, url)
    question = of.question
    if isinstance(question, Question):
        layers = range(1, len(question.network.hidden_sizes) + 1)
        where = {str(layer): url(_of_neurons(question, layer, {0: 1})) for layer in layers}
        along = {
            "neurons": url(_of_neurons(question, int(steered.site), {0: 1})),
            "difference of the means": url({"at": steered.site, "along": "means"}),
        }
        chosen = {"numbers": "neurons", "means": "difference of the means"}.get(report.along, "")
        switches = Choice("Layer", where, steered.site, id="layer"), Choice("Along", along, chosen, id="along")
        controls = [*switches, *controls]
    yield Play(
        url=of.links.analysis(of.slug, KEY, None, "given"),
        controls=controls,
        figure=Figure(drawn, caption, {}, id="drawing"),
        outcome=[_on_rows(report, at, row, lambda number: url(given, row=number)), *_predictions_at(report, at)],
    )
    yield from map(Notice, report.notes)
    yield More("At every dose", lambda: _at_every_dose(_found(of, given)), "and where answers change", id="every")
    yield from _form(of, given)


def _drawn(
    report: SteeringReport, of: AnalysisContext[SubjectQuestion], dose: float, row: int, url: Callable[..., str]
) -> tuple[Markup, str]:
    """The network on one row with what is added, each neuron of the layer a link that turns its sign."""
    question, steered = of.question, report.steered
    direction = steered.direction
    shown = f"{dose:g}".replace("-", "−")
    added = ", ".join(f"{value:.3g}".replace("-", "−") for value in direction)
    if not isinstance(question, Question):
        one, other = report.classes
        what = f"the mean of rows of {one} less that of {other}, " if report.along == "means" else ""
        caption = f"Added to {steered.where}: {shown} × {what}{len(direction)} numbers of length "
        return graph_diagram(question.graph, title=of.name), f"{caption}{decimal(steered.length)}."
    network, layer = question.network, int(steered.site)
    was = activations(network, question.method_rows[0])
    now = [*was[:layer], was[layer] + dose * np.array(direction)]
    for above in range(layer + 1, len(network.sizes)):
        now.append(next_layer(network, above, now[-1]))
    signs = {neuron: int(np.sign(value)) for neuron, value in enumerate(direction)}
    does = {0: "leave it alone", 1: "add to it", -1: "take from it"}
    to = {}
    for neuron, sign in signs.items():
        turned = {0: 1, 1: -1, -1: 0}[sign]
        to[neuron] = turned if turned or any(one for other, one in signs.items() if other != neuron) else 1
    both = []
    for geometry in (WIDE, NARROW):
        steps: dict[tuple[int, ...], Step] = {
            (layer, neuron): Step(
                url(_of_neurons(question, layer, {**signs, neuron: sign})),
                f"{node_name(layer, neuron, network.sizes)}, now {signs[neuron]:+d}: {does[sign]}",
                f"{geometry.name}-{layer}-{neuron}",
            )
            for neuron, sign in to.items()
        }
        drawn = Vessels(
            network.weights,
            [one[row].tolist() for one in now],
            full_at(was),
            geometry,
            sentence=f"{of.name} on row {steered.rows[row].row}, steered: choose what is added to",
            ringed=[(layer, neuron) for neuron, sign in signs.items() if sign],
            named=True,
            was=[one[row].tolist() for one in was],
            steps=steps,
        ).drawn()
        both.append(drawn)
    here = f"Row {steered.rows[row].row}. Added to layer {layer}: {shown} × ({added})."
    return twice(*both), f"{here} Choose a neuron for +1, −1, 0."


def _on_rows(report: SteeringReport, at: int, row: int, url: Callable[[int], str]) -> Table:
    """Table of what rows give at a dose: first those whose answer changes, in bold."""
    steered, zero, cells = report.steered, len(report.steered.doses) // 2, list[Sequence[Any]]()
    by_change = sorted(enumerate(steered.rows), key=lambda one: one[1].answers[at] == one[1].answers[zero])
    for number, one in by_change[:_MOST_ROWS]:
        name = one.row if number == row else linked(one.row, url(number), id=f"row-{number}")
        now = f"{one.answers[at]} ({decimal(one.measured[at])})"
        changed = Markup("<b>{}</b>").format(now) if one.answers[at] != one.answers[zero] else now
        cells.append((name, one.wanted, f"{one.answers[zero]} ({decimal(one.measured[zero])})", changed))
    return replace(Table.plain(("Row", "Wanted", "Unsteered", "At this dose"), cells), id="steered")


def _predictions_at(report: SteeringReport, at: int) -> Iterator[Block]:
    """Table of what explanations predict at a dose, one prediction for each row and explanation."""
    rows = []
    for one in report.predicted:
        counts = one.asked * len(report.steered.rows), one.right_at[at], one.wrong_at[at], one.silent_at[at]
        rows.append((f"{one.kind}{', drawn' if one.asked < one.of else ''}", *map(exact, counts)))
    if rows and report.steered.doses[at].dose:
        heads = ("Predictions, one a row", "of", "right", "wrong", "silent")
        yield replace(Table.plain(heads, rows), id="predictions")


def _at_every_dose(report: SteeringReport) -> Iterator[Block]:
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


def _form(of: AnalysisContext[SubjectQuestion], given: Mapping[str, str], *, refused: bool = False) -> Iterator[Block]:
    """Links to placements found here, and a form for other directions, open where its content is refused."""
    model, url = settings_form(SETTINGS, of.scope), of.links.analysis(of.slug, KEY, None, "given")
    form = Form(model, url, "Steer", {**given, **of.scope.query()}, changes=False, primary=False)
    if refused:
        yield from (Section("Another direction", _ABOUT, id="form"), form)
    else:
        yield More("Another direction", lambda: [Prose(_ABOUT), form], "any numbers, classes or network", id="form")
    if rows := list(_placements(of)):
        yield Section("Along what is placed here", "A valid placement, and the classes that its variable distinguishes")
        yield Table.plain(("Variable", "On", "Step"), rows)


def _placements(of: AnalysisContext[SubjectQuestion]) -> Iterator[Sequence[Any]]:
    """The first variables of valid placements, each site and function once."""
    formulas, seen = _analysed(of).formulas, set[tuple[str, str]]()
    if formulas is None:
        return
    for algorithm, scored in valid_alignments(formulas):
        for path, site in scored.alignment.places:
            table = table_text(algorithm.responses[path].function, of.question.subject.n_inputs)
            if len(set(table)) < 2 or (site.text, table) in seen or len(seen) == _MOST_LISTED:
                continue
            seen.add((site.text, table))
            view = {"at": site.layer, "along": "placement", "of": table, "on": "+".join(map(str, site.neurons))}
            url = of.links.analysis(of.slug, KEY, of.scope, "given", **view)
            yield algorithm.formulas[path], site.label, linked("Steer", url, id=f"steer-{len(seen)}")


def _analysed(of: AnalysisContext[SubjectQuestion]) -> Analysed[SubjectQuestion]:
    """Findings of the analyses that there are."""
    try:
        return of.analysed
    except ExplainedError:
        return Analysed(of.question, None)


def _item(_: None, of: AnalysisContext[SubjectQuestion], key: str, options: Mapping[str, str]) -> Item:
    """Item of the steering that an address asks for; refusals stand above the form."""
    if key != "given":
        raise InvalidIntervention(f"page {key[:40]!r}", "is not one of these", "give a direction in the form")
    given = {name: text.strip() for name, text in options.items() if text.strip()}
    looked: dict[str, str] = {name: given.pop(name) for name in ("dose", "row") if name in given}
    try:
        view = _read_view(looked)
        report = _found(of, given, None if "into" in given else view["dose"])
    except AnalysisError as error:
        blocks = [Head("Steering"), Notice.refused(error), *_form(of, given, refused=True)]
        return Item("Steering", lambda: blocks, refused=error)

    def record() -> dict[str, Any]:
        every = _found(of, given)
        return {"findings": every.findings(), "report": every.model_dump(mode="json")}

    return Item("Steering", partial(_steered, report, of, given, view), record)


def _settings(given: Mapping[str, str]) -> dict[str, Any]:
    return filled(SETTINGS, read_values(SETTINGS, given, KEY), KEY)


def _found(of: AnalysisContext[SubjectQuestion], given: Mapping[str, str], dose: float | None = None) -> SteeringReport:
    values = _settings(given)
    name = str(values["into"])
    if values["along"] == "das" and not of.kind.refuses("neurons"):
        cure = "learn it with pluriscope steer or in the library, and give its numbers here"
        raise InvalidIntervention("direction along das", "is learned, which no page does", cure)
    return find(_analysed(of), values, of.other(name) if name else None, dose=dose)


def _steered(
    report: SteeringReport, of: AnalysisContext[SubjectQuestion], given: Mapping[str, str], view: Mapping[str, float]
) -> Iterator[Block]:
    url, sentences = of.links.analysis(of.slug, KEY, of.scope, "given", **given), report.findings()
    numbers = Action("Numbers as JSON", of.links.twin(url))
    here = report.at_dose(_nearest(report, view))
    yield Head(f"Steering at {report.steered.where}", here, actions=[numbers])
    yield from _steering(report, of, given, view)
    if (other := report.transfer) is not None:
        yield Section(f"Transferred to {other.network}", " ".join(sentences[-2:]))
        fits = "" if other.explained is None else f" It explains {other.explained:.2%} of the variance there."
        whose = "" if other.unique else " The rows do not determine the map: of all that fit, it moves least."
        anything = " There are so few rows that such a map fits whatever both compute." if other.fits_anything else ""
        yield Prose(
            f"The map has rank {other.rank} of {other.dimension}, and misses by at most {other.residual:.2g} on "
            f"{other.n_rows} rows.{fits}{whose}{anything}",
            glossary=False,
        )
        yield from _dosed(other.steered, report.classes, "-there")


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
    words = (
        f"Rows answered right, and rows whose answer changes. Positive doses are meant for rows of {classes[1]}, "
        f"negative ones for rows of {classes[0]}."
    )
    chart = Chart("lines", "Rows by dose", axis, Axis("rows", low=0), series)
    yield from side_by_side([response, ChartFigure(chart=chart, caption=words, id=f"rows{ending}")], 2)
    cells = [
        (one.row, one.wanted, one.answers[len(doses) // 2], ", ".join([one.answers[0], *map(_flip, one.flips)]))
        for one in rows
    ]
    table = Table.plain(("Row", "Wanted", "Answers unsteered", "Answers from the lowest dose to the highest"), cells)
    yield (
        table
        if len(rows) <= _MOST_LINES
        else More(f"The {len(rows)} rows", lambda: [table], "where each changes its answer")
    )


def _flip(one: Any) -> str:
    return f"{one.answer} {'above' if one.low == one.high else 'from'} {decimal(one.high, 4)}"


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
