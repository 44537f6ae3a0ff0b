"""An intervention done in part: what the network does when its changes go from nothing to all of them.

At share ``t`` every changed neuron, edge or direction is ``t`` of the way from its value in the unchanged run to what
is written there (``t = 0``: nothing is changed; ``t = 1``: the intervention): the straight line that integrated
gradients take between two inputs (Sundararajan et al. 2017, section 3), here between two activations.

Where all activations are piecewise linear, so is the output along the path. It bends only where the pre-activation of
some neuron passes zero, and those shares are found layer by layer: between two neighbouring ones everything up to a
layer is linear, so that each pre-activation passes zero at most once there, at a share that linear interpolation gives.
For other activations the path is sampled, and shares at which the decision turns are bisected between samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.networks.network import Network
from analysis.sandbox.intervention import Intervention
from analysis.sandbox.running import Bench
from analysis.validity import decide

SAMPLES: Final = 101
"""Shares at which a path is sampled that is not piecewise linear."""
MAX_BENDS: Final = 400
"""Bends beyond which a piecewise linear path is sampled, too."""
_BENT: Final = frozenset({"relu", "leaky_relu"})
_PIECEWISE: Final = _BENT | {"linear"}
_EDGE: Final = 0.5  # of the decision by threshold
_HALVINGS: Final = 60


@dataclass(frozen=True, eq=False)
class PartialChanges:
    """A path from the unchanged run to the changed one.

    Args:
        shares: ascending from 0 to 1.
        layers: activations ``[shares, n_l]`` of layers 0 … L.
        exact: whether everything is linear between neighbouring shares, up to rounding.
        turns: shares at which the decision by threshold becomes another, in ascending order; of a sampled path only
            those between samples that are decided differently.
    """

    shares: tuple[float, ...]
    layers: tuple[NDArray[np.float64], ...]
    exact: bool
    turns: tuple[float, ...]

    @property
    def outputs(self) -> NDArray[np.float64]:
        """``[shares]`` the network's output."""
        return self.layers[-1][:, 0]

    @property
    def bends(self) -> tuple[float, ...]:
        """Shares inside of the path at which some neuron passes zero; none for a sampled one."""
        return self.shares[1:-1] if self.exact else ()


def partial_changes(bench: Bench, intervention: Intervention) -> PartialChanges | None:
    """The path to an intervention.

    Args:
        bench: the network with its inputs.
        intervention: with something changed.

    Returns:
        None if values on the way are beyond float64.
    """
    bends = _bends(bench, intervention) if _is_piecewise_linear(bench.network) else None
    exact = bends is not None
    shares = np.linspace(0.0, 1.0, SAMPLES).tolist() if bends is None else bends
    runs = [bench.trace(intervention, share)[1] for share in shares]
    layers = tuple(np.stack(rows) for rows in zip(*runs, strict=True))
    if not all(np.isfinite(layer).all() for layer in layers):
        return None
    outputs = layers[-1][:, 0]

    def output(share: float) -> float:
        return float(bench.trace(intervention, share)[1][-1][0])

    turns = [
        _crossing(a, b, outputs[i], outputs[i + 1]) if exact else _bisected(output, a, b)
        for i, (a, b) in enumerate(pairwise(shares))
        if np.ptp(decide(outputs[i : i + 2], "threshold"))
    ]
    return PartialChanges(tuple(shares), layers, exact, tuple(sorted(set(turns))))


def _is_piecewise_linear(network: Network) -> bool:
    return {network.activation, network.output_activation} <= _PIECEWISE


def _bends(bench: Bench, intervention: Intervention) -> list[float] | None:
    """Shares between which everything is linear, 0 and 1 among them; None if they are too many."""
    network, shares = bench.network, [0.0, 1.0]
    for layer in range(1, len(network.sizes)):
        if network.activation_of(layer) not in _BENT:
            continue
        fixed = [neuron for at, neuron in intervention.neurons if at == layer]
        totals = np.stack([bench.trace(intervention, share)[0][layer - 1] for share in shares])
        totals[:, fixed] = 0.0
        found = set(shares)
        for (a, b), (low, high) in zip(pairwise(shares), pairwise(totals), strict=True):
            for neuron in np.flatnonzero(np.sign(low) * np.sign(high) < 0):
                found.add(_crossing(a, b, low[neuron], high[neuron], 0.0))
        shares = sorted(found)
        if len(shares) > MAX_BENDS:
            return None
    return shares


def _crossing(a: float, b: float, low: float, high: float, level: float = _EDGE) -> float:
    """Where a line from (a, low) to (b, high) is at a level between them."""
    return float(min(max(a + (b - a) * (level - low) / (high - low), a), b))


def _bisected(output: Callable[[float], float], a: float, b: float) -> float:
    """A share between two that are decided differently at which the decision turns."""
    above = output(a) > _EDGE
    for _ in range(_HALVINGS):
        middle = (a + b) / 2
        if not a < middle < b:
            break
        if (output(middle) > _EDGE) == above:
            a = middle
        else:
            b = middle
    return b
