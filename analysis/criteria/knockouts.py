"""Criteria of knock-outs: completeness and minimality as Wang et al. define them, and necessity of the circuit.

C∖K is the circuit with nothing leaving the neurons of a set K, M∖K the network likewise. Which neurons are active stays
as it was.

1. Completeness (Wang et al., ICLR 2023): for every K within the circuit, C∖K and M∖K decide alike. With the parameter
   ``network`` K may hold neurons outside of the circuit too; these are missing in the network alone, so that it is
   damaged and the circuit is not.
2. Minimality (the same): every neuron v of the circuit matters somewhere, so that C∖K and C∖(K ∪ {v}) differ in a
   decision for some K without v.
3. Necessity: the complement, run as if it were a circuit, is not valid. Neurons without a kept edge in are 0.

Circuits with the same active neurons are knocked out together, every set at once. Of other graphs than a perceptron's
nodes are set to 0 where circuits keep them, and what is left out carries what the rules say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.criteria import circuits, cuts
from pluriscope.analysis.criteria.criterion import VACUOUS, Change, Criterion, Parameter, Settings
from pluriscope.analysis.criteria.population import Population, PopulationOf
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.subjects.perceptron.mlp import batch_activations, keep_matrices, zeros
from pluriscope.analysis.subjects.sites import in_portions

MAX_SETS: Final = 1 << 12
"""Sets of neurons that are tried of one circuit: every set of twelve neurons, or the smallest of more."""
_ALONE: Final = 2.0  # milliseconds that the runs of one circuit of a graph take at least
Flags = NDArray[np.bool_]


def smallest_sets(neurons: Sequence[int]) -> list[tuple[int, ...]]:
    """The sets of some neurons, small ones first: all, or the first :data:`MAX_SETS`."""
    every = (members for size in range(len(neurons) + 1) for members in combinations(neurons, size))
    return list(islice(every, MAX_SETS))


@dataclass(frozen=True, eq=False)
class Knockouts:
    """Circuits of a perceptron and the whole network with neurons knocked out, on the clean rows.

    Hidden neurons are numbered layer by layer.

    Args:
        population: the circuits.
        everywhere: whether sets may hold neurons outside of the circuit.
    """

    population: PopulationOf[Any]
    everywhere: bool = False

    @property
    def rows(self) -> NDArray[Any]:
        rows: NDArray[np.float64] = self.population.question.clean_rows
        return rows

    def named(self, neuron: int) -> tuple[Any, str]:
        """A neuron as witnesses have it, and in words that begin a sentence."""
        widths = enumerate(self.population.question.network.hidden_sizes, start=1)
        layer, number = [(layer, number) for layer, width in widths for number in range(width)][neuron]
        return [layer, number], f"Neuron {number} of layer {layer}"

    @property
    def n_tried(self) -> int:
        """The number of circuits, from the first, that there are runs for."""
        return len(self.population)

    @property
    def _width(self) -> int:
        """Values that a run of a row has at once."""
        return int(max(self.population.question.network.sizes))

    @cached_property
    def open_to(self) -> Flags:
        """The neurons that may be knocked out, as flags, ``[circuits, hidden neurons]``."""
        return np.ones_like(self._active) if self.everywhere else self._active

    @cached_property
    def _active(self) -> Flags:
        keep = keep_matrices(self.population.items, self.population.question.layout)
        hidden = [layer.any(axis=2) for layer in keep[:-1]]
        return np.concatenate([np.zeros((len(self.population), 0), dtype=bool), *hidden], axis=1)

    def sets_of(self, position: int) -> list[tuple[int, ...]]:
        """The sets that are tried of one circuit."""
        return smallest_sets(np.flatnonzero(self.open_to[position]).tolist())

    def batches(self) -> Iterator[tuple[NDArray[np.intp], list[tuple[int, ...]]]]:
        """Positions of circuits that are knocked out alike, some at a time, with their sets."""
        if not self.n_tried:
            return
        kinds, kind_of = np.unique(self.open_to[: self.n_tried], axis=0, return_inverse=True)
        done = 0
        for number, kind in enumerate(kinds):
            among, sets = np.flatnonzero(kind_of.reshape(-1) == number), smallest_sets(np.flatnonzero(kind).tolist())
            size = max(1, circuits.VALUES_AT_ONCE // (4 * len(sets) * len(self.rows) * self._width))
            for start in range(0, len(among), size):
                self.population.work.report_step("criteria", done, len(self.population), "knock-outs")
                yield among[start : start + size], sets
                done += len(among[start : start + size])

    def of_circuits(self, part: NDArray[np.intp], sets: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
        """Run some circuits without the neurons of each set; their outputs, ``[circuits, sets, rows]``."""
        return self._outputs(keep_matrices(self.population.items[part], self.population.question.layout), sets)

    def of_network(self, sets: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
        """Run the whole network without the neurons of each set; its outputs, ``[sets, rows]``."""
        weights = self.population.question.network.weights
        outputs: NDArray[np.float64] = self._outputs([np.ones((1, *w.shape), dtype=bool) for w in weights], sets)[0]
        return outputs

    def decide(self, outputs: NDArray[np.float64]) -> NDArray[Any]:
        return decide(outputs, self.population.question.protocol.circuit_decision)

    def _outputs(self, keep: Sequence[Flags], sets: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
        """Sums are taken in the order of :mod:`pluriscope.analysis.subjects.perceptron.mlp`."""
        network, rows, absent = self.population.question.network, self.rows, self.population.question.absent
        gone = np.zeros((self._active.shape[1], len(sets)), dtype=bool)
        for number, members in enumerate(sets):
            gone[list(members), number] = True
        values = np.broadcast_to(rows.T, (len(keep[0]), 1, *rows.T.shape))  # [circuits, sets, neurons, rows]
        numbered = 0
        for layer, kept in enumerate(keep, start=1):
            weights, biases = network.weights[layer - 1], network.biases[layer - 1]
            total = np.broadcast_to(biases[:, None], (len(kept), values.shape[1], len(biases), len(rows)))
            for index in range(values.shape[2]):
                self.population.work.check()
                value = np.where(kept[:, None, :, index, None], values[:, :, None, index], absent[layer - 1][index])
                if layer > 1:
                    value = np.where(gone[numbered + index, :, None, None], 0.0, value)
                with np.errstate(over="ignore", invalid="ignore"):
                    total = total + value * weights[:, index, None]
            numbered += values.shape[2] if layer > 1 else 0
            values = network.function_of(layer).value(total)
            if layer < len(keep):
                values = np.where(np.any(kept, axis=2, keepdims=True)[:, None], values, absent[layer][:, None])
        outputs: NDArray[np.float64] = np.broadcast_to(values[:, :, 0], (len(keep[0]), len(sets), len(rows)))
        return outputs


class _OfGraphs(Knockouts):
    """The same of a graph, whose outputs have one more axis: ``[circuits, sets, rows, outputs]``."""

    population: cuts.CutCircuits

    @property
    def rows(self) -> NDArray[Any]:
        rows: NDArray[Any] = self.population.question.question.subject.inputs
        return rows

    def named(self, neuron: int) -> tuple[Any, str]:
        graph = self.population.question.question.graph
        name = graph.nodes[graph.removable[neuron]].name
        return name, f"Node {name}"

    @cached_property
    def n_tried(self) -> int:
        runs, n_sets = self.population.question, np.minimum(2.0 ** self.open_to.sum(axis=1), MAX_SETS)
        alone = int(_ALONE / runs.space.run_milliseconds)
        return runs.within(alone + 3 * n_sets.astype(np.int64))  # as a run with changes takes longer

    @property
    def _width(self) -> int:
        return len(self.population.question.question.subject.outputs)

    @cached_property
    def _active(self) -> Flags:
        return self.population.question.active

    def of_circuits(self, part: NDArray[np.intp], sets: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
        return np.stack([self._run(mask, sets) for mask in self.population.items[part]])

    def of_network(self, sets: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
        space = self.population.question.space
        return self._run(space.reduce(np.ones((1, space.n_bits), dtype=bool))[0], sets)

    def decide(self, outputs: NDArray[np.float64]) -> NDArray[Any]:
        return largest(outputs)

    @cached_property
    def _at_once(self) -> int:
        """Rows that are run at once."""
        return len(in_portions(self.population.question.question.subject, np.arange(MAX_SETS * len(self.rows)))[0])

    def _run(self, mask: Flags, sets: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
        """Run a circuit without each set; its outputs, ``[sets, rows, outputs]``."""
        space, graph, n_rows = (self.population.question.space, self.population.question.question.graph, len(self.rows))
        gone = {
            graph.nodes[node].name: np.array([number in members for members in sets])
            for number, node in enumerate(graph.removable)
        }
        found = []
        for some in np.split(np.arange(len(sets) * n_rows), range(self._at_once, len(sets) * n_rows, self._at_once)):
            self.population.work.check()
            which, row = np.divmod(some, n_rows)

            def change(name: str, values: NDArray[np.float64], which: NDArray[np.intp] = which) -> NDArray[np.float64]:
                return np.where(gone[name][which, None, None], 0.0, values)

            found.append(space.run_sites(mask, self.rows[row], change))
        return np.concatenate(found).reshape(len(sets), n_rows, -1)


_KNOCKOUTS: Final = {"circuit": Knockouts, "cut": _OfGraphs}


def _complete(population: PopulationOf[Any], settings: Settings) -> Verdicts:
    knocked = _KNOCKOUTS[population.kind](population, everywhere=bool(settings["network"]))
    n_alike, n_tests = np.zeros(len(population), dtype=np.int64), np.zeros(len(population), dtype=np.int64)
    for part, sets in knocked.batches():
        expected = knocked.decide(knocked.of_network(sets))
        n_alike[part] = (knocked.decide(knocked.of_circuits(part, sets)) == expected).sum(axis=(1, 2))
        n_tests[part] = len(sets) * len(knocked.rows)

    def explain(position: int) -> tuple[str, Witness]:
        if position >= knocked.n_tried:
            return cuts.SPENT, {}
        of = f"{n_alike[position]:,} of {n_tests[position]:,} pairs of knock-out and input"
        reason = f"Circuit and network decide alike on {of}."
        sets = knocked.sets_of(position)
        if n_alike[position] == n_tests[position]:
            return reason + _tried(knocked, position), {}
        circuit, network = knocked.of_circuits(np.array([position]), sets)[0], knocked.of_network(sets)
        differ = np.not_equal(knocked.decide(circuit), knocked.decide(network))
        which, row = (int(one) for one in np.argwhere(differ)[0])
        return reason, {
            "neurons": [knocked.named(neuron)[0] for neuron in sets[which]],
            "input": knocked.rows[row].tolist(),
            "circuit": circuit[which, row].tolist(),
            "network": network[which, row].tolist(),
        }

    passed = n_alike == n_tests
    return verdicts_of(
        passed, explain, numerators=n_alike, denominators=n_tests, undecided=passed & _not_all_tried(knocked)
    )


def _not_all_tried(knocked: Knockouts) -> Flags:
    """Decide of which circuits there are more sets than are tried, ``[circuits]``."""
    n_open = knocked.open_to.sum(axis=1)
    more: Flags = np.array([1 << n > MAX_SETS for n in n_open.tolist()], dtype=bool)
    more[knocked.n_tried :] = True
    return more


def _tried(knocked: Knockouts, position: int) -> str:
    """Return the sentence that not all sets were tried, "" if they were."""
    return f" Only the {MAX_SETS:,} smallest sets were tried." if _not_all_tried(knocked)[position] else ""


def _minimal(population: PopulationOf[Any], _: Settings) -> Verdicts:
    knocked = _KNOCKOUTS[population.kind](population)
    n_needed, n_neurons = np.zeros(len(population), dtype=np.int64), knocked.open_to.sum(axis=1)
    for part, sets in knocked.batches():
        decisions = knocked.decide(knocked.of_circuits(part, sets))
        for _neuron, without, with_it in _pairs(sets):
            n_needed[part] += (decisions[:, without] != decisions[:, with_it]).any(axis=(1, 2))

    def explain(position: int) -> tuple[str, Witness]:
        if position >= knocked.n_tried:
            return cuts.SPENT, {}
        reason = f"{n_needed[position]} of its {n_neurons[position]} hidden neurons change a decision somewhere."
        if n_needed[position] == n_neurons[position]:
            return reason, {}
        sets = knocked.sets_of(position)
        decisions = knocked.decide(knocked.of_circuits(np.array([position]), sets))[0]
        spare = next(
            neuron
            for neuron, without, with_it in _pairs(sets)
            if np.array_equal(decisions[without], decisions[with_it])
        )
        neuron, words = knocked.named(spare)
        named = f" {words} changes none, whatever else is knocked out."
        return reason + named + _tried(knocked, position), {"spare": neuron}

    passed = (n_needed == n_neurons) & (np.arange(len(population)) < knocked.n_tried)
    return verdicts_of(
        passed, explain, numerators=n_needed, denominators=n_neurons, undecided=~passed & _not_all_tried(knocked)
    )


def _pairs(sets: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, list[int], list[int]]]:
    """Yield each neuron with the positions of the sets without it, and of the same sets with it, if both are there."""
    number_of = {members: number for number, members in enumerate(sets)}
    for neuron in sorted({neuron for members in sets for neuron in members}):
        pairs = [
            (number, number_of[more])
            for members, number in number_of.items()
            if neuron not in members and (more := tuple(sorted((*members, neuron)))) in number_of
        ]
        yield neuron, [without for without, _ in pairs], [with_it for _, with_it in pairs]


def _necessary(population: Population, _: Settings) -> Verdicts:
    rows, labels = population.question.judged
    nothing = zeros(population.question.network.sizes)
    n_right = np.zeros(len(population), dtype=np.int64)
    for part in circuits.parts(population, "complements", len(rows)):
        keep = [~matrix for matrix in keep_matrices(population.items[part], population.question.layout)]
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = batch_activations(population.question.network, keep, rows, nothing)[-1][:, 0]
        n_right[part] = circuits.count_right(outputs, population.question)

    def explain(position: int) -> tuple[str, Witness]:
        return f"The complement decides {n_right[position]} of {len(labels)} rows right.", {}

    return verdicts_of(~circuits.enough(population, n_right), explain, numerators=n_right, denominators=len(labels))


_WANG: Final = "Wang et al., ICLR 2023 (arXiv:2211.00593)"
_OF_GRAPHS: Final = "Nodes that the circuit keeps are set to 0; what is left out carries what the rules say."
_KNOCKED: Final = (
    "Every set is tried for circuits of up to twelve hidden neurons, of larger ones the "
    f"{MAX_SETS:,} smallest; what these do not settle is undecided."
)

KNOCKOUT_COMPLETENESS: Final = Criterion(
    key="knockout-completeness",
    label="Completeness under knock-outs",
    definition="Whichever of the circuit's hidden neurons are set to 0 in both, circuit and network decide alike on "
    "every clean input.",
    formula="for every K ⊆ C and x in D: d(f_(C∖K)(x)) = d(f_(M∖K)(x)), among 0, 1, neither",
    source=f"{_WANG}: completeness, here of decisions, over every K and with neurons set to 0",
    judges={"circuit": _complete, "cut": cuts.needing("readings", _complete)},
    of_models=_OF_GRAPHS,
    method=_KNOCKED,
    parameters=(
        Parameter("network", 0, 0, 1, "0: neurons of the circuit; 1: any hidden neurons of the network", whole=True),
    ),
    direction="higher",
    score="share of pairs of knock-out and clean input decided alike",
    cost="slow",
    term="completeness",
    changes=(
        Change(
            "K was any set of hidden neurons of the network",
            "K lies within the circuit",
            "knockout-completeness(network=1)",
        ),
    ),
)
MINIMAL_WANG: Final = Criterion(
    key="minimal-wang",
    label="Minimal by knock-outs",
    definition="Every hidden neuron of the circuit changes a decision on some clean input, once some of the others are "
    "knocked out.",
    formula="for every v in C there are K ⊆ C∖{v} and x in D: d(f_(C∖K)(x)) ≠ d(f_(C∖(K∪{v}))(x)), among 0, 1, neither",
    source=f"{_WANG}: minimality, here of decisions, over every K and with neurons set to 0",
    judges={"circuit": _minimal, "cut": cuts.needing("readings", _minimal)},
    of_models=_OF_GRAPHS,
    method=_KNOCKED,
    direction="higher",
    score="share of the circuit's hidden neurons that change a decision",
    cost="slow",
    term="minimality",
)
NECESSITY: Final = Criterion(
    key="necessity",
    label="Necessity",
    definition="The complement of the circuit, with neurons without an edge in set to 0, is not valid.",
    formula="share of rows x with d(f_(M∖C)(x; absent = 0)) = y(x)  ≤  threshold of the protocol",
    source="after Shi et al., NeurIPS 2024 (arXiv:2410.13032)",
    judges={"circuit": _necessary, "cut": cuts.necessary},
    of_models="The mask of all that the circuit leaves out means no valid circuit.",
    direction="lower",
    score="share of rows that the complement decides right",
    vacuous=VACUOUS,
)
