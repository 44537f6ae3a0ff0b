"""Positions of neurons: the one layout rule that thumbs and large diagrams share.

Order is the network's own and is never re-sorted to reduce crossings, so drawings of one network can be compared. A
layer of more than 12 neurons shows the first of its occupied ones and "+k".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    def name(self, site: Site) -> str:
        """Name of a neuron, see :func:`node_name`."""
        return node_name(*site, self.sizes)

    def place(self, width: float, height: float, pad_x: float, pad_y: float, gap: float = 0.0) -> Frame:
        """The layout: layer l of L at ``pad_x + l (width − 2 pad_x) / (L − 1)``, neurons centred with one common gap.

        Args:
            width: of the drawing.
            height: of it.
            pad_x: how far the first layer and the last are from its sides.
            pad_y: how far the tallest layer is from the top and the bottom, where there is no ``gap``.
            gap: distance between neighbours in a layer.
        """
        gap, spacing = gap or (height - 2 * pad_y) / max(1, self.rows - 1), (width - 2 * pad_x) / self.last
        x = tuple(pad_x + layer * spacing for layer in range(self.last + 1))
        return Frame(self, x, _ordinates(self.columns, height / 2, gap), gap, height / 2)


@lru_cache(maxsize=256)  # the hundreds of thumbs on a list stand alike
def _ordinates(columns: tuple[Column, ...], middle: float, gap: float) -> Mapping[Site, float]:
    """Ordinate of each shown site."""
    return {
        (column.layer, neuron): middle + (slot - (column.slots - 1) / 2) * gap
        for column in columns
        for slot, neuron in enumerate(column.shown)
    }


@dataclass(frozen=True)
class Frame:
    """A network with the places of all shown neurons.

    Args:
        wiring: the network.
        x: abscissa of each layer.
        places: ordinate of each shown site.
        gap: distance between neighbours in a layer.
        middle: ordinate of the middle of each layer.
        tile: height of a square tile on a neuron, where it is drawn large.
    """

    wiring: Wiring
    x: tuple[float, ...]
    places: Mapping[Site, float]
    gap: float
    middle: float
    tile: float = TILE

    @property
    def spacing(self) -> float:
        """Distance between layers."""
        return self.x[1] - self.x[0]

    def at(self, site: Site) -> tuple[float, float]:
        return self.x[site[0]], self.places[site]

    def edges(self) -> Iterator[DrawnEdge]:
        """The edges between shown neurons, in the order of masks."""
        wiring = self.wiring
        for layer, matrix in enumerate(wiring.weights, start=1):
            weights, kept = matrix.tolist(), None if wiring.keep is None else wiring.keep[layer - 1].tolist()
            sources, targets = ([(at, n) for n in wiring.columns[at].shown] for at in (layer - 1, layer))
            for target in targets:
                to = self.at(target)
                for source in sources:
                    weight, keeps = weights[target[1]][source[1]], kept is None or kept[target[1]][source[1]]
                    yield DrawnEdge(source, target, weight, keeps, (*self.at(source), *to))

    def lowest(self, column: Column) -> tuple[float, float]:
        """The lowest slot of a layer."""
        return self.x[column.layer], self.middle + (column.slots - 1) / 2 * self.gap


class DrawnEdge(NamedTuple):
    """An edge between two shown neurons.

    Args:
        source: neuron that it comes from.
        target: neuron that it leads to.
        kept: whether the circuit keeps it.
        ends: where its neurons stand.
    """

    source: Site
    target: Site
    weight: float
    kept: bool
    ends: Box

    def name(self, sizes: Sequence[int]) -> str:
        """Name of the edge: ``A→n1.0``."""
        return f"{node_name(*self.source, sizes)}→{node_name(*self.target, sizes)}"

    def among(self, keep: Keep | None) -> bool:
        """Whether it is one of some edges; None has none."""
        return keep is not None and bool(keep[self.source[0]][self.target[1], self.source[1]])


def shortened(ends: Box, first: float, second: float) -> Box:
    """A line without so much of its beginning and its end."""
    x1, y1, x2, y2 = ends
    length = math.dist((x1, y1), (x2, y2))
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    return x1 + dx * first, y1 + dy * first, x2 - dx * second, y2 - dy * second


def shape_text(sizes: Sequence[int]) -> str:
    """Sizes as people write them: 2–3–3–1."""
    return "–".join(map(str, sizes))
