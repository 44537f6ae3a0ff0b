"""What a network was read from, run beside what was read of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import InvalidNetwork
from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.validity import decide

Rows = NDArray[np.float64]
SINGLE: Final = 1e-4
DOUBLE: Final = 1e-9
MOST_ROWS: Final = 1_024
DRAWN_ROWS: Final = 64
"""Of more than :data:`MOST_ROWS`."""


@dataclass(frozen=True)
class Original:
    """A network as its own library runs it.

    Args:
        run: from inputs ``[rows, n_inputs]`` to outputs ``[rows, n_outputs]``; raises InvalidNetwork where it cannot.
        tolerance: how far its outputs may be from ours, relative to the larger of them, or to 1 where both are smaller.
        doubts: what may make it compute something else than its parts, as a clause; "" if nothing is seen.
    """

    run: Callable[[Rows], Rows]
    tolerance: float
    doubts: str = ""


def check_against(original: Original, network: Network, rows: Rows) -> None:
    """Refuse a network that does not compute what it was read from.

    Args:
        original: what it was read from.
        network: what was read.
        rows: ``[rows, n_inputs]`` of its task.

    Raises:
        InvalidNetwork: the original cannot be run, or another output or decision, with the row and both.
    """
    if len(rows) > MOST_ROWS:
        rows = rows[np.sort(np.random.default_rng(0).choice(len(rows), DRAWN_ROWS, replace=False))]
    theirs, ours = original.run(rows), forward(network, rows)
    cure = "give a network that computes what its layers do, such as an nn.Sequential of them alone"
    if theirs.shape != ours.shape:
        cause = f"gives outputs of shape {list(theirs.shape)}, and its layers as read {list(ours.shape)}"
        raise InvalidNetwork("network", f"{cause}{original.doubts and f': {original.doubts}'}", cure)
    scale = np.maximum(1.0, np.maximum(np.abs(theirs), np.abs(ours)))
    with np.errstate(invalid="ignore"):  # a difference of infinities
        apart = ~(np.abs(theirs - ours) <= original.tolerance * scale)
    apart |= decide(theirs, "rounding") != decide(ours, "rounding")
    if apart.any():
        row, output = np.argwhere(apart)[0]
        on = ", ".join(f"{value:g}" for value in rows[row])
        cause = f"is {theirs[row, output]:.9g} on row {row}, inputs {on}, and as its layers were read"
        cause += f" {ours[row, output]:.9g}"
        raise InvalidNetwork(f"output {output}", f"{cause}{original.doubts and f': {original.doubts}'}", cure)
