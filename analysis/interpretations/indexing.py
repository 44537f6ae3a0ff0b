"""From an index to an interpretation and back, without listing.

The order is part of permalinks, so it is fixed (spec §3). First the cuts, 0 lowest, lexicographic over the neurons with
a gate by layer, then index, output last, first neuron most significant. Then the completions likewise; a completion is
numbered by the bits of its free rows, lowest row least significant, and barred gates are skipped.

The states of a layer are ordered by their cuts, so with the number of ways to go on from each state the cuts of an
index are found layer by layer; what is left of the index then numbers the completions in mixed radix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import input_pattern
from analysis.errors import BeyondLimits, InvalidIndex
from analysis.interpretations.cuts import LayerCuts, pattern, read_cuts
from analysis.interpretations.interpretation import Interpretation, NeuronGate
from analysis.interpretations.partial_gates import OpenGate, barred_completions, local_table
from analysis.interpretations.transfer import (
    Integers,
    Links,
    States,
    first_states,
    links,
    n_first_states,
    object_array,
)
from analysis.networks.circuit import MAX_EDGES, Circuit, mask_array
from analysis.question import Question

MAX_STATES = 5_000_000
MAX_LINKS = 5_000_000  # from states of one layer to those of the next, in all; some seconds
_STATES_AT_ONCE = 1 << 15
_BYTES_OF_A_STATE = 130  # two Python integers, where they stand, and their partial sums
_RECENT = 256  # neighbouring indices share most of their way down


@dataclass(frozen=True, eq=False)
class InterpretationSpace:
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
    def layers(self) -> tuple[LayerCuts, ...]:
        """The cuts of layers 1 … L."""
        n_edges = self.circuit.layout.n_edges
        if n_edges > MAX_EDGES:
            raise self._too_large(f"its network has {n_edges} edges, and the limit is {MAX_EDGES}")
        mask = mask_array([self.circuit.mask], self.circuit.layout)
        return read_cuts(
            self.question.cut,
            mask,
            self.question.data.representatives,
            self.question.protocol.ablation,
            self.question.data.clean_rows,
        )

    @cached_property
    def count(self) -> int:
        """Interpretations, exactly."""
        return int(self._onward[0][0].sum())

    @cached_property
    def n_observed(self) -> int:
        """Observed classes, exactly."""
        return int(self._onward[0][1].sum())

    @property
    def n_bytes(self) -> int:
        """Memory that it takes once it is counted, roughly."""
        return sum(2 * states.cuts.nbytes + _BYTES_OF_A_STATE * len(states) for states in self._states)

    def at(self, index: int) -> Interpretation:
        """The interpretation at an index.

        Raises:
            InvalidIndex: outside 0 … count − 1.
        """
        self._check(index, self.count, "interpretation", "interpretations")
        cuts, before = self._cuts_at(index, by_class=False)
        rest, gates = index - before, []
        for gate in reversed(self._open_gates(cuts)):
            rest, rank = divmod(rest, gate.n_completions)
            gates.append(gate.nth(rank))
        return Interpretation(self.circuit, index, tuple(reversed(gates)))

    def index_of_observed(self, rank: int) -> int:
        """The least index of the rank-th observed class.

        Raises:
            InvalidIndex: outside 0 … classes − 1.
        """
        self._check(rank, self.n_observed, "observed class", "observed classes")
        return self._cuts_at(rank, by_class=True)[1]

    def index_of(self, gates: tuple[NeuronGate, ...]) -> int:
        """The index of an interpretation given by its gates.

        Raises:
            InvalidIndex: they are no interpretation of this circuit.
        """
        cuts, least = self._class_of(gates)
        number = 0
        wanted = sorted(gates, key=lambda gate: (gate.layer, gate.neuron))
        for open_gate, gate in zip(self._open_gates(cuts), wanted, strict=True):
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
        """The cuts that gates read, and the least index with these cuts."""
        given = {(gate.layer, gate.neuron): gate for gate in gates}
        cuts: list[tuple[int, ...]] = []
        for layer, layer_cuts in enumerate(self.layers, start=1):
            chosen = []
            for neuron, n_cuts in enumerate(layer_cuts.n_cuts[0].tolist()):
                claimed = given.pop((layer, neuron), None)
                levels = layer_cuts.levels[0, neuron].tolist()
                fitting = [c for c in range(n_cuts) if claimed is not None and pattern(levels, c) == claimed.function]
                if (claimed is None) != (n_cuts == 0) or (n_cuts and not fitting):
                    raise self._foreign(f"neuron {layer}.{neuron}")
                chosen.append(fitting[0] if fitting else 0)
            cuts.append(tuple(chosen))
        if given:
            raise self._foreign("neuron " + ".".join(map(str, min(given))))
        least, ways = self._before(cuts)
        if not ways:
            raise self._foreign("their cuts")
        return cuts, least

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
    def _states(self) -> tuple[States, ...]:
        """States of each layer that can occur, in lexicographic order."""
        n_states = float(n_first_states(self.layers[0])[0])
        max_states, max_links = self.most or MAX_STATES, self.most or MAX_LINKS
        if n_states > max_states:
            raise self._too_large(
                f"{n_states:,.0f} combinations of cuts in the first layer, and the limit is {max_states:,}"
            )
        first = [block.cuts for block in first_states(self.layers[0], _STATES_AT_ONCE)]
        states, n_links = [_of_one_circuit(np.concatenate(first))], 0
        for level, above in enumerate(self.layers[1:]):
            keys = []
            for found in self._links(states[-1], level):
                n_links += len(found.source)
                if n_links > max_links:
                    raise self._too_large(
                        f"more than {max_links:,} ways on from cuts of one layer to the next, which is the limit"
                    )
                keys.append(np.unique(_keys(found.target.cuts)))
            states.append(_of_one_circuit(_cuts(np.unique(np.concatenate(keys)), above.n_cuts.shape[1])))
        return tuple(states)

    def _links(self, states: States, level: int) -> Iterator[Links]:
        """Links from states of layer ``level`` + 1 to the next layer; ``source`` is the position in ``states``."""
        for start in range(0, max(len(states), 1), _STATES_AT_ONCE):
            part = states[start : start + _STATES_AT_ONCE]
            for found in links(self.layers[level], self.layers[level + 1], part):
                yield replace(found, source=found.source + start)

    @cached_property
    def _onward(self) -> tuple[tuple[Integers, Integers], ...]:
        """For each layer and state: interpretations and classes of everything above, given that state."""
        states = self._states
        once = object_array([1] * len(states[-1]))
        onward = [(once, once)]
        for level in range(len(states) - 2, -1, -1):
            ways, classes = object_array([0] * len(states[level])), object_array([0] * len(states[level]))
            keys = _keys(states[level + 1].cuts)
            for found in self._links(states[level], level):
                target = np.searchsorted(keys, _keys(found.target.cuts))
                np.add.at(ways, found.source, found.ways() * onward[0][0][target])
                np.add.at(classes, found.source, onward[0][1][target])
            onward.insert(0, (ways, classes))
        return tuple(onward)

    @cached_property
    def _up_to(self) -> tuple[Integers, Integers]:
        """Interpretations and classes of the first layer's states up to each, this one included."""
        return _added_up(self._onward[0][0]), _added_up(self._onward[0][1])

    @cached_property
    def _first_keys(self) -> NDArray[np.bytes_]:
        return _keys(self._states[0].cuts)

    @cached_property
    def _recent_options(self) -> dict[tuple[int, int], tuple[NDArray[np.int64], Integers]]:
        return {}

    def _options(self, level: int, state: int) -> tuple[NDArray[np.int64], Integers]:
        """States that go with one of the layer below, ascending, and in how many ways."""
        recent = self._recent_options
        found = recent.get((level, state))
        if found is None:
            found = self._find_options(level, state)
            if len(recent) >= _RECENT:
                recent.clear()  # perhaps while another thread looks, which has what it found
            recent[level, state] = found
        return found

    def _find_options(self, level: int, state: int) -> tuple[NDArray[np.int64], Integers]:
        states = self._states
        found = list(self._links(states[level - 1][state : state + 1], level - 1))
        keys = np.concatenate([_keys(part.target.cuts) for part in found])
        return np.searchsorted(_keys(states[level].cuts), keys), np.concatenate([part.ways() for part in found])

    def _cuts_at(self, number: int, *, by_class: bool) -> tuple[list[tuple[int, ...]], int]:
        """The cuts of the number-th interpretation (or class), and how many interpretations have lesser cuts."""
        up_to, ends = self._up_to[0], self._up_to[int(by_class)]
        state = int(np.searchsorted(ends, number, side="right"))
        factor, before = 1, int(up_to[state - 1]) if state else 0
        number -= int(ends[state - 1]) if state else 0
        cuts = [tuple(self._states[0].cuts[state].tolist())]
        for level, (onward, classes) in enumerate(self._onward[1:], start=1):
            options, ways = self._options(level, state)
            counts = factor * ways * onward[options]
            ends = np.cumsum(classes[options] if by_class else counts)
            chosen = int(np.searchsorted(ends, number, side="right"))
            before += int(counts[:chosen].sum())
            number -= int(ends[chosen - 1]) if chosen else 0
            factor *= int(ways[chosen])
            state = int(options[chosen])
            cuts.append(tuple(self._states[level].cuts[state].tolist()))
        return cuts, before

    def _before(self, cuts: Sequence[tuple[int, ...]]) -> tuple[int, int]:
        """How many interpretations have lesser cuts, and how many have exactly these."""
        state = int(np.searchsorted(self._first_keys, _keys(np.array([cuts[0]]))[0]))
        if state == len(self._first_keys) or tuple(self._states[0].cuts[state].tolist()) != cuts[0]:
            return 0, 0
        factor, before = 1, int(self._up_to[0][state - 1]) if state else 0
        for level, (onward, _) in enumerate(self._onward[1:], start=1):
            options, ways = self._options(level, state)
            keys = _keys(self._states[level].cuts[options])
            place = int(np.searchsorted(keys, _keys(np.array([cuts[level]]))[0]))
            if place == len(keys) or tuple(self._states[level].cuts[options[place]].tolist()) != cuts[level]:
                return 0, 0
            before += int((factor * ways * onward[options])[:place].sum())
            factor *= int(ways[place])
            state = int(options[place])
        return before, factor

    def _open_gates(self, cuts: Sequence[tuple[int, ...]]) -> list[OpenGate]:
        """Every neuron's gate at these cuts, short of its completion, by layer, then index."""
        open_gates: list[OpenGate] = []
        n_inputs = self.question.cut.n_inputs
        functions = {(0, i): input_pattern(i, n_inputs) for i in range(n_inputs)}
        for layer, (layer_cuts, chosen) in enumerate(zip(self.layers, cuts, strict=True), start=1):
            for neuron in np.flatnonzero(layer_cuts.n_cuts[0]).tolist():
                levels, values = layer_cuts.levels[0, neuron], layer_cuts.values[0, neuron]
                above = levels > chosen[neuron]
                function = pattern(levels.tolist(), chosen[neuron])
                sources = range(n_inputs) if layer == 1 else np.flatnonzero(layer_cuts.parents[0, neuron]).tolist()
                parents = tuple((layer - 1, source) for source in sources)
                table, free_rows = local_table(function, [functions[parent] for parent in parents], 1 << n_inputs)
                functions[layer, neuron] = function
                low, high = float(values[~above].max()), float(values[above].min())
                gate = NeuronGate(layer, neuron, low, high, function, parents, table, free_rows, "")
                open_gates.append(OpenGate(gate, barred_completions(gate)))
        return open_gates


def _added_up(numbers: Integers) -> Integers:
    """Partial sums, in 64 bits where the largest fits."""
    fits = int(numbers.sum()) <= np.iinfo(np.int64).max
    return np.cumsum(numbers.astype(np.int64) if fits else numbers)


def _of_one_circuit(cuts: NDArray[np.int64]) -> States:
    return States(np.zeros(len(cuts), dtype=np.int64), cuts)


def _keys(cuts: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Cuts as byte strings, whose order is the lexicographic one; at most 63 cuts fit into a byte."""
    return np.ascontiguousarray(cuts, dtype=np.uint8).view(f"S{cuts.shape[1]}")[:, 0]


def _cuts(keys: NDArray[np.bytes_], width: int) -> NDArray[np.int64]:
    """Inverse of :func:`_keys`."""
    return np.ascontiguousarray(keys).view(np.uint8).reshape(len(keys), width).astype(np.int64)
