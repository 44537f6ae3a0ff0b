"""Does a direction work by what the next layer reads, or by moving something that was dormant?

Makelov et al. 2023, "Is This the Subspace You Are Looking For?": split a direction w into its part in the row space of
the next layer's weights, which is all that this layer sees, and its part in their null space. If the interchange works
along w but not along the first part alone, then what the variable is read from and what moves the output are not the
same: an illusion, or at least a direction that has no effect by itself.

Where the row space is the whole layer (as many neurons above, independent weights) the split is trivial. In the last
hidden layer it is one line, the output's weights, and swapping along it sets the output to the source's: no variable
but the output itself lives there, so nearly every direction is flagged. Both Alice and Bob are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.data import DataRecord
from analysis.directions.alignment import LinearPlace
from analysis.directions.scoring import direction_matrix
from analysis.errors import InvalidAlignment
from analysis.networks.network import Network
from analysis.protocol import Protocol

_RANK: Final = 1e-10


@dataclass(frozen=True)
class RowspaceSplit:
    """How a direction fares with only what the next layer reads of it.

    Args:
        rank: of the next layer's weights.
        share: of |w|² in their row space, 0 to 1.
        whole: interchanges that agree along w.
        seen: those that agree along its part in the row space alone.
        of: interchanges tested.
    """

    rank: int
    share: float
    whole: int
    seen: int
    of: int

    @property
    def is_illusory(self) -> bool:
        """Whether all interchanges agree along w, but not along what the next layer reads of it."""
        return self.whole == self.of > self.seen


def rowspace_split(
    network: Network, algorithm: HighLevelModel, path: str, place: LinearPlace, protocol: Protocol, data: DataRecord
) -> RowspaceSplit:
    """Split one variable's direction.

    Args:
        network: cut to the analysed output.
        algorithm: the algorithm that the variable belongs to.
        path: the variable.
        place: one direction with its orthogonal swap.
        protocol: decision rule and pairs.
        data: rows to interchange.

    Raises:
        InvalidAlignment: no such variable or layer, or a place of several dimensions or with an oblique swap.
    """
    if place.dimension != 1 or not place.is_orthogonal:
        raise InvalidAlignment(
            f"place of variable {path}", "is not one direction with its orthogonal swap", "split the read-out itself"
        )
    matrix = direction_matrix(network, algorithm, path, place, protocol, data)
    w = place.matrix[0]
    _, singular, rows = np.linalg.svd(network.weights[place.layer], full_matrices=False)
    basis = rows[singular > _RANK * max(float(singular[0]), np.finfo(float).tiny)]
    seen = basis.T @ (basis @ w)
    share = float(seen @ seen / (w @ w))
    whole, of = int(matrix.agreed[matrix.tested].sum()), int(matrix.tested.sum())
    if share <= _RANK:  # nothing moves: every base decides as it does by itself
        still = (matrix.decisions.diagonal()[None, :] == matrix.expected)[matrix.tested]
        return RowspaceSplit(len(basis), 0.0, whole, int(still.sum()), of)
    alone = direction_matrix(network, algorithm, path, LinearPlace.of(place.layer, seen[None]), protocol, data)
    return RowspaceSplit(len(basis), share, whole, int(alone.agreed[alone.tested].sum()), of)
