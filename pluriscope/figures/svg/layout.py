"""Positions of neurons: the one layout rule that thumbs and large diagrams share.

Order is the network's own and is never re-sorted to reduce crossings, so drawings of one network can be compared. A
layer of more than 12 neurons shows the first of its occupied ones and "+k".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.subjects.perceptron.circuit import circuit_from_hex

MAX_SHOWN: Final = 12
TILE: Final = 20.0
"""Height of a square tile on a neuron of a large drawing."""

Matrices = tuple[NDArray[np.float64], ...]
Keep = tuple[NDArray[np.bool_], ...]
Site = tuple[int, int]
Box = tuple[float, float, float, float]


def keep_of(mask: Any, sizes: Sequence[int]) -> Keep | None:
    """Kept edges as Boolean matrices from a mask's hex, a circuit, or matrices; None stays None.

    Raises:
        InvalidMask: a hex that is no circuit of such a network.
    """
    if mask is None:
        return None
    if isinstance(mask, str):
        return circuit_from_hex(mask, sizes).keep
    keep = getattr(mask, "keep", mask)
    return tuple(np.asarray(m, dtype=bool) for m in keep)


def input_name(index: int) -> str:
    """The letter of an input."""
    return INPUT_NAMES[index] if index < len(INPUT_NAMES) else f"x{index}"


def node_name(layer: int, neuron: int, sizes: Sequence[int]) -> str:
    """Name of a site: an input's letter, ``n1.0`` for a hidden neuron, ``y`` for the output."""
    if layer == 0:
        return input_name(neuron)
    if layer == len(sizes) - 1:
        return "y" if sizes[-1] == 1 else f"y{neuron}"
    return f"n{layer}.{neuron}"


def edge_name(layer: int, out: int, source: int, sizes: Sequence[int]) -> str:
    """Name of an edge: ``A→n1.0``; ``layer`` is that of the neuron it leads to."""
    return f"{node_name(layer - 1, source, sizes)}→{node_name(layer, out, sizes)}"


def variable_name(path: str) -> str:
    """The name of an algorithm's variable among the names of neurons and edges."""
    return f"variable-{path}"


class Column(NamedTuple):
    """One layer as drawn.

    Args:
        layer: its number.
        shown: its neurons that are drawn, ascending.
        n_hidden: neurons that are not.
        slots: rows it takes: neurons, and one for "+k".
    """

    layer: int
    shown: tuple[int, ...]
    n_hidden: int
    slots: int


@dataclass(frozen=True)
class Wiring:
    """A network as a drawing sees it.

    Args:
        weights: weight matrices.
        keep: kept edges, or None if nothing is cut.
        sizes: layer sizes ``(n0, …, nL)``.
        last: the number of the output layer.
        cut: for layers 0 … L, which neurons have no edge in; of inputs and outputs none counts as cut.
        columns: the layers as they are drawn.
        rows: slots of the tallest layer.
        largest: largest |weight|, at least a hair above 0 so that it can divide.
    """

    weights: Matrices
    keep: Keep | None
    sizes: tuple[int, ...]
    last: int
    cut: tuple[tuple[bool, ...], ...]
    columns: tuple[Column, ...]
    rows: int
    largest: float

    @classmethod
    def of(
        cls, weights: Sequence[Any], mask: object = None, marked: Iterable[Site] = (), most: int = MAX_SHOWN
    ) -> Wiring:
        """A network by matrices ``W_l [n_l, n_(l-1)]``, arrays or nested lists, and what is kept, see :func:`keep_of`.

        Args:
            marked: sites that carry a tile, which are shown first.
            most: neurons of a layer that are shown.

        Raises:
            InvalidMask: a hex that is no circuit of such a network.
        """
        arrays = tuple(np.asarray(w, dtype=np.float64) for w in weights)
        sizes = (arrays[0].shape[1], *(w.shape[0] for w in arrays))
        keep, first, columns = keep_of(mask, sizes), {*marked}, []
        cut = [(False,) * size for size in sizes]
        if keep is not None:
            cut[1:-1] = [tuple(not any(row) for row in matrix.tolist()) for matrix in keep[:-1]]
        for layer, size in enumerate(sizes):
            shown: Sequence[int] = range(size)
            if size > most:
                named = [n for n in shown if (layer, n) in first]
                others = [n for n in shown if (layer, n) not in first and not cut[layer][n]]
                shown = sorted((named + others)[: most - 1])
            left = size - len(shown)
            columns.append(Column(layer, tuple(shown), left, len(shown) + bool(left)))
        largest = max(max(float(np.abs(w).max()) for w in arrays), 1e-12)
        rows = max(column.slots for column in columns)
        return cls(arrays, keep, sizes, len(sizes) - 1, tuple(cut), tuple(columns), rows, largest)

    def thickness(self, edge: DrawnEdge, thin: float, thick: float) -> float:
        """Width of an edge's line: three widths for |weight| in thirds of the network's maximum."""
        share = abs(edge.weight) / self.largest
        if share < 1 / 3:
            return thin
        return round((thin + thick) / 2, 2) if share < 2 / 3 else thick


@dataclass(frozen=True)
class Frame:
    """Places of all shown neurons.

    Args:
        x: abscissa of each layer.
        places: ordinate of each shown site.
        gap: distance between neighbours in a layer.
        spacing: distance between layers.
        top: ordinate of the highest slot.
        bottom: ordinate of the lowest slot.
        tile: height of a square tile on a neuron, where it is drawn large.
    """

    x: tuple[float, ...]
    places: dict[Site, float]
    gap: float
    spacing: float
    top: float
    bottom: float
    tile: float = TILE

    def at(self, site: Site) -> tuple[float, float]:
        return self.x[site[0]], self.places[site]


class DrawnEdge(NamedTuple):
    """An edge between two shown neurons.

    Args:
        layer: that it leads to.
        out: neuron that it leads to.
        source: neuron of the layer before.
        kept: whether the circuit keeps it.
        ends: where its neurons stand.
    """

    layer: int
    out: int
    source: int
    weight: float
    kept: bool
    ends: Box

    def name(self, sizes: Sequence[int]) -> str:
        """Name of the edge, see :func:`edge_name`."""
        return edge_name(self.layer, self.out, self.source, sizes)

    def among(self, keep: Keep | None) -> bool:
        """Whether it is one of some edges; None has none."""
        return keep is not None and bool(keep[self.layer - 1][self.out, self.source])


def shortened(ends: Box, first: float, second: float) -> Box:
    """A line without so much of its beginning and its end."""
    x1, y1, x2, y2 = ends
    length = math.dist((x1, y1), (x2, y2))
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    return x1 + dx * first, y1 + dy * first, x2 - dx * second, y2 - dy * second


def shown_edges(wiring: Wiring, frame: Frame) -> Iterator[DrawnEdge]:
    """The edges between shown neurons, in the order of masks."""
    for layer, matrix in enumerate(wiring.weights, start=1):
        weights, kept = matrix.tolist(), None if wiring.keep is None else wiring.keep[layer - 1].tolist()
        for out in wiring.columns[layer].shown:
            to = frame.at((layer, out))
            for source in wiring.columns[layer - 1].shown:
                keeps = kept is None or kept[out][source]
                ends = (*frame.at((layer - 1, source)), *to)
                yield DrawnEdge(layer, out, source, weights[out][source], keeps, ends)


@lru_cache(maxsize=256)  # the hundreds of thumbs on a list stand alike
def place(columns: tuple[Column, ...], width: float, height: float, pad_x: float, pad_y: float) -> Frame:
    """The layout: layer l of L at ``pad_x + l (width − 2 pad_x) / (L − 1)``, neurons centred with one common gap."""
    n_layers = len(columns)
    gap = (height - 2 * pad_y) / max(1, max(column.slots for column in columns) - 1)
    spacing = (width - 2 * pad_x) / (n_layers - 1)
    x = tuple(pad_x + layer * spacing for layer in range(n_layers))
    places = {
        (column.layer, neuron): height / 2 + (slot - (column.slots - 1) / 2) * gap
        for column in columns
        for slot, neuron in enumerate(column.shown)
    }
    return Frame(x, places, gap, spacing, pad_y, height - pad_y)


def shape_text(sizes: Sequence[int]) -> str:
    """Sizes as people write them: 2–3–3–1."""
    return "–".join(map(str, sizes))
