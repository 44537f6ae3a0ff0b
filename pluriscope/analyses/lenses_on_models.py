"""What lenses say about a transformer, as pages show it: heat maps whose cells lead to Play, and a table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from markupsafe import Markup

from analysis.lenses.lens import Lens
from analysis.lenses.on_models import Grid
from analysis.lenses.report import LensesReport, ViewFound, silent, view_on_model
from analysis.method_settings import Settings
from analysis.models.attention_weights import Transformer
from analysis.models.runs import Site, pairs_of
from app.figures.svg.elements import Step
from app.figures.svg.heat import heat_map
from pluriscope import blocks
from pluriscope.analyses.shown import Subject
from pluriscope.blocks import Block, Figure, More, Notice, Side
from pluriscope.tables import Column, Row

MAX_MILLISECONDS: Final = 2_000.0
"""What an answer may be expected to take to be computed at its own address."""
_MAX_SHOWN: Final = 400
_BESIDE: Final = 2
_HALF, _TEXT, _NUMBER = 500, 78, 46  # width of half a page, and of columns of heat maps
_CELLS: Final = (
    Column("map", "Map", "Which of those above.", "text"),
    Column("row", "Row", "Of the map.", "name", first=True),
    Column("column", "Column", "Of the map.", "name"),
    Column("value", "Value", "In the cell.", "float"),
    Column("circuits", "In valid circuits", "How many of them have this part; every circuit has the stream.", "text"),
)
READING: Final = """
- A heat map says what happens in the whole model. Circuits are valid on their own, so a circuit that does without a
  part does without what the map finds there. Circuits name heads, blocks and edges, not positions.
- Effects are shares of the way from one run to the other: 1 brings the other row's answer. They need not add up.
"""


def shown_first(report: LensesReport) -> ViewFound | None:
    """The answer that stands on top of the page of all."""
    return next((one for one in report.lenses if one.lens == "patching-table" and one.grids), None)


def thumb(report: LensesReport) -> Markup:
    """Its first heat map, small."""
    first = shown_first(report)
    if first is None:
        return Markup("")
    grid = first.grids[0]
    return heat_map(grid.values, grid.rows, grid.columns, title=grid.title, thumb=True)


@dataclass(frozen=True)
class Answered:
    """What a lens says under some settings.

    Args:
        lens: which.
        settings: as they fit the network.
        found: its answer in short; None where it takes long and is not stored.
        view: everything that it answered.
    """

    lens: Lens
    settings: Settings
    found: ViewFound | None
    view: Mapping[str, Any]


def answered_on_model(of: Subject, lens: Lens, settings: Settings, report: LensesReport | None) -> Answered:
    """Ask a lens about a transformer, or read its answer from what is stored where asking takes long."""
    on_models, model, answers = lens.on_models, of.analysed.model, () if report is None else report.lenses
    if on_models is None or not isinstance(model, Transformer):
        return Answered(lens, settings, silent(lens, "It is of perceptrons alone."), {})
    stored = next((one for one in answers if one.lens == lens.key and one.settings == settings), None)
    slow = isinstance(on_models.look, str) or on_models.milliseconds(model, settings) > MAX_MILLISECONDS
    if stored is None and (not slow or on_models.refuses(model, settings)):
        kept, n = ({}, 0) if report is None else (report.kept, report.circuits)
        stored = view_on_model(lens, on_models, model, settings, kept, n)
    view = {} if stored is None else {"grids": [asdict(grid) for grid in stored.grids], **(stored.view or {})}
    return Answered(lens, settings, stored, view)


def heat_maps(view: ViewFound | None, of: Subject, report: LensesReport | None, most: int = 0) -> Iterator[Block]:
    """Heat maps, each cell a link to Play; with ``most`` the first so many of them, else all and their cells."""
    if view is None or not view.grids:
        return
    if view.stands and not most:
        yield Notice("Does it stand in every valid circuit?", view.stands)
    pair = pairs_of(of.analysed.model, 1)
    ends = [*pair.corrupt.tolist(), *pair.clean.tolist()]
    names = ("source", "row") if view.settings.get("direction") == "noising" else ("row", "source")
    rows = dict(zip(names, ends, strict=False))

    def play(site: str) -> str:
        return of.links.play(of.slug, (), of.scope, change=[site], **rows)

    drawn = []
    for number, grid in enumerate(view.grids[:most] if most else view.grids):

        def step(site: str, name: str) -> Step | None:
            return Step(play(site), f"Patch {site} in Play", name) if site else None

        links = [
            [step(site, f"map{number}-{at}-{place}") for place, site in enumerate(row)]
            for at, row in enumerate(grid.sites)
        ]
        picture = heat_map(
            grid.values, grid.rows, grid.columns, title=grid.title, texts=grid.texts, links=links, most=grid.most
        )
        drawn.append(Figure(picture, grid.title))
    widest = max(len(grid.columns) * (_TEXT if grid.texts else _NUMBER) for grid in view.grids)
    many = _BESIDE if widest <= _HALF else 1
    while drawn:
        some, drawn = drawn[:many], drawn[many:]
        yield Side(some) if len(some) > 1 else some[0]
    if not most:
        yield More("The numbers", lambda: [_cells(view.grids, play, report)], "The largest first")


def _cells(grids: Sequence[Grid], play: Callable[[str], str], report: LensesReport | None) -> blocks.Table:
    """The cells of heat maps, the largest numbers first."""
    every = [(grid.title, *cell) for grid in grids for cell in grid.cells()]
    rows = []
    for title, row, column, value, site in sorted(every, key=lambda cell: -abs(cell[3]))[:_MAX_SHOWN]:
        kept = None if report is None or not site else report.kept.get(Site(site.partition("~")[0]).part)
        circuits = None if kept is None or report is None else f"{kept:,} of {report.circuits:,}"
        values = {"map": title, "row": row, "column": column, "value": value, "circuits": circuits}
        rows.append(Row(values, url=play(site) if site else ""))
    return blocks.Table.short("cell", _CELLS, rows)
