"""A library of parts: how long interpretations are if gates that are often used have short words.

A part is a truth table over a number of parents, whatever their order. Its word takes log2 of one over its share among
the parts of that many parents that were counted, each counted half a time more; which of its orders is meant takes log2
of their number. Edges are said as in the enumerative code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product
from math import log2, prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import input_pattern
from pluriscope.analysis.interpretations.observed import ObservedClasses, observed_classes
from pluriscope.analysis.interpretations.thresholds import pattern
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.simplicity.codes import ENUMERATIVE

MOST_PARENTS: Final = 3
_HALF: Final = 0.5
_SAME: Final = 1e-9  # bits
_NO_GATES: Final = 0b0110, 0b1001
"""XOR and XNOR, which no gate of two parents after the first layer is."""
Library = Mapping[int, NDArray[np.float64]]
"""Number of parents → ``[tables]`` bits of each."""
Uses = dict[int, NDArray[np.float64]]
"""Number of parents → ``[parts]`` how often each was used."""


class Gate(NamedTuple):
    """A gate of a circuit: ``[combinations, tables]`` which tables it may have, and ``[classes]`` the combination."""

    n_parents: int
    allowed: NDArray[np.bool_]
    which: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Readings:
    """The interpretations of one circuit, as its observed classes with the tables that each gate may have."""

    mask: int
    bits: float
    gates: Sequence[Gate]


class Least(NamedTuple):
    """The shortest interpretations of a network: their bits, how many, one of them, and the parts that they use."""

    bits: float
    n: int
    one: tuple[int, ...]
    uses: Uses


@lru_cache(maxsize=MOST_PARENTS + 1)
def parts(n_parents: int) -> NDArray[np.int64]:
    """``[tables]`` the part that each is: tables that differ by the order of parents are one."""
    rows = [*product((0, 1), repeat=n_parents)]
    at = {row: number for number, row in enumerate(rows)}
    orders = [[at[tuple(row[one] for one in order)] for row in rows] for order in permutations(range(n_parents))]
    tables = np.arange(1 << len(rows))
    least = np.min(
        [((tables[:, None] >> np.array(order)) & 1) @ (1 << np.arange(len(rows))) for order in orders], axis=0
    )
    return np.unique(least, return_inverse=True)[1].reshape(-1)


def nothing_used() -> Uses:
    """No part was counted: all of one number of parents are equally long."""
    return {n: np.zeros(parts(n).max() + 1) for n in range(1, MOST_PARENTS + 1)}


def library_of(uses: Uses) -> Library:
    """The library in which a part is the shorter the more often it was used."""
    found = {}
    for n_parents, counts in uses.items():
        of = parts(n_parents)
        share = (counts + _HALF) / (counts + _HALF).sum()
        found[n_parents] = np.log2(np.bincount(of))[of] - np.log2(share)[of]
    return found


def readings(question: Question, masks: NDArray[Any], most: int) -> list[Readings]:
    """Those of circuits that have any; BeyondLimits where one has more observed classes than ``most``."""
    found = []
    for mask in map(int, masks):
        circuit = Circuit(question.layout, mask)
        classes = observed_classes(question, circuit, max_classes=most)
        if len(classes):
            bits = log2(ENUMERATIVE.subset(circuit.n_edges, question.layout.n_edges))
            found.append(Readings(mask, bits, [*_gates(question, classes)]))
    return found


def _gates(question: Question, classes: ObservedClasses) -> Iterator[Gate]:
    n_inputs = question.network.n_inputs
    inputs = [input_pattern(one, n_inputs) for one in range(n_inputs)]
    for layer, thresholds in enumerate(classes.thresholds, start=1):
        for neuron in classes.gated(layer):
            below = classes.parents(layer, neuron)
            columns = [thresholds[:, neuron], *(classes.thresholds[layer - 2][:, one] for one in below)]
            different, which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
            allowed = []
            for own, *of_parents in different.tolist():
                given = [_function(classes, layer - 1, *one) for one in zip(below, of_parents, strict=True)]
                allowed.append(tables_of(_function(classes, layer, neuron, own), given or inputs, 1 << n_inputs))
                if layer > 1 and len(given) == 2:
                    allowed[-1][[*_NO_GATES]] = False
            yield Gate(len(below) or n_inputs, np.array(allowed), which.reshape(-1))


def _function(classes: ObservedClasses, layer: int, neuron: int, threshold: int) -> int:
    return pattern(classes.layers[layer - 1].levels[0, neuron].tolist(), threshold)


def tables_of(function: int, of_parents: Sequence[int], n_rows: int) -> NDArray[np.bool_]:
    """``[tables]`` which give a function of the inputs from those of the parents, each an integer with a bit a row."""
    tables = np.arange(1 << (1 << len(of_parents)))
    right = np.ones(len(tables), dtype=bool)
    for row in range(n_rows):
        at = sum(((one >> row) & 1) << (len(of_parents) - 1 - place) for place, one in enumerate(of_parents))
        right &= ((tables >> at) & 1) == ((function >> row) & 1)
    return right


def shortest(every: Sequence[Readings], library: Library) -> Least | None:
    """The shortest interpretations of a network in a library; None where it has none."""
    best, ties = np.inf, list[tuple[Readings, int]]()
    for one in every:
        bits = one.bits + sum(_bits(gate, library).min(axis=1)[gate.which] for gate in one.gates)
        least = float(np.min(bits))
        ties = [] if least < best - _SAME else ties
        best = min(best, least)
        ties += [(one, int(at)) for at in np.flatnonzero(bits <= best + _SAME)]
    n, uses, first = 0, nothing_used(), tuple[int, ...]()
    for one, at in ties:
        chosen = [_bits(gate, library)[gate.which[at]] for gate in one.gates]
        tables = [np.flatnonzero(bits <= bits.min() + _SAME) for bits in chosen]
        n_here = prod(map(len, tables))
        first = first or (one.mask, at, *(int(some[0]) for some in tables))
        for gate, some in zip(one.gates, tables, strict=True):
            np.add.at(uses[gate.n_parents], parts(gate.n_parents)[some], n_here / len(some))
        n += n_here
    return Least(best, n, first, {key: some / n for key, some in uses.items()}) if n else None


def _bits(gate: Gate, library: Library) -> NDArray[np.float64]:
    return np.where(gate.allowed, library[gate.n_parents], np.inf)


def learn(networks: Sequence[Sequence[Readings]], rounds: int) -> Library:
    """Choose the shortest interpretations of each network, count their parts, and so on."""
    library = library_of(nothing_used())
    for _ in range(rounds):
        uses = nothing_used()
        for every in networks:
            if (found := shortest(every, library)) is not None:
                uses = {n: some + found.uses[n] for n, some in uses.items()}
        library = library_of(uses)
    return library
