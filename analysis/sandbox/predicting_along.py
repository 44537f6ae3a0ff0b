"""What explanations say of changes along linear directions.

1. *An alignment on directions* speaks of changes along directions alone.
   a. If each of them is along the place of one of its own variables, those variables are fixed: patched from a source,
      to their values there; set to a number, to the bit as which its direction's read-out reads it.
   b. Else it reads each variable off the layer where it lives, as it is under the changes, and decides by its gates: by
      the affine read-out that its direction has on the inputs, as on everyone's own swaps
      (:mod:`analysis.directions.self_interventions`). It is silent where a direction does not read its variable, or a
      reading is half way between 0 and 1.
2. *For the others* a direction that is one neuron is that neuron. An alignment on neuron sets says nothing of any other
   direction. An interpretation reads the neurons that were moved by their cuts, as it reads numbers written into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis import fixed_order
from analysis.algorithms.high_level_model import HighLevelModel, Variable
from analysis.alignments.alignment import Alignment
from analysis.directions.alignment import DirectionAlignment, LinearPlace, swap_rows
from analysis.directions.integers import INTEGER_RESIDUAL
from analysis.directions.readouts import read_out
from analysis.experiments import SILENT
from analysis.interpretations.interpretation import Interpretation
from analysis.sandbox.direction_edits import Along, wanted_of
from analysis.sandbox.intervention import Change, Intervention
from analysis.sandbox.predicting import predict_by_alignment, predict_by_interpretation
from analysis.sandbox.prediction import Prediction
from analysis.sandbox.running import Bench
from analysis.tasks import pattern_bits

ON_DIRECTIONS: Final = (
    "directions do not speak about neurons and edges: it speaks of what is changed along directions, "
    "first of all those of its own variables"
)
NOT_ON_NEURONS: Final = "its variables sit on neurons, and a direction that mixes neurons is not one of their places"
_BETWEEN: Final = 1e-6  # a reading so near to 1/2 is neither


def predict_by_directions(
    algorithm: HighLevelModel, alignment: DirectionAlignment, intervention: Intervention, bench: Bench
) -> Prediction:
    """An algorithm on directions, by rule 1.

    Args:
        algorithm: what.
        alignment: where its variables live.
        intervention: on the bench's network.
        bench: gives the activations that are read.
    """
    if not intervention.is_changed:
        return Prediction(algorithm.function >> intervention.base & 1)
    if intervention.changes:
        return Prediction(SILENT, ON_DIRECTIONS)
    own = _own_variables(alignment, intervention.along)
    if own is None:
        layers = bench.run(intervention)
        read = {path: fixed_order.inner(layers[place.layer], place.matrix) for path, place in alignment.places}
    else:
        read = {path: wanted_of(change, bench.clean, bench.means) for path, change in own.items()}
    full, fixed = (1 << (1 << algorithm.n_inputs)) - 1, {}
    places, variables = dict(alignment.places), {variable.path: variable for variable in algorithm.variables}
    for path, numbers in read.items():
        if own is not None and own[path].written == "source":
            bit = variables[path].function >> (own[path].source or 0) & 1
        else:
            said = _read_as(numbers, places[path], variables[path], algorithm.n_inputs, bench)
            if isinstance(said, str):
                return Prediction(SILENT, said)
            bit = said
        fixed[path] = full if bit else 0
    return Prediction(algorithm.output_given(fixed) >> intervention.base & 1)


def _own_variables(alignment: DirectionAlignment, along: Sequence[Along]) -> dict[str, Along] | None:
    """The changes by the variable along whose place each is; None if some change is along none of them.

    A place is the same as any multiple of it; a number that is written is brought to the variable's own multiple.
    """
    paths = {place.of_unit_scale: (path, place) for path, place in reversed(alignment.places)}
    found: dict[str, Along] = {}
    for change in along:
        own = paths.get(change.place.of_unit_scale)
        if own is None or own[0] in found:
            return None
        value = change.value
        if value is not None:
            at = int(np.argmax(np.abs(own[1].matrix[0])))
            value *= float(own[1].matrix[0, at] / change.place.matrix[0, at])
        found[own[0]] = Along(own[1], change.written, change.source, value)
    return found


def _read_as(
    numbers: NDArray[np.float64], place: LinearPlace, variable: Variable, n_inputs: int, bench: Bench
) -> int | str:
    """The bit as which a variable's direction reads a number, or why it reads none."""
    name = variable.shown
    if place.dimension != 1:
        return f"{name} lives on a subspace of {place.dimension} dimensions, which has no read-out of one bit"
    bits = pattern_bits(variable.function, n_inputs)
    reading = read_out(place.matrix[0], bench.clean[place.layer], bits.astype(np.float64))
    if reading.residual > INTEGER_RESIDUAL or not reading.gain:
        return f"its direction does not read {name} on every input, so numbers along it mean nothing certain"
    level = reading.gain * float(numbers[0]) + reading.constant - 0.5
    if not abs(level) > _BETWEEN:
        return f"under these changes its direction reads {name} half way between 0 and 1"
    return int(level > 0)


def predict_by_interpretation_along(
    interpretation: Interpretation, intervention: Intervention, bench: Bench
) -> Prediction:
    """An interpreted circuit, by rule 2."""
    return predict_by_interpretation(interpretation, on_neurons(intervention, bench), bench)


def predict_by_alignment_along(
    algorithm: HighLevelModel, alignment: Alignment, intervention: Intervention, bench: Bench
) -> Prediction:
    """An aligned algorithm, by rule 2."""
    if any(_one_neuron_each(change.place) is None for change in intervention.along):
        return Prediction(SILENT, NOT_ON_NEURONS)
    return predict_by_alignment(algorithm, alignment, on_neurons(intervention, bench), bench.network.sizes)


def on_neurons(intervention: Intervention, bench: Bench) -> Intervention:
    """The same with directions as neurons: one that is a neuron as itself, any other as what it makes of the neurons
    that it moves.

    Args:
        intervention: on the bench's network.
        bench: runs it.
    """
    if not intervention.along:
        return intervention
    layers = bench.run(intervention)
    changes: dict[tuple[int, int], Change] = {}
    for layer in sorted({change.layer for change in intervention.along}):
        here = [change for change in intervention.along if change.layer == layer]
        whole = [_one_neuron_each(change.place) for change in here]
        if all(neurons is not None for neurons in whole):
            for change, neurons in zip(here, whole, strict=True):
                for neuron in neurons or ():
                    value = float(layers[layer][neuron]) if change.written == "value" else None
                    changes[layer, neuron] = Change(layer, neuron, None, change.written, change.source, value)
            continue
        rows = swap_rows(change.place for change in here)
        moved = np.flatnonzero(np.abs(rows).sum(axis=0)) if rows is not None else ()
        for neuron in map(int, moved):
            changes[layer, neuron] = Change(layer, neuron, None, "value", value=float(layers[layer][neuron]))
    every = [*intervention.changes, *changes.values()]
    return Intervention(intervention.base, tuple(sorted(every, key=lambda change: change.site)))


def _one_neuron_each(place: LinearPlace) -> list[int] | None:
    """The neurons that a place consists of, if each of its directions is one of them."""
    neurons = []
    for read, swap in zip(place.matrix, place.swap_matrix, strict=True):
        own, along = np.flatnonzero(read), np.flatnonzero(swap)
        if len(own) != 1 or along.tolist() != own.tolist():
            return None
        neurons.append(int(own[0]))
    return neurons
