"""Answers of lenses on pages: each beside what is known of the network, and one under any of its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

from markupsafe import Markup, escape

from pluriscope.addresses.naming import Scope
from pluriscope.analyses.shown import AGAIN, OLDER, AnalysisContext, Item, Shown, input_words, settings_form
from pluriscope.analysis.methods.settings import Setting, Settings, read_values, settings_text, written
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.sites import pairs_of, part_of
from pluriscope.figures.charts import Axis, Chart, Series, heat_chart
from pluriscope.page_kit import blocks
from pluriscope.page_kit.blocks import Action, Block, ChartFigure, Figure, Form, Head, More, Notice, Prose, Section
from pluriscope.tables.table import Column, Row
from pluriscope_methods.analyses import LENSES as ANALYSIS
from pluriscope_methods.lenses.functions import FunctionOnLayer
from pluriscope_methods.lenses.lens import Grid, Lens, NullTest, view_json
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_methods.lenses.report import LensesReport, ViewFound, silent, view_found
from pluriscope_methods.pages.lens_drawings import arrow_panels, pixel_grids

MAX_MILLISECONDS: Final = 2_000.0
"""What an answer may be expected to take to be computed at its own address."""
_BESIDE: Final = 2
_HALF, _TEXT, _NUMBER = 500, 78, 46  # width of half a page, and of columns of heat maps
_CELLS: Final = (
    Column("map", "Map", "Which of those above.", "text"),
    Column("row", "Row", "Of the map.", "name", first=True),
    Column("column", "Column", "Of the map.", "name"),
    Column("value", "Value", "In the cell.", "float"),
    Column("circuits", "In valid circuits", "How many of them have this part; every circuit has the stream.", "text"),
)
_TESTS: Final = (
    Column("sought", "Sought", "What is found where p is at most .05.", "name", first=True),
    Column("p", "p", "How often a null network has as large a number; corrected for all that was looked at.", "float"),
    Column("least", "Least p", "That is possible.", "float"),
    Column("looks", "Looked at", "Numbers of each network.", "int"),
    Column("networks", "Null networks", "With the entries of each matrix shuffled.", "int"),
    Column("power", "Found where planted", "Of null networks with the structure planted.", "text"),
)
READING: Final = """
- A heat map says what happens in the whole model. Circuits are valid on their own, so a circuit that does without a
  part does without what the map finds there. Circuits name heads, blocks, units, channels and edges, not positions.
- Effects are shares of the way from one run to the other: 1 brings the other row's answer. They need not add up.
"""
_MAX_SHOWN: Final = 400
"""Rows of a table on a page; the record has all."""
_DEGREES: Final = ("", "read", "used", "carried")
_SILENT: Final = {
    "undefined": "does not apply",
    "degenerate": "would answer the same whatever the network computes",
    "diverged": "came to no numbers",
}
_LENSES: Final = (
    Column("lens", "Lens", "With what it is.", "name", first=True),
    Column("says", "It says", "About this network.", "text"),
)
_READING: Final = """
- Decodable: an affine read-out of the layer separates the function's two values. Used: setting the read-out to what it
  is on another input changes the answer. Carried: a valid placement of an irredundant algorithm has the function on
  neurons of that layer. A function counts together with its negation.
- With no more rows than a layer has neurons plus one every function is decodable; with a latent for each input an
  autoencoder rebuilds everything. Neither shows anything of this network.
- A read-out is one of those with the largest margin; another may be used where this one is not, and a variable may be
  carried by neurons that no single direction stands for. Settings are part of each answer.
"""


def _functions_chart(report: LensesReport) -> Chart:
    """Chart of each function on each layer: whether it can be read there, is used, or is carried."""
    layers = [f"layer {cell.layer}" for cell in report.functions[0].layers]
    cells = [[_degree(cell) for cell in one.layers] for one in report.functions]
    texts = [[_DEGREES[degree or 0] for degree in row] for row in cells]
    labels = [one.label for one in report.functions]
    measured = Axis("degree", high=len(_DEGREES) - 1)
    return heat_chart("Functions on layers", labels, layers, cells, measured=measured, texts=texts)


def _degree(cell: FunctionOnLayer) -> int | None:
    return 3 if cell.carried else 2 if cell.changed else 1 if cell.margin > 0 else None


def _page(report: LensesReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    yield from heat_maps(_shown_first(report), of, report, 2)
    if report.functions:
        words = f"Carried by a valid placement; else used; else it can be read. {_carried_words(report)}"
        yield ChartFigure(chart=_functions_chart(report), caption=words, id="functions")
        yield More("Functions on layers", lambda: [_functions(report)], "how far each is decodable, used and carried")
    yield Section("Lenses", "Each leads to its numbers, its settings and what it can know")
    known, refused, rows = LENSES.of(of.kind), LENSES.refusals(of.kind), []
    silences = dict[str, list[Markup]]()
    for one in report.lenses:
        if (lens := known.get(one.lens)) is None:
            continue
        if one.says:
            rows.append(Row({"lens": lens.label, "says": one.says}, url=_url(of, lens, one.settings)))
        else:
            link = Markup('<a href="{}">{}</a>').format(_url(of, lens, one.settings), lens.label)
            silences.setdefault(_SILENT.get(one.outcome, "was not asked"), []).append(link)
    yield blocks.Table.short("answer", _LENSES, rows)
    others = [(Markup("; ").join(labels), f"{why[:1].upper()}{why[1:]}.") for why, labels in silences.items()]
    for reason in dict.fromkeys(refused.values()):
        labels = "; ".join(LENSES.by_key[key].label for key, why in refused.items() if why == reason)
        others.append((escape(labels), reason))
    if others:
        lenses = partial(blocks.Table.plain, ("Lenses", "Why"), others)
        yield More("Lenses without an answer", lambda: [lenses()], "and why", id="silent")
    yield More("How to read it", lambda: [Prose(READING if of.kind.refuses("neurons") else _READING)])


def _carried_words(report: LensesReport) -> str:
    carried = report.carried
    if not carried.known:
        return "Which irredundant algorithms are carried is not known in full: the search for placements stopped."
    if not carried.of:
        return "The task has no irredundant algorithm with a variable, so there is nothing to be carried."
    noun, verb = "algorithm" if carried.of == 1 else "algorithms", "has" if carried.n_carried == 1 else "have"
    listed = ", ".join(one.formula for one in carried.carried)
    words = f"{carried.n_carried or 'None'} of {carried.of:,} irredundant {noun} {verb} a valid placement"
    return f"{words}{f': {listed}' if listed else ''}{', …' if carried.n_carried > len(carried.carried) else ''}."


def _functions(report: LensesReport) -> blocks.Table:
    labels = ["Function"]
    for cell in report.functions[0].layers:
        labels += [f"Layer {cell.layer}: {what}" for what in ("decodable", "used", "carried")]
    rows = []
    for one in report.functions:
        row: list[Any] = [f"{one.label}{', the task' if one.is_task else ''}"]
        for cell in one.layers:
            used = None if cell.changed is None else f"{cell.changed} of {cell.of}"
            row += [cell.margin or None, used, None if cell.carried is None else "yes" if cell.carried else "no"]
        rows.append(row)
    return blocks.Table.plain(labels, rows)


# --- one lens under any of its settings


def _url(of: AnalysisContext[SubjectQuestion], lens: Lens, settings: Settings) -> str:
    """The address of a lens under some settings."""
    texts = {name: written(value) for name, value in lens.changed(settings).items() if name in lens.defaults}
    return of.links.analysis(of.slug, ANALYSIS.key, of.scope, lens.key, **texts)


@dataclass(frozen=True)
class Answered:
    """Answer of a lens under some settings.

    Args:
        settings: as they fit the network.
        found: its answer in short; None where it takes long and is not stored.
        view: everything that it answered.
    """

    lens: Lens
    settings: Settings
    found: ViewFound | None
    view: Mapping[str, Any]


def answered(question: SubjectQuestion, lens: Lens, settings: Settings, report: LensesReport | None) -> Answered:
    """Ask a lens, or read its answer from what is stored where asking takes long."""
    answers = () if report is None else report.lenses
    # answers that were stored earlier may have settings that are gone
    found = next(
        (one for one in answers if one.lens == lens.key and {**one.settings, **settings} == one.settings), None
    )
    slow = lens.learns or lens.duration(question, settings) > MAX_MILLISECONDS
    view = {} if found is None else found.view or {}
    stored = found is not None and (found.grids or (found.tests and found.view))
    if not (slow and lens.fit(question, settings).answered) and not stored:
        answer = lens.answer(question, settings)
        found = view_found(question, lens, answer, ({}, 0) if report is None else (report.kept, report.circuits))
        view = {} if answer.view is None else view_json(answer.view)
    if found is not None and found.version < lens.version:
        found = found.model_copy(update={"notes": [f"{OLDER}. {AGAIN}", *found.notes]})
    if found is not None and found.grids:
        view = {"grids": [asdict(grid) for grid in found.grids], **view}
    return Answered(lens, settings, found, view)


def _item(
    report: LensesReport | None, of: AnalysisContext[SubjectQuestion], key: str, options: Mapping[str, str]
) -> Item:
    """Item of one lens under the settings of an address."""
    if refusal := LENSES.refusals(of.kind).get(key):
        lens = LENSES.by_key[key]
        one = Answered(lens, {}, silent(key, refusal), {})
    else:
        lens, item = LENSES.named(key, of.kind), f"lens {key}"
        texts = {name: text for name, text in options.items() if text}
        one = answered(of.question, lens, lens.filled(read_values(lens.settings, texts, item), item), report)
    text = settings_text(key, {} if refusal else lens.changed(one.settings))
    outcome = "" if one.found is None else one.found.outcome
    record = {"lens": text, "settings": dict(one.settings), "outcome": outcome, **one.view}
    if one.found is not None:
        record |= {name: value for name in ("stands", "notes") if (value := getattr(one.found, name))}
        record |= {"tests": [asdict(test) for test in one.found.tests]} if one.found.tests else {}
    made = partial(_answer_blocks, one, of, report, () if refusal else lens.settings)
    waits = report is None and one.found is None and not lens.changed(one.settings)
    return Item(lens.label, made, lambda: record, waits=waits)


def _answer_blocks(
    one: Answered, of: AnalysisContext[SubjectQuestion], report: LensesReport | None, settings: Sequence[Setting]
) -> Iterator[Block]:
    lens, found = one.lens, one.found
    numbers = Action("Numbers as JSON", of.links.twin(_url(of, lens, one.settings)))
    actions = [numbers, Action("All lenses", of.links.analysis(of.slug, ANALYSIS.key, of.scope))]
    yield Head(lens.label, lens.definition, actions=actions)
    if found is None:
        cure, ask = "The analysis answers under the usual settings.", list[Action]()
        if lens.learns and not lens.changed(one.settings):
            url, fields = of.links.analysis(of.slug, ANALYSIS.key), {**dict(of.scope.fields), "thorough": "true"}
            cure = "Lenses that learn are added to those of All lenses once these are there; it stands here then."
            ask = [] if report is None else [Action("Add lenses that learn", url, False, True, fields)]
        yield Notice("Not computed on a page", "An answer under these settings takes long.", cure, actions=ask)
    else:
        yield from map(Notice, found.notes)
        says = found.says or f"It {_SILENT.get(found.outcome, 'was not asked')}."
        drawn = picture(lens, found, of.question, says)
        if drawn:
            yield drawn
        yield Prose(f"{'' if drawn else says} What it can know: {lens.can_know}", glossary=False)
        if found.tests:
            yield _tests(found.tests)
        if found.stands:
            yield Notice("Does it stand in every valid circuit?", found.stands)
        yield from heat_maps(found, of, report)
        yield from blocks.side_by_side(_figures(lens, one.view), _BESIDE)
        yield from _numbers(lens, one.view, of)
    if settings:
        yield Section("Settings", "Each is part of the answer and of this page's address")
        values = {name: written(value) for name, value in one.settings.items()}
        url = of.links.analysis(of.slug, ANALYSIS.key, Scope(), lens.key)
        yield Form(
            settings_form(settings, of.scope), url, "Answer with these", values | dict(of.scope.query()), changes=False
        )
    yield Prose(f"{lens.source}.", glossary=False)


def _tests(tests: Sequence[NullTest]) -> blocks.Table:
    """Table of the verdicts, each with its null, how much was looked at and its power."""
    powers = [f"{one.planted_found} of {one.planted}" for one in tests]
    rows = [Row({**asdict(one), "power": power}) for one, power in zip(tests, powers, strict=True)]
    return blocks.Table.short("test", _TESTS, rows, id="tests")


def picture(lens: Lens, stored: ViewFound, question: SubjectQuestion, caption: str) -> Block | None:
    """The picture of an answer; None where it has none, or heat maps of its own."""
    if stored.grids or lens.pictures or (not stored.view and not stored.bars and not stored.bands):
        return None
    bands, scores = stored.bands, (stored.view or {}).get("scores")
    n_inputs = question.subject.n_inputs if scores or (bands and not bands.rows) else 0
    rows = [input_words(row, n_inputs) for row in range(1 << n_inputs)]
    planes = lens.planes((stored.view or {}).get("table", ())) if lens.planes else {}
    if not scores and any(len(end) == 2 for plane in planes.values() for end in plane.values()):
        return Figure(arrow_panels(planes, title=lens.label), caption)
    if scores:
        chart = heat_chart(lens.label, INPUT_NAMES[:n_inputs], rows, list(zip(*scores, strict=True)))
    elif bands and bands.rows:
        chart = heat_chart(lens.label, bands.rows, bands.names, bands.values)
    elif bands:
        chart = heat_chart(lens.label, bands.names, rows, list(zip(*bands.values, strict=True)))
    else:
        shares = [one.n / max(1, one.of) for one in stored.bars]
        names = [f"{one.label}: {one.n:,} of {one.of:,}" for one in stored.bars]
        labels, x = Axis(names=[one.label for one in stored.bars]), Axis("share", low=0, high=1, percent=True)
        chart = Chart("bars", lens.label, x, labels, [Series("", shares, range(len(shares)), names=names)])
    return ChartFigure(chart=chart, caption=caption)


def _figures(lens: Lens, view: Mapping[str, Any]) -> list[Figure]:
    """The images of a table."""
    pictures = lens.pictures(view.get("table", ())) if lens.pictures else {}
    return [Figure(pixel_grids(some, title=name), name) for name, some in pictures.items()]


def _numbers(lens: Lens, view: Mapping[str, Any], of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    """The numbers of an answer that is not heat maps."""
    if "scores" in view:
        n_inputs = of.question.subject.n_inputs
        names = INPUT_NAMES[:n_inputs]
        more = [name for name in ("intercepts", "r2", "gap") if view.get(name) is not None]
        rows = [
            [input_words(row, n_inputs), *scores, *(view[name][row] for name in more)]
            for row, scores in enumerate(view["scores"])
        ]
        yield blocks.Table.plain(["Row", *names, *map(str.capitalize, more)], rows)
    elif view.get("table"):
        columns = [Column(name, name.replace("_", " "), meaning, "text") for name, meaning in lens.columns.items()]
        shown = view["table"][:_MAX_SHOWN]
        table = [Row({name: _cell(row.get(name)) for name in lens.columns}) for row in shown]
        first = f", the first {_MAX_SHOWN} of them" if len(view["table"]) > len(shown) else ""
        title = f"{len(view['table']):,} rows{first}"
        yield More("The numbers", lambda: [blocks.Table.short("row", columns, table)], title)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(f"{one:.4g}" if isinstance(one, float) else str(one) for one in value)
    return f"{value:.4g}" if isinstance(value, float) else None if value is None else str(value)


# --- heat maps


def _shown_first(report: LensesReport) -> ViewFound | None:
    """The answer that stands on top of the page of all."""
    return next((one for one in report.lenses if one.lens == "patching-table" and one.grids), None)


def _map(grid: Grid, urls: Sequence[Sequence[str]] = ()) -> Chart:
    measured = Axis("value", high=grid.most or None)
    return heat_chart(grid.title, grid.rows, grid.columns, grid.values, measured=measured, texts=grid.texts, urls=urls)


def heat_maps(
    view: ViewFound | None, of: AnalysisContext[SubjectQuestion], report: LensesReport | None, most: int = 0
) -> Iterator[Block]:
    """Heat maps, each cell a link to Play; with ``most`` the first so many of them, else all and their cells."""
    grids = [] if view is None else [grid for grid in view.grids if grid.rows]  # no latent may be active
    if view is None or not grids:
        return
    pair = pairs_of(of.question.subject, 1)
    ends = [*pair.corrupt.tolist(), *pair.clean.tolist()]
    names = ("source", "row") if view.settings.get("direction") == "noising" else ("row", "source")
    rows = dict(zip(names, ends, strict=False))

    def play(site: str) -> str:
        return "" if of.kind.refuses("play") else of.links.play(of.slug, (), of.scope, change=[site], **rows)

    drawn = list[ChartFigure]()
    for number, grid in enumerate(grids[:most] if most else grids):
        urls = [[play(site) if site else "" for site in row] for row in grid.sites]
        drawn.append(ChartFigure(chart=_map(grid, urls), caption=grid.title, id=f"map{number}"))
    widest = max(len(grid.columns) * (_TEXT if grid.texts else _NUMBER) for grid in grids)
    many = _BESIDE if widest <= _HALF else 1
    yield from blocks.side_by_side(drawn, many)
    if not most:
        yield More("The numbers", lambda: [_cells(grids, play, report)], "The largest first")


def _cells(grids: Sequence[Grid], play: Callable[[str], str], report: LensesReport | None) -> blocks.Table:
    """The cells of heat maps, the largest numbers first."""
    every = [(grid.title, *cell) for grid in grids for cell in grid.cells()]
    rows = []
    for title, row, column, value, site in sorted(every, key=lambda cell: -abs(cell[3]))[:_MAX_SHOWN]:
        kept = None if report is None or not site else report.kept.get(part_of(site))
        circuits = None if kept is None or report is None else f"{kept:,} of {report.circuits:,}"
        values = {"map": title, "row": row, "column": column, "value": value, "circuits": circuits}
        rows.append(Row(values, url=play(site) if site else ""))
    return blocks.Table.short("cell", _CELLS, rows)


SHOWN: Final = Shown(_page, item=_item)
