"""Small integer directions: read-outs that a person can say, such as h1 − h3.

Every direction with weights −1, 0 and 1 is tried, one of each pair w and −w: (3^width − 1)/2 of a layer. It *reads* a
variable if some gain · w·h + constant is within the tolerance of it on every input. Its swap is the orthogonal
projection, in which the gain cancels. On real activations integer read-outs are near misses at best (the analytic
XORNet's sigmoids stop 3.7e-6 short of 0 and 1), so the tolerance, 1e-3 by default, is part of every count.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Final

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.subspace import Subspace

MAX_WIDTH: Final = 9  # 9,841 directions


def n_integer_directions(width: int) -> int:
    """How many there are in a layer of that width, w and −w counted once."""
    return int(3**width - 1) // 2


@lru_cache(maxsize=16)
def integer_directions(layer: int, width: int) -> tuple[Subspace, ...]:
    """All of one layer: fewest neurons first, then in the order of the neurons; the first neuron used has weight 1.

    Raises:
        BeyondLimits: a wider layer than can be searched whole.
    """
    if width > MAX_WIDTH:
        raise BeyondLimits(
            f"integer directions of layer {layer}",
            f"{width} neurons have {n_integer_directions(width):,}, against a limit of {MAX_WIDTH} neurons",
            "use another class of directions",
        )
    rows = [row for row in product((1, 0, -1), repeat=width) if next((x for x in row if x), -1) == 1]
    return tuple(Subspace(layer, (tuple(map(float, row)),)) for row in sorted(rows, key=_plainest))


def _plainest(row: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return sum(map(abs, row)), tuple(-x for x in row)
