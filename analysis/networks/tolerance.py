"""How far two honest float64 evaluations of one circuit can be apart: the reach of a batched verdict.

Machines differ in the order of sums, in fused multiply-adds and in the last digits of exp and tanh. Each evaluation is
still close to the exact output. With u = 2⁻⁵³, e_l a bound on the error of layer l's values and A_l one on their size:

1. A pre-activation ``b + Σ w·x`` over n sources, summed in any order, is off by at most
   ``Σ |w|·e_(l-1) + (n + 2)·u·(|b| + Σ |w|·A_(l-1))`` (Higham, "Accuracy and Stability of Numerical Algorithms", §3.1).
2. Every activation has slopes within [−1, 1], so it passes errors on at most; its own rounding is a few units in the
   last place, for which 16·u·A is taken.
3. Two evaluations are within twice the output's bound of each other. Twice that again makes room for the rounding of
   this very computation and of the comparison with the decision's edge.

So an output that is further than this from an edge is on the same side of it on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.fixed_order import inner
from analysis.networks.network import Network

LEAST_TOLERANCE: Final = 1e-9
MOST_TOLERANCE: Final = 1e-3
_UNIT: Final = 2.0**-53
_ACTIVATION_UNITS: Final = 16


def output_tolerance(
    network: Network, rows: NDArray[np.float64], absent: Sequence[NDArray[np.float64]], *, unit: float = _UNIT
) -> float:
    """How far from a decision's edge an output must be for its side to be the same wherever it is computed.

    Args:
        network: the network cut to the analysed output.
        rows: ``[rows, n0]`` inputs.
        absent: ``[n_l]`` for layers 0 … L − 1, what absent edges carry; the same numbers in every evaluation.
        unit: half the distance of 1 to the next number, of the coarser arithmetic; float64's by default.

    Returns:
        At least :data:`LEAST_TOLERANCE`; NaN or infinite where the numbers may overflow. Above :data:`MOST_TOLERANCE` a
        batched verdict is of no use.
    """
    size, error = np.abs(rows).max(axis=0, initial=0.0), np.zeros(rows.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            reach = np.abs(weights)
            drive = np.abs(biases) + inner(np.maximum(size, np.abs(absent[layer - 1])), reach)
            error = inner(error, reach) + (weights.shape[1] + 2) * unit * drive
            bounded = network.activation_of(layer) in ("tanh", "sigmoid")
            size = np.ones_like(drive) if bounded else drive + error
            error = error + _ACTIVATION_UNITS * unit * size
            size = size + error
        return max(LEAST_TOLERANCE, 4 * float(error[0])) if np.isfinite(error).all() else float("inf")
