"""Which Boolean functions the interpretations of valid circuits give each neuron: polysemanticity, counted exactly.

A neuron of a circuit is read as 0 or 1 by a cut between two of its values, so a cut is a Boolean function of the
inputs. It counts here if at least one interpretation of the circuit has that cut. As in the count of interpretations
(:mod:`analysis.interpretations.counting`) nothing is listed: a state of a layer is a cut of each neuron, and one is
part of an interpretation if links lead to it from the first layer and on from it to the output.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import BeyondLimits
from analysis.interpretations.cuts import LayerCuts, pattern, read_cuts
from analysis.interpretations.transfer import States, first_states, links, n_first_states
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

MAX_STATES: Final = 2_000_000
"""States of the first layer over all circuits, and links over each batch of them."""
_STATES_AT_ONCE: Final = 1 << 15
_STATES_OF_A_BATCH: Final = 50_000
_LEAST_BATCH: Final = 16


@dataclass(frozen=True)
class GivenFunctions:
    """The functions that interpretations give each hidden neuron.

    Args:
        of: circuits that were looked at.
        functions: (layer, neuron) → function as an integer, bit i = input row i → circuits in which some interpretation
            gives the neuron that function. A neuron that no circuit gives a gate has none.
    """

    of: int
    functions: Mapping[tuple[int, int], Mapping[int, int]]

    @property
    def numbers(self) -> tuple[int, ...]:
        """How many different functions each neuron is given, of those that are given any."""
        return tuple(len(found) for found in self.functions.values() if found)


def given_functions(question: Question, masks: NDArray[Any], work: Work = DEFAULT_WORK) -> GivenFunctions:
    """The functions that the interpretations of circuits give each hidden neuron.

    Args:
        question: with the rows on which neurons are read.
        masks: ``[circuits]`` structurally possible circuits.
        work: told after each batch of circuits; may cancel.

    Raises:
        BeyondLimits: more than :data:`MAX_STATES` combinations of cuts.
    """
    sizes = question.cut.sizes
    found = {(layer, neuron): Counter[int]() for layer in range(1, len(sizes) - 1) for neuron in range(sizes[layer])}
    done, n_states, step = 0, 0.0, _LEAST_BATCH
    while done < len(masks):
        work.tell("functions of neurons", done, len(masks))
        some = np.asarray(masks[done : done + step], dtype=np.uint64)
        layers = read_cuts(
            question.cut, some, question.data.representatives, question.protocol.ablation, question.data.clean_rows
        )
        here = float(n_first_states(layers[0]).sum())
        n_states += here
        if n_states > MAX_STATES:
            raise _too_many()
        _add(found, layers)
        done += len(some)
        step = max(_LEAST_BATCH, int(len(some) * _STATES_OF_A_BATCH / max(1.0, here)))
    return GivenFunctions(len(masks), found)


def _too_many() -> BeyondLimits:
    return BeyondLimits(
        "functions of neurons",
        f"more than {MAX_STATES:,} combinations of cuts over the valid circuits",
        "use a smaller network, or fewer circuits",
    )


def _add(found: dict[tuple[int, int], Counter[int]], layers: tuple[LayerCuts, ...]) -> None:
    """Add the functions of a batch of circuits."""
    states = list(first_states(layers[0], _STATES_AT_ONCE))
    reached = [States(np.concatenate([s.circuit for s in states]), np.concatenate([s.cuts for s in states]))]
    steps: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for below, above in pairwise(layers):
        sources, circuits, cuts = [], [], []
        for link in links(below, above, reached[-1]):
            sources.append(link.source)
            circuits.append(link.target.circuit)
            cuts.append(link.target.cuts)
            if sum(map(len, sources)) > MAX_STATES:
                raise _too_many()
        keys = np.column_stack([np.concatenate(circuits), np.concatenate(cuts)])
        unique, target = np.unique(keys, axis=0, return_inverse=True)
        reached.append(States(unique[:, 0], unique[:, 1:]))
        steps.append((np.concatenate(sources), target.reshape(-1)))
    alive = np.ones(len(reached[-1]), dtype=bool)
    for level in range(len(layers) - 2, -1, -1):
        source, target = steps[level]
        onward = np.zeros(len(reached[level]), dtype=bool)
        onward[source[alive[target]]] = True
        alive = onward
        for neuron in range(reached[level].cuts.shape[1]):
            _add_neuron(found[level + 1, neuron], layers[level], reached[level][np.flatnonzero(alive)], neuron)


def _add_neuron(counts: Counter[int], cuts: LayerCuts, states: States, neuron: int) -> None:
    """Add each circuit's functions of one neuron, each once."""
    gated = cuts.n_cuts[states.circuit, neuron] > 0
    pairs = np.unique(np.column_stack([states.circuit, states.cuts[:, neuron]])[gated], axis=0)
    for circuit, cut in pairs.tolist():
        counts[pattern(cuts.levels[circuit, neuron].tolist(), cut)] += 1
