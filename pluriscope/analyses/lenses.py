"""What lenses say, as pages show it: each beside what is known of the network, and one under any of its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from markupsafe import Markup

from analysis.errors import InvalidMethod
from analysis.lenses.functions import FunctionOnLayer
from analysis.lenses.lens import Lens, Table, view_json
from analysis.lenses.registry import LENS_BY_KEY
from analysis.lenses.report import LensesReport, ViewFound, view_found
from analysis.method_settings import Setting, Settings, filled, read_values, settings_text, written
from analysis.question import Question
from analysis.tasks import INPUT_NAMES
from app.figures.svg.heat import heat_map
from app.figures.svg.lenses import arrow_panels, score_bars, share_bars
from app.figures.svg.summaries import marks_by_layer
from pluriscope import blocks
from pluriscope.analyses.lenses_on_models import (
    MAX_MILLISECONDS,
    READING,
    Answered,
    answered_on_model,
    heat_maps,
    shown_first,
    thumb,
)
from pluriscope.analyses.registry import LENSES
from pluriscope.analyses.shown import Item, Shown, Subject, input_words, settings_form
from pluriscope.blocks import Action, Block, Figure, Form, Head, More, Notice, Prose, Section
from pluriscope.naming import Scope
from pluriscope.tables import Column, Row

_MAX_SHOWN: Final = 400
"""Rows of a table on a page; the record has all."""
_SILENT: Final = {
    "undefined": "it does not apply",
    "degenerate": "its answer would say nothing",
    "diverged": "it came to no numbers",
}
_LENSES: Final = (
    Column("lens", "Lens", "With what it is.", "name", first=True),
    Column("says", "It says", "About this network.", "text"),
    Column("can_know", "It can know", "What such an answer can show, and what it cannot.", "text"),
)
_READING: Final = """
- Decodable: an affine read-out of the layer separates the function's two values. Used: setting the read-out to what it
  is on another input changes the answer. Carried: a valid alignment of an irredundant algorithm has the function on
  neurons of that layer. A function counts together with its negation.
- With no more rows than a layer has neurons plus one every function is decodable; with a latent for each input an
  autoencoder rebuilds everything. Neither shows anything of this network.
- A read-out is one of those with the largest margin; another may be used where this one is not, and a variable may be
  carried by neurons that no single direction stands for. Settings are part of each answer.
"""


def _thumb(report: LensesReport, of: Subject) -> Markup:
    if of.ask is None:
        return thumb(report)
    marks = [(one.label, [_mark(cell) for cell in one.layers]) for one in report.functions]
    cells = [cell for one in report.functions for cell in one.layers]
    read, carried = sum(cell.margin > 0 for cell in cells), sum(bool(cell.carried) for cell in cells)
    said = f"{read} of {len(cells)} functions can be read from a layer; {carried} are carried"
    return marks_by_layer(marks, sentence=said)


def _mark(cell: FunctionOnLayer) -> int | None:
    return 2 if cell.carried else 1 if cell.changed else 0 if cell.margin > 0 else None


def _page(report: LensesReport, of: Subject) -> Iterator[Block]:
    if of.ask is None:
        yield from heat_maps(shown_first(report), of, report, 2)
    if report.functions:
        yield Figure(_thumb(report, of), "Filled: carried by a valid alignment. Grey: used. Outlined: it can be read.")
        yield Section("Functions on layers", _carried_words(report))
        yield _functions(report)
    yield Section("Lenses", "Each leads to its numbers and settings")
    rows = []
    for one in report.lenses:
        lens = LENS_BY_KEY[one.lens]
        if of.ask is None and lens.on_models is None:
            continue
        nothing = f"Nothing: {_SILENT.get(one.outcome, 'it was not asked')}. {' '.join(one.notes)}"
        says = " ".join(filter(None, (one.says, one.stands))) or nothing
        values = {"lens": lens.label, "says": says, "can_know": _can_know(lens, of)}
        rows.append(Row(values, url=_url(of, lens, one.settings)))
    yield blocks.Table.short("answer", _LENSES, rows)
    if of.ask is None:
        others = ", ".join(LENS_BY_KEY[one.lens].label for one in report.lenses if not LENS_BY_KEY[one.lens].on_models)
        yield Prose(f"Of perceptrons alone, since they read neurons or Boolean inputs: {others}.", glossary=False)
    yield More("How to read it", lambda: [Prose(_READING if of.ask is not None else READING)])


def _carried_words(report: LensesReport) -> str:
    carried = report.carried
    if not carried.known:
        return "Which irredundant algorithms are carried is not known in full: the search for alignments stopped."
    if not carried.of:
        return "The task has no irredundant algorithm with a variable, so there is nothing to be carried."
    noun, verb = "algorithm" if carried.of == 1 else "algorithms", "has" if carried.n_carried == 1 else "have"
    listed = ", ".join(one.formula for one in carried.carried)
    told = f"{carried.n_carried or 'None'} of {carried.of:,} irredundant {noun} {verb} a valid alignment"
    return f"{told}{f': {listed}' if listed else ''}{', …' if carried.n_carried > len(carried.carried) else ''}."


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


def _can_know(lens: Lens, of: Subject) -> str:
    on_models = lens.on_models if of.ask is None else None
    return (on_models.can_know if on_models else "") or lens.can_know


def _settings(lens: Lens, of: Subject) -> tuple[Setting, ...]:
    """What may be set on a lens about such a network."""
    if of.ask is not None:
        return lens.settings
    return () if lens.on_models is None else lens.on_models.settings


def _url(of: Subject, lens: Lens, settings: Settings) -> str:
    """The address of a lens under some settings."""
    texts = {name: written(value) for name, value in _changed(_settings(lens, of), settings).items()}
    return of.links.analysis(of.slug, LENSES.key, of.scope, lens.key, **texts)


def _changed(known: tuple[Setting, ...], settings: Settings) -> Settings:
    """The settings that differ from the defaults."""
    return {one.name: settings[one.name] for one in known if settings.get(one.name, one.default) != one.default}


def answered(question: Question, lens: Lens, settings: Settings, report: LensesReport | None) -> Answered:
    """Ask a lens, or read its answer from what is stored where asking takes long."""
    fit = lens.fit(question, settings)
    slow = lens.milliseconds is not None and lens.milliseconds(question, settings) > MAX_MILLISECONDS
    if fit.answered and (lens.learns or slow):
        answers = () if report is None else report.lenses
        # answers that were stored earlier may have settings that are gone
        stored = next(
            (one for one in answers if one.lens == lens.key and {**one.settings, **settings} == one.settings), None
        )
        return Answered(lens, settings, stored, {} if stored is None else stored.view or {})
    answer = lens.answer(question, settings)
    kept, n = ({}, 0) if report is None else (report.kept, report.circuits)
    found = view_found(question, lens, answer, kept, n)
    return Answered(
        lens, settings, found, view_json(answer.view) if isinstance(answer.view, Table) else found.view or {}
    )


def _item(report: LensesReport | None, of: Subject, key: str, options: Mapping[str, str]) -> Item:
    """What one lens says under the settings of an address.

    Raises:
        InvalidMethod: no such lens or setting, or a value that is not allowed.
    """
    if key not in LENS_BY_KEY:
        raise InvalidMethod(f"lens {key[:40]!r}", "is unknown", f"use one of {', '.join(LENS_BY_KEY)}")
    lens, item = LENS_BY_KEY[key], f"lens {key}"
    known = _settings(lens, of)
    settings = filled(known, read_values(known, {name: one for name, one in options.items() if one}, item), item)
    if of.ask is None:
        one = answered_on_model(of, lens, settings, report)
    else:
        one = answered(of.question, lens, settings, report)
    text = settings_text(key, _changed(known, one.settings))
    outcome = "" if one.found is None else one.found.outcome
    record = {"lens": text, "settings": dict(one.settings), "outcome": outcome, **one.view}
    if one.found is not None and one.found.stands:
        record["stands"] = one.found.stands
    made = partial(_said, lens, one.settings, one.found, one.view, of, report)
    return Item(f"{lens.label} of {of.name}", made, record)


def _said(
    lens: Lens,
    known: Settings,
    stored: ViewFound | None,
    view: Mapping[str, Any],
    of: Subject,
    report: LensesReport | None,
) -> Iterator[Block]:
    numbers = Action("Numbers as JSON", of.links.twin(_url(of, lens, known)))
    actions = [numbers, Action("All lenses", of.links.analysis(of.slug, LENSES.key, of.scope))]
    on_models = lens.on_models if of.ask is None else None
    yield Head(lens.label, on_models.definition if on_models else lens.definition, actions=actions)
    if stored is None:
        yield Notice(
            "Not computed on a page", "An answer under these settings takes long.", "Ask for those that learn."
        )
    else:
        for note in stored.notes:
            yield Notice(note)
        drawn = Markup("") if of.ask is None else picture(lens, stored, of.question)
        says = stored.says or f"Nothing: {_SILENT.get(stored.outcome, 'it was not asked')}."
        if drawn:
            yield Figure(drawn, says)
        yield Prose(f"{'' if drawn else says} What it can know: {_can_know(lens, of)}", glossary=False)
        if of.ask is None:
            yield from heat_maps(stored, of, report)
        else:
            if stored.stands:
                yield Notice("Does it stand in every valid circuit?", stored.stands)
            yield from _numbers(lens, view, of)
    settings = _settings(lens, of)
    if settings:
        yield Section("Settings", "Each is part of the answer and of this page's address")
        values = {one.name: "" if known.get(one.name) is None else written(known[one.name]) for one in settings}
        url = of.links.analysis(of.slug, LENSES.key, Scope(), lens.key)
        yield Form(
            settings_form(settings, of.scope), url, "Answer with these", values | dict(of.scope.query()), changes=False
        )
    yield Prose(f"{(on_models and on_models.source) or lens.source}.", glossary=False)


def picture(lens: Lens, stored: ViewFound, question: Question) -> Markup:
    """The picture of an answer; nothing where it has none."""
    n_inputs = question.model.n_inputs
    rows = [input_words(row, n_inputs) for row in range(1 << n_inputs)]
    scores = (stored.view or {}).get("scores")
    if scores:
        return score_bars(scores, rows, INPUT_NAMES[:n_inputs], title=lens.label)
    planes = lens.planes((stored.view or {}).get("table", ())) if lens.planes else {}
    if any(len(end) == 2 for plane in planes.values() for end in plane.values()):
        return arrow_panels(planes, title=lens.label)
    if stored.bands and stored.bands.rows:
        return heat_map(stored.bands.values, stored.bands.rows, stored.bands.names, title=lens.label)
    if stored.bands:
        bands = stored.bands
        return score_bars(bands.values, rows, bands.names, title=lens.label)
    if stored.bars:
        labels = [one.label for one in stored.bars]
        return share_bars(labels, [one.n for one in stored.bars], [one.of for one in stored.bars], title=lens.label)
    return Markup("")


def _numbers(lens: Lens, view: Mapping[str, Any], of: Subject) -> Iterator[Block]:
    """The numbers of an answer."""
    n_inputs = of.question.model.n_inputs
    if "scores" in view:
        names = INPUT_NAMES[:n_inputs]
        more = [name for name in ("intercepts", "r2", "gap") if view.get(name) is not None]
        rows = [
            [input_words(row, n_inputs), *scores, *(view[name][row] for name in more)]
            for row, scores in enumerate(view["scores"])
        ]
        yield blocks.Table.plain(["Row", *names, *map(str.capitalize, more)], rows)
    elif view.get("table"):
        columns = [Column(name, name.replace("_", " "), told, "text") for name, told in lens.columns.items()]
        shown = view["table"][:_MAX_SHOWN]
        table = [Row({name: _cell(row.get(name)) for name in lens.columns}) for row in shown]
        first = f", the first {_MAX_SHOWN} of them" if len(view["table"]) > len(shown) else ""
        title = f"{len(view['table']):,} rows{first}"
        yield More("The numbers", lambda: [blocks.Table.short("row", columns, table)], title)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(f"{one:.4g}" if isinstance(one, float) else str(one) for one in value)
    return f"{value:.4g}" if isinstance(value, float) else None if value is None else str(value)


def _brief(report: LensesReport) -> str:
    if report.circuits and not report.functions:
        return f"{sum(bool(one.grids) for one in report.lenses)} lenses"
    cells = [cell for one in report.functions for cell in one.layers]
    return f"{sum(cell.margin > 0 for cell in cells)} readable, {sum(bool(cell.carried) for cell in cells)} carried"


SHOWN: Final = Shown(_thumb, _page, _brief, item=_item)
