"""What may be the case in a state, for some readers and the network: decided from bits alone.

All bits together, those of each reader in turn and then the network's decision, make one combination. Each event is a
set of combinations, so that volumes and areas need only be known of combinations or, where some bits are not known yet,
of all that are still possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.contradictions.readers import HalfSpace, Reader


@dataclass(frozen=True)
class Event:
    """Something that is the case in some states.

    Args:
        kind: "wrong" (the first reader decides otherwise than the network), "impossible" (it has bits that no input
            has), "differ" (the two decide differently), "only-wrong" (the first is wrong, the second right),
            "all-wrong" (every reader is).
        readers: numbers of the readers it is about.
    """

    kind: str
    readers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Situation:
    """Some readers of one network.

    Args:
        readers: at least one.
        network: where the network decides 1.
    """

    readers: tuple[Reader, ...]
    network: HalfSpace

    @property
    def tests(self) -> tuple[HalfSpace, ...]:
        """Every bit's half-space: those of each reader in turn, then the network's."""
        return (*(test for reader in self.readers for test in reader.tests), self.network)

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event there is, in a fixed order."""
        numbers = range(len(self.readers))
        found = [Event(kind, (i,)) for kind in ("wrong", "impossible") for i in numbers]
        found += [Event("differ", pair) for pair in combinations(numbers, 2)]
        found += [Event("only-wrong", (i, j)) for i in numbers for j in numbers if i != j]
        return (*found, Event("all-wrong", tuple(numbers)))

    def truth(self, events: Sequence[Event]) -> NDArray[np.bool_]:
        """``[events, 2^bits]`` whether each is the case, the first bit of a combination most significant."""
        n_bits = len(self.tests)
        all_ = np.arange(1 << n_bits)
        decides = all_ & 1
        said, possible = [], []
        left = n_bits
        for reader in self.readers:
            own = (all_ >> (left - reader.n_bits)) & ((1 << reader.n_bits) - 1)
            said.append(np.array(reader.outputs)[own])
            possible.append(np.array(reader.possible)[own])
            left -= reader.n_bits
        wrong = [one != decides for one in said]
        rows = []
        for event in events:
            i, j = event.readers[0], event.readers[-1]
            match event.kind:
                case "wrong":
                    rows.append(wrong[i])
                case "impossible":
                    rows.append(~possible[i])
                case "differ":
                    rows.append(said[i] != said[j])
                case "only-wrong":
                    rows.append(wrong[i] & ~wrong[j])
                case _:
                    rows.append(np.logical_and.reduce([wrong[i] for i in event.readers]))
        return np.array(rows, dtype=bool).reshape(len(events), -1)
