"""Lenses on transformers: heat maps of layers, heads and positions, and whether valid circuits agree.

A heat map says what happens in the whole model. A circuit is valid on its own, so one that does without a head shows
that the task can be done without what the map finds there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis import fixed_order
from pluriscope.analysis.lenses.lens import APPLIES, Fit, Grid, Lens, not_applicable
from pluriscope.analysis.lenses.parts import LARGE
from pluriscope.analysis.method_settings import Setting, Settings
from pluriscope.analysis.subjects.transformer.runs import METRICS, MILLISECONDS, Pairs, Site, pairs_of, run
from pluriscope.analysis.subjects.transformer.weights import Transformer

PAIRS: Final = Setting("pairs", 32, "of rows, evenly spread, each with one answered otherwise", low=1, high=4_096)
METRIC: Final = Setting("metric", METRICS[0], "that is compared", choices=METRICS)


@dataclass(frozen=True, kw_only=True)
class SiteLens(Lens):
    """A lens on transformers, which looks at sites of their runs and answers with heat maps.

    Args:
        multiplications: about how many an answer takes.
        refuses: why it cannot answer about a transformer under settings; "" where it can.
        effects: whether cells are shares of the way from one run to the other, so that large ones can be counted.
    """

    needs: tuple[str, ...] = ("stream",)
    says: Callable[[Any, Any], str] = lambda _, seen: seen.says
    multiplications: Callable[[Transformer, Settings], float] = lambda model, _: run_cost(model)
    refuses: Callable[[Transformer, Settings], str] = lambda _model, _settings: ""
    effects: bool = False

    @property
    def large(self) -> str:
        return f"an effect of {LARGE:g}" if self.effects else ""

    @property
    def function(self) -> Callable[..., Any]:
        look = super().function
        return lambda question, settings, work: look(question.subject, settings, work)

    def fit(self, question: Any, settings: Settings) -> Fit:
        reason = self.refuses(question.subject, settings)
        return not_applicable(reason) if reason else APPLIES

    def duration(self, question: Any, settings: Settings) -> float:
        return MILLISECONDS * self.multiplications(question.subject, settings)

    def sizes(self, view: Any) -> dict[str, float]:
        largest: dict[str, float] = {}
        for _, _, value, site in (cell for grid in view.grids for cell in grid.cells()):
            part = Site(site.partition("~")[0]).part
            largest[part] = max(largest.get(part, 0.0), abs(value))
        return largest


def run_cost(model: Transformer, n_rows: int | None = None) -> float:
    """Multiplications of a run of the whole model on so many rows, or all."""
    layers = len(model.layers) * (model.n_heads * model.per_row + model.per_mlp)
    return float((len(model.tokens) if n_rows is None else n_rows) * (layers + model.unembedding.size))


def alike(model: Transformer, _settings: Settings) -> str:
    """Why pairs of rows cannot be compared; "" where they can."""
    if len(set(model.answers.tolist())) > 1:
        return ""
    return f"All {len(model.tokens):,} rows have one answer, and rows with two different ones are compared."


def paired(model: Transformer, settings: Settings) -> tuple[Pairs, tuple[str, ...]]:
    """The pairs that settings ask for, and a note where these are not all."""
    pairs = pairs_of(model, int(settings["pairs"]))
    n = len(pairs.clean)
    return pairs, (f"On {n:,} of {pairs.of:,} rows, evenly spread.",) if n < pairs.of else ()


def positions(model: Transformer) -> tuple[str, ...]:
    """Positions as columns."""
    return tuple(map(str, range(1, model.tokens.shape[1] + 1)))


def grid_of(model: Transformer, title: str, names: Sequence[str], value: Callable[[Site], float], most: float) -> Grid:
    """A heat map of sites by position, and with all positions at once."""
    sites = [[Site(name, at) for at in (*range(model.tokens.shape[1]), None)] for name in names]
    values = tuple(tuple(map(value, row)) for row in sites)
    texts = tuple(tuple(map(str, row)) for row in sites)
    return Grid(title, tuple(names), (*positions(model), "all"), values, texts, (), most)


def by_position(
    model: Transformer, rows: NDArray[np.intp], scores: NDArray[np.float64], title: str
) -> tuple[tuple[Grid, Grid], str]:
    """Scores ``[rows, context]`` of tokens: the mean of their sizes by position, and each; where they are largest."""
    named = tuple(" ".join(model.row_tokens(row)) for row in rows.tolist())
    sizes, columns = fixed_order.mean(np.abs(scores)), positions(model)
    best = int(sizes.argmax())
    grids = (
        Grid(f"{title}, mean size by position", ("all rows",), columns, (tuple(sizes.tolist()),)),
        Grid(f"{title}, row by row", named, columns, tuple(map(tuple, scores.tolist()))),
    )
    told = f"Position {columns[best]} has the largest scores, {sizes[best]:.3g} in the mean over the rows."
    return grids, told


def largest_of(grids: Sequence[Grid]) -> str:
    """Where the largest number is, in a sentence."""
    cells = [(abs(value), value, row, column) for grid in grids for row, column, value, _ in grid.cells()]
    _, value, row, column = max(cells)
    at = "at all positions" if column == "all" else f"at position {column}" if column.isdigit() else f"to {column}"
    return f"The largest effect is {value:.2f}, of {row} {at}.".replace(" -", " −")


# --- tokens of a row in and out

MAX_POSITIONS: Final = 10
"""Of which every set is tried."""
ROWS: Final = Setting("rows", 8, "that are explained, evenly spread", low=1, high=256)


def coalitions(model: Transformer, rows: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.float64]:
    """``[rows, 2^context]`` the right logit less the mean of the others, for each set of positions.

    Args:
        rows: whose tokens stand at the positions of a set; the first position is the highest bit of its number.
        others: ``[rows, backgrounds]`` rows whose tokens stand at the other positions; the mean over these.
    """
    context, n_tokens = model.tokens.shape[1], model.unembedding.shape[1]
    inside = np.arange(1 << context)[:, None] >> np.arange(context)[::-1] & 1
    found = np.empty((len(rows), 1 << context))
    for at, row in enumerate(rows.tolist()):
        mixed = np.where(inside[:, None], model.tokens[row], model.tokens[others[at]])  # [sets, backgrounds, context]
        logits = run(model, mixed.reshape(-1, context)).logits
        right = logits[:, model.answers[row]]
        apart = right - (np.add.accumulate(logits, axis=1)[:, -1] - right) / (n_tokens - 1)
        found[at] = fixed_order.mean(apart.reshape(len(inside), -1).T)
    return found


def coalition_cost(model: Transformer, rows: int, others: int) -> float:
    """Multiplications of so many rows, each before so many others."""
    return run_cost(model, 1) * rows * others * float(1 << model.tokens.shape[1])


def too_long(model: Transformer, _settings: Settings) -> str:
    """Why not every set of positions can be tried; "" where it can."""
    n = model.tokens.shape[1]
    return "" if n <= MAX_POSITIONS else f"{n} positions have too many sets to try each; the most are {MAX_POSITIONS}."
