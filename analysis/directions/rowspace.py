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

from analysis import fixed_order
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.directions.alignment import LinearPlace
from analysis.directions.readouts import rounded
from analysis.directions.scoring import direction_matrix
from analysis.question import Question

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
    question: Question, algorithm: HighLevelModel, path: str, place: LinearPlace
) -> RowspaceSplit | None:
    """Split the read-out of one variable's direction, interchanged orthogonally; None for several dimensions.

    Args:
        algorithm: the algorithm that the variable belongs to.
        path: the variable.
        place: where it lives.

    Raises:
        InvalidAlignment: no such variable or layer.
    """
    if place.dimension != 1:
        return None
    place = LinearPlace(place.layer, place.reads)
    matrix = direction_matrix(question, algorithm, path, place)
    w = place.matrix[0]
    _, _, basis = fixed_order.decomposed(question.cut.weights[place.layer], _RANK)
    seen = rounded(fixed_order.inner(fixed_order.inner(w, basis), basis.T))
    share = fixed_order.dot(seen, seen) / fixed_order.dot(w, w)
    whole, of = int(matrix.agreed[matrix.tested].sum()), int(matrix.tested.sum())
    if share <= _RANK:  # nothing moves: every base decides as it does by itself
        still = (matrix.decisions.diagonal()[None, :] == matrix.expected)[matrix.tested]
        return RowspaceSplit(len(basis), 0.0, whole, int(still.sum()), of)
    alone = direction_matrix(question, algorithm, path, LinearPlace.of(place.layer, seen[None]))
    return RowspaceSplit(len(basis), share, whole, int(alone.agreed[alone.tested].sum()), of)
