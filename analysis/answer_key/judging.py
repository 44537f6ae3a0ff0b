"""Which masks are valid circuits of one network under one condition, by running it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.answer_key.condition import Condition
from analysis.subjects.graph import Graph


@dataclass(frozen=True, eq=False)
class CircuitJudge(ABC):
    """The judge of one network.

    Args:
        question: about the network, of any kind.
        condition: under which.
    """

    question: Any
    condition: Condition

    @property
    @abstractmethod
    def graph(self) -> Graph:
        """Names the edges; bit i of a mask is edge i."""

    @abstractmethod
    def pruned(self, raw: int) -> int:
        """The circuit of a raw mask: loose ends pruned as the condition has them."""

    @abstractmethod
    def are_valid(self, raws: Sequence[int]) -> list[bool]:
        """Whether the pruned circuit of each raw mask is valid."""

    @abstractmethod
    def are_right(self, raws: Sequence[int]) -> list[bool]:
        """Whether each raw mask passes the judge as it is: nothing is pruned, and no edge is asked for."""

    @abstractmethod
    def outputs(self, raws: Sequence[int]) -> NDArray[np.float64]:
        """What each raw mask gives, ``[masks, rows]`` of a perceptron and ``[masks, rows, outputs]`` of a transformer;
        under pairs a row is a pair.
        """
