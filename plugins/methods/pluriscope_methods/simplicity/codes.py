"""Two codes in which explanations are described, and the number of words that each needs.

A choice among N things, each as likely as the others, takes log2 N bits. What is described by several choices has the
product of their numbers, an exact integer, so that two descriptions are compared without rounding.

- *Enumerative* (Cover, IEEE Transactions on Information Theory 1973): of a set first how many things it has, then which
  of all sets of that size; of a function its truth table; of an algorithm its number of gates, then which of all trees.
- *List*: of a set its things one after another and an end mark; of a function or an algorithm the symbols of its
  shortest formula over AND, OR and NOT, operators first (Feldman, Nature 2000, counts likewise).

What is known beforehand costs nothing: the network's layers, the task, and of an interpretation which neurons of its
circuit have a gate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import comb
from typing import Final

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.interventions.neuron_set import NeuronSet

_SYMBOL: Final = re.compile(r"\b[A-Za-z]\b|[∧∨¬]")
_OPERATORS: Final = 3


@dataclass(frozen=True)
class Code:
    """Code: the number of words of equal length for a thing and all that it could be instead.

    Args:
        key: in files and addresses.
        label: for people.
        subset: of some of n things: how many, and n; none of them is allowed.
        gate: a function of some parents whose shortest formula has so many symbols.
        tree: an algorithm, as the formula that is shown, of at most so many gates.
    """

    key: str
    label: str
    subset: Callable[[int, int], int]
    gate: Callable[[int, int], int]
    tree: Callable[[HighLevelModel, int], int]

    def placement(
        self, algorithm: HighLevelModel, sites: Iterable[NeuronSet], hidden_sizes: tuple[int, ...], depth: int
    ) -> int:
        """An algorithm of at most a depth in gates with a layer and some of its neurons for each variable."""
        words = self.tree(algorithm, (1 << depth) - 1)
        for site in sites:
            words *= len(hidden_sizes) * self.subset(len(site.neurons), hidden_sizes[site.layer - 1])
        return words


def _tree(algorithm: HighLevelModel, most_gates: int) -> int:
    """Number of trees with as many gates, with an input at each leaf, and with or without NOT at each node."""
    gates = algorithm.n_gates
    shapes = comb(2 * gates, gates) // (gates + 1)
    return (most_gates + 1) * shapes * int(algorithm.n_inputs ** (gates + 1)) << 2 * gates + 1


def _formula(algorithm: HighLevelModel, _: int) -> int:
    symbols = len(_SYMBOL.findall(algorithm.formula))
    return int((algorithm.n_inputs + _OPERATORS + len(algorithm.shared)) ** symbols)


ENUMERATIVE: Final = Code(
    "enumerative",
    "enumerative code",
    subset=lambda some, n: (n + 1) * comb(n, some),
    gate=lambda n_parents, _: 1 << (1 << n_parents),
    tree=_tree,
)
LIST: Final = Code(
    "list",
    "list code",
    subset=lambda some, n: (n + 1) ** (some + 1),
    gate=lambda n_parents, symbols: (n_parents + _OPERATORS) ** symbols,
    tree=_formula,
)
CODES: Final = (ENUMERATIVE, LIST)
