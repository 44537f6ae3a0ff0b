"""Causal scrubbing of an interpretation: does the decision survive whatever the interpretation says does not matter?

The circuit is unrolled into a tree, so that every occurrence of a neuron is its own. The output runs on a base. Each
kept source of a neuron is recomputed on an input of its own, any on which the source has the same claimed bit, and so
on down to the inputs, which keep their values; the absent sources of a neuron carry what the whole network has on some
other input, one for all absent sources of that occurrence. A neuron without a gate is claimed to be constant: any input
will do. The interpretation passes if every such run of every base is decided as the network decides the base.

All runs are decided without making each. Occurrences are independent of each other, pre-activations are sums, and
behind the first layer, whose sums are few, no activation falls. So what a neuron can be where it claims a bit reaches
from the activation of the least sum to that of the largest, the least sum takes the least of each term, and the
decision, a threshold, is the same on every run if it is on both ends.

What is claimed on the clean inputs decides it, so all interpretations of an observed class fare alike.

Source: Chan et al., 2022 (causal scrubbing): there the expected loss over resampled inputs, here every choice of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.criterion import Criterion, Settings
from analysis.criteria.population import Population
from analysis.criteria.verdict import Verdict, Verdicts, put_together
from analysis.interpretations.interpretation import Interpretation
from analysis.interpretations.observed import ObservedClasses
from analysis.question import Question
from analysis.subjects.perceptron.activations import refuse_falling
from analysis.subjects.perceptron.circuit import Circuit

Bits = NDArray[np.bool_]
Range = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Least and largest value."""
_VALUES_AT_ONCE: Final = 1 << 20


def scrubbed_outputs(question: Question, circuit: Circuit, bits: Sequence[Bits]) -> Range:
    """``[classes, base]`` the least and the largest output of any scrubbed run.

    Args:
        question: whose network and clean rows are meant.
        circuit: that is interpreted.
        bits: for each hidden layer ``[classes, n_l, 2^n]`` what each neuron is claimed to be on each clean input; the
            same on all for one without a gate.

    Raises:
        BeyondLimits: an activation behind the first layer that falls.
    """
    network, clean = question.network, question.clean_activations
    refuse_falling("causal scrubbing", *map(network.function_of, range(2, len(network.weights) + 1)))
    n_classes, n_rows = len(bits[0]) if bits else 1, len(clean[0])
    low = high = np.broadcast_to(clean[0].T, (n_classes, *clean[0].T.shape))  # [classes, source, input of its target]
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, kept in enumerate(circuit.keep, start=1):
            weights, biases = network.weights[layer - 1], network.biases[layer - 1]
            shape = (n_classes, len(biases), n_rows, n_rows)  # [classes, neurons, own input, absent sources' one]
            least = most = np.broadcast_to(biases[:, None, None], shape)
            for source in range(weights.shape[1]):
                weight = weights[:, source, None, None]
                ends = low[:, None, source, :, None] * weight, high[:, None, source, :, None] * weight
                absent = clean[layer - 1][:, source] * weight
                here = kept[:, source, None, None]
                least = least + np.where(here, np.minimum(*ends), absent)
                most = most + np.where(here, np.maximum(*ends), absent)
            activation = network.function_of(layer)
            if layer == 1:  # inputs keep their values, so that these are all sums there are
                smallest, largest = (activation.value(least).min(axis=3), activation.value(most).max(axis=3))
            else:
                smallest, largest = activation.value(least.min(axis=3)), activation.value(most.max(axis=3))
            if layer == len(network.weights):
                return smallest[:, 0], largest[:, 0]
            low, high = _where_claimed(bits[layer - 1], smallest, largest)
    raise ValueError("a network has an output")


def _where_claimed(bits: Bits, smallest: NDArray[np.float64], largest: NDArray[np.float64]) -> Range:
    """``[classes, n_l, 2^n]``: the ends of what a neuron can be on any input with the bit that it claims on each."""
    low, high = np.empty_like(smallest), np.empty_like(largest)
    for bit in (False, True):
        same = bits == bit
        least = np.where(same, smallest, np.inf).min(axis=2, keepdims=True)
        most = np.where(same, largest, -np.inf).max(axis=2, keepdims=True)
        low, high = np.where(same, least, low), np.where(same, most, high)
    return low, high


def preserved(question: Question, classes: ObservedClasses) -> NDArray[np.int64]:
    """``[classes]`` bases whose decision survives every scrubbing."""
    network, n_rows = question.network, len(question.clean_rows)
    step = max(1, _VALUES_AT_ONCE // (n_rows * n_rows * max(network.sizes)))
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
    """Which bases are decided on both ends as the network decides them; NaN, after an overflow, is not."""
    decided = question.clean_activations[-1][:, 0] > 0.5
    kept: Bits = np.where(decided, low > 0.5, high <= 0.5)
    return kept


def _claims(interpretation: Interpretation, question: Question) -> list[Bits]:
    """What one interpretation claims, as :func:`scrubbed_outputs` takes it."""
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
    source="Chan et al., 2022 (causal scrubbing), on the interpretations of Méloux et al. (arXiv:2502.20914): every "
    "choice of inputs instead of the expected loss over them",
    judges={"interpretation": _scrubbed},
    method="Exhaustive without making each run: occurrences are independent in the unrolled circuit, pre-activations "
    "are sums and no activation behind the first layer falls, so the ends of what a neuron can be where it claims a "
    "bit follow from those of its sources. All interpretations of an observed class fare alike, so how many of all "
    "pass is counted by classes; where these are too many they are undecided. Of placements `unmapped-inert` asks more "
    "than this: neurons with a variable take their activation from any input, whatever the variable is there, those "
    "without one from any other.",
    direction="higher",
    score="share of clean inputs whose decision survives",
)
