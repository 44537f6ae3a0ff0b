"""Blocks of pages, each a value with one template (:mod:`pluriscope.page_kit.templating`).

A page is a function that yields blocks. Texts are escaped unless they are markup.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from itertools import chain, islice
from types import NoneType, UnionType
from typing import Any, Final, Literal, Protocol, Union, get_args, get_origin
from urllib.parse import urlencode

from markupsafe import Markup, escape
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from pluriscope.addresses.address import anchor_of
from pluriscope.documents.markdown import markdown
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.charts import draw
from pluriscope.page_kit import templating
from pluriscope.tables import table as tables
from pluriscope.tables.csv_files import csv_lines
from pluriscope.tables.frames import AtHand

Text = str | Markup
VerdictState = Literal["pass", "fail", "na", "untested", "running"]
_VERDICT_WORDS: Final[Mapping[str, str]] = {
    "pass": "passes",
    "fail": "fails",
    "na": "not applicable",
    "untested": "not tested",
    "running": "running",
}
_AT_ONCE: Final = 1000
_ROWS_BELOW: Final = 60
"""Rows of a chart's table that stand on the page."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A part of a page.

    Args:
        id: names it on its page, where it is asked for alone or linked to.
    """

    id: str = ""

    @property
    def live(self) -> bool:
        """Whether it changes by itself."""
        return False

    @property
    def inner(self) -> Iterable[Block]:
        """The blocks in it that are there without asking."""
        return ()

    @property
    def asks(self) -> Sequence[Action]:
        """What the page sends by itself for this block, whose answer it then follows."""
        return [one for one in getattr(self, "actions", ()) if isinstance(one, Action) and one.at_once]

    def html(self, part: str = "") -> Markup:
        """The block as HTML.

        Args:
            part: id of the block that the page is asked for; what is folded and has it stands open.
        """
        return templating.render(f"blocks/{type(self).__name__.lower()}.html", block=self, part=part)


def find(blocks: Iterable[Block], part: str) -> Block | None:
    """The block with an id; what a folded one holds is looked at if the id begins with its own and a dot."""
    for block in blocks:
        if block.id == part:
            return block
        inner = block.blocks() if isinstance(block, More) and block.opens(part) else block.inner
        found = find(inner, part)
        if found is not None:
            return found
    return None


@dataclass(frozen=True)
class Action:
    """Something to do: a link, or a button that changes something.

    Args:
        words: an imperative.
        url: where it leads, or what is asked to do it.
        primary: whether it is the one that most people want.
        changes: whether it changes something, so that it is sent as a form.
        fields: sent with it, each value by itself.
        at_once: whether the page sends it by itself once it is shown to somebody who may.
    """

    words: Text
    url: str
    primary: bool = False
    changes: bool = False
    fields: Mapping[str, str | Sequence[str]] | None = None
    at_once: bool = False

    def html(self) -> Markup:
        """A button."""
        return templating.render("blocks/action.html", action=self)

    def hidden_fields(self) -> Markup:
        """What is sent with it, as fields of a form."""
        field = Markup('<input type="hidden" name="{}" value="{}">')
        given = ((name, [one] if isinstance(one, str) else one) for name, one in (self.fields or {}).items())
        return Markup("").join(field.format(name, value) for name, values in given for value in values)


@dataclass(frozen=True)
class Menu:
    """Several actions behind one button.

    Args:
        words: on the button.
        actions: in order.
        link: address that can be copied from it; "" for none.
    """

    words: str
    actions: Sequence[Action]
    link: str = ""

    def html(self) -> Markup:
        """A button that opens a list."""
        return templating.render("blocks/menu.html", menu=self)


@dataclass(frozen=True)
class Verdict:
    """Result of a test.

    Args:
        words: the test.
        state: its outcome; a sign says it, and words for those who do not see it.
        url: of more about it.
    """

    words: Text
    state: VerdictState
    url: str = ""

    @property
    def said(self) -> str:
        """The outcome in words."""
        return _VERDICT_WORDS[self.state]


@dataclass(frozen=True)
class Head(Block):
    """The beginning of a page.

    Args:
        title: its only heading of the first level.
        sentence: what it is.
        actions: what can be done, the primary one first; a choice may stand among them.
    """

    title: Text
    sentence: Text = ""
    verdicts: Sequence[Verdict] = ()
    actions: Sequence[Action | Menu | Choice] = ()

    def __post_init__(self) -> None:
        if sum(isinstance(one, Action) and one.primary for one in self.actions) > 1:
            raise ValueError(f"the head {self.title!r} has two primary actions: a page has one")


@dataclass(frozen=True)
class Fact:
    """A labelled figure.

    Args:
        label: what is counted or measured.
        value: for people.
        protocol: its total and its rules.
        note: what stands beside it.
        url: of what it counts.
    """

    label: Text
    value: Text
    protocol: Text = ""
    note: Text = ""
    url: str = ""


@dataclass(frozen=True)
class Facts(Block):
    """A row of figures.

    Args:
        facts: two to four of them read best.
    """

    facts: Sequence[Fact]


@dataclass(frozen=True)
class Figure(Block):
    """A drawing with words that say the same.

    Args:
        drawing: as :mod:`pluriscope.figures.svg` draws it.
        caption: what it shows.
        files: form, such as "SVG", with the address of a file.
    """

    drawing: Markup
    caption: Text
    files: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class ChartFigure(Block):
    """A chart: its drawing, which a browser that has plotly replaces, with its table below.

    Args:
        chart: what it shows.
        caption: what it shows, in words.
        id: by which its figure and its CSV are asked for.
    """

    chart: Chart
    caption: Text
    id: str = "chart"

    def html(self, part: str = "") -> Markup:
        """The figure with its table; a sentence where there is nothing to draw."""
        columns, whole = self.chart.columns(), zip(self.chart.rows(), self.chart.urls(), strict=True)
        rows = [
            ([(_written(cell), isinstance(cell, int | float)) for cell in row], url)
            for row, url in islice(whole, _ROWS_BELOW + 1)
        ]
        return templating.render(
            "blocks/chart.html",
            block=self,
            drawing=draw(self.chart.drawn),
            columns=columns,
            rows=rows[:_ROWS_BELOW],
            more=len(rows) > _ROWS_BELOW,
            called=self.chart.headed + (self.chart.across and "item" not in columns),
        )


def _written(cell: Any) -> str:
    """A number of a chart's table as it is read."""
    if isinstance(cell, float):
        return Axis().words(cell)
    return "" if cell is None else exact(cell) if isinstance(cell, int) else str(cell)


@dataclass(frozen=True)
class Tray:
    """Tray in which a reader collects explanations to compare.

    Args:
        network: what they are explanations of, as the browser keeps them.
        compare_url: of the comparison, to which each is added as ``e``.
    """

    network: str
    compare_url: str


@dataclass(frozen=True)
class Table(Block):
    """A list of any length.

    Args:
        listing: what is listed.
        query: which of it.
        url: of the page without the options of the list; "" of a short list that cannot be sorted.
        noun: what one row is.
        usual: what the address need not say; None for what lists commonly have.
        view: rows, or cards with a drawing each.
        says: one line below the row's name.
        tray: where rows can be put to be compared.
        facets: whether it can be filtered.
        files: form in capitals, such as "CSV", with the address of the whole list; other words lead elsewhere.
        kept: further options of the page, which links and forms of the list keep.
        search: the words that it is searched by, which are sent as ``q``; None where it cannot be.
        renews: whether rows change by themselves, so that they are asked for anew.
        columns: what rows show, where it is not the columns of the list.
        above: what stands above it and is renewed with it; None for nothing.
        body: makes what stands in place of its rows, and what that is in few words; None for its rows. Its filters then
            stand above it.
        beside: what its number is of more than is listed; empty for nothing.
        parts: draws the filter of what may be kept or left out; None, or a filter that it does not draw, is a list.
    """

    listing: tables.Listing
    query: tables.Query
    url: str
    noun: str = "row"
    usual: tables.Query | None = None
    view: Literal["rows", "cards"] = "rows"
    thumb: Callable[[tables.Row], Markup | None] | None = None
    says: Callable[[tables.Row], Text] | None = None
    tray: Tray | None = None
    facets: bool = True
    files: Mapping[str, str] | None = None
    kept: Mapping[str, str | Sequence[str]] | None = None
    search: str | None = None
    renews: bool = False
    columns: Sequence[tables.Column] = ()
    above: Block | None = None
    body: Callable[[tables.Selection], tuple[Text, Sequence[Block]]] | None = None
    beside: Text = ""
    parts: Callable[[Table, tables.Facet], Markup | None] | None = None

    @property
    def live(self) -> bool:
        return self.renews

    @classmethod
    def plain(cls, labels: Sequence[str], rows: Iterable[Sequence[Any]], says: Sequence[Text] = ()) -> Table:
        """A short list without options.

        Args:
            labels: of the columns; the first says which row it is.
            rows: the cells of each: texts, markup or numbers; None or no text for nothing.
            says: a line below the name of each row.
        """
        names = [anchor_of(label).replace("-", "_") for label in labels]
        listed = [
            tables.Row(
                {name: None if cell == "" else cell for name, cell in zip(names, row, strict=True)}, ref=str(number)
            )
            for number, row in enumerate(rows)
        ]
        columns = tuple(
            _plain_column(name, label, position == 0, [row[name] for row in listed])
            for position, (name, label) in enumerate(zip(names, labels, strict=True))
        )
        below = (lambda row: says[int(row.ref)]) if says else None
        return cls(AtHand(columns, listed), tables.Query(limit=len(listed)), "", facets=False, says=below)

    @classmethod
    def short(cls, noun: str, columns: Iterable[tables.Column], rows: Sequence[tables.Row], **more: Any) -> Table:
        """All of a short list in its own order; ``more`` are further fields of a table."""
        listing = AtHand(tuple(columns), rows)
        return cls(listing, tables.Query(limit=max(1, len(rows))), "", noun, facets=False, **more)

    def html(self, part: str = "") -> Markup:
        """Render the rows that the query selects, with their filters and pages."""
        selection, (status, instead) = self.found, self.instead
        if not selection.rows and (there := self.query.within(selection.lines)) != self.query:
            return replace(self, query=there).html(part)
        known = [one for one in self.columns or self.listing.columns if one.shown and self._says(one, selection)]
        shared = {one.name: state for one in known if one.name != self.query.sort and (state := selection.state(one))}
        shown = [one for one in known if one.name not in shared]
        thumbs = [self.thumb(row) for row in selection.rows] if self.thumb and not instead else ()
        return templating.render(
            "blocks/table.html",
            block=self,
            part=part,
            found=selection,
            columns=() if instead else shown,
            status=status,
            instead=instead,
            shared=shared,
            thumbs=thumbs if any(thumbs) else (),
            ticks=self.tray is not None and any(row.ref and row.picks for row in selection.rows),
        )

    def cell(self, column: tables.Column, row: tables.Row) -> Markup:
        """A cell that does not name the row: quicker here than in the template."""
        css = " ".join(["num"] * column.number + ["by"] * (column.key == self.query.sort))
        start = f'<td class="{css}"' if css else "<td"
        if column.has(row):
            return Markup(f'{start} data-l="{escape(column.label)}">{escape(column.cell(row))}</td>')  # noqa: S704
        return Markup(f"{start} data-void>{escape(column.void(row) if column.void else '–')}</td>")  # noqa: S704

    @cached_property
    def instead(self) -> tuple[Text, Sequence[Block]]:
        """Short text and blocks that replace the rows; empty where the rows are shown."""
        return ("", ()) if self.body is None or not self.found.rows else self.body(self.found)

    @cached_property
    def found(self) -> tables.Selection:
        """Rows that the query selects, with their facets."""
        return self.listing.select(self.query, self.facets)

    @property
    def inner(self) -> Iterator[Block]:
        """The charts of its ranges, and what stands in place of its rows."""
        yield from (self.chart_of(facet) for facet in self.found.facets if facet.column.facet in ("range", "least"))
        yield from self.instead[1]

    def chart_of(self, facet: tables.Facet) -> ChartFigure:
        """A range as bars, of which some can be taken."""
        column, shown = facet.column, [choice for choice in facet.choices if choice.count]
        ends = [choice.query.wanted[column.name] for choice in shown]
        centres = [(float(low) + float(high or low)) / 2 for low, high in ends]
        urls = [self.link(choice.query) for choice in shown]
        names = [choice.label for choice in shown]
        bars = Series("", centres, [float(choice.count) for choice in shown], names=names, urls=urls, look="grey")
        chosen = self.query.wanted.get(column.name, ())
        low, high = (float(end) if end else None for end in (*chosen, "", "")[:2])
        within = [(low is None or x >= low) and (high is None or x <= high) for x in centres]
        taken = replace(bars, y=[y if one else None for y, one in zip(bars.y, within, strict=True)], look="ink")
        chart = Chart("bars", column.label, Axis(), Axis(), [bars, taken] if chosen else [bars], selects=column.options)
        return ChartFigure(chart=chart, caption="", id=f"{self.id}-{column.name}")

    def _says(self, column: tables.Column, found: tables.Selection) -> bool:
        """Whether a column says something of the rows: their order, or a value; below headings of two of them, if it
        says nothing where there is none.
        """
        below = {sum(group.start <= n for group in found.groups) for n, row in enumerate(found.rows) if column.has(row)}
        least = len(found.groups) > 1 and column.void is None
        return column.first or column.key == self.query.sort or len(below) > least

    def link(self, query: tables.Query) -> str:
        """The address of the list with another query."""
        searched = {"q": self.search} if self.search else {}
        options = {**searched, **query.options(self.listing.columns, self.usual), **(self.kept or {})}
        return self.url + (f"?{urlencode(options, doseq=True)}" if options else "")

    def sorted_by(self, column: tables.Column) -> str:
        """The address of the list in the order of a column; in the other direction if it is in that order already."""
        again = self.query.sort == column.key
        descending = not self.query.descending if again else column.largest_first
        return self.link(replace(self.query, sort=column.key, descending=descending, start=0))

    def page_at(self, start: int) -> str:
        """The address of the list from a row on."""
        return self.link(replace(self.query, start=max(start, 0)))

    def in_force(self) -> Iterator[tuple[str, str]]:
        """Active filters, each in words with the address of the list without it; filters that hold by default are left
        out.
        """
        if self.search:
            yield f"“{self.search}”", replace(self, search="").page_at(0)
        for column in self.listing.columns:
            wanted = self.query.wanted.get(column.name, ())
            if wanted and wanted != column.default:
                yield tables.words_of(column, wanted), self.link(self.query.but(column.name))

    def rows(self) -> Iterator[tables.Row]:
        """Every row of every page."""
        start = 0
        while True:
            rows = self.listing.select(replace(self.query, start=start, limit=_AT_ONCE), False).rows
            yield from rows
            start += len(rows)
            if len(rows) < _AT_ONCE:
                return

    def csv(self, about: Iterable[str] = ()) -> Iterator[str]:
        """Every row as a line of comma-separated values, after a line of names, some lines at a time.

        Args:
            about: what the table is, line by line.
        """
        columns = self.listing.columns
        cells = ([column.exact(row) for column in columns] for row in self.rows())
        return csv_lines(about, [column.name for column in columns], cells)


def _plain_column(name: str, label: str, first: bool, values: Sequence[Any]) -> tables.Column:
    """Column for cells that are shown as they are; numeric if all cells with a value are numbers."""
    there = [value for value in values if value is not None]
    numbers = bool(there) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in there)
    column = tables.Column(name, label, "", "float" if numbers else "text", first=first)
    return replace(column, show=lambda row: row[name] if isinstance(row[name], Markup) else column.text(row))


@dataclass(frozen=True)
class Prose(Block):
    """Text to read.

    Args:
        text: Markdown; the first use of each term is linked.
        glossary: whether it is.
    """

    text: str
    glossary: bool = True

    @property
    def marked_up(self) -> Markup:
        """The text as HTML."""
        return markdown(self.text, templating.addresses().prefix, glossary=self.glossary)


@dataclass(frozen=True)
class Choice(Block):
    """A switch between addresses.

    Args:
        label: what is chosen.
        options: each of two or more, with its address.
        chosen: the present one.
        note: behind it.
    """

    label: str
    options: Mapping[str, str]
    chosen: str
    note: Text = ""


@dataclass(frozen=True)
class Field:
    """A field of a form, as its template needs it.

    Args:
        name: as it is sent.
        label: for people, with its limits.
        help: what it is for; what is wrong with it, if something is.
        error: whether something is.
        kind: of the control.
        value: what stands in it, or is chosen.
        choices: value and words of each, of a "select" or of "ticks"; of a "text", what is suggested.
        groups: of "ticks": the values that are folded, under what they have in common.
        limits: attributes of the control.
    """

    name: str
    label: str
    help: Text
    error: bool
    kind: str
    value: Any
    choices: tuple[tuple[str, str], ...]
    groups: Mapping[str, Sequence[str]]
    limits: Mapping[str, Any]


@dataclass(frozen=True)
class Form(Block):
    """Fields to fill in.

    A field's title, description, type and limits are those of the model; a list without choices is typed, with commas
    between. ``json_schema_extra`` may say ``control``: "textarea", "file" or "hidden"; ``words`` of each choice;
    ``groups`` of choices that are folded; ``examples`` that are suggested; ``autocomplete``; and ``data-most``, bytes
    beyond which a browser sends no file.

    Args:
        model: the fields.
        url: where it is sent.
        submit: words of its button.
        values: what stands in it; a field's default otherwise.
        errors: field with what is wrong with it (:func:`errors_of`).
        changes: whether it changes something; else it asks for a page.
        always: whether it is there for those who may change nothing, as the login is.
        primary: whether its button is the one that most people want.
        cancel: the way back.
        folded: fields that few need.
        preview: id of the block that says what would come of it: asked for anew, with GET, when something is filled in.
        again: address of the page that says what would come of it: asked for anew, with POST, in the same way.
    """

    model: type[BaseModel]
    url: str
    submit: str
    values: Mapping[str, Any] | None = None
    errors: Mapping[str, str] | None = None
    changes: bool = True
    always: bool = False
    primary: bool = True
    cancel: str = ""
    folded: Collection[str] = ()
    preview: str = ""
    again: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields in the order of the model."""
        return tuple(
            _field(name, info, self.values or {}, self.errors or {}) for name, info in self.model.model_fields.items()
        )

    @property
    def open(self) -> bool:
        """Whether something that few need is filled in, or wrong."""
        usual = {name: _field(name, info, {}, {}).value for name, info in self.model.model_fields.items()}
        return any(
            one.error or str(one.value) != str(usual[one.name]) for one in self.fields if one.name in self.folded
        )

    @property
    def has_files(self) -> bool:
        """Whether a file is among what is sent."""
        return any(field.kind == "file" for field in self.fields)


def errors_of(error: ValidationError) -> dict[str, str]:
    """Errors of a form: one sentence for each wrong field."""
    answer = {str(one["loc"][0]): one["msg"].removeprefix("Value error, ") for one in error.errors() if one["loc"]}
    return {name: f"{words[:1].upper()}{words[1:]}." for name, words in answer.items()}


def _field(name: str, info: FieldInfo, values: Mapping[str, Any], errors: Mapping[str, str]) -> Field:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    limits = {key: value for one in info.metadata if (found := _limit(one)) for key, value in found.items()}
    limits |= {key: extra[key] for key in ("autocomplete", "placeholder", "data-most") if key in extra}
    kind, choices = _control(info.annotation)
    value = values.get(name, "" if info.is_required() else info.get_default(call_default_factory=True))
    if kind == "text" and isinstance(value, list | tuple):
        value, limits = ", ".join(map(str, value)), {}
    words = extra.get("words")
    choices = choices or extra.get("examples", ())  # type: ignore[assignment]
    named = tuple((one, str(words.get(one, one)) if isinstance(words, dict) else one) for one in choices)
    label = info.title or name.replace("_", " ").capitalize()
    if extra.get("control") == "range":
        pass  # the slider shows them
    elif "min" in limits and "max" in limits:
        label += f", {limits['min']:,} to {limits['max']:,}"
    else:
        bounds = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
        stated = ((words, getattr(one, name, None)) for one in info.metadata for name, words in bounds.items())
        label += "".join(f", {words} {bound:,}" for words, bound in stated if bound is not None)
    if info.is_required() and kind not in ("checkbox", "ticks"):
        limits["required"] = True
    return Field(
        name=name,
        label=label,
        help=errors.get(name, info.description or ""),
        error=name in errors,
        kind=str(extra.get("control", kind)),
        value=value.value if isinstance(value, Enum) else "" if value is None else value,
        choices=named,
        groups=extra.get("groups", {}),  # type: ignore[arg-type]
        limits=limits
        if kind != "number"
        else {"step": "any", **limits}
        if _plain(info.annotation) is float
        else limits,
    )


def _limit(one: Any) -> dict[str, Any] | None:
    """Limit of pydantic's as attributes of HTML; None if HTML has none for it."""
    names = {"ge": "min", "le": "max", "min_length": "minlength", "max_length": "maxlength", "pattern": "pattern"}
    return {html: getattr(one, name) for name, html in names.items() if getattr(one, name, None) is not None}


def _plain(annotation: Any) -> Any:
    """A type without None."""
    if get_origin(annotation) in (Union, UnionType):
        rest = [one for one in get_args(annotation) if one is not NoneType]
        return _plain(rest[0]) if len(rest) == 1 else str
    return annotation


def _control(annotation: Any) -> tuple[str, tuple[str, ...]]:
    """The control for a type, and what can be chosen with it."""
    plain = _plain(annotation)
    nothing = ("",) if plain is not annotation and NoneType in get_args(annotation) else ()
    if get_origin(plain) in (list, tuple, set, frozenset):
        choices = _control(get_args(plain)[0])[1]
        return "ticks" if choices else "text", choices
    if get_origin(plain) is Literal:
        return "select", (*nothing, *map(str, get_args(plain)))
    if isinstance(plain, type) and issubclass(plain, Enum):
        return "select", (*nothing, *(str(one.value) for one in plain))
    return {bool: "checkbox", int: "number", float: "number", SecretStr: "password"}.get(plain, "text"), ()


@dataclass(frozen=True)
class Progress(Block):
    """A job, renewed by itself until it ends.

    Args:
        words: what was done, and what was found.
        done: steps done.
        total: of so many; 0 if nobody knows, and then there is no bar.
        note: how long it took so far.
        ended: whether it renews itself no more.
        actions: what can be done about it.
        inner: what is renewed with it.
    """

    words: Text
    done: int = 0
    total: int = 0
    note: Text = ""
    ended: bool = False
    actions: Sequence[Action] = ()
    inner: Sequence[Block] = ()

    def __post_init__(self) -> None:
        if not self.ended and not self.id:
            raise ValueError("a progress that renews itself needs an id, by which it is asked for")

    @property
    def live(self) -> bool:
        return not self.ended

    @property
    def percent(self) -> float:
        """Share that is done, in percent."""
        return round(100 * self.done / self.total, 1)


@dataclass(frozen=True)
class Section(Block):
    """A heading of the second level.

    Args:
        title: its words.
        sentence: beside it.
        action: at its right.
    """

    title: Text
    sentence: Text = ""
    action: Action | Choice | Menu | None = None

    @property
    def anchor(self) -> str:
        """Fragment of the section's address."""
        return self.id or anchor_of(escape(self.title).striptags())


@dataclass(frozen=True)
class Side(Block):
    """Things beside each other in equal cells.

    Args:
        inner: two to six.
    """

    inner: Sequence[Block] = ()

    def __post_init__(self) -> None:
        if not 2 <= len(self.inner) <= 6:
            raise ValueError(f"{noun(len(self.inner), 'thing')} cannot stand beside each other: two to six can")


def side_by_side(blocks: Sequence[Block], most: int) -> Iterator[Block]:
    """Some blocks beside each other, so many in a line."""
    for start in range(0, len(blocks), most):
        some = blocks[start : start + most]
        yield Side(some) if len(some) > 1 else some[0]


@dataclass(frozen=True)
class Columns(Block):
    """Some blocks beside others.

    Args:
        columns: what stands in each of one or two.
    """

    columns: Sequence[Sequence[Block]]

    @property
    def inner(self) -> Iterator[Block]:
        return chain.from_iterable(self.columns)


class Refusal(Protocol):
    """Any error with item, cause and cure."""

    @property
    def item(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def cure(self) -> str: ...


@dataclass(frozen=True)
class Notice(Block):
    """Notice that something is missing, why, and how to get it. The three states look different.

    Args:
        item: what it is about, as a sentence of a few words.
        cause: why.
        cure: what helps.
        state: nothing found, not yet found, or refused.
        actions: the cure to press.
        answers: whether it answers what was sent just now, and is read first.
    """

    item: Text
    cause: Text = ""
    cure: Text = ""
    state: Literal["empty", "computing", "refused"] = "empty"
    actions: Sequence[Action] = ()
    answers: bool = False

    @classmethod
    def refused(cls, error: Refusal, *actions: Action) -> Notice:
        """Notice of an error."""
        return cls(f"{error.item} {error.cause}", "", sentence(error.cure), "refused", actions)


def sentence(words: str) -> str:
    """Words with a capital and a full stop; none of none."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}." if words else ""


@dataclass(frozen=True)
class More(Block):
    """A fold whose content is computed when a reader opens it.

    The ids of blocks in it that are asked for alone begin with its own and a dot.

    Args:
        title: what is in it.
        blocks: makes it; called only when it is open.
        sentence: what can be said of it while it is closed.
        sent: whether it is made with the page, closed; a search in the page, and an address with its id, open it.
    """

    title: str
    blocks: Callable[[], Iterable[Block]]
    sentence: Text = ""
    sent: bool = False

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", anchor_of(self.title))

    def opens(self, part: str) -> bool:
        """Whether the fold is open on a page requested with this part."""
        return part in (self.id, templating.EVERY_PART) or part.startswith(f"{self.id}.")

    def html(self, part: str = "") -> Markup:
        """Render the fold: closed, unless the request opens it."""
        inner = [block.html(part) for block in self.blocks()] if self.sent or self.opens(part) else []
        return templating.render("blocks/more.html", block=self, open=self.opens(part), inner=inner)
