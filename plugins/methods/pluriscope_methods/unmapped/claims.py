"""Unmapped neurons: those that no variable of an alignment is placed on, and what they may carry if they are inert.

An alignment says nothing of them. Read as saying that they do not matter, it claims so only where the algorithm leaves
them nothing to do: in a layer whose variables decide the output, and every variable of a later layer. Elsewhere the
rest of the layer mediates: it carries an input that a later gate reads, what a later variable is computed from, or a
variable of an earlier layer on its way up.

Source: Méloux, Pimentel, Portet & Peyrard 2026 (arXiv:2607.00267): faithfulness over the unmapped variables Φ; what
mediates is what their library calls internal variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.alignments.alignment import Alignment, JointScore
from pluriscope.analysis.alignments.joint import MAX_RUNS, outputs_with, score_joint_runs, written_by
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.questions.decisions import DecisionRule, decide
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question


@dataclass(frozen=True)
class InertClaim:
    """A layer whose variables decide all that comes after it, so that the rest of it is claimed to be inert.

    Args:
        layer: from 1.
        places: of its variables, sorted by path.
        neurons: the rest of the layer, which may be nothing.
    """

    layer: int
    places: tuple[tuple[str, NeuronSet], ...]
    neurons: tuple[int, ...]


def inert_claims(network: Network, algorithm: HighLevelModel, alignment: Alignment) -> tuple[InertClaim, ...]:
    """The layers whose rest an alignment claims to be inert, in ascending order; none where every rest mediates.

    Args:
        network: cut to one output.
        algorithm: the algorithm that is aligned.
        alignment: places for all of its variables.
    """
    found = []
    for layer in sorted({site.layer for _, site in alignment.places}):
        places = tuple((path, site) for path, site in alignment.places if site.layer == layer)
        later = [path for path, site in alignment.places if site.layer > layer]
        if _decided(algorithm, [path for path, _ in places], ["", *later]):
            mapped = {neuron for _, site in places for neuron in site.neurons}
            rest = tuple(neuron for neuron in range(network.sizes[layer]) if neuron not in mapped)
            found.append(InertClaim(layer, places, rest))
    return tuple(found)


def _decided(algorithm: HighLevelModel, by: Sequence[str], asked: Sequence[str]) -> bool:
    """Whether some variables, whatever they are, leave others, or the output, the same on every input."""
    full = (1 << (1 << algorithm.n_inputs)) - 1
    return all(
        algorithm.output_given(dict(zip(by, values, strict=True)), of) in (0, full)
        for values in product((0, full), repeat=len(by))
        for of in asked
    )


def score_inert(
    question: Question,
    algorithm: HighLevelModel,
    claim: InertClaim,
    work: Work = DEFAULT_WORK,
    *,
    zero: bool = False,
    max_runs: int = MAX_RUNS,
) -> JointScore:
    """Every interchange of a layer's variables, each from a source of its own, with the rest of the layer free.

    Args:
        algorithm: the algorithm that is aligned.
        claim: the layer.
        work: may end between two batches of runs.
        zero: each neuron of the rest is 0 or what it is on the base; else what it is on an input of its own.

    Raises:
        BeyondLimits: more runs than the limit.
    """
    network = question.network
    clean = activations(network, question.data.clean_rows)
    columns = clean[claim.layer].T
    carried = [np.array([0.0, np.nan]) if zero else columns[neuron] for neuron in claim.neurons]

    def outputs(chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        written = written_by(claim.places, clean, chosen)
        for column, (neuron, values) in enumerate(zip(claim.neurons, carried, strict=True), start=len(claim.places)):
            written[claim.layer, neuron] = values[chosen[:, column]][:, None]
        return outputs_with(network, clean[0], written)

    return score_joint_runs(
        algorithm,
        [path for path, _ in claim.places],
        outputs,
        question.protocol,
        work,
        width=max(network.sizes),
        max_runs=max_runs,
        n_choices=[len(values) for values in carried],
    )


def abstraction_errors(
    network: Network,
    clean: tuple[NDArray[np.float64], ...],
    algorithm: HighLevelModel,
    alignment: Alignment,
    rule: DecisionRule,
    *,
    free: Sequence[tuple[int, int]],
    draws: int,
    at_once: int,
    deviation: float,
    seed: int,
) -> NDArray[np.bool_]:
    """Mark the interventions drawn at random that the algorithm predicts wrongly, ``[draws]``: their mean is the CAE.

    Each draw takes a base, every input value as likely as the other, and from one to ``at_once`` targets among the
    inputs, the variables and, as one target, the free neurons. An input that is a target is drawn anew, which changes
    nothing. A variable that is one gets either of its values, as likely as the other, and its neurons what they are on
    one of the inputs that give it this value. The free neurons are overwritten by normal numbers of mean 0. The output
    alone is scored, by whether the decision is the algorithm's. With values of variables that are finitely many and
    equally likely, drawing them in the algorithm (CAE↓) or in the network (CAE↑) is the same.

    Args:
        network: cut to one output.
        clean: its activations ``[rows, n_l]`` for layers 0 … L.
        algorithm: the algorithm that is aligned.
        alignment: places for all of its variables.
        rule: by which outputs are decided.
        free: layer and neuron of each that is overwritten; () leaves that target out (the paper's form without
            faithfulness, ``_nf``).
        at_once: most targets of one draw.
        deviation: of the normal numbers.
    """
    random, n_rows = np.random.default_rng(seed), len(clean[0])
    n_inputs, n_variables = algorithm.n_inputs, len(alignment.places)
    n_targets = n_inputs + n_variables + bool(free)
    bases = random.integers(0, n_rows, draws)
    sizes = random.integers(1, min(at_once, n_targets) + 1, draws)
    drawn = np.argsort(np.argsort(random.random((draws, n_targets)), axis=1), axis=1) < sizes[:, None]
    written = {}
    fixed = np.full((draws, n_variables), -1)
    for column, (path, site) in enumerate(alignment.places):
        function = algorithm.responses[path].function
        rows = [[row for row in range(n_rows) if function >> row & 1 == bit] for bit in (0, 1)]
        bits, shares = random.integers(0, 2, draws), random.random(draws)
        bits = bits if all(rows) else np.full(draws, int(bool(rows[1])))
        sources = np.array([rows[bit][int(share * len(rows[bit]))] for bit, share in zip(bits, shares, strict=True)])
        target = drawn[:, n_inputs + column]
        fixed[target, column] = bits[target]
        for neuron in site.neurons:
            written[site.layer, neuron] = np.where(target, clean[site.layer][sources, neuron], np.nan)
    for layer, neuron in free:
        written[layer, neuron] = np.where(drawn[:, -1], random.normal(0.0, deviation, draws), np.nan)
    decided = decide(outputs_with(network, clean[0][bases], written), rule)
    paths, full = [path for path, _ in alignment.places], (1 << n_rows) - 1
    says = {
        tuple(values): algorithm.output_given(
            {path: full * value for path, value in zip(paths, values, strict=True) if value >= 0}
        )
        for values in np.unique(fixed, axis=0).tolist()
    }
    expected = [says[tuple(values)] >> base & 1 for values, base in zip(fixed.tolist(), bases.tolist(), strict=True)]
    wrong: NDArray[np.bool_] = decided != np.array(expected)
    return wrong
