"""The last hidden layer's combinations on top of one state of the layers below: how many are right, without listing.

Given the state, neuron j of the last hidden layer adds one of 2^a independent terms to the output's pre-activation (one
for each set of its a active sources; the empty set: the neuron is inactive). A combination is one set for each neuron.

The sum is right on a row if it lies in that row's box of floats. The neurons are a lead, a middle and a tail; pairs of
middle and tail are counted by two trees of sums (:mod:`pluriscope.analysis.circuits.box_counts`), by what each part
chooses and by size. Valid combinations are numbered in ascending order of their sets, the first neuron most
significant. Where a number is looked up, the valid ones on its lead are listed if they are few; else counted by middle,
and the tail is counted off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.box_counts import (
    LEAF,
    Boxes,
    Counts,
    Part,
    Problem,
    Room,
    count_right,
    list_right,
    nth_right,
)
from pluriscope.analysis.circuits.decision_intervals import Box
from pluriscope.analysis.circuits.space import count_matrices
from pluriscope.analysis.numerics import machine_code
from pluriscope.analysis.numerics.machine_code import run_loop

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
    def parts(self) -> tuple[int, int, int]:
        """Neurons that lead (fixed while the others meet), of the middle, and of the tail."""
        n_most = max(1, (_MOST_CHOICES.bit_length() - 1) // self.n_sources)
        n_tail = min(self.width // 2, n_most)
        n_middle = min(self.width - n_tail, max(1, n_tail))
        return self.width - n_tail - n_middle, n_middle, n_tail

    @property
    def n_units(self) -> int:
        """Units into which the combinations on top of one state are divided: by the lead."""
        return 1 << self.n_sources * self.parts[0]

    @property
    def n_points(self) -> int:
        """Sums over the middle and over the tail on top of one state, for every set of sources that may be used."""
        return sum((2**n_neurons + 1) ** self.n_sources - 1 for n_neurons in self.parts[1:])

    @property
    def n_meetings(self) -> int:
        """The number of leads times the geometric mean of the numbers of middles and tails, over all sets of sources:
        about the pairs of nodes that are visited.
        """
        n_lead, n_middle, n_tail = self.parts
        return int((2 ** (n_lead + (n_middle + n_tail) / 2) + 1) ** self.n_sources)

    @property
    def n_bytes(self) -> int:
        """Memory that counting on top of one batch of states takes, about."""
        n_points = sum(1 << self.n_sources * n_neurons for n_neurons in self.parts[1:])
        n_rows, n_classes, listed = (
            len(self.boxes),
            (self.width + 1) * self.n_sources,
            _LISTED_PER_SET << self.n_sources,
        )
        return 8 * (n_points * (3 * n_rows + n_classes + 8) + 6 * self.n_units + listed + 4 * _VALUES_AT_ONCE)

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
        _, problem, most = self.compiled
        _, n_middle, n_tail = self.parts
        units, choices = np.array(sorted(by_unit), dtype=np.int64), list[int]()
        if most:
            run_loop(list_right, terms, problem, units, most)
        if most and problem.room.n_found[0] >= 0:
            found = np.sort(problem.room.found[: problem.room.n_found[0]])
            starts = np.searchsorted(found, units << self.n_sources * (n_middle + n_tail))
            for unit, start in zip(units.tolist(), starts.tolist(), strict=True):
                choices += found[start + np.array(by_unit[unit])].tolist()
            units = units[:0]
        step = max(1, _VALUES_AT_ONCE >> self.n_sources * n_middle)
        for start in range(0, len(units), step):
            some = units[start : start + step]
            tally = Tally(self, terms[None], np.zeros(1, dtype=np.int64), some)
            while not tally.go_on():
                check()
            for unit, counts in zip(some.tolist(), tally.by_middle, strict=True):
                ends = np.cumsum(counts)
                for number in by_unit[unit]:
                    head = int(np.searchsorted(ends, number, side="right"))
                    first = ((unit << self.n_sources * n_middle) + head) << self.n_sources * n_tail
                    nth = number - int(ends[head] - counts[head])
                    choices.append(run_loop(nth_right, terms, problem, first, nth))
        for choice in choices:
            yield choice >> self.n_sources * np.arange(self.width)[::-1] & (2**self.n_sources - 1)

    @cached_property
    def compiled(self) -> tuple[NDArray[np.int64], Problem, int]:
        """Leads, those of one size one after the other; the problem with room for work; and the most listed."""
        n_rows, (n_lead, n_middle, n_tail) = len(self.boxes), self.parts
        choices = [self._choices(n_neurons) for n_neurons in (n_middle, n_tail)]
        sizes = [np.unique(size) for _, size in choices]
        classes = (len(sizes[0]), len(sizes[1]))

        def part_of(own: int, first: int, n_neurons: int) -> Part:
            used, size = choices[own]
            n, n_nodes = len(used), 2 * max(1, len(used) // LEAF) - 1
            order, class_at, singly = np.zeros((3, n), np.int64)
            least, greatest = np.empty((2, n_nodes, n_rows))
            return Part(
                self.n_sources,
                first,
                n_neurons,
                used,
                np.searchsorted(sizes[own], size),
                np.stack(np.divmod(sizes[own], self.width + 1), axis=1),
                order,
                class_at,
                singly,
                np.empty((n, n_rows)),
                np.empty((n_rows, n)),
                least,
                greatest,
                np.empty((n_nodes, classes[own]), np.int64),
                np.zeros((n_nodes, classes[1 - own]), np.int64),
            )

        most = _LISTED_PER_SET << self.n_sources if self.n_sources * self.width <= _MOST_LOG2_LISTED else 0
        n_tails = len(choices[1][0])
        room = Room(
            np.zeros((_HALVINGS, 5), np.int64),
            np.tile(np.arange(n_rows), (_HALVINGS, 1)),
            np.full(_HALVINGS, n_rows),
            np.empty((4, n_rows)),
            np.empty(n_rows),
            np.zeros((classes[0], n_tails), np.int64),
            np.zeros(classes, np.int64),
            np.zeros(classes, np.bool_),
            np.empty(most, np.int64),
            np.zeros(2, np.int64),
            np.empty(n_tails, np.uint8),
            np.empty(n_tails, np.uint8),
            np.empty(1 << self.n_sources, np.int64),
        )
        low, high = (np.array([getattr(box, end) for box in self.boxes], dtype=np.float64) for end in ("low", "high"))
        admitted = np.isin(np.arange(self.width + 1), sorted(self.n_active))
        leads = np.argsort(self._choices(n_lead)[1], kind="stable")
        middle, tail = part_of(0, n_lead, n_middle), part_of(1, n_lead + n_middle, n_tail)
        return leads, Problem(Boxes(self.bias, low, high, admitted), middle, tail, room), most

    def _choices(self, n_neurons: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the sources that choices use, ``[choices]``, and their sizes: edges, also to the output, times width +
        1 plus active neurons.
        """
        numbers = np.arange(1 << self.n_sources * n_neurons)
        used, n_active = np.zeros_like(numbers), np.zeros(len(numbers), dtype=np.int16)
        for neuron in range(n_neurons):
            chosen = numbers >> self.n_sources * neuron & 2**self.n_sources - 1
            used |= chosen
            n_active += chosen > 0
        return used, (np.bitwise_count(numbers) + n_active) * np.int64(self.width + 1) + n_active


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
        n_middle, n_tail = (1 << made.n_sources * n_neurons for n_neurons in made.parts[1:])
        self.below, self._row_of = np.unique(self.edges_below, return_inverse=True)
        self.units = np.zeros((len(self.terms), made.n_units), np.int64)
        self.by_size = np.zeros((len(self.below), made.width * (made.n_sources + 1) + 1, made.width + 1), np.int64)
        self.by_middle = np.zeros((1 if self.some_units is None else len(self.some_units), n_middle), np.int64)
        self._by_tail = np.zeros(n_tail, np.int64)
        # the trees are of no state yet, and what was begun holds something
        self._at = np.array([*self.place, -1, -1, int(any(self.place[1:]))])

    def go_on(self) -> bool:
        """Count for a tenth of a second or so; whether all are counted."""
        is_done = run_loop(count_right, *self.arguments)
        self.place = (0, 0, 0) if is_done else tuple(self._at[:3].tolist())
        return bool(is_done)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments of :func:`count_right` for the next step."""
        leads, problem, most = self.combinations.compiled
        if self.some_units is not None:
            leads, most = self.some_units, 0
        counts = Counts(self._row_of.reshape(-1), self.units, self.by_size, self.by_middle, self._by_tail)
        return self.terms, problem, leads, most, _VISITS_AT_ONCE, self._at, counts

    @property
    def share(self) -> float:
        """About how much of the time of all is spent."""
        made, (state, before, lead) = self.combinations, self._at[:3].tolist()
        n_lead, n_middle, n_tail = made.parts
        each = 2 ** (n_lead + (n_middle + n_tail) / 2)  # times as long with one more source
        sets = range(2**made.n_sources - 1, -1, -1)
        weights = [each ** sets[number].bit_count() for number in range(before + 1)]
        spent = sum(weights[:-1]) + weights[-1] * lead / made.n_units
        return float(state + spent / (1 + each) ** made.n_sources) / max(1, len(self.terms))

    def by_neuron(self) -> NDArray[np.int64]:
        """Count the circuits in which each neuron chooses each set of sources, ``[width, 2^sources]``."""
        n_sets, sums = 2**self.combinations.n_sources, []
        counts = (self.units.sum(axis=0), self.by_middle[0], self._by_tail)
        for n_neurons, numbers in zip(self.combinations.parts, counts, strict=True):
            cube = numbers.reshape((n_sets,) * n_neurons)
            sums += [cube.sum(axis=tuple({*range(n_neurons)} - {neuron})) for neuron in range(n_neurons)]
        return np.array(sums, dtype=np.int64)


def is_compiled() -> bool:
    """Whether what counts was compiled for this processor before, so that it is loaded at once."""
    return machine_code.is_compiled(count_right, *_NOTHING.arguments)


def load_compiled() -> None:
    """Load what counts, or compile it if no process has before: ten seconds that are then no part of a count's time."""
    _NOTHING.go_on()
    terms, (leads, problem, _) = np.zeros((1, 2, 0)), _NOTHING.combinations.compiled
    run_loop(list_right, terms, problem, leads, 1)
    run_loop(nth_right, terms, problem, 0, 0)


_NOTHING: Final = Tally(Combinations(1, 1, frozenset((1,)), 0.0, ()), np.zeros((0, 1, 2, 0)), np.zeros(0, np.int64))
