"""Independent resampling: a circuit decides right whatever clean-input value each absent neuron carries.

A neuron with an absent edge into an active neuron carries there one of the values that it has in the full network on
the clean inputs: the same on all its absent edges, but different neurons may take theirs from different inputs. Each
judged row is taken by itself.

1. A few combinations, the same for all circuits, remove most of those that fail.
2. For each circuit left, all combinations of the values of the neurons below the last hidden layer.
3. The last hidden layer needs no combinations: its absent neurons are added to the output's pre-activation, each by
   itself, the output's activation never falls and a decision is an interval. So the least and the largest sum decide.

Sources: Chan et al., 2022 (causal scrubbing), resample what a hypothesis calls unimportant node by node; here in every
combination. Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823), ask for robustness over patches that all come from
one input, which is weaker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.criteria import circuits
from pluriscope.analysis.criteria.criterion import Criterion, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from pluriscope.analysis.questions.decisions import decided_as, decided_right
from pluriscope.analysis.subjects.perceptron.activations import refuse_falling
from pluriscope.analysis.subjects.perceptron.mlp import batch_activations, keep_matrices

MAX_COMBINATIONS: Final = 1 << 18
_CASES_AT_ONCE: Final = 1 << 13
_N_QUICK: Final = 32
_QUICK_SEED: Final = 0

Layers = Sequence[NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class _Patches:
    """Choices of a source for each absent neuron below the last hidden layer of one circuit."""

    population: Population
    position: int

    @cached_property
    def keep(self) -> list[NDArray[np.bool_]]:
        """Kept edges ``[n_l, n_(l-1)]`` for layers 1 … L."""
        masks = self.population.items[self.position : self.position + 1]
        return [matrix[0] for matrix in keep_matrices(masks, self.population.question.layout)]

    @cached_property
    def open_neurons(self) -> list[tuple[int, int, NDArray[np.int64]]]:
        """(layer, neuron, sources with different values) of neurons with an absent edge into an active neuron."""
        found = []
        for layer, kept in enumerate(self.keep[:-1]):
            active = kept.any(axis=1)
            for neuron in range(kept.shape[1]):
                if not kept[active, neuron].all():
                    values = self.population.question.clean_activations[layer][:, neuron]
                    found.append((layer, neuron, np.unique(values, return_index=True)[1].astype(np.int64)))
        return found

    @property
    def n_combinations(self) -> int:
        return prod(len(sources) for _, _, sources in self.open_neurons)

    def sources(self, cases: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the source of each open neuron, by number of the combination, ``[cases, open neurons]``."""
        if not self.open_neurons:
            return np.empty((len(cases), 0), dtype=np.int64)
        places = np.unravel_index(cases, [len(sources) for _, _, sources in self.open_neurons])
        return np.stack([s[place] for (_, _, s), place in zip(self.open_neurons, places, strict=True)], axis=1)

    def carried(self, cases: NDArray[np.int64]) -> list[NDArray[np.float64]]:
        """Return the values that absent edges carry in each case, ``[cases, n_l]`` for layers 0 … L − 2."""
        values = [np.zeros((len(cases), matrix.shape[1])) for matrix in self.keep[:-1]]
        for (layer, neuron, _), source in zip(self.open_neurons, self.sources(cases).T, strict=True):
            values[layer][:, neuron] = self.population.question.clean_activations[layer][source, neuron]
        return values

    def batches(self) -> Iterator[NDArray[np.int64]]:
        """The numbers of all combinations, in bounded batches."""
        for start in range(0, self.n_combinations, _CASES_AT_ONCE):
            yield np.arange(start, min(start + _CASES_AT_ONCE, self.n_combinations))

    def extremes(self, carried: Layers, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Compute the least and the largest output over the absent neurons of the last hidden layer,
        ``[cases, rows]``.
        """
        network, clean = self.population.question.network, self.population.question.clean_activations
        output = network.function_of(len(network.weights))
        refuse_falling("patching", output)
        n_cases = len(carried[0]) if carried else 1
        absent = [np.repeat(layer.T, len(rows), axis=1) for layer in carried]
        absent.append(np.zeros((len(clean[-2].T), n_cases * len(rows))))  # the last hidden layer's are added below
        runs = batch_activations(network, [one[None] for one in self.keep], np.tile(rows, (n_cases, 1)), absent)
        values = runs[-2][0].T.reshape(n_cases, len(rows), -1)
        weights, kept = network.weights[-1][0], self.keep[-1][0]
        low = high = np.broadcast_to(network.biases[-1][0], values.shape[:2])
        for index, weight in enumerate(weights.tolist()):
            terms = clean[-2][:, index] * weight
            here = values[..., index] * weight
            low = low + (here if kept[index] else terms.min())
            high = high + (here if kept[index] else terms.max())
        return output.value(low), output.value(high)

    def right(self, carried: Layers) -> NDArray[np.bool_]:
        """Decide which judged rows are right whatever the last hidden layer's absent neurons carry,
        ``[cases, rows]``.
        """
        rows, labels = self.population.question.judged
        rule = self.population.question.protocol.circuit_decision
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = self.extremes(carried, rows)
        return decided_right(outputs[0], labels, rule) & decided_right(outputs[1], labels, rule)

    def wrong_case(self) -> tuple[int, int] | None:
        """A combination and a judged row that it makes wrong, None if there is none."""
        for cases in self.batches():
            wrong = np.argwhere(~self.right(self.carried(cases)))
            if len(wrong):
                return int(cases[wrong[0][0]]), int(wrong[0][1])
        return None

    def n_robust_rows(self) -> int:
        """Judged rows that no combination makes wrong."""
        robust = np.ones(len(self.population.question.judged[1]), dtype=bool)
        for cases in self.batches():
            self.population.work.check()
            robust &= self.right(self.carried(cases)).all(axis=0)
            if not circuits.enough(self.population, np.array([robust.sum()]))[0]:
                break  # no later combination brings a row back
        return int(robust.sum())


def _quickly_failed(population: Population) -> NDArray[np.bool_]:
    """Decide which circuits fail under one of a few combinations already, tried for all at once, ``[circuits]``."""
    choose = np.random.default_rng(_QUICK_SEED)
    rows, labels = population.question.judged
    rule, robust = population.question.protocol.circuit_decision, np.ones((len(population), len(labels)), dtype=bool)
    clean = population.question.clean_activations[:-1]
    picks = [[choose.integers(0, len(layer), layer.shape[1]) for layer in clean] for _ in range(_N_QUICK)]
    for part in circuits.parts(population, "patching", len(rows) * _N_QUICK):
        for pick in picks:
            population.work.check()
            carried = [layer[source, np.arange(layer.shape[1])] for layer, source in zip(clean, pick, strict=True)]
            outputs = circuits.outputs(population, part, rows, carried)
            robust[part] &= decided_right(outputs, labels, rule)
    return ~circuits.enough(population, robust.sum(axis=1))


def _patching_robust(population: Population, _: Settings) -> Verdicts:
    passed = ~_quickly_failed(population)
    undecided = np.zeros(len(population), dtype=bool)
    left = np.flatnonzero(passed)
    for position in population.work.each("criteria", left.tolist(), "patching"):
        patches = _Patches(population, position)
        undecided[position] = patches.n_combinations > MAX_COMBINATIONS
        if not undecided[position]:
            passed[position] = circuits.enough(population, np.array([patches.n_robust_rows()]))[0]

    def explain(position: int) -> tuple[str, Witness]:
        patches = _Patches(population, position)
        if undecided[position]:
            n_tried = f"{patches.n_combinations:,} combinations of values, and the limit is {MAX_COMBINATIONS:,}"
            return f"There are {n_tried}; none of {_N_QUICK} tried makes it fail.", {}
        if passed[position]:
            below = f"{patches.n_combinations:,} combination{'' if patches.n_combinations == 1 else 's'}"
            return f"Decided right under all {below} below the last hidden layer, and any in it.", {}
        return "A combination of clean values makes it decide wrong.", _witness(patches)

    return verdicts_of(passed, explain, undecided=undecided)


def _witness(patches: _Patches) -> Witness:
    """The first combination that makes some judged row wrong, with the source of each absent neuron."""
    population = patches.population
    found = patches.wrong_case() if patches.n_combinations <= MAX_COMBINATIONS else None
    if found is None:
        return {}
    case, row = found
    cases = np.array([case])
    rows, labels = population.question.judged
    rule, label = population.question.protocol.circuit_decision, float(labels[row])
    low, high = (float(one[0, row]) for one in patches.extremes(patches.carried(cases), rows))
    falls = not decided_as(np.array([low]), label, rule)[0]
    sources = [
        {"layer": layer, "neuron": neuron, "source": population.question.clean_rows[source].tolist()}
        for (layer, neuron, _), source in zip(patches.open_neurons, patches.sources(cases)[0].tolist(), strict=True)
    ]
    last = population.question.network.n_hidden_layers
    for neuron in np.flatnonzero(~patches.keep[-1][0]).tolist():
        terms = (
            population.question.clean_activations[-2][:, neuron] * population.question.network.weights[-1][0, neuron]
        )
        source = int(terms.argmin() if falls else terms.argmax())
        sources.append({"layer": last, "neuron": neuron, "source": population.question.clean_rows[source].tolist()})
    return {"input": rows[row].tolist(), "label": int(label), "output": low if falls else high, "sources": sources}


PATCHING_ROBUST: Final = Criterion(
    key="patching-robust",
    label="Independent resampling",
    definition="The circuit decides right whatever clean-input value each absent source neuron carries, neurons "
    "independent.",
    formula="for every s: absent neurons → D: share of rows x with d(f_C(x; absent from u = h_u(s(u)))) = y(x), the "
    "worst s for each x  >  threshold",
    source="after Chan et al., 2022 (causal scrubbing): unimportant nodes resampled one by one; stricter than the "
    "patching domain of Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823), where all patches come from one input",
    judges={"circuit": _patching_robust},
    method="Every combination is decided, so the answer is exhaustive; a circuit with more than 262,144 combinations "
    "below the last hidden layer is undecided, unless one of a few tried makes it fail.",
    retired={"continuous": 0, "budget": 4096},
    cost="slow",
    term="robustness",
)
