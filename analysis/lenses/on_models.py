"""What a lens says of a transformer: heat maps of layers, heads and positions, and whether valid circuits agree.

A heat map says what happens in the whole model. A circuit is valid on its own, so one that does without a head shows
that the task can be done without what the map finds there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis import fixed_order
from analysis.late_functions import function_at
from analysis.method_settings import Setting, Settings
from analysis.subjects.enumeration import number_bits
from analysis.subjects.subject import Space
from analysis.subjects.transformer.runs import METRICS, MILLISECONDS, Pairs, Site, pairs_of, run
from analysis.subjects.transformer.weights import Transformer
from analysis.work import Work

LARGE: Final = 0.5
"""Share of the way from one run to the other from which an effect counts as large."""
_MOST_NAMED: Final = 6
PAIRS: Final = Setting("pairs", 32, "of rows, evenly spread, each with one answered otherwise", low=1, high=4_096)
METRIC: Final = Setting("metric", METRICS[0], "that is compared", choices=METRICS)


@dataclass(frozen=True)
class Grid:
    """A heat map.

    Args:
        title: what its rows are, and what is in the cells.
        rows: their names.
        columns: likewise.
        values: ``[rows][columns]``, None where there is no such thing.
        sites: likewise, what Play changes there; empty where it can change nothing.
        texts: likewise, what stands in the cells in place of numbers; empty for the numbers.
        most: the value that is drawn darkest; 0 for the largest that occurs.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    sites: tuple[tuple[str, ...], ...] = ()
    texts: tuple[tuple[str, ...], ...] = ()
    most: float = 0.0

    def cells(self) -> Iterator[tuple[str, str, float, str]]:
        """Row, column, value and site of every cell that has a value."""
        for at, (row, values) in enumerate(zip(self.rows, self.values, strict=True)):
            for column, value in enumerate(values):
                if value is not None:
                    yield row, self.columns[column], value, self.sites[at][column] if self.sites else ""


@dataclass(frozen=True, eq=False)
class Grids:
    """What a lens found in a transformer.

    Args:
        grids: heat maps, the most important first.
        says: one sentence made from the numbers.
        notes: sentences to be read before it.
        weights: what was learned, by name, as lists of numbers; {} where nothing was.
    """

    grids: tuple[Grid, ...]
    says: str
    notes: tuple[str, ...] = ()
    weights: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class OnModels:
    """A lens on transformers.

    Args:
        definition: one sentence: how it answers about these.
        look: answers, None where fitting diverged; of a lens that learns the dotted path "module:function".
        settings: everything that may be set.
        multiplications: about how many an answer takes.
        refuses: why it cannot answer about a model under settings; "" where it can.
        effects: whether cells are shares of the way from one run to the other, so that large ones can be counted.
        can_know: what such an answer can show and what it cannot, if that is not what is said of the lens.
        source: where it comes from on transformers, if that is not where the lens does.
    """

    definition: str
    look: Callable[[Transformer, Settings, Work], Grids | None] | str
    settings: tuple[Setting, ...] = ()
    multiplications: Callable[[Transformer, Settings], float] = lambda model, _: run_cost(model)
    refuses: Callable[[Transformer, Settings], str] = lambda _model, _settings: ""
    effects: bool = False
    can_know: str = ""
    source: str = ""

    def answer(self, model: Transformer, settings: Settings, work: Work) -> Grids | None:
        """Answer where it is not refused."""
        look: Any = function_at(self.look) if isinstance(self.look, str) else self.look
        found: Grids | None = look(model, settings, work)
        return found

    def milliseconds(self, model: Transformer, settings: Settings) -> float:
        """About how long an answer takes."""
        return MILLISECONDS * self.multiplications(model, settings)


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


# --- what valid circuits say of it


def parts_kept(space: Space, masks: NDArray[np.uint64]) -> dict[str, int]:
    """How many circuits have each head, MLP block, slot and edge.

    Args:
        space: of the circuits.
        masks: of circuits, as numbers.
    """
    graph = space.graph
    bits = number_bits(masks, graph.n_bits)
    kept, active = graph.kept_edges(bits), graph.active_nodes(bits)
    found = {graph.nodes[node].name: int(active[:, at].sum()) for at, node in enumerate(graph.removable)}
    into: dict[str, NDArray[np.bool_]] = {}
    for at, edge in enumerate(graph.edges):
        reader = graph.nodes[edge.target].name
        for slot in (edge.slot,) if edge.slot or not graph.nodes[edge.target].looks else ("q", "k", "v"):
            name = f"{reader}.{slot}" if slot and reader != "logits" else reader
            found[f"{graph.nodes[edge.source].name}-{name}"] = int(kept[:, at].sum())
            into[name] = into.get(name, False) | kept[:, at]
    return found | {name: int(some.sum()) for name, some in into.items() if name.count(".") == 2}


def words_on(grids: Sequence[Grid], kept: Mapping[str, int], n: int, *, effects: bool) -> str:
    """Whether what heat maps show stands in every valid circuit, in sentences; "" where they show no parts.

    Args:
        grids: of one lens.
        kept: how many circuits have each part.
        n: how many circuits there are.
        effects: whether the cells are shares of the way from one run to the other.
    """
    largest: dict[str, float] = {}
    for grid in grids:
        for _, _, value, site in grid.cells():
            part = Site(site.partition("~")[0]).part
            largest[part] = max(largest.get(part, 0.0), abs(value))
    return words_of(largest, kept, n, f"an effect of {LARGE:g}" if effects else "")


def words_of(sizes: Mapping[str, float], kept: Mapping[str, int], n: int, large_is: str) -> str:
    """The same of each part's largest effect; ``large_is``: :data:`LARGE` of it in words, "" where it is no share."""
    largest = {part: size for part, size in sizes.items() if part in kept}
    if not n or not largest:
        return ""
    if not large_is:
        top = max(largest, key=lambda part: largest[part])
        return f"The part with the largest number, {top}, is in {kept[top]:,} of {n:,} valid circuits."
    large = [part for part in largest if largest[part] >= LARGE]
    rare = [part for part in large if 2 * kept[part] < n]
    silent = [part for part in largest if largest[part] < LARGE and kept[part] == n]
    if not large:
        told = f"No part of a circuit has {large_is} by itself"
    else:
        held = sum(kept[part] == n for part in large)
        told = f"{len(large)} of {len(largest)} parts have {large_is} or more"
        told += f"; {held or 'none'} of them {'is' if held == 1 else 'are'} in every valid circuit"
    told += f". More than half of the {n:,} valid circuits do without {_named(rare, kept, n)}" if rare else ""
    if silent:
        more = f" and {len(silent) - _MOST_NAMED} more" if len(silent) > _MOST_NAMED else ""
        told += f". In every valid circuit, with a smaller effect: {', '.join(silent[:_MOST_NAMED])}{more}"
    return f"{told}."


def _named(parts: Sequence[str], kept: Mapping[str, int], n: int) -> str:
    some = ", ".join(f"{part} (in {kept[part]:,} of {n:,})" for part in parts[:_MOST_NAMED])
    return f"{some}{' and others' if len(parts) > _MOST_NAMED else ''}"
