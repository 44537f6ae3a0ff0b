"""The figures of a page as drawings that can be taken away, each by its name.

They are drawn by the very functions that draw the page, from the same model, so that a file shows what the page shows.
Figures that plotly draws are not here: those are drawn, and saved, in the browser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from app.addressing import Addresses
from app.errors import NotFound
from app.figures.numbers import exact
from app.figures.svg import (
    heat_matrix,
    loss_figure,
    number_line,
    outputs_figure,
)
from app.figures.svg.funnel import FunnelLine, funnel_figure
from app.pages.compare.views import ComparePage
from app.pages.funnel import FunnelPage
from app.pages.funnel.model import KindFunnel
from app.pages.network.page import NetworkPage
from app.pages.overview import Overview
from app.pages.page import DRAWING, Document
from app.pages.place import Place
from app.pages.sandbox.views import SandboxPage
from app.pages.sharing.drawings import drawing_of, thumbs_of
from app.pages.sharing.targets import SharedPage
from app.pages.studies.views import StudyPage

Draw = Callable[[], Markup]


def _figures_of(page: Any) -> Mapping[str, Draw]:
    """What can be drawn of a page: name → a function that draws it."""
    if isinstance(page, Overview):
        return {DRAWING: partial(drawing_of, page), **(_of_network(page.data) if isinstance(page.place, Place) else {})}
    if isinstance(page, FunnelPage):
        return {f"{one.kind}s": partial(_funnel, one) for one in page.funnels if one.rows}
    if isinstance(page, (SandboxPage, StudyPage)):
        return {DRAWING: partial(drawing_of, page)}
    return _of_comparison(page)


def draw_figure(page: SharedPage | FunnelPage, name: str, addresses: Addresses) -> Markup:
    """One figure of a page.

    Raises:
        NotFound: the page has no figure of that name.
    """
    if isinstance(page, Document):
        drawn = page.figure(name)
        figures: Mapping[str, Draw] = {name: partial(Markup, str(drawn.drawing))} if drawn else {}
    else:
        figures = _figures_of(page)
    if name not in figures:
        known = f"; it has {', '.join(figures)}" if figures else ""
        raise NotFound(
            f"figure {name[:40]!r}", f"does not belong to this page{known}", "choose one of the page", "name",
            getattr(page, "url", "") or addresses.gallery(), "the page",
        )  # fmt: skip
    return figures[name]()


def _of_network(page: NetworkPage) -> dict[str, Draw]:
    figures: dict[str, Draw] = {}
    if page.edge_use:
        figures["edges"] = lambda: page.edges_drawn
    if page.learning is not None:
        figures["loss"] = partial(loss_figure, page.learning.curves, page.learning.loss_target)
        curves = page.learning.output_curves(page.scope.output)
        if curves:
            figures["outputs-learned"] = partial(outputs_figure, curves)
    return figures


def _of_comparison(page: ComparePage) -> dict[str, Draw]:
    figures: dict[str, Draw] = {}
    for number, (letter, _, _) in enumerate(thumbs_of(page)):
        figures[f"explanation-{letter}"] = lambda number=number: thumbs_of(page)[number][2]  # type: ignore[misc]
    for line in page.lines:
        for number, group in enumerate(line.groups, start=1):
            figures[f"neuron-{line.site}-{number}"] = partial(
                number_line,
                group[0].values,
                page.inputs,
                line.thresholds(group),
                hues=page.hues,
                title=f"Neuron {line.site}",
            )
    if page.pairs:
        figures["agreement"] = partial(_agreement, page)
    return figures


def _agreement(page: ComparePage) -> Markup:
    """Same predictions, of the interventions on which both predict; the last column is the network itself."""
    letters = [item.letter for item in page.explanations]
    n = len(letters)
    cells = [["" for _ in range(n + 1)] for _ in letters]
    shades, never = np.zeros((n, n + 1)), np.zeros((n, n + 1), dtype=bool)
    for r, one in enumerate(page.explanations):
        never[r, r] = True
        for c, other in enumerate(page.explanations):
            if r != c:
                pair = page.pair(one.letter, other.letter)
                _fill(cells, shades, never, r, c, pair.same, pair.both)
        _fill(cells, shades, never, r, n, one.standing.right, one.standing.predicted)
    of = 0 if page.space is None else page.space.interventions
    said = "; ".join(f"{pair.first} and {pair.second} {pair.same} of {pair.both}" for pair in page.pairs)
    sentence = f"Same prediction, of those of {exact(of)} interventions on which both predict: {said}"
    return heat_matrix(cells, shades, letters, [*letters, "network"], sentence=sentence, untested=never)


def _fill(
    cells: list[list[str]], shades: NDArray[Any], never: NDArray[Any], row: int, column: int, same: int, both: int
) -> None:
    if both:
        cells[row][column] = f"{exact(same)} of {exact(both)}"
        shades[row, column] = same / both
    else:
        cells[row][column] = "no prediction" if column == len(cells) else "never both"
        never[row, column] = True


def _funnel(funnel: KindFunnel) -> Markup:
    lines = [FunnelLine(funnel.begin_words, exact(funnel.begin), (funnel.begin, 0, 0, 0))]
    for row in funnel.rows:
        label = f"{row.label} ({row.settings})" if row.settings else row.label
        found = row.outcomes
        if found is None:
            lines.append(FunnelLine(label, "", None))
            continue
        sign = "" if row.whole else "≤ "
        least = "" if row.left_least == row.left else f"{exact(row.left_least)} to "
        counts = (found.passed, found.failed, found.undecided, found.not_applicable)
        lines.append(FunnelLine(label, f"{sign}{least}{exact(row.left)}", counts))
    title = f"{funnel.noun.capitalize()}s left after each criterion"
    return funnel_figure(lines, of=funnel.begin, title=title)
