"""Common parts of lenses on transformers: pairs of rows, positions, sets of positions, heat maps of sites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.subjects.transformer.runs import METRICS, Pairs, Site, pairs_of, run
from pluriscope.analysis.subjects.transformer.weights import Transformer
from pluriscope_methods.lenses.lens import Grid
from pluriscope_methods.lenses.site_lens import run_cost

PAIRS: Final = Setting("pairs", 32, "of rows, evenly spread, each with one answered otherwise", low=1, high=4_096)
METRIC: Final = Setting("metric", METRICS[0], "that is compared", choices=METRICS)


def alike(model: Transformer, _settings: Settings) -> str:
    """Reason why pairs of rows cannot be compared; "" where they can."""
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
    sentence = f"Position {columns[best]} has the largest scores, {sizes[best]:.3g} in the mean over the rows."
    return grids, sentence


def largest_of(grids: Sequence[Grid]) -> str:
    """Sentence on where the largest number is."""
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
    """Reason why not every set of positions can be tried; "" where it can."""
    n = model.tokens.shape[1]
    return "" if n <= MAX_POSITIONS else f"{n} positions have too many sets to try each; the most are {MAX_POSITIONS}."
