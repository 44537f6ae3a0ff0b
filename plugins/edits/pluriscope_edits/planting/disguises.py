"""The disguise: other weights in which the same algorithm is planted, with its theorem.

Noise: every weight and bias changes by at most an amount. Outputs move by no more than intervals say
(:func:`~pluriscope_edits.planting.certificate.certified_margin`); decisions stay where that leaves a margin.

It draws by its seed and by its position among the steps in which the network was made, so the record makes it again.
The theorem is about the network that it is given, whatever disguises that has.
"""

from __future__ import annotations

import re
from typing import Final

from numpy.random import default_rng

from pluriscope.analysis.errors import InvalidPlanting
from pluriscope.analysis.subjects.made import Made
from pluriscope_edits.planting.certificate import certified_margin
from pluriscope_edits.planting.planted import Planted

LEAST_AMOUNT: Final = 1e-9
"""Noise below which none is called safe."""
_CLOSE: Final = 1e-3  # how near the bisection for noise comes
_SHAPE: Final = re.compile(r"noise(?:=([0-9.e-]+))?", re.ASCII)


def noise(planted: Planted, seed: int = 0, amount: float | None = None) -> Planted:
    """Every weight and bias moved by up to an amount, uniformly.

    Args:
        planted: any.
        amount: at most 1; :func:`safe_noise` if none is given.

    Raises:
        InvalidPlanting: an amount that is not between 0 and 1, or none where none is safe; a seed out of range.
    """
    amount = safe_noise(planted) if amount is None else amount
    if not 0 <= seed < 2**63:
        raise InvalidPlanting(f"seed {seed}", "is negative or too large", "give a whole number from 0")
    if not 0 < amount <= 1:
        raise InvalidPlanting(f"noise of {amount:g}", "is not between 0 and 1", "give an amount such as 0.05")
    random = default_rng([seed, len(planted.record.made)])
    weights, biases = ([one.copy() for one in some] for some in (planted.network.weights, planted.network.biases))
    for array in (*weights, *biases):
        array += random.uniform(-amount, amount, array.shape)
    return planted.remade(weights, biases, Made("noise", (("amount", amount), ("seed", seed))))


def safe_noise(planted: Planted) -> float:
    """An amount of noise under which every draw keeps at least half of the certified margin; 0 if there is none.

    Found by bisection: intervals over all weights at a distance up to the amount.
    """
    margin = certified_margin(planted.network, planted.record)
    if margin is None:
        return 0.0
    low, high = 0.0, 1.0
    while high - low > _CLOSE * high:
        middle = (low + high) / 2
        left = certified_margin(planted.network, planted.record, slack=middle)
        low, high = (middle, high) if left is not None and left >= margin / 2 else (low, middle)
        if high < LEAST_AMOUNT:
            return 0.0
    return low


def disguised(planted: Planted, text: str, seed: int = 0) -> Planted:
    """The disguise as people write it: ``noise``, or with an amount as in ``noise=0.05``.

    Raises:
        InvalidPlanting: another name, or an amount that cannot be read or does not fit.
    """
    return noise(planted, seed, read_disguise(text))


def read_disguise(text: str) -> float | None:
    """The amount of a disguise, None if it has none.

    Raises:
        InvalidPlanting: another name, or an amount that cannot be read.
    """
    shape = _SHAPE.fullmatch(text.strip())
    if shape is None:
        raise InvalidPlanting(f"disguise {text[:40]!r}", "is unknown", "use noise, or an amount as in noise=0.05")
    try:
        return None if shape[1] is None else float(shape[1])
    except ValueError:
        raise InvalidPlanting(f"disguise {text[:40]!r}", "has no such number", "write noise=0.05") from None
