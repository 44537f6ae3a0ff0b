"""Interpretations by their index, and the index of an interpretation, without listing.

The order is part of permalinks, so it is fixed (spec §3). First the thresholds, 0 lowest, lexicographic over the
neurons with a gate by layer, then index, output last, first neuron most significant. Then the completions likewise; a
completion is numbered by the bits of its free rows, lowest row least significant, and barred gates are skipped.

The states of a layer are ordered by their thresholds, so with the number of ways to go on from each state the
thresholds of an index are found layer by layer; what is left of the index then numbers the completions in mixed radix.
A range of indices is found likewise, all its classes side by side.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import input_pattern
from pluriscope.analysis.errors import BeyondLimits, InvalidIndex
from pluriscope.analysis.interpretations.interpretation import Interpretation, NeuronGate
from pluriscope.analysis.interpretations.partial_gates import OpenGate, PackedGates, barred_completions, local_table
from pluriscope.analysis.interpretations.thresholds import LayerThresholds, pattern, read_thresholds
from pluriscope.analysis.interpretations.transfer import Integers, States, first_states, links, n_first_states
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES, Circuit, mask_array
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.described import Described

MAX_STATES = 5_000_000
MAX_LINKS = 5_000_000  # from states of one layer to those of the next, in all; some seconds
MAX_ENTRIES: Final = 100_000_000  # of one array of tables
MAX_PARENTS: Final = 6  # of which a table has as many rows as a machine word has bits
_STATES_AT_ONCE = 1 << 15
_ROWS_AT_ONCE = 1 << 16
_RECENT = 1 << 12  # gates that are kept: neighbouring indices share most of theirs
_EXACT = 2.0**62
_BYTES_OF_AN_INTEGER = 40


@dataclass(frozen=True, eq=False, repr=False)
class Block(Described):
    """Consecutive interpretations of one circuit as arrays; columns are its gates, in the order of an interpretation.

    Args:
        start: index of the first.
        tables: ``[interpretations, gates]`` each gate's table as an integer: bit r is its output on row r of its
            parents, the parent of lowest index most significant.
        thresholds: ``[interpretations, gates]`` midpoint between the values on both sides.
        classes: ``[interpretations]`` rank of the observed class.
    """

    start: int
    tables: NDArray[np.uint64]
    thresholds: NDArray[np.float64]
    classes: NDArray[np.int64]


class _Steps(NamedTuple):
    """The states of the next layer that go with each state of a layer; they lie together, ascending.

    Args:
        starts: ``[states + 1]`` where those of each state begin.
        target: ``[links]`` the state of the next layer.
        ways: ``[links]`` in how many ways the two go together.
        up_to: ``[links]`` interpretations of all above by way of the same state's links up to this one.
        classes: ``[links]`` observed classes likewise.
    """

    starts: NDArray[np.int64]
    target: NDArray[np.int64]
    ways: Integers
    up_to: Integers
    classes: Integers

    def totals(self, up_to: Integers) -> Integers:
        """Return the last partial sum of each state, 0 where it has no link, ``[states]``."""
        here = self.starts[1:] > self.starts[:-1]
        found: Integers = np.zeros(len(here), dtype=up_to.dtype)
        found[here] = up_to[self.starts[1:][here] - 1]
        return found


class _Found(NamedTuple):
    """States of each layer that can occur, in lexicographic order, what leads from each layer to the next, and partial
    sums of interpretations and observed classes over the states of the first.
    """

    states: tuple[States, ...]
    steps: tuple[_Steps, ...]
    up_to: Integers
    classes: Integers


class _Paths(NamedTuple):
    """Observed classes that have interpretations in a range.

    Args:
        states: for each layer ``[paths]`` the state.
        before: ``[paths]`` index of the first interpretation.
        size: ``[paths]`` interpretations.
        rank: ``[paths]`` among all observed classes.
    """

    states: tuple[NDArray[np.int64], ...]
    before: Integers
    size: Integers
    rank: Integers


@dataclass(frozen=True, eq=False, repr=False)
class InterpretationSpace(Described):
    """All interpretations of one circuit; build it once to fetch several.

    Args:
        circuit: a circuit of it.
        most: states of the first layer, and links of all layers together; MAX_STATES and MAX_LINKS if None.

    Its properties and methods raise BeyondLimits if the circuit has more than 64 possible edges, or more states or
    links than that.
    """

    question: Question
    circuit: Circuit
    most: int | None = None

    @cached_property
    def layers(self) -> tuple[LayerThresholds, ...]:
        """The thresholds of layers 1 … L."""
        n_edges = self.circuit.layout.n_edges
        if n_edges > MAX_EDGES:
            raise self._too_large(f"its network has {n_edges} edges, and the limit is {MAX_EDGES}")
        mask = mask_array([self.circuit.mask], self.circuit.layout)
        return read_thresholds(self.question, mask)

    @cached_property
    def count(self) -> int:
        """The number of interpretations, exact."""
        return _last(self._up_to[0])

    @cached_property
    def n_observed(self) -> int:
        """The number of observed classes, exact."""
        return _last(self._up_to[1])

    @property
    def n_bytes(self) -> int:
        """The memory that the space takes once it is counted, in bytes, roughly."""
        arrays = [*self._up_to, *(array for steps in self._steps for array in steps)]
        boxed = sum(_BYTES_OF_AN_INTEGER * array.size for array in arrays if array.dtype == object)
        return boxed + sum(array.nbytes for array in (*arrays, *(states.thresholds for states in self._states)))

    def at(self, index: int) -> Interpretation:
        """The interpretation at an index.

        Raises:
            InvalidIndex: outside 0 … count − 1.
        """
        self._check(index, self.count, "interpretation", "interpretations")
        thresholds, before = self._thresholds_at(index, by_class=False)
        rest, gates = index - before, []
        for gate in reversed(self._open_gates(thresholds)):
            rest, rank = divmod(rest, gate.n_completions)
            gates.append(gate.nth(rank))
        return Interpretation(self.circuit, index, tuple(reversed(gates)))

    @cached_property
    def gated(self) -> tuple[tuple[int, int], ...]:
        """(layer, neuron) of each gate of its interpretations, in their order."""
        return tuple(
            (layer, neuron)
            for layer, thresholds in enumerate(self.layers, start=1)
            for neuron in np.flatnonzero(thresholds.n_thresholds[0]).tolist()
        )

    def block(self, start: int = 0, stop: int | None = None) -> Block:
        """The interpretations from one index to before another, both as in a slice.

        Raises:
            BeyondLimits: a gate reads more than six neurons, or there are more than 10⁸ entries; :meth:`blocks` has all
                of any size.
        """
        start, stop, _ = slice(start, stop).indices(self.count)
        n = max(stop - start, 0)
        self._check_tables(n)
        return self._block(start, start + n)

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[Block]:
        """Yield interpretations as :meth:`block` has them in parts of bounded size, so that they may be many.

        Raises:
            BeyondLimits: a gate reads more than six neurons.
        """
        start, stop, _ = slice(start, stop).indices(self.count)
        self._check_tables(0)
        for first in range(start, stop, _ROWS_AT_ONCE):
            yield self._block(first, min(first + _ROWS_AT_ONCE, stop))

    def _check_tables(self, n: int) -> None:
        for layer, neuron in self.gated:
            n_parents = len(self._parents[layer, neuron])
            if n_parents > MAX_PARENTS:
                raise BeyondLimits(
                    f"tables of gate {layer}.{neuron} of circuit {self.circuit.hex}",
                    f"it reads {n_parents} neurons, and an integer of 64 bits holds tables of at most {MAX_PARENTS}",
                    "look at interpretations one by one",
                )
        if n * len(self.gated) > MAX_ENTRIES:
            raise BeyondLimits(
                f"tables of {n:,} interpretations of circuit {self.circuit.hex}",
                f"they have {n * len(self.gated):,} entries of 8 bytes, and the limit is {MAX_ENTRIES:,}",
                "ask for fewer, or go through blocks(start, stop)",
            )

    def index_of_observed(self, rank: int) -> int:
        """The least index of the rank-th observed class.

        Raises:
            InvalidIndex: outside 0 … classes − 1.
        """
        self._check(rank, self.n_observed, "observed class", "observed classes")
        return self._thresholds_at(rank, by_class=True)[1]

    def index_of(self, gates: tuple[NeuronGate, ...]) -> int:
        """The index of an interpretation given by its gates.

        Raises:
            InvalidIndex: they are no interpretation of this circuit.
        """
        thresholds, least = self._class_of(gates)
        number = 0
        wanted = sorted(gates, key=lambda gate: (gate.layer, gate.neuron))
        for open_gate, gate in zip(self._open_gates(thresholds), wanted, strict=True):
            rank = open_gate.rank(gate.table) if len(gate.table) == len(open_gate.gate.table) else None
            if rank is None:
                raise self._foreign(f"neuron {gate.layer}.{gate.neuron}")
            number = number * open_gate.n_completions + rank
        return least + number

    def least_index_of_class(self, gates: tuple[NeuronGate, ...]) -> int:
        """The least index of the observed class of an interpretation given by its gates; their tables are not read.

        Raises:
            InvalidIndex: they are no interpretation of this circuit.
        """
        return self._class_of(gates)[1]

    def _class_of(self, gates: tuple[NeuronGate, ...]) -> tuple[list[tuple[int, ...]], int]:
        """Find the thresholds at which gates read, and the least index with these thresholds."""
        given = {(gate.layer, gate.neuron): gate for gate in gates}
        thresholds: list[tuple[int, ...]] = []
        for layer, layer_thresholds in enumerate(self.layers, start=1):
            chosen = []
            for neuron, n_thresholds in enumerate(layer_thresholds.n_thresholds[0].tolist()):
                claimed = given.pop((layer, neuron), None)
                levels = layer_thresholds.levels[0, neuron].tolist()
                fitting = [
                    c for c in range(n_thresholds) if claimed is not None and pattern(levels, c) == claimed.function
                ]
                if (claimed is None) != (n_thresholds == 0) or (n_thresholds and not fitting):
                    raise self._foreign(f"neuron {layer}.{neuron}")
                chosen.append(fitting[0] if fitting else 0)
            thresholds.append(tuple(chosen))
        if given:
            raise self._foreign("neuron " + ".".join(map(str, min(given))))
        least, ways = self._before(thresholds)
        if not ways:
            raise self._foreign("their thresholds")
        return thresholds, least

    def _check(self, index: int, count: int, item: str, items: str) -> None:
        if not 0 <= index < count:
            raise InvalidIndex(
                f"{item} {index}",
                f"circuit {self.circuit.hex} has {count:,} {items}",
                f"use 0 to {count - 1}" if count else "choose another circuit",
            )

    def _foreign(self, site: str) -> InvalidIndex:
        return InvalidIndex(
            f"gates at {site}", f"are no interpretation of circuit {self.circuit.hex}", "fetch it by its index"
        )

    def _too_large(self, cause: str) -> BeyondLimits:
        return BeyondLimits(
            f"interpretations of circuit {self.circuit.hex}", cause, "choose a circuit with fewer neurons"
        )

    @cached_property
    def _found(self) -> _Found:
        n_states = float(n_first_states(self.layers[0])[0])
        max_states, max_links = self.most or MAX_STATES, self.most or MAX_LINKS
        if n_states > max_states:
            raise self._too_large(
                f"{n_states:,.0f} combinations of thresholds in the first layer, and the limit is {max_states:,}"
            )
        first = [block.thresholds for block in first_states(self.layers[0], _STATES_AT_ONCE)]
        states, linked, n_links = [_of_one_circuit(np.concatenate(first))], [], 0
        for level, above in enumerate(self.layers[1:]):
            sources, keys, ways = [], [], []
            for start in range(0, max(len(states[-1]), 1), _STATES_AT_ONCE):
                part = states[-1][start : start + _STATES_AT_ONCE]
                for found in links(self.layers[level], above, part):
                    n_links += len(found.source)
                    if n_links > max_links:
                        raise self._too_large(
                            f"more than {max_links:,} ways on from the thresholds of one layer to those of the next"
                        )
                    sources.append(found.source + start)
                    keys.append(_keys(found.target.thresholds))
                    ways.append(found.ways_times(np.ones(len(found.source), dtype=np.int64)))
            distinct, target = np.unique(np.concatenate(keys), return_inverse=True)
            n_each = np.bincount(np.concatenate(sources), minlength=len(states[-1]))
            linked.append((np.concatenate([[0], np.cumsum(n_each)]), target.astype(np.int64), np.concatenate(ways)))
            states.append(_of_one_circuit(_thresholds(distinct, above.n_thresholds.shape[1])))
        steps: list[_Steps] = []
        onward = classes = np.ones(len(states[-1]), dtype=np.int64)
        for starts, target, ways_on in reversed(linked):
            up_to = _added_up(_product(ways_on, onward[target]), starts)
            steps.append(_Steps(starts, target, ways_on, up_to, _added_up(classes[target], starts)))
            onward, classes = steps[-1].totals(up_to), steps[-1].totals(steps[-1].classes)
        whole = np.array([0, len(onward)])
        sums = _added_up(onward, whole), _added_up(classes, whole)
        return _Found(tuple(states), tuple(reversed(steps)), *sums)

    @property
    def _states(self) -> tuple[States, ...]:
        return self._found.states

    @property
    def _steps(self) -> tuple[_Steps, ...]:
        return self._found.steps

    @property
    def _up_to(self) -> tuple[Integers, Integers]:
        """Interpretations and classes of the first layer's states up to each, this one included."""
        return self._found.up_to, self._found.classes

    @cached_property
    def _first_keys(self) -> NDArray[np.bytes_]:
        return _keys(self._states[0].thresholds)

    def _thresholds_at(self, number: int, *, by_class: bool) -> tuple[list[tuple[int, ...]], int]:
        """Find the thresholds of the number-th interpretation (or class), and count those with lesser ones."""
        ends = self._up_to[int(by_class)]
        state = bisect_right(ends, number)
        factor, before = 1, int(self._up_to[0][state - 1]) if state else 0
        number -= int(ends[state - 1]) if state else 0
        thresholds = [tuple(self._states[0].thresholds[state].tolist())]
        for states, steps in zip(self._states[1:], self._steps, strict=True):
            first, last = int(steps.starts[state]), int(steps.starts[state + 1])
            ends, wanted = (steps.classes, number) if by_class else (steps.up_to, number // factor)
            link = bisect_right(ends, wanted, first, last)
            if link > first:
                before += factor * int(steps.up_to[link - 1])
                number -= int(ends[link - 1]) * (1 if by_class else factor)
            factor *= int(steps.ways[link])
            state = int(steps.target[link])
            thresholds.append(tuple(states.thresholds[state].tolist()))
        return thresholds, before

    def _before(self, thresholds: Sequence[tuple[int, ...]]) -> tuple[int, int]:
        """Count the interpretations with lesser thresholds, and those with exactly these."""
        state = int(np.searchsorted(self._first_keys, _keys(np.array([thresholds[0]]))[0]))
        if state == len(self._first_keys) or tuple(self._states[0].thresholds[state].tolist()) != thresholds[0]:
            return 0, 0
        factor, before = 1, int(self._up_to[0][state - 1]) if state else 0
        for level, steps in enumerate(self._steps, start=1):
            first, last = int(steps.starts[state]), int(steps.starts[state + 1])
            targets = steps.target[first:last]
            keys = _keys(self._states[level].thresholds[targets])
            position = int(np.searchsorted(keys, _keys(np.array([thresholds[level]]))[0]))
            if (
                position == len(keys)
                or tuple(self._states[level].thresholds[targets[position]].tolist()) != thresholds[level]
            ):
                return 0, 0
            before += factor * int(steps.up_to[first + position - 1]) if position else 0
            factor *= int(steps.ways[first + position])
            state = int(targets[position])
        return before, factor

    def _paths(self, start: int, stop: int) -> _Paths:
        """The classes with an interpretation from one index to before another."""
        up_to, classes = self._up_to
        first, last = bisect_right(up_to, start), bisect_right(up_to, stop - 1) + 1
        found = (np.arange(first, last),)
        before, rank = (np.concatenate([[0], ends[:-1]])[first:last] for ends in (up_to, classes))
        size, factor = up_to[first:last] - before, np.ones(last - first, dtype=up_to.dtype)
        for steps in self._steps:
            begin, n = steps.starts[found[-1]], np.diff(steps.starts)[found[-1]]
            path = np.repeat(np.arange(len(n)), n)
            within = np.arange(len(path)) - np.repeat(np.cumsum(n) - n, n)
            link = begin[path] + within
            lesser, fewer = (np.where(within, ends[link - 1], 0) for ends in (steps.up_to, steps.classes))
            before = before[path] + factor[path] * lesser
            size = factor[path] * (steps.up_to[link] - lesser)
            kept = (before < stop) & (before + size > start)
            path, link, before, size = path[kept], link[kept], before[kept], size[kept]
            rank, factor = rank[path] + fewer[kept], factor[path] * steps.ways[link]
            found = (*(states[path] for states in found), steps.target[link])
        return _Paths(found, before, size, rank)

    def _block(self, start: int, stop: int) -> Block:
        if start == stop:
            shape = 0, len(self.gated)
            return Block(start, np.zeros(shape, np.uint64), np.zeros(shape), np.zeros(0, np.int64))
        paths = self._paths(start, stop)
        skipped = start - int(paths.before[0])
        n_rows = np.minimum(paths.size, stop - paths.before)
        n_rows[0] -= skipped
        n_rows = n_rows.astype(np.int64)
        every = np.arange(len(n_rows))
        offset = np.arange(stop - start) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
        tables = np.empty((stop - start, len(self.gated)), dtype=np.uint64, order="F")
        midpoints = np.empty((len(n_rows), len(self.gated)))
        rest = offset.astype(np.uint64)  # of the index in its class, what the gates above it have left
        for column in range(len(self.gated) - 1, -1, -1):
            layer, neuron = self.gated[column]
            threshold = self._states[layer - 1].thresholds[paths.states[layer - 1], neuron]
            own = self.layers[layer - 1]
            above = own.levels[0, neuron] > threshold[:, None]
            low = np.where(above, -np.inf, own.values[0, neuron]).max(axis=1)
            high = np.where(above, own.values[0, neuron], np.inf).min(axis=1)
            midpoints[:, column] = low + (high - low) / 2
            rows = self._rows(layer, neuron, paths)
            gates = PackedGates.of(rows, above, len(self._parents[layer, neuron]), first_layer=layer == 1)
            n = gates.n_completions
            skipped, digit = divmod(skipped, int(n[0]))
            if digit:
                rest[: n_rows[0]] += np.uint64(digit)
            if (n == 1).all():
                tables[:, column] = np.repeat(gates.completed(np.zeros_like(n), every), n_rows)
                continue
            each = n[0] if (n == n[0]).all() else np.repeat(n, n_rows)
            whole, rest = rest, rest // each
            rank = whole - rest * each
            if n.sum(dtype=float) > len(rank):  # most are not in the range
                tables[:, column] = gates.completed(rank, np.repeat(every, n_rows))
                continue
            n_own = n.astype(np.int64)
            begin = np.cumsum(n_own) - n_own
            ranks = np.arange(n_own.sum()) - np.repeat(begin, n_own)
            known = gates.completed(ranks.astype(np.uint64), np.repeat(every, n_own))
            tables[:, column] = known[np.repeat(begin.astype(np.uint64), n_rows) + rank]
        return Block(start, tables, np.repeat(midpoints, n_rows, axis=0), np.repeat(paths.rank, n_rows))

    def _rows(self, layer: int, neuron: int, paths: _Paths) -> NDArray[np.uint64]:
        """Return the row of a gate's table that each input reaches, ``[paths, or 1, 2^n]``."""
        found: NDArray[np.uint64] = np.zeros((1, 1 << self.question.network.n_inputs), dtype=np.uint64)
        for parent in self._parents[layer, neuron]:
            if layer == 1:
                pattern_ = input_pattern(parent, self.question.network.n_inputs)
                bits = np.array([(pattern_ >> row) & 1 for row in range(found.shape[1])], dtype=np.uint64)
            else:
                threshold = self._states[layer - 2].thresholds[paths.states[layer - 2], parent]
                bits = (self.layers[layer - 2].levels[0, parent] > threshold[:, None]).astype(np.uint64)
            found = (found << np.uint64(1)) | bits
        return found

    @cached_property
    def _recent(self) -> dict[tuple[int, ...], OpenGate]:
        return {}

    def _open_gates(self, thresholds: Sequence[tuple[int, ...]]) -> list[OpenGate]:
        """Make every neuron's gate at these thresholds, short of its completion, by layer, then index."""
        found = []
        for layer, neuron in self.gated:
            below = (
                () if layer == 1 else tuple(thresholds[layer - 2][parent] for parent in self._parents[layer, neuron])
            )
            key = (layer, neuron, thresholds[layer - 1][neuron], *below)
            gate = self._recent.get(key)
            if gate is None:
                gate = self._open_gate(layer, neuron, thresholds)
                if len(self._recent) >= _RECENT:
                    self._recent.clear()
                self._recent[key] = gate
            found.append(gate)
        return found

    @cached_property
    def _parents(self) -> dict[tuple[int, int], list[int]]:
        """The neurons of the layer below that each gate reads, ascending; gates of the first layer read all inputs."""
        inputs = list(range(self.question.network.n_inputs))
        return {
            (layer, neuron): inputs
            if layer == 1
            else np.flatnonzero(self.layers[layer - 1].parents[0, neuron]).tolist()
            for layer, neuron in self.gated
        }

    def _function(self, layer: int, neuron: int, thresholds: Sequence[tuple[int, ...]]) -> int:
        if layer == 0:
            return input_pattern(neuron, self.question.network.n_inputs)
        return pattern(self.layers[layer - 1].levels[0, neuron].tolist(), thresholds[layer - 1][neuron])

    def _open_gate(self, layer: int, neuron: int, thresholds: Sequence[tuple[int, ...]]) -> OpenGate:
        levels, values = self.layers[layer - 1].levels[0, neuron], self.layers[layer - 1].values[0, neuron]
        above = levels > thresholds[layer - 1][neuron]
        low, high = float(values[~above].max()), float(values[above].min())
        parents = tuple((layer - 1, parent) for parent in self._parents[layer, neuron])
        function = self._function(layer, neuron, thresholds)
        below = [self._function(*parent, thresholds) for parent in parents]
        table, free_rows = local_table(function, below, 1 << self.question.network.n_inputs)
        gate = NeuronGate(layer, neuron, low, high, function, parents, table, free_rows, "")
        return OpenGate(gate, barred_completions(gate))


def _product(first: Integers, second: Integers) -> Integers:
    """Multiply two arrays exactly."""
    if first.dtype != object and float(first.max(initial=0)) * float(second.max(initial=0)) < _EXACT:
        small: Integers = first * second
        return small
    exact: Integers = first.astype(object) * second.astype(object)
    return exact


def _added_up(numbers: Integers, starts: NDArray[np.int64]) -> Integers:
    """Partial sums of each group, in 64 bits where all fit.

    Args:
        starts: ``[groups + 1]`` where each begins.
    """
    fits = numbers.dtype != object and float(numbers.max(initial=0)) * len(numbers) < _EXACT
    sums: Integers = np.cumsum(numbers if fits else numbers.astype(object))
    n = np.diff(starts)
    groups = np.flatnonzero(n)
    if len(groups) > 1:
        sums = sums - np.repeat(np.concatenate([sums[:1] * 0, sums[starts[groups[1:]] - 1]]), n[groups])
    if not fits and float(sums.max(initial=0)) < _EXACT:
        return sums.astype(np.int64)
    return sums


def _last(sums: Integers) -> int:
    return int(sums[-1]) if len(sums) else 0


def _of_one_circuit(thresholds: NDArray[np.int64]) -> States:
    return States(np.zeros(len(thresholds), dtype=np.int64), thresholds)


def _keys(thresholds: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Thresholds as byte strings, whose order is the lexicographic one; at most 63 thresholds fit into a byte."""
    return np.ascontiguousarray(thresholds, dtype=np.uint8).view(f"S{thresholds.shape[1]}")[:, 0]


def _thresholds(keys: NDArray[np.bytes_], width: int) -> NDArray[np.int64]:
    """Recover thresholds from their keys, the inverse of :func:`_keys`."""
    return np.ascontiguousarray(keys).view(np.uint8).reshape(len(keys), width).astype(np.int64)
