"""Causal scrubbing of an interpretation: does the decision survive whatever the interpretation says does not matter?

The circuit is unrolled into a tree, so that every occurrence of a neuron is its own. The output runs on a base. Each
kept source of a neuron is recomputed on an input of its own, any on which the source has the same claimed bit, and so
on down to the inputs, which keep their values; the absent sources of a neuron carry what the whole network has on some
other input, one for all absent sources of that occurrence. A neuron without a gate is claimed to be constant: any input
will do. The interpretation passes if every such run of every base is decided as the network decides the base.

All runs are decided without making each. Occurrences are independent of each other and pre-activations are sums. Where
no activation from the next layer on falls, the ends of what a neuron can be are enough: the least sum takes the least
of each term. Elsewhere its values are listed, each once; they are finitely many, as inputs are rows. The decision, a
threshold, is the same on every run if it is on the least and the largest output.

What is claimed on the clean inputs decides it, so all interpretations of an observed class fare alike.

Source: Chan et al., 2022 (causal scrubbing): there the expected loss over resampled inputs, here every choice of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.criteria.criterion import Criterion, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdict, Verdicts, put_together
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.interpretations.observed import ObservedClasses
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question

Bits = NDArray[np.bool_]
Values = NDArray[np.float64]
Range = tuple[Values, Values]
"""Least and largest value."""
MAX_SUMS: Final = 4_096
_VALUES_AT_ONCE: Final = 1 << 20


def scrubbed_outputs(question: Question, circuit: Circuit, bits: Sequence[Bits]) -> Range:
    """Compute the least and the largest output of any scrubbed run, ``[classes, base]``.

    Args:
        question: whose network and clean rows are meant.
        circuit: that is interpreted.
        bits: for each hidden layer ``[classes, n_l, 2^n]`` what each neuron is claimed to be on each clean input; the
            same on all for one without a gate.

    Raises:
        BeyondLimits: an activation falls somewhere, and a neuron may have too many sums to be listed.
    """
    network, clean = question.network, question.clean_activations
    _most_sums(question, circuit)
    n_classes, n_rows = len(bits[0]) if bits else 1, len(clean[0])
    values, group = clean[0].T[None, :, :, None], np.zeros(n_classes, dtype=np.intp)
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, kept in enumerate(circuit.keep, start=1):
            weights, biases = network.weights[layer - 1], network.biases[layer - 1]
            ends = _first_of_ends(network) <= layer
            reduced = _ends if ends else _each_once
            if layer > 1:  # classes that claim the same of all layers before are one group
                claimed = np.concatenate(bits[: layer - 1], axis=1).reshape(n_classes, -1)
                before, (_, first, group) = group, np.unique(claimed, axis=0, return_index=True, return_inverse=True)
                values = _where_claimed(bits[layer - 2][first], reduced(values)[before[first]])
                values = reduced(values)
            # [groups, neurons, own input, absent sources' one, sums]
            sums = np.broadcast_to(biases[:, None, None, None], (len(values), len(biases), n_rows, n_rows, 1))
            for source in range(weights.shape[1]):
                weight = weights[:, source, None, None, None]
                carried = values[:, None, source, :, None, :] * weight
                terms = np.where(kept[:, source, None, None, None], carried, clean[layer - 1][:, source, None] * weight)
                sums = sums + _ends(terms) if ends else _each_once(sums[..., None] + terms[..., None, :], axes=2)
            flat = sums.reshape(*sums.shape[:3], -1)
            values = network.function_of(layer).value(_ends(flat) if ends else flat)
    return values.min(axis=3)[group, 0], values.max(axis=3)[group, 0]


def _first_of_ends(network: Network) -> int:
    """The layer from which on no activation falls, so that the ends of what its sources can be are enough."""
    falls = [layer for layer in range(1, len(network.weights) + 1) if not network.function_of(layer).monotone]
    return falls[-1] + 1 if falls else 1


def _most_sums(question: Question, circuit: Circuit) -> int:
    """The most sums of one neuron that have to be listed behind the first layer, 1 where none have.

    Raises:
        BeyondLimits: too many.
    """
    rows, n_values, found = question.clean_rows, np.array([]), 1.0
    for layer, kept in enumerate(circuit.keep[: _first_of_ends(question.network) - 1], start=1):
        if layer == 1:  # what kept inputs are on one row, with what the others are on another
            split = [[len(np.unique(rows[:, some], axis=0)) for some in (one, ~one)] for one in kept]
            n_values = np.array(split, dtype=np.float64).prod(axis=1)
            continue
        with np.errstate(over="ignore"):
            n_values = np.where(kept, n_values, 1.0).prod(axis=1) * np.where(kept.all(axis=1), 1.0, len(rows))
        found = max(found, float(n_values.max()))
        if found > MAX_SUMS:
            cause = f"an activation falls, and a neuron may have more than {MAX_SUMS:,} sums, which is the limit"
            raise BeyondLimits("causal scrubbing", cause, "use a smaller network, or one whose activations never fall")
    return int(found)


def _ends(values: Values) -> Values:
    """The least and the largest along the last axis."""
    return np.stack([values.min(axis=-1), values.max(axis=-1)], axis=-1)


def _each_once(values: Values, axes: int = 1) -> Values:
    """The values along the last axes, ascending; shorter lists are filled with their least."""
    ordered = np.sort(values.reshape(*values.shape[: values.ndim - axes], -1), axis=-1)
    new = np.concatenate([np.ones_like(ordered[..., :1], dtype=bool), ordered[..., 1:] != ordered[..., :-1]], axis=-1)
    filled = np.sort(np.where(new, ordered, ordered[..., :1]), axis=-1)
    return filled[..., -int(new.sum(axis=-1).max()) :]


def _where_claimed(bits: Bits, values: Values) -> Values:
    """Return what a neuron can be on any input with the bit that it claims on each, ``[classes, n_l, 2^n, values]``."""
    same = bits[..., :, None] == bits[..., None, :]
    taken = np.where(same[..., None], values[:, :, None], values[..., None, :1])
    return taken.reshape(*bits.shape, -1)


def preserved(question: Question, classes: ObservedClasses) -> NDArray[np.int64]:
    """Count the bases whose decision survives every scrubbing, ``[classes]``."""
    network, n_rows = question.network, len(question.clean_rows)
    step = max(1, _VALUES_AT_ONCE // (n_rows * n_rows * max(network.sizes) * _most_sums(question, classes.circuit)))
    found = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(classes), step):
        part = slice(start, start + step)
        size = len(classes.factor[part])
        bits = []
        for layer, width in enumerate(network.hidden_sizes, start=1):
            claimed = np.zeros((size, width, n_rows), dtype=bool)
            claimed[:, list(classes.gated(layer))] = classes.bits(layer, part)
            bits.append(claimed)
        found.append(_kept(question, *scrubbed_outputs(question, classes.circuit, bits)).sum(axis=1))
    return np.concatenate(found)


def _kept(question: Question, low: NDArray[np.float64], high: NDArray[np.float64]) -> Bits:
    """Decide which bases have the network's decision on both ends; one with NaN, after an overflow, has not."""
    decided = question.clean_activations[-1][:, 0] > 0.5
    kept: Bits = np.where(decided, low > 0.5, high <= 0.5)
    return kept


def _claims(interpretation: Interpretation, question: Question) -> list[Bits]:
    """Return the claims of an interpretation, as :func:`scrubbed_outputs` takes them."""
    n_rows = len(question.clean_rows)
    claimed = [np.zeros((1, width, n_rows), dtype=bool) for width in question.network.hidden_sizes]
    for gate in interpretation.gates:
        if gate.layer <= len(claimed):
            claimed[gate.layer - 1][0, gate.neuron] = [gate.function >> row & 1 for row in range(n_rows)]
    return claimed


def _scrubbed(population: Population, _: Settings) -> Verdicts:
    return put_together([_judge_one(population, one) for one in population.work.each("criteria", population.items)])


def _judge_one(population: Population, interpretation: Interpretation) -> Verdict:
    question, rows = population.question, population.question.clean_rows
    low, high = scrubbed_outputs(question, interpretation.circuit, _claims(interpretation, question))
    kept = _kept(question, low, high)[0]
    n_kept = int(kept.sum())
    reason = f"On {n_kept} of {len(rows)} inputs the decision survives whatever is claimed not to matter."
    if n_kept == len(rows):
        return Verdict.of_share("passed", n_kept, len(rows), reason)
    base = int(np.flatnonzero(~kept)[0])
    witness = {
        "base": rows[base].tolist(),
        "least": float(low[0, base]),
        "largest": float(high[0, base]),
        "network": float(question.clean_activations[-1][base, 0]),
    }
    return Verdict.of_share("failed", n_kept, len(rows), reason, witness)


CAUSAL_SCRUBBING: Final = Criterion(
    key="causal-scrubbing",
    label="Causal scrubbing",
    definition="On every clean input the decision is the network's still when each neuron, at each of its occurrences, "
    "takes its activation from any input on which its claimed bit is the same, and absent sources from any input.",
    formula="for every base x, x_v with g_v(x_v) = g_v(x of v's target) for each occurrence of v down to the inputs, "
    "and z for the absent sources of each: [scrubbed output > 1/2] = [f(x) > 1/2]",
    source="Chan et al., 2022 (causal scrubbing): every choice of inputs instead of the expected loss over them",
    judges={"interpretation": _scrubbed},
    method="Exhaustive without making each run: the ends of what a neuron can be where it claims a bit follow from "
    f"those of its sources. Where a falling activation may have more than {MAX_SUMS:,} sums, or there are too many "
    "observed classes, interpretations are undecided.",
    direction="higher",
    score="share of clean inputs whose decision survives",
)
