"""Predictions of explanations for an intervention made by hand, or why one makes none.

1. *An interpretation* predicts through its local gates, as on the common ground, with bits for what is written:
   a. ``source`` gives a neuron the bit that the interpretation gives it on that input.
   b. Any number (``zero`` and ``mean`` too) is read by the neuron's threshold: 0 up to the largest activation that
      reads 0, 1 from the smallest that reads 1. The threshold lies somewhere between these two, and the interpretation
      does not say where; so a number between them is read both ways, several of one neuron in every order-preserving
      way, and the interpretation predicts only if all ways lead to the same output.
   c. An edge carries the bit of its source neuron, read likewise, into one gate alone. An input is read by the values
      that it takes on the rows where it is 0 and where it is 1.
   d. Neurons without a gate (left out by the circuit, or constant on every input), edges that the circuit leaves out,
      and edges from or into such neurons change nothing.
2. *An aligned algorithm* speaks of nothing but its variables at their places: it predicts if no edge is changed, every
   changed neuron takes its value from a source, and the changed neurons are exactly the places of some variables, each
   from one source. Those variables are fixed to their values on their sources. Likewise one with finite variables on
   sites of a network of any kind, whose coordinates stand for the neurons.
3. *A bare circuit* says where, not what, and says nothing. *An algorithm without places* says what, not where: it says
   nothing, unless nothing is changed. Nor does *an alignment on directions*, which speaks of its own directions alone.
4. *An explanation of any other kind* predicts what it predicts on the common ground
   (:meth:`pluriscope.analysis.explanations.explanation.Kind.ask`).

On what the common ground has, single sources on neuron sets, this is what
:mod:`pluriscope.analysis.interventions.experiments` predicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import NONE, CausalModel, Inputs
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.interpretations.thresholds import EQUAL_WITHIN
from pluriscope.analysis.interventions.experiments import SILENT
from pluriscope.analysis.placements.interchange import Place, Places
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.sandbox.intervention import Change, Intervention, Prediction, carrier_name, site_name
from pluriscope.analysis.sandbox.running import Bench

ON_DIRECTIONS: Final = "directions do not speak about neurons and edges, only about interchanges along themselves"
SAYS_WHAT: Final = "an algorithm says what, not where: without a placement its variables sit on no neuron"
MAX_WAYS: Final = 1 << 16
NO_OUTPUT_GATE: Final = "its output carries no gate, because its circuit gives the same output on every input"

Bits = NDArray[np.int64]
Carrier = tuple[int, int]
Values = Mapping[str, NDArray[np.float64]]
K = TypeVar("K", bound=tuple[Any, ...])


def predict_by_algorithm(algorithm: HighLevelModel, intervention: Intervention, reason: str = SAYS_WHAT) -> Prediction:
    """An algorithm whose variables sit on no neurons: silence for a reason, unless nothing is changed."""
    if not intervention.is_changed:
        return Prediction(algorithm.function >> intervention.base & 1)
    return Prediction(SILENT, reason)


def predict_by_placement(
    algorithm: HighLevelModel, alignment: NeuronPlacement, intervention: Intervention, sizes: Sequence[int]
) -> Prediction:
    """An aligned algorithm, by rule 2.

    Args:
        alignment: where its variables are.
        intervention: on the same network.
        sizes: its layer sizes, for the words of the reason.
    """
    for change in intervention.changes:
        if change.is_edge:
            return Prediction(
                SILENT, f"the edge {site_name(change, sizes)} is changed, and a placement speaks of neurons alone"
            )
        if change.written != "source":
            return Prediction(
                SILENT,
                f"what is written into {site_name(change, sizes)} is no value from a run, "
                "and its variables take theirs from runs",
            )
    formulas = {variable.path: variable for variable in algorithm.variables}
    found = _sources(
        {path: [(site.layer, neuron) for neuron in site.neurons] for path, site in alignment.places},
        {site: int(change.source or 0) for site, change in intervention.neurons.items()},
        lambda path: formulas[path].formula,
        lambda carrier: carrier_name(carrier, sizes),
    )
    if isinstance(found, str):
        return Prediction(SILENT, found)
    full = (1 << (1 << algorithm.n_inputs)) - 1
    fixed = {path: full if formulas[path].function >> source & 1 else 0 for path, source in found.items()}
    return Prediction(algorithm.output_given(fixed) >> intervention.base & 1)


def predict_on_sites(
    model: CausalModel, inputs: Inputs, placing: Mapping[str, Places], exchanged: Sequence[Place], there: Values
) -> tuple[Prediction, tuple[str, ...]]:
    """An algorithm with finite variables on sites, by rule 2; and its variables that are exchanged.

    Args:
        model: the algorithm.
        inputs: of two rows, the one that is run and the source.
        placing: where its variables are.
        exchanged: what takes its values from the source.
        there: values of every site of the network on some rows.
    """
    parts = {part: one for one in exchanged for part in one.parts(there[one.site])}
    found = _sources(
        {name: [part for one in places for part in one.parts(there[one.site])] for name, places in placing.items()},
        dict.fromkeys(parts, 1),
        str,
        lambda part: str(parts[part]),
    )
    if isinstance(found, str):
        return Prediction(SILENT, found), ()
    values = model.run(inputs)
    answer = int(model.run(inputs, {name: values[name][[row]] for name, row in found.items()})[model.answer].flat[0])
    if answer < 0:
        why = "it has no answer on these rows" if answer == NONE else f"its answer, {answer}, is no class"
        return Prediction(SILENT, why), tuple(found)
    return Prediction(answer), tuple(found)


def _sources(
    placing: Mapping[str, Collection[K]],
    sources: Mapping[K, int],
    called: Callable[[str], str],
    named: Callable[[K], str],
) -> dict[str, int] | str:
    """The source of each variable whose place is exchanged; else why that says nothing of variables alone, a clause.

    Args:
        placing: what each variable is on.
        sources: of all that is exchanged.
        called: a variable, for people.
        named: something exchanged, for people.
    """
    found, spoken = dict[str, int](), set[K]()
    for variable, members in placing.items():
        given = [sources[one] for one in members if one in sources]
        if not given:
            continue
        if len(given) < len(members):
            return f"only a part of the place of {called(variable)} is patched"
        if len({*given}) > 1:
            return f"the place of {called(variable)} is patched from more than one source"
        found[variable] = given[0]
        spoken.update(members)
    rest = next((one for one in sorted(sources) if one not in spoken), None)
    return found if rest is None else f"{named(rest)} is on no place of its variables"


def predict_by_interpretation(interpretation: Interpretation, intervention: Intervention, bench: Bench) -> Prediction:
    """An interpreted circuit, by rule 1.

    Args:
        interpretation: of a circuit of the bench's network.
        bench: gives the numbers that are written, and how inputs are encoded.
    """
    reading = _Reading(interpretation, intervention, bench)
    if reading.n_ways > MAX_WAYS:
        return Prediction(SILENT, f"{reading.n_ways:,} ways to read the numbers on its neurons are more than are tried")
    output = reading.output()
    if output is None:
        return Prediction(SILENT, NO_OUTPUT_GATE)
    answers = np.unique(output)
    if len(answers) == 1:
        return Prediction(int(answers[0]))
    return Prediction(SILENT, reading.doubt())


class _Reading:
    """The gates of an interpretation under one intervention, once for each way to read the numbers in doubt."""

    def __init__(self, interpretation: Interpretation, intervention: Intervention, bench: Bench) -> None:
        self._base, self._bench = intervention.base, bench
        self._n_inputs, self._last = bench.network.n_inputs, len(bench.network.weights)
        self._gates = sorted(interpretation.gates, key=lambda gate: (gate.layer, gate.neuron))
        self._by_site = {(gate.layer, gate.neuron): gate for gate in self._gates}
        keep = interpretation.circuit.keep
        self._neurons = {site: change for site, change in intervention.neurons.items() if site in self._by_site}
        self._edges = {
            (layer, out, origin): change
            for (layer, out, origin), change in intervention.edges.items()
            if keep[layer - 1][out, origin] and (layer, out) in self._by_site and (layer, out) not in self._neurons
        }
        self._doubts = self._numbers_in_doubt()
        self.n_ways = math.prod(len(values) + 1 for values in self._doubts.values())
        self._ways = self._every_way() if self.n_ways <= MAX_WAYS else {}

    def _edge_of(self, carrier: Carrier) -> tuple[float, float, bool] | None:
        """Largest number that reads as the lower bit, smallest that reads as the upper, and whether the upper is 1."""
        layer, neuron = carrier
        if layer:
            gate = self._by_site.get(carrier)
            return None if gate is None else (gate.low, gate.high, True)
        values = self._bench.rows[:, neuron]
        ones = (np.arange(len(values)) >> (self._n_inputs - 1 - neuron) & 1).astype(bool)
        if values[~ones].max() < values[ones].min():
            return float(values[~ones].max()), float(values[ones].min()), True
        if values[ones].max() < values[~ones].min():
            return float(values[ones].max()), float(values[~ones].min()), False
        return -np.inf, np.inf, True  # encodings that overlap: every number is in doubt

    def _numbers_in_doubt(self) -> dict[Carrier, list[float]]:
        """Collect the written numbers that lie between the two sides of their carrier's threshold, ascending, each
        once.
        """
        found: dict[Carrier, set[float]] = {}
        for change in (*self._neurons.values(), *self._edges.values()):
            edge = self._edge_of(change.carrier)
            if change.written == "source" or edge is None:
                continue
            value = self._bench.value_of(change)
            if _side(value, edge[0], edge[1]) is None:
                found.setdefault(change.carrier, set()).add(value)
        return {carrier: sorted(values) for carrier, values in sorted(found.items())}

    def _every_way(self) -> dict[Carrier, Bits]:
        """Return for each carrier in doubt the number of its values that lie below the threshold, ``[ways]``: all
        combinations.
        """
        if not self._doubts:
            return {}
        grid = np.indices([len(values) + 1 for values in self._doubts.values()]).reshape(len(self._doubts), -1)
        return dict(zip(self._doubts, grid.astype(np.int64), strict=True))

    def _bit(self, change: Change) -> Bits:
        """The bit that a change writes, in every way."""
        layer, neuron = change.carrier
        if change.written == "source":
            row = int(change.source or 0)
            if layer == 0:
                return np.array([row >> (self._n_inputs - 1 - neuron) & 1])
            return np.array([self._by_site[change.carrier].function >> row & 1])
        edge = self._edge_of(change.carrier)
        if edge is None:
            raise ValueError("only neurons with a gate are read")
        low, high, rising = edge
        value = self._bench.value_of(change)
        above = _side(value, low, high)
        if above is None:
            rank = self._doubts[change.carrier].index(value)
            bits = (rank >= self._ways[change.carrier]).astype(np.int64)
        else:
            bits = np.array([int(above)])
        return bits if rising else 1 - bits

    def output(self) -> Bits | None:
        """The output's bit in every way to read what is in doubt, None if the output has no gate."""
        bits: dict[Carrier, Bits] = {}
        for gate in self._gates:
            site = (gate.layer, gate.neuron)
            if site in self._neurons:
                bits[site] = self._bit(self._neurons[site])
                continue
            index: Bits = np.zeros(1, dtype=np.int64)
            for parent in gate.parents:
                edge = self._edges.get((gate.layer, gate.neuron, parent[1]))
                if edge is not None:
                    bit = self._bit(edge)
                elif gate.layer == 1:
                    bit = np.array([self._base >> (self._n_inputs - 1 - parent[1]) & 1])
                else:
                    bit = bits[parent]
                index = (index << 1) | bit
            bits[site] = np.asarray(gate.table, dtype=np.int64)[index]
        return bits.get((self._last, 0))

    def doubt(self) -> str:
        """The reason why the ways differ, a clause."""
        sizes = self._bench.network.sizes
        answer = []
        for carrier, values in self._doubts.items():
            edge = self._edge_of(carrier)
            name, number = carrier_name(carrier, sizes), f"{values[0]:.4g}".replace("-", "−")
            if edge is None or not np.isfinite(edge[0]):
                answer.append(f"{number} is not one of the values of {name}")
                continue
            below, above = (f"{end:.4g}".replace("-", "−") for end in edge[:2])
            low_bit, high_bit = (0, 1) if edge[2] else (1, 0)
            answer.append(
                f"{number} on {name} lies between {below}, read as {low_bit}, and {above}, read as {high_bit}"
            )
        return "; ".join(answer) + ": it does not say which bit that is, and the output depends on it"


def _side(value: float, low: float, high: float) -> bool | None:
    """Whether a number lies above the threshold, None if it lies between the values that the threshold separates."""
    slack = EQUAL_WITHIN * max(1.0, abs(value))
    if value <= low + slack:
        return False
    return True if value >= high - slack else None
