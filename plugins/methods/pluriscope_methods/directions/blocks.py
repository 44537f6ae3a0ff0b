"""Placements on subspaces: for each variable a hidden layer and how many of its dimensions, before any are learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements.iia import Behaviour
from pluriscope.analysis.placements.joint import predicted_outputs, values_on

MAX_BLOCKS: Final = 20_000


@dataclass(frozen=True)
class Block:
    """Some dimensions of one layer, which ones to be learned.

    Args:
        layer: from 1.
        first: where it begins in the layer's learned coordinates.
        dimension: how many.
    """

    layer: int
    first: int
    dimension: int


def block_placements(n_variables: int, hidden_sizes: Sequence[int]) -> tuple[tuple[Block, ...], ...]:
    """Every choice of a layer and a dimension for each variable; blocks of one layer lie side by side.

    Args:
        n_variables: of the algorithm.
        hidden_sizes: widths of the hidden layers.

    Raises:
        BeyondLimits: more than 20,000.
    """

    def extend(chosen: tuple[Block, ...], used: tuple[int, ...]) -> Iterator[tuple[Block, ...]]:
        if len(chosen) == n_variables:
            yield chosen
            return
        for layer, (width, taken) in enumerate(zip(hidden_sizes, used, strict=True), start=1):
            for dimension in range(1, width - taken + 1):
                after = tuple(n + dimension * (i == layer) for i, n in enumerate(used, start=1))
                yield from extend((*chosen, Block(layer, taken, dimension)), after)

    found = []
    for placement in extend((), (0,) * len(hidden_sizes)):
        found.append(placement)
        if len(found) > MAX_BLOCKS:
            raise BeyondLimits(
                "learned subspaces",
                f"{n_variables} variables in layers of {list(hidden_sizes)} neurons have over {MAX_BLOCKS:,} choices",
                "use a class in closed form",
            )
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Demands:
    """What an algorithm says under every interchange that learning asks about.

    Args:
        bases: ``[runs]`` input rows.
        sources: ``[runs, variables]`` input rows.
        active: ``[runs, variables]`` which variables are interchanged.
        wanted: ``[runs]`` the algorithm's output.
        n_single: the first so many runs interchange one variable; the others all at once.
    """

    bases: NDArray[np.int64]
    sources: NDArray[np.int64]
    active: NDArray[np.bool_]
    wanted: NDArray[np.bool_]
    n_single: int


def demands(algorithm: HighLevelModel, tested: NDArray[np.bool_], *, joint: bool) -> Demands:
    """Single interchanges on the tested pairs, then every joint one.

    Args:
        algorithm: with at least one variable, paths taken in order.
        tested: ``[source, base]`` pairs.
        joint: whether to add the joint interchanges.
    """
    n_inputs = algorithm.n_inputs
    n_rows, paths = 1 << n_inputs, sorted(algorithm.responses)
    pairs = np.argwhere(tested)
    bases, sources, active, wanted = [], [], [], []
    for column, path in enumerate(paths):
        says = Behaviour.of(algorithm.responses[path], n_inputs).expected(n_inputs)
        bases.append(pairs[:, 1])
        sources.append(np.repeat(pairs[:, :1], len(paths), axis=1))
        active.append(np.tile(np.arange(len(paths)) == column, (len(pairs), 1)))
        wanted.append(says[pairs[:, 0], pairs[:, 1]])
    n_single = len(pairs) * len(paths)
    if joint:
        shape = (n_rows,) * (len(paths) + 1)
        grid = np.stack(np.unravel_index(np.arange(int(np.prod(shape))), shape), axis=1)
        bases.append(grid[:, -1])
        sources.append(grid[:, :-1])
        active.append(np.ones((len(grid), len(paths)), dtype=bool))
        says = predicted_outputs(algorithm, tuple(paths)).astype(bool)
        wanted.append(says[values_on(algorithm, paths, grid[:, :-1]), grid[:, -1]])
    return Demands(
        np.concatenate(bases), np.concatenate(sources), np.concatenate(active), np.concatenate(wanted), n_single
    )
