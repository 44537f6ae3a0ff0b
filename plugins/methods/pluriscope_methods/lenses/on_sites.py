"""Common parts of lenses on sites: pairs of rows, positions, sets of positions, heat maps of sites."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.subjects.sites import METRICS, Pairs, Site, in_portions, pairs_of, run
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.lens import Grid, run_cost

PAIRS: Final = Setting("pairs", 32, "of rows, drawn of more, each with one answered otherwise", low=1, high=4_096)
FOLDS: Final = (
    Setting("folds", 2, "that rows are dealt to in random order; each is held out once", low=2, high=20),
    Setting("seed", 0, "of that order", low=0, high=2**31 - 1),
)
METRIC: Final = Setting("metric", METRICS[0], "that is compared", choices=METRICS)


Shape = tuple[int, int]
"""Positions and coordinates of a site."""
_TITLES: Final = {
    "x": "Inputs",
    "im": "Pixels",
    "stream": "Residual stream",
    "head": "What heads add",
    "mlp": "What MLP blocks add",
    "q": "Queries",
    "k": "Keys",
    "v": "Values",
    "a": "Attention patterns",
    "h": "Hidden units",
    "c": "Channels",
    "m": "Means of channels",
}


def alike(model: Subject, _settings: Settings) -> str:
    """Reason why pairs of rows cannot be compared; "" where they can."""
    if len(set(model.answers.tolist())) > 1:
        return ""
    return f"All {len(model.rows):,} rows have one answer, and rows with two different ones are compared."


def paired(model: Subject, settings: Settings) -> tuple[Pairs, tuple[str, ...]]:
    """The pairs that settings ask for, and a note where these are not all."""
    pairs = pairs_of(model, int(settings["pairs"]))
    n = len(pairs.clean)
    return pairs, (f"On {n:,} of {pairs.of:,} rows, drawn.",) if n < pairs.of else ()


def folds_of(n_rows: int, settings: Settings) -> list[NDArray[np.bool_]]:
    """Of each fold which rows are fitted, ``[rows]``: those that it does not hold out. Their order has no say."""
    order = np.random.default_rng(int(settings["seed"])).permutation(n_rows)
    n = min(int(settings["folds"]), n_rows)
    return [order % n != fold for fold in range(n)]


def times_two_folds(settings: Settings) -> float:
    """How often as many rows are fitted in all as by two folds."""
    return float(settings["folds"]) - 1.0


def has_tokens(model: Subject) -> bool:
    """Whether rows are tokens, each at a position that most sites have."""
    return bool(np.issubdtype(model.inputs.dtype, np.integer))


def positions(model: Subject) -> tuple[str, ...]:
    """The positions of a row as columns; of rows of numbers where each number stands."""
    return tuple(".".join(str(n + 1) for n in at) for at in np.ndindex(model.inputs.shape[1:]))


def shapes_of(model: Subject) -> dict[str, Shape]:
    """The shape of each site, in the order of computation; neurons of MLP blocks aside."""
    found = run(model, model.inputs[:1]).values
    return {name: values.shape[1:] for name, values in found.items() if not name.endswith("neurons")}


def sites_by_kind(model: Subject) -> dict[str, dict[str, Shape]]:
    """Sites of each kind, under a title, with their shapes; the stream or the input first."""
    found: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes_of(model).items():
        end = name.rpartition(".")[2]
        kind = end if end in _TITLES else "stream" if name.startswith("x") else "head"
        kind = kind if has_tokens(model) else name.rstrip("0123456789")
        found.setdefault(_TITLES[kind], {})[name] = shape
    return {title: found[title] for title in _TITLES.values() if title in found}


def input_sites(model: Subject) -> list[str]:
    """The sites that hold what a row consists of."""
    return ["x0"] if has_tokens(model) else [*next(iter(sites_by_kind(model).values()))]


def encoded_sites(model: Subject) -> dict[str, Shape]:
    """The sites of which features are sought, with their shapes: the stream after each layer and what MLP blocks add;
    of rows of numbers all but these themselves.
    """
    given, tokens = input_sites(model), has_tokens(model)
    return {
        name: shape
        for name, shape in shapes_of(model).items()
        if name not in given and (not tokens or name.startswith("x") or name.endswith("mlp"))
    }


def cells_of(model: Subject, name: str, shape: Shape) -> list[Site]:
    """The parts of a site that a heat map has: positions, or the coordinates of all positions."""
    if has_tokens(model) or shape[1] == 1 < shape[0]:
        return [Site(name, at) for at in range(shape[0])]
    return [Site(name, None, (at,)) for at in range(shape[1])]


def grid_of(
    model: Subject, title: str, sites: Mapping[str, Shape], value: Callable[[Site], float], most: float = 1.0
) -> Grid:
    """A heat map of sites by their parts, and with all of them at once."""
    rows = [cells_of(model, *one) for one in sites.items()]
    widest = max(rows, key=len)
    columns = [str(one).removeprefix(one.name).removeprefix("~") for one in widest]
    every = [(*row, *[None] * (len(widest) - len(row)), Site(name)) for name, row in zip(sites, rows, strict=True)]
    values = tuple(tuple(None if one is None else value(one) for one in row) for row in every)
    texts = tuple(tuple("" if one is None else str(one) for one in row) for row in every)
    return Grid(title, tuple(sites), (*columns, "all"), values, texts, (), most)


def by_position(
    model: Subject, rows: NDArray[np.intp], scores: NDArray[np.float64], title: str
) -> tuple[tuple[Grid, Grid], str]:
    """Scores ``[rows, positions]``: the mean of their sizes by position, and each; where they are largest."""
    named = tuple(model.rows[row] for row in rows.tolist())
    sizes, columns = fixed_order.mean(np.abs(scores)), positions(model)
    best, noun = int(sizes.argmax()), "Position" if has_tokens(model) else "Input"
    grids = (
        Grid(f"{title}, mean size by {noun.lower()}", ("all rows",), columns, (tuple(sizes.tolist()),)),
        Grid(f"{title}, row by row", named, columns, tuple(map(tuple, scores.tolist()))),
    )
    sentence = f"{noun} {columns[best]} has the largest scores, {sizes[best]:.3g} in the mean over the rows."
    return grids, sentence


def largest_of(grids: Sequence[Grid]) -> str:
    """Sentence on where the largest number is."""
    cells = [(abs(value), value, row, column) for grid in grids for row, column, value, _ in grid.cells()]
    _, value, row, column = max(cells)
    at = " at all positions" if column == "all" else column if column[0] == "[" else f" to {column}"
    at = f" at position {column}" if column.isdigit() else at
    return f"The largest effect is {value:.2f}, of {row}{at}.".replace(" -", " −")


# --- tokens of a row in and out

MAX_POSITIONS: Final = 10
"""Of which every set is tried."""
ROWS: Final = Setting("rows", 8, "that are explained, drawn of more", low=1, high=256)


def coalitions(model: Subject, rows: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.float64]:
    """``[rows, 2^positions]`` the right logit less the mean of the others, for each set of positions.

    Args:
        rows: whose tokens stand at the positions of a set; the first position is the highest bit of its number.
        others: ``[rows, backgrounds]`` rows whose tokens stand at the other positions; the mean over these.
    """
    shape, n, n_outputs = model.inputs.shape[1:], len(positions(model)), len(model.outputs)
    data, inside = model.inputs.reshape(-1, n), np.arange(1 << n)[:, None] >> np.arange(n)[::-1] & 1
    found = np.empty((len(rows), 1 << n))
    for at, row in enumerate(rows.tolist()):
        mixed = np.where(inside[:, None], data[row], data[others[at]])  # [sets, backgrounds, positions]
        parts = in_portions(model, mixed.reshape(-1, *shape))
        logits = np.concatenate([run(model, part).logits for part in parts])
        right = logits[:, model.answers[row]]
        apart = right - (np.add.accumulate(logits, axis=1)[:, -1] - right) / (n_outputs - 1)
        found[at] = fixed_order.mean(apart.reshape(len(inside), -1).T)
    return found


def coalition_cost(model: Subject, rows: int, others: int) -> float:
    """Multiplications of so many rows, each before so many others."""
    return run_cost(model, 1) * rows * others * float(1 << len(positions(model)))


def too_long(model: Subject, _settings: Settings) -> str:
    """Reason why not every set of positions can be tried; "" where it can."""
    n, noun = len(positions(model)), "positions" if has_tokens(model) else "inputs"
    return "" if n <= MAX_POSITIONS else f"{n} {noun} have too many sets to try each; the most are {MAX_POSITIONS}."
