"""The interpretations of one circuit in which some neurons are a given gate: counted, and fetched by rank.

"Neuron 2-1 is NAND" restricts what that neuron may do on each state of the layer below: of the completions of its gate
only those with that name are left. So the transfer over layers (:mod:`analysis.interpretations.transfer`) counts the
interpretations that match, exactly and without listing, by weighing each option of a restricted neuron with the number
of its completions that match; and what finds the i-th interpretation finds the i-th that matches. The order is that of
the indices, so ranks among matches and indices among all interpretations ascend together.

A gate is named as interpretations name it: the local gate over the neuron's parents ("NAND", "NOT 1.0", "AND 1.0 1.2"),
for the first layer over the inputs ("A", "¬B", "XOR"). Gates without a short name go together as :data:`OTHER`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import BeyondLimits, InvalidGate
from analysis.interpretations.gates import essential, gate_name, table_name
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.interpretation import Interpretation, NeuronGate
from analysis.interpretations.partial_gates import OpenGate
from analysis.interpretations.transfer import Integers, Restriction, States, object_array
from analysis.networks.circuit import Circuit
from analysis.question import Question
from analysis.tasks import INPUT_NAMES

OTHER: Final = "other"
MAX_PARENTS: Final = 5  # of a neuron that may be asked to have a gate without a name: 2^32 tables
Site = tuple[int, int]
Table = tuple[int, ...]


@dataclass(frozen=True)
class GateWish:
    """A gate that a neuron must have.

    Args:
        layer: 1 for the first hidden layer.
        neuron: index in the layer, from 0.
        name: the gate's name, or :data:`OTHER`.
    """

    layer: int
    neuron: int
    name: str

    def __str__(self) -> str:
        return f"{self.layer}-{self.neuron}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> GateWish:
        """Read ``LAYER-NEURON:GATE`` back.

        Raises:
            InvalidGate: another shape.
        """
        site, colon, name = text.partition(":")
        layer, dash, neuron = site.partition("-")
        numbers = (layer, neuron)
        if not (colon and dash and name) or not all(n.isascii() and n.isdigit() and len(n) < 4 for n in numbers):
            raise InvalidGate(f"gate {text[:40]!r}", "cannot be read", "write LAYER-NEURON:GATE, as in 2-1:NAND")
        return cls(int(layer), int(neuron), " ".join(name.split()))


@dataclass(frozen=True)
class GateCount:
    """How many interpretations give a neuron one gate.

    Args:
        name: of the gate, or :data:`OTHER` for all without a name.
        count: exactly.
    """

    name: str
    count: int


@dataclass(frozen=True)
class _Choice(OpenGate):
    """A gate of which only some completions are left: the numbered ones."""

    numbers: tuple[int, ...] = ()

    @property
    def n_completions(self) -> int:
        return len(self.numbers)

    def nth(self, rank: int) -> NeuronGate:
        return self.completed(self.numbers[rank])


@dataclass(frozen=True, eq=False)
class MatchingSpace(InterpretationSpace):
    """The interpretations of a circuit that match wishes about gates, numbered in the order of their index.

    ``count``, ``n_observed`` (observed classes with at least one match), ``at`` (its ``index`` is the rank among the
    matches) and ``index_of_observed`` speak of matches only.

    Args:
        wishes: at most one for each neuron.
    """

    wishes: tuple[GateWish, ...] = ()

    @classmethod
    def of(cls, question: Question, circuit: Circuit, wishes: Sequence[GateWish] = ()) -> MatchingSpace:
        """The matches of some wishes.

        Raises:
            InvalidGate: a neuron that has no gate in this circuit, a gate that it cannot have by that name, or two
                wishes about one neuron.
            BeyondLimits: :data:`OTHER` for a neuron of more than MAX_PARENTS parents.
        """
        space = cls(question, circuit, wishes=tuple(wishes))
        seen: set[Site] = set()
        for wish in wishes:
            space._check_wish(wish, seen)
            seen.add((wish.layer, wish.neuron))
        return space

    @cached_property
    def whole(self) -> InterpretationSpace:
        """All interpretations of the circuit."""
        return InterpretationSpace(self.question, self.circuit)

    def interpretation(self, rank: int) -> Interpretation:
        """The match of that rank, under its index among all interpretations.

        Raises:
            InvalidIndex: outside 0 … count − 1.
        """
        return self.whole.at(self.whole.index_of(self.at(rank).gates))

    def gate_counts(self) -> dict[Site, tuple[GateCount, ...]]:
        """For each neuron with a gate, by layer, then index: how many interpretations give it each gate.

        The wishes about other neurons hold, its own does not. Gates that no interpretation gives it are left out; the
        most frequent come first.
        """
        found: dict[Site, tuple[GateCount, ...]] = {}
        for layer, cuts in enumerate(self.layers, start=1):
            for neuron in np.flatnonzero(cuts.n_cuts[0]).tolist():
                others = tuple(w for w in self.wishes if (w.layer, w.neuron) != (layer, neuron))
                space = self if others == self.wishes else self._with(others)
                counts = space._counts_of(layer, neuron)
                ordered = sorted(counts.items(), key=lambda pair: (pair[0] == OTHER, -pair[1], pair[0]))
                found[layer, neuron] = tuple(GateCount(name, count) for name, count in ordered if count)
        return found

    # ---- restricting -------------------------------------------------------------------------------------------------

    def _with(self, wishes: tuple[GateWish, ...]) -> MatchingSpace:
        space = MatchingSpace(self.question, self.circuit, wishes=wishes)
        space.__dict__["layers"] = self.layers  # the cuts are the same
        return space

    def _check_wish(self, wish: GateWish, seen: set[Site]) -> None:
        item = f"gate {str(wish)[:60]!r}"
        layer, neuron = wish.layer, wish.neuron
        known = 1 <= layer <= len(self.layers) and neuron < self.question.cut.sizes[layer]
        if not known or not self.layers[layer - 1].n_cuts[0, neuron]:
            cause = f"neuron {layer}-{neuron} has no gate in circuit {self.circuit.hex}"
            raise InvalidGate(item, cause, "choose a neuron that the circuit's page gives a gate")
        if (layer, neuron) in seen:
            raise InvalidGate(item, f"neuron {layer}-{neuron} is asked for twice", "give one gate for each neuron")
        if wish.name == OTHER:
            if len(self._parents(layer, neuron)) > MAX_PARENTS:
                raise BeyondLimits(item, f"its gates have more than {MAX_PARENTS} parents", "ask for a gate by name")
        elif wish.name not in self._tables(layer, neuron):
            names = ", ".join(list(self._tables(layer, neuron))[:12])
            raise InvalidGate(item, "no gate of that neuron has that name", f"use one of {names}, … or {OTHER}")

    def _parents(self, layer: int, neuron: int) -> list[int]:
        if layer == 1:
            return list(range(self.question.cut.n_inputs))
        return [int(source) for source in np.flatnonzero(self.layers[layer - 1].parents[0, neuron])]

    def _tables(self, layer: int, neuron: int) -> Mapping[str, tuple[Table, ...]]:
        """Every named gate of a neuron with its tables over the parents; barred ones left out."""
        return named_tables(self.parent_names(layer, neuron), first=layer == 1)

    def parent_names(self, layer: int, neuron: int) -> tuple[str, ...]:
        """What a neuron's gate may read, as the names of gates say it: A, B or 1.0, 1.2."""
        parents = self._parents(layer, neuron)
        if layer == 1:
            return tuple(INPUT_NAMES[: len(parents)])
        return tuple(f"{layer - 1}.{parent}" for parent in parents)

    def _wish_at(self, layer: int) -> list[GateWish]:
        return [wish for wish in self.wishes if wish.layer == layer]

    def _first(self) -> NDArray[np.int64]:
        cuts = super()._first()
        for wish in self._wish_at(1):
            fits = [cut for cut, name in enumerate(self._names_of_cuts(wish.neuron)) if name == wish.name]
            cuts = cuts[np.isin(cuts[:, wish.neuron], fits)]
        return cuts

    def _names_of_cuts(self, neuron: int) -> list[str]:
        """The gate of a neuron of the first layer at each of its cuts."""
        levels, n_cuts = self.layers[0].levels[0, neuron], int(self.layers[0].n_cuts[0, neuron])
        tables = self._tables(1, neuron)
        names = {table: name for name, found in tables.items() for table in found}
        return [names.get(tuple((levels > cut).astype(int).tolist()), OTHER) for cut in range(n_cuts)]

    def _restrictions(self, level: int) -> Mapping[int, Restriction]:
        return {wish.neuron: self._restriction(wish) for wish in self._wish_at(level + 2)}

    def _restriction(self, wish: GateWish) -> Restriction:
        below, above = self.layers[wish.layer - 2], self.layers[wish.layer - 1]
        parents = self._parents(wish.layer, wish.neuron)
        tables = self._tables(wish.layer, wish.neuron)
        wanted = [t for found in tables.values() for t in found] if wish.name == OTHER else list(tables[wish.name])

        def ways(states: States, owner: NDArray[np.int64], cut: NDArray[np.int64]) -> NDArray[np.int64]:
            rows = _rows(below.levels[0], states.cuts, parents)
            child = above.levels[0, wish.neuron] > cut[:, None]
            n = np.zeros(len(cut), dtype=np.int64)
            for table in wanted:
                n += (np.array(table, dtype=np.bool_)[rows][owner] == child).all(axis=1)
            return _all_ways(rows, child, owner, len(parents)) - n if wish.name == OTHER else n

        return ways

    def _open_gates(self, cuts: Sequence[tuple[int, ...]]) -> list[OpenGate]:
        wishes = {(wish.layer, wish.neuron): wish for wish in self.wishes if wish.layer > 1}
        opened: list[OpenGate] = []
        for gate in super()._open_gates(cuts):
            wish = wishes.get((gate.gate.layer, gate.gate.neuron))
            opened.append(gate if wish is None else self._chosen(gate, wish))
        return opened

    def _chosen(self, gate: OpenGate, wish: GateWish) -> OpenGate:
        """A gate with the completions that a wish leaves."""
        tables = self._tables(wish.layer, wish.neuron)
        wanted = [t for found in tables.values() for t in found] if wish.name == OTHER else tables[wish.name]
        settled = [row for row in range(len(gate.gate.table)) if row not in gate.gate.free_rows]
        numbers = sorted(
            sum(table[row] << place for place, row in enumerate(gate.gate.free_rows))
            for table in wanted
            if all(table[row] == gate.gate.table[row] for row in settled)
        )
        if wish.name == OTHER:
            return OpenGate(gate.gate, tuple(sorted({*gate.barred, *numbers})))
        return _Choice(gate.gate, (), tuple(numbers))

    # ---- counting gates ----------------------------------------------------------------------------------------------

    @cached_property
    def _inward(self) -> tuple[Integers, ...]:
        """For each layer and state: in how many ways the layers up to it lead there."""
        states = self._states
        inward = [object_array([1] * len(states[0]))]
        for level in range(len(states) - 1):
            ways = object_array([0] * len(states[level + 1]))
            for found in self._links(states[level], level):
                target = self.positions(level + 1, found.target)
                np.add.at(ways, target, found.ways() * inward[-1][found.source])
            inward.append(ways)
        return tuple(inward)

    def _counts_of(self, layer: int, neuron: int) -> dict[str, int]:
        """How many interpretations give a neuron that no wish is about each gate."""
        counts: dict[str, int] = defaultdict(int)
        if layer == 1:
            names = self._names_of_cuts(neuron)
            for cut, ways in zip(self._states[0].cuts[:, neuron].tolist(), self._onward[0][0].tolist(), strict=True):
                counts[names[cut]] += ways
            return counts
        level, parents = layer - 2, self._parents(layer, neuron)
        states, above = self._states[level], self.layers[layer - 1]
        rows = _rows(self.layers[level].levels[0], states.cuts, parents)
        patterns, pattern = np.unique(rows, axis=0, return_inverse=True)
        n_cuts = int(above.n_cuts[0, neuron])
        weights = object_array([0] * (len(patterns) * n_cuts))  # by rows reached and cut
        for found in self._links(states, level):
            target = self.positions(level + 1, found.target)
            ways = found.ways() * self._inward[level][found.source] * self._onward[level + 1][0][target]
            np.add.at(weights, pattern.reshape(-1)[found.source] * n_cuts + found.target.cuts[:, neuron], ways)
        used = np.flatnonzero(weights)
        rows, left = patterns[used // n_cuts], weights[used]
        child = above.levels[0, neuron] > (used % n_cuts)[:, None]
        n_ways = object_array([1 << ((1 << len(parents)) - len(set(row))) for row in rows.tolist()])
        if len(parents) == 2:
            n_ways = n_ways - _n_fitting(_XOR, rows, child)
        of_each_gate = left // n_ways
        for name, tables in self._tables(layer, neuron).items():
            here = of_each_gate * _n_fitting(tables, rows, child)
            counts[name] += int(here.sum())
            left = left - here
        counts[OTHER] += int(left.sum())
        return counts


_XOR: Final = ((0, 1, 1, 0), (1, 0, 0, 1))


def _rows(levels: NDArray[np.int64], cuts: NDArray[np.int64], parents: Sequence[int]) -> NDArray[np.int64]:
    """``[states, inputs]`` the row of a gate over its parents that each input reaches."""
    rows = np.zeros((len(cuts), levels.shape[-1]), dtype=np.int64)
    for parent in parents:
        rows = rows * 2 + (levels[parent] > cuts[:, parent, None])
    return rows


def _n_fitting(tables: Iterable[Sequence[int]], rows: NDArray[np.int64], child: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of some truth tables give ``child`` (``[options, inputs]``) on the rows that the inputs reach."""
    fitting = np.zeros(len(rows), dtype=np.int64)
    for table in tables:
        fitting += (np.array(table, dtype=np.bool_)[rows] == child).all(axis=1)
    return fitting


def _all_ways(
    rows: NDArray[np.int64], child: NDArray[np.bool_], owner: NDArray[np.int64], n_parents: int
) -> NDArray[np.int64]:
    """In how many ways each option may be had without any wish."""
    reached = np.array([len(set(row)) for row in rows.tolist()], dtype=np.int64)
    ways = np.int64(1) << ((1 << n_parents) - reached)[owner]
    return ways - _n_fitting(_XOR, rows[owner], child) if n_parents == 2 else ways


@cache
def named_tables(parents: tuple[str, ...], *, first: bool) -> Mapping[str, tuple[Table, ...]]:
    """Every gate over some parents that has a short name, with its tables.

    Args:
        parents: their names, most significant first.
        first: whether they are inputs, of which a gate that reads one alone is called by its formula; later XOR and
            XNOR of exactly two parents are barred.
    """
    n = len(parents)
    found: dict[str, list[Table]] = defaultdict(list)
    for table in _candidates(n):
        if not first and n == 2 and table in _XOR:
            continue
        used, _ = essential(table)
        function = sum(value << row for row, value in enumerate(table))
        name = gate_name(function, n) if first and len(used) == 1 else table_name(table, parents)
        if name:
            found[name].append(table)
    return {name: tuple(tables) for name, tables in found.items()}


def _candidates(n: int) -> list[Table]:
    """Tables over n parents that may have a name: of at most two parents, or telling only how many are 1."""
    rows = range(1 << n)
    if n <= 2:
        return [tuple((function >> row) & 1 for row in rows) for function in range(1 << (1 << n))]
    bits = [[(row >> (n - 1 - place)) & 1 for row in rows] for place in range(n)]
    tables = {(0,) * (1 << n): None, (1,) * (1 << n): None}
    for left in range(n):
        for right in range(left + 1, n):
            for core in range(16):
                tables[tuple((core >> (2 * a + b)) & 1 for a, b in zip(bits[left], bits[right], strict=True))] = None
    for by_count in range(1 << (n + 1)):
        tables[tuple((by_count >> row.bit_count()) & 1 for row in rows)] = None
    return list(tables)
