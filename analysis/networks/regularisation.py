"""What keeps a network simple while it learns: penalties on weights, dropout, and pruning after it has learned.

Written as one line, such as ``l1 0.001`` or ``dropout 0.1, prune 0.5``; empty for AdamW's weight decay of .01 alone,
which is the authors' training.

- ``l1 P``: P times the sum of all |weights| (biases left out) is added to what gradients descend; the loss that is
  reported and that ends training is the mean squared error alone.
- ``decay D``: AdamW's weight decay (Loshchilov and Hutter, ICLR 2019) in place of .01; of biases too.
- ``dropout P``: each hidden activation of each row is dropped with probability P, the others divided by 1 − P
  (Srivastava et al., JMLR 2014). An epoch's loss is then measured at its end, on all training rows, without dropping.
- ``prune S``: when the loss is below its target, the share S of all weights that are smallest in magnitude is set to 0
  and stays 0 (Han et al., NeurIPS 2015); training goes on until the loss is below the target again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from analysis.errors import InvalidTraining


@dataclass(frozen=True)
class Regularisation:
    """How a training is regularised; see above.

    Args:
        l1: factor of the sum of absolute weights.
        decay: weight decay.
        dropout: probability.
        prune: share of weights.
    """

    l1: float = 0.0
    decay: float = 0.01
    dropout: float = 0.0
    prune: float = 0.0


_MOST: Final[Mapping[str, float]] = {"l1": 1.0, "decay": 100.0, "dropout": 0.9, "prune": 0.9}


def read_regularisation(text: str) -> Regularisation:
    """A line such as "l1 0.001" or "dropout 0.1, prune 0.5".

    Raises:
        InvalidTraining: a word that is not one of these or stands twice, or a number out of its range.
    """
    found: dict[str, float] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        word, _, number = part.partition(" ")
        item = repr(part[:40])
        if word not in _MOST or word in found:
            cause = "stands twice" if word in found else "begins with another word"
            raise InvalidTraining(item, cause, f"give each of {', '.join(_MOST)} once, with a number")
        try:
            found[word] = float(number)
        except ValueError:
            raise InvalidTraining(item, "has no number", f"give one, as in '{word} 0.1'") from None
        if not 0 <= found[word] <= _MOST[word]:
            raise InvalidTraining(item, "is out of range", f"give 0 to {_MOST[word]:g}")
    return Regularisation(**found)
