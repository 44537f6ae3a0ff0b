"""Each explanation's own swaps, and what the others say of them: crucial experiments where neuron sets do not reach.

Directions do not speak about neuron sets (spec §6), so explanations on directions meet others on the swaps that each of
them makes itself: every nonempty set of an alignment's variables interchanged from one source, along its directions or
on its neurons; every set of the hidden neurons that an interpretation reads.

1. Run the network with the swap, layer by layer; layers above recompute.
2. Ask the one whose swap it is: its algorithm with those variables fixed to their values on the source.
3. Ask the others by what they *read* there. A placement on directions reads each variable off the layer where it
   lives, as it is after the swap, and decides by its gates; it is silent where a direction does not read its variable,
   or a reading is exactly between 0 and 1. An interpretation reads the neurons that were moved by its cuts; its local
   gates do the rest. Its cut lies somewhere between two values, and where a moved neuron is between them it is silent.
   A placement on neuron sets has nothing to read with, and speaks only where the swap is one of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.directions.readouts import INTEGER_RESIDUAL, ReadOut, read_out
from pluriscope.analysis.interpretations.interpretation import Interpretation, NeuronGate
from pluriscope.analysis.interpretations.thresholds import EQUAL_WITHIN
from pluriscope.analysis.interventions.experiments import SILENT, NetworkAnswers
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace, swap_rows
from pluriscope.analysis.interventions.swaps import swapped_layers
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.placements.joint import predicted_from_one_source, predicted_outputs
from pluriscope.analysis.placements.placement import PlacedFormula
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network

Array = NDArray[np.float64]

MAX_VARIABLES: Final = 4
MAX_NEURONS: Final = 6
_BETWEEN: Final = 1e-6  # a reading so near to 1/2 is neither


@dataclass(frozen=True)
class OwnSwap:
    """A set of places that is interchanged from one source.

    Args:
        owners: positions of the explanations whose own swap it is, ascending.
        variables: for each owner the paths of the variables that it means; empty for an interpretation's neurons.
        labels: what is interchanged, as its first owner says it: formulas of variables, or sites of neurons.
        places: where.
    """

    owners: tuple[int, ...]
    variables: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]
    places: tuple[Subspace, ...]


@dataclass(frozen=True, eq=False)
class SwapsAsked(NetworkAnswers):
    """What the network does under every own swap, ``[swap, source, base]``, and what everyone says.

    Args:
        swaps: in the order of owners, then of size.
        predictions: ``[explanation, swap, source, base]``: 0, 1, or −1 for silence.
        bounded: whether some explanation has more swaps than are made.
    """

    swaps: tuple[OwnSwap, ...]
    predictions: NDArray[np.int8]
    bounded: bool


def ask_own_swaps(network: Network, rows: Array, speakers: Sequence[object]) -> SwapsAsked:
    """Make every explanation's own swaps and ask all of them.

    Args:
        network: cut to one output.
        rows: ``[2^n, n]`` one row for each Boolean input.
        speakers: aligned algorithms and interpretations of this network; anything else makes no swap and is silent.
    """
    clean = activations(network, rows)
    merged: dict[_Key, OwnSwap] = {}
    bounded = False
    for number, speaker in enumerate(speakers):
        own, cut = _own(network, speaker, number)
        bounded = bounded or cut
        for one in own:
            first = merged.setdefault(_key(one.places), one)
            if first is not one:
                owners, variables = (*first.owners, number), (*first.variables, *one.variables)
                merged[_key(one.places)] = replace(first, owners=owners, variables=variables)
    swaps = tuple(merged.values())
    n_rows = len(rows)
    outputs = np.zeros((len(swaps), n_rows, n_rows))
    predictions = np.full((len(speakers), len(swaps), n_rows, n_rows), SILENT, dtype=np.int8)
    readings = [_readings(speaker, clean) for speaker in speakers]
    for at, swap in enumerate(swaps):
        sources = np.repeat(np.arange(n_rows)[:, None], len(swap.places), axis=1)
        layers = swapped_layers(network, clean, swap.places, sources)
        outputs[at] = layers[-1][..., 0]
        for number, speaker in enumerate(speakers):
            predictions[number, at] = _says(speaker, readings[number], swap, _meant(swap, number), layers)
    return SwapsAsked(outputs, swaps, predictions, bounded)


_Key = frozenset[tuple[int, tuple[float, ...], tuple[float, ...]]]


def _key(subspaces: Sequence[Subspace]) -> _Key:
    """What makes two swaps one: their read-outs and swap directions together, however they are parted into places."""
    return frozenset(
        (subspace.layer, read, swap)
        for subspace in subspaces
        for read, swap in zip(subspace.reads, subspace.swaps or subspace.reads, strict=True)
    )


def _meant(swap: OwnSwap, number: int) -> tuple[str, ...] | None:
    """The variables that an explanation means by a swap; None if it is not one of its own."""
    return dict(zip(swap.owners, swap.variables, strict=True)).get(number)


def _own(network: Network, speaker: object, number: int) -> tuple[list[OwnSwap], bool]:
    """An explanation's own swaps, and whether there are more than are made."""
    named: list[tuple[str, str, Subspace]] = []
    most = MAX_VARIABLES
    if isinstance(speaker, PlacedFormula):
        formulas = {variable.path: variable.shown for variable in speaker.algorithm.variables}
        for path, site in speaker.alignment.places:
            on_set = isinstance(site, NeuronSet)
            subspace = Subspace.on_neurons(site, network.sizes[site.layer]) if on_set else site
            named.append((path, formulas[path], subspace))
    elif isinstance(speaker, Interpretation):
        most = MAX_NEURONS
        for gate in speaker.gates:
            if gate.layer <= network.n_hidden_layers:
                unit = np.eye(network.sizes[gate.layer])[[gate.neuron]]
                named.append(("", f"n{gate.layer}.{gate.neuron}", Subspace.of(gate.layer, unit)))
    sizes = range(1, len(named) + 1) if len(named) <= most else (1, len(named))
    found = []
    for size in sizes:
        for chosen in combinations(named, size):
            paths, labels, subspaces = zip(*chosen, strict=True)
            found.append(OwnSwap((number,), (paths,), labels, subspaces))
    return found, len(named) > most


def _readings(speaker: object, clean: Sequence[Array]) -> dict[str, ReadOut] | None:
    """How each variable's direction reads it; None where some direction does not."""
    if not isinstance(speaker, PlacedFormula):
        return None
    found = {}
    for path, subspace in speaker.alignment.places:
        if not isinstance(subspace, Subspace) or subspace.dimension != 1:
            return None
        values = pattern_bits(speaker.algorithm.responses[path].function, speaker.algorithm.n_inputs)
        found[path] = read_out(subspace.matrix[0], clean[subspace.layer], values.astype(np.float64))
        if found[path].residual > INTEGER_RESIDUAL or not found[path].gain:
            return None
    return found


def _says(
    speaker: object,
    readings: dict[str, ReadOut] | None,
    swap: OwnSwap,
    meant: tuple[str, ...] | None,
    layers: Sequence[Array],
) -> NDArray[np.int8]:
    """``[source, base]`` what an explanation says of a swap, which is one of its own if it means variables by it."""
    n_rows = len(layers[0])
    silent = np.full((n_rows, n_rows), SILENT, dtype=np.int8)
    if isinstance(speaker, Interpretation):
        return _by_neurons(speaker, swap, layers)
    if not isinstance(speaker, PlacedFormula):
        return silent
    if meant is not None:
        return predicted_from_one_source(speaker.algorithm, meant)
    if readings is None:
        return silent
    values, known = np.zeros_like(silent, dtype=np.int64), np.ones((n_rows, n_rows), dtype=bool)
    for path, subspace in speaker.alignment.places:
        reading = readings[path]
        level = (
            reading.gain * fixed_order.inner(layers[subspace.layer], subspace.matrix)[..., 0] + reading.constant - 0.5
        )
        known &= np.abs(level) > _BETWEEN
        values = values << 1 | (level > 0)
    said = predicted_outputs(speaker.algorithm, tuple(path for path, _ in speaker.alignment.places))
    return np.where(known, said[values, np.arange(n_rows)], silent)


def _by_neurons(interpretation: Interpretation, swap: OwnSwap, layers: Sequence[Array]) -> NDArray[np.int8]:
    """Moved neurons by their cuts, all others by their local gates."""
    n_rows, last = len(layers[0]), len(layers) - 1
    shape, n_inputs = (n_rows, n_rows), n_rows.bit_length() - 1
    moves: dict[int, NDArray[np.bool_]] = {}  # by layer, ``[read-outs, neurons]`` what the swap moves
    for layer in {subspace.layer for subspace in swap.places}:
        rows = swap_rows(subspace for subspace in swap.places if subspace.layer == layer)
        if rows is not None:
            moves[layer] = np.abs(rows) > 0
    bits: dict[tuple[int, int], NDArray[np.int8]] = {}
    known = np.ones(shape, dtype=bool)
    for gate in sorted(interpretation.gates, key=lambda gate: (gate.layer, gate.neuron)):
        site, own = (gate.layer, gate.neuron), pattern_bits(gate.function, n_inputs).astype(np.int8)
        touched = moves.get(gate.layer)
        if touched is not None and touched[:, gate.neuron].any():
            if (touched.sum(axis=1) == 1).all():  # neurons as they are: as on the common ground its bit on the source
                bits[site] = np.broadcast_to(own[:, None], shape)
            else:
                sides = _sides(gate, layers[gate.layer][..., gate.neuron])
                known &= sides >= 0
                bits[site] = np.maximum(sides, 0)
        elif gate.layer == 1:
            bits[site] = np.broadcast_to(own[None, :], shape)
        else:
            index = np.zeros(shape, dtype=np.int64)
            for parent in gate.parents:
                index = (index << 1) | bits[parent]
            bits[site] = np.asarray(gate.table, dtype=np.int8)[index]
    return np.where(known, bits.get((last, 0), np.int8(SILENT)), np.int8(SILENT))


def _sides(gate: NeuronGate, values: Array) -> NDArray[np.int8]:
    """Of a neuron's values 1 above its cut, 0 below, −1 within."""
    slack = EQUAL_WITHIN * np.maximum(1.0, np.abs(values))
    above = np.where(values >= gate.high - slack, 1, -1)
    return np.where(values <= gate.low + slack, 0, above).astype(np.int8)
