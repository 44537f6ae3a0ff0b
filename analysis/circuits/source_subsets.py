"""The last hidden layer's combinations on top of one state of the layers below: how many are right, without listing.

Given the state, neuron j of the last hidden layer adds one of 2^a independent terms to the output's pre-activation (one
for each set of its a active sources; the empty set: the neuron is inactive). A combination is one set for each neuron.

1. Box. The sum is right on a row if it lies in that row's box of floats (:mod:`analysis.circuits.decision_intervals`).
2. Meeting in the middle. The neurons are a lead, a middle and a tail; pairs of middle and tail are counted by two trees
   of sums, which argues for itself that the verdict on each is the search's own (:mod:`analysis.circuits.box_counts`).
3. Distributions. Numbers by choice of the lead, the middle and the tail, and by edges and active neurons, give the
   number of valid circuits by edges, by neurons and by each neuron's sources.
4. Numbering. Valid combinations are numbered in ascending order of their sets, the first neuron most significant.
   Counts by lead are kept. Where a number is looked up, the valid ones on its lead are listed if they are few; else
   they are counted by middle, and the tail is counted off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import comb
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.decision_intervals import Box
from analysis.circuits.space import count_matrices

if TYPE_CHECKING:  # numba takes half a second to load, and few analyses count
    from analysis.circuits.box_counts import Boxes, Part, Room

MAX_LOG2_COMBINATIONS: Final = 52  # so that a state's counts and their sums with signs are exact in int64
MAX_SOURCES: Final = 12  # one neuron's sets of sources are at most 4,096
_MOST_CHOICES: Final = 1 << 16  # of the middle, and of the tail
_STATES_AT_ONCE: Final = 1 << 8
_VALUES_AT_ONCE: Final = 1 << 21
_VISITS_AT_ONCE: Final = 1 << 20  # pairs of nodes between two looks at the clock: a tenth of a second or so
_LISTED_PER_SET: Final = 1_000  # right combinations that take as long to list as those of one set of sources to count
_MOST_LOG2_LISTED: Final = 28  # of more combinations few are never right
_HALVINGS: Final = 64


@dataclass(frozen=True, eq=False)
class Combinations:
    """The combinations of the last hidden layer over one set of active sources.

    Args:
        n_sources: active sources a, each of which must be used.
        width: neurons k of the last hidden layer.
        n_active: numbers of active neurons that the protocol admits.
        bias: the output's.
        boxes: for each row, the right pre-activations of the output.
    """

    n_sources: int
    width: int
    n_active: frozenset[int]
    bias: float
    boxes: tuple[Box, ...]

    @cached_property
    def parts(self) -> tuple[Choices, Choices, Choices]:
        """The choices of the neurons that lead (fixed while the others meet), stand in the middle, and in the tail."""
        n_most = max(1, (_MOST_CHOICES.bit_length() - 1) // self.n_sources)
        n_tail = min(self.width // 2, n_most)
        n_middle = min(self.width - n_tail, max(1, n_tail))
        sizes = (self.width - n_tail - n_middle, n_middle, n_tail)
        lead, middle, tail = (choices_of(self.n_sources, n_neurons) for n_neurons in sizes)
        return lead, middle, tail

    @property
    def n_units(self) -> int:
        """Units into which the combinations on top of one state are divided: by the lead."""
        return len(self.parts[0])

    @property
    def n_points(self) -> int:
        """Sums over the middle and over the tail on top of one state, for every set of sources that may be used."""
        return sum((2**part.n_neurons + 1) ** self.n_sources - 1 for part in self.parts[1:])

    @property
    def n_meetings(self) -> int:
        """Leads times the geometric mean of middles and tails, likewise: about as pairs of nodes that are looked at."""
        n_lead, n_middle, n_tail = (part.n_neurons for part in self.parts)
        return int((2 ** (n_lead + (n_middle + n_tail) / 2) + 1) ** self.n_sources)

    @property
    def n_bytes(self) -> int:
        """Memory that counting on top of one batch of states takes, about."""
        lead, middle, tail = self.parts
        n_points, n_rows, n_classes = len(middle) + len(tail), len(self.boxes), (self.width + 1) * self.n_sources
        listed = _LISTED_PER_SET << self.n_sources
        return 8 * (n_points * (3 * n_rows + n_classes + 8) + 6 * len(lead) + listed + 4 * _VALUES_AT_ONCE)

    @property
    def states_at_once(self) -> int:
        """States in one batch, so that sums of their counts fit into int64 too."""
        n_values = max(self.width * len(self.boxes) << self.n_sources, self.n_units)
        most = 1 << MAX_LOG2_COMBINATIONS - self.n_sources * self.width
        return min(_STATES_AT_ONCE, max(1, _VALUES_AT_ONCE // n_values), most)

    @cached_property
    def n_circuits(self) -> int:
        """Circuits on top of each state."""
        return sum(comb(self.width, n) * count_matrices(n, self.n_sources) for n in self.n_active)

    def numbered(
        self, terms: NDArray[np.float64], by_unit: Mapping[int, list[int]], check: Callable[[], None]
    ) -> Iterator[NDArray[np.int64]]:
        """The valid combinations with some numbers in some units on top of one state.

        Args:
            terms: ``[width, 2^sources, rows]``.
            by_unit: unit → numbers, each from 0 up to the unit's count.
            check: called between steps; it may raise to end them.

        Yields:
            ``[width]`` each neuron's set of sources.
        """
        from analysis.circuits.box_counts import list_right, nth_right

        lead, middle, tail = self.parts
        units = np.array(sorted(by_unit), dtype=np.int64)
        _, boxes, parts, room, most = self.compiled
        room.rows[0], room.n_rows[0] = np.arange(len(self.boxes)), len(self.boxes)
        size = np.abs(terms).max(axis=1).sum(axis=0) + abs(self.bias)
        if most and list_right(terms, boxes, size, *parts, units, most, room)[0]:
            found = np.sort(room.found[: room.n_found[0]])
            starts = np.searchsorted(found, units << self.n_sources * (self.width - lead.n_neurons))
            for unit, start in zip(units.tolist(), starts.tolist(), strict=True):
                for choice in found[start + np.array(by_unit[unit])]:
                    yield choice >> self.n_sources * np.arange(self.width)[::-1] & (2**self.n_sources - 1)
            return
        step = max(1, _VALUES_AT_ONCE // len(middle))
        for start in range(0, len(units), step):
            some = units[start : start + step]
            tally = Tally(self, terms[None], np.zeros(1, dtype=np.int64), some)
            while not tally.go_on():
                check()
            for unit, ends in zip(some.tolist(), np.cumsum(tally.by_middle, axis=1), strict=True):
                for number in by_unit[unit]:
                    head = int(np.searchsorted(ends, number, side="right"))
                    left = number - (int(ends[head - 1]) if head else 0)
                    of_lead = unit >> self.n_sources * np.arange(lead.n_neurons)[::-1] & 2**self.n_sources - 1
                    fixed = np.concatenate([of_lead, middle.choices[head]])
                    yield np.concatenate([fixed, tail.choices[nth_right(terms, boxes, fixed, left)]])

    @cached_property
    def compiled(self) -> tuple[NDArray[np.int64], Boxes, tuple[Part, Part], Room, int]:
        """Leads, those of one size one after the other; what is right; middle and tail; room for work; most listed."""
        from analysis.circuits.box_counts import LEAF, Boxes, Part, Room

        lead, middle, tail = self.parts
        n_rows, part_of = len(self.boxes), []
        for first, part, other in ((lead.n_neurons, middle, tail), (self.width - tail.n_neurons, tail, middle)):
            n, n_nodes, n_classes = len(part), 2 * max(1, len(part) // LEAF) - 1, len(part.sizes)
            part_of.append(
                Part(
                    *(self.n_sources, first, part.n_neurons, part.used, part.class_of, part.sizes),
                    *(np.empty(n, np.int64), np.empty((n, n_rows)), np.empty(n, np.int64), np.empty((n_rows, n))),
                    *(
                        np.empty((n_nodes, n_rows)),
                        np.empty((n_nodes, n_rows)),
                        np.empty((n_nodes, n_classes), np.int64),
                    ),
                    *(np.zeros((n_nodes, len(other.sizes)), np.int64), np.zeros(n, np.int64)),
                )
            )
        classes = (len(middle.sizes), len(tail.sizes))
        most = _LISTED_PER_SET << self.n_sources if self.n_sources * self.width <= _MOST_LOG2_LISTED else 0
        room = Room(
            np.zeros((_HALVINGS, 5), np.int64),
            np.zeros((_HALVINGS, n_rows), np.int64),
            np.zeros(_HALVINGS, np.int64),
            np.empty((4, n_rows)),
            np.zeros((classes[0], len(tail)), np.int64),
            np.zeros(classes, np.int64),
            np.zeros(classes, np.bool_),
            np.empty(most, np.int64),
            np.zeros(2, np.int64),
            np.empty(len(tail), np.uint8),
            np.empty(len(tail), np.uint8),
        )
        low, high = (np.array([getattr(box, end) for box in self.boxes], dtype=np.float64) for end in ("low", "high"))
        admitted = np.isin(np.arange(self.width + 1), sorted(self.n_active))
        # without an array of the choices themselves, of which there may be millions
        numbers, n_active = np.arange(len(lead)), np.zeros(len(lead), dtype=np.int16)
        for neuron in range(lead.n_neurons):
            n_active += numbers >> self.n_sources * neuron & 2**self.n_sources - 1 > 0
        n_edges = np.bitwise_count(numbers) + n_active
        leads = np.argsort(n_edges * (self.width + 1) + n_active, kind="stable")
        return leads, Boxes(self.bias, low, high, admitted), (part_of[0], part_of[1]), room, most


@dataclass(eq=False)
class Tally:
    """Valid combinations on top of some states, counted step by step.

    Args:
        combinations: what stands on top of each.
        terms: ``[states, width, 2^sources, rows]`` what each neuron adds for each set of sources.
        edges_below: ``[states]`` edges of each state, only passed on into the sizes.
        some_units: whose combinations are counted by choice of the middle; None for all, counted together.
        place: state, set of sources and lead that come first, as :attr:`CountSoFar.place` has them.
    """

    combinations: Combinations
    terms: NDArray[np.float64]
    edges_below: NDArray[np.int64]
    some_units: NDArray[np.int64] | None = None
    place: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        made = self.combinations
        _, middle, tail = made.parts
        self.below, self._row_of = np.unique(self.edges_below, return_inverse=True)
        self.units = np.zeros((len(self.terms), made.n_units), np.int64)
        self.by_size = np.zeros((len(self.below), made.width * (made.n_sources + 1) + 1, made.width + 1), np.int64)
        self.by_middle = np.zeros((1 if self.some_units is None else len(self.some_units), len(middle)), np.int64)
        self._by_tail = np.zeros(len(tail), np.int64)
        # the trees are of no state yet, and what was begun holds something
        self._at = np.array([*self.place, -1, -1, int(any(self.place[1:]))])

    def go_on(self) -> bool:
        """Count for a tenth of a second or so; whether all are counted."""
        from analysis.circuits.box_counts import count_right

        leads, boxes, parts, room, most = self.combinations.compiled
        if self.some_units is not None:
            leads, most = self.some_units, 0
        to = (self.units, self.by_size, self.by_middle, self._by_tail)
        rows = self._row_of.reshape(-1)
        is_done = count_right(self.terms, boxes, *parts, leads, rows, most, _VISITS_AT_ONCE, self._at, *to, room)
        self.place = (0, 0, 0) if is_done else tuple(self._at[:3].tolist())
        return bool(is_done)

    @property
    def share(self) -> float:
        """About how much of the time of all is spent."""
        made, (state, before, lead) = self.combinations, self._at[:3].tolist()
        n_lead, n_middle, n_tail = (part.n_neurons for part in made.parts)
        each = 2 ** (n_lead + (n_middle + n_tail) / 2)  # times as long with one more source
        sets = range(2**made.n_sources - 1, -1, -1)
        weights = [each ** sets[number].bit_count() for number in range(before + 1)]
        spent = sum(weights[:-1]) + weights[-1] * lead / made.n_units
        return float(state + spent / (1 + each) ** made.n_sources) / max(1, len(self.terms))

    def by_neuron(self) -> NDArray[np.int64]:
        """``[width, 2^sources]`` how many have that neuron choose that set."""
        lead, middle, tail = self.combinations.parts
        counts = ((lead, self.units.sum(axis=0)), (middle, self.by_middle[0]), (tail, self._by_tail))
        return np.concatenate([part.by_neuron(numbers) for part, numbers in counts])


def load_compiled() -> None:
    """Load what counts, or compile it if no process has before: ten seconds that are then no part of a count's time."""
    Tally(Combinations(1, 1, frozenset((1,)), 0.0, ()), np.zeros((0, 1, 2, 0)), np.zeros(0, np.int64)).go_on()


# --- choices of sources by some neurons of a layer, numbered, with what each uses and how large it is


@dataclass(frozen=True)
class Choices:
    """All choices of some neurons, one set of sources each (none: inactive); the first neuron is most significant.

    Args:
        n_sources: active sources.
        n_neurons: neurons that choose.
    """

    n_sources: int
    n_neurons: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (2**self.n_sources,) * self.n_neurons

    def __len__(self) -> int:
        return int(2 ** (self.n_sources * self.n_neurons))

    @cached_property
    def choices(self) -> NDArray[np.int64]:
        """``[choices, neurons]`` bit sets over the sources."""
        axes = np.unravel_index(np.arange(len(self)), self.shape) if self.n_neurons else ()
        return np.array(axes, dtype=np.int64).reshape(self.n_neurons, len(self)).T

    @cached_property
    def used(self) -> NDArray[np.int64]:
        """Sources used by each choice."""
        used: NDArray[np.int64] = np.bitwise_or.reduce(self.choices, axis=1)
        return used

    @cached_property
    def _classes(self) -> tuple[NDArray[Any], NDArray[Any]]:
        n_active = (self.choices > 0).sum(axis=1, dtype=np.int64)
        # edges into the neurons, and one from each active neuron to the output
        n_edges = np.bitwise_count(self.choices).sum(axis=1, dtype=np.int64) + n_active
        return np.unique(np.stack([n_edges, n_active], axis=1), axis=0, return_inverse=True)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """``[classes, 2]`` the pairs (edges, active neurons) that occur, ascending."""
        return self._classes[0]

    @property
    def class_of(self) -> NDArray[np.int64]:
        """Class of each choice."""
        return self._classes[1].reshape(-1)

    def by_neuron(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts by choice as counts by neuron and its set of sources, ``[neurons, 2^sources]``."""
        cube = counts.reshape(self.shape)
        axes = range(self.n_neurons)
        sums = [cube.sum(axis=tuple(other for other in axes if other != axis)) for axis in axes]
        return np.array(sums, dtype=np.int64).reshape(self.n_neurons, 2**self.n_sources)


@lru_cache(maxsize=64)
def choices_of(n_sources: int, n_neurons: int) -> Choices:
    """The choices of so many neurons among so many sources, shared."""
    return Choices(n_sources, n_neurons)
