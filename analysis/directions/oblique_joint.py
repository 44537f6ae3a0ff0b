"""Oblique swaps of several variables of the last hidden layer at once: do any pass jointly?

With read-outs w_i, directions e_i such that w_i·e_j is 1 for i = j and else 0 let each variable be set and the others
kept. The output sees them only through t_i = p·e_i, p being its weights. Joint interchange of base b moves its
pre-activation by Σ t_i δ_i, where δ_i is the difference of variable i's value, so every joint run (and every single
one, as that with the other variables left alone) is a linear inequality in t. Where p is no combination of the
read-outs, t is free, and a linear programme decides, its "none" proved in exact arithmetic; where it is one, t is
fixed, and all such directions pass or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis import fixed_order
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.directions.alignment import DirectionAlignment, LinearPlace, swap_rows
from analysis.directions.blocks import demands
from analysis.directions.oblique import output_sides
from analysis.directions.polyhedra import Inequality, common_point
from analysis.directions.readouts import rounded
from analysis.networks.network import Network
from analysis.protocol import Protocol
from analysis.tasks import pattern_bits

MAX_JOINT_RUNS: Final = 1 << 16
_SPANNED: Final = 1e-9

JointAnswer = Literal["all", "some", "none", "undecided"]


@dataclass(frozen=True)
class JointFamily:
    """All oblique swaps of several read-outs of the last hidden layer that leave each other's read-outs alone.

    Args:
        dimension: of the family: (width − variables) for each variable.
        answer: whether all, some or none of it pass every joint interchange.
        witness: an alignment that passes, None if none is known.
    """

    dimension: int
    answer: JointAnswer
    witness: DirectionAlignment | None = None


def joint_family(
    network: Network,
    clean: Sequence[NDArray[np.float64]],
    algorithm: HighLevelModel,
    places: Sequence[LinearPlace],
    protocol: Protocol,
    tested: NDArray[np.bool_],
) -> JointFamily | None:
    """Decide the family.

    Args:
        network: cut to the analysed output.
        clean: its own activations.
        algorithm: with at least one variable.
        places: the read-out of each variable, by path in order, swaps disregarded.
        protocol: decision rule.
        tested: pairs of the single interchanges.

    Returns:
        None where it does not apply: a place in another layer, read-outs that are dependent, or too many runs.
    """
    last, n_rows = network.n_hidden_layers, 1 << algorithm.n_inputs
    plain = [LinearPlace(place.layer, place.reads) for place in places]
    if any(p.layer != last or p.dimension > 1 for p in plain) or n_rows ** (len(plain) + 1) > MAX_JOINT_RUNS:
        return None
    shortest = swap_rows(plain)
    if shortest is None:
        return None
    reads = np.concatenate([place.matrix for place in plain])
    dimension = len(reads) * (reads.shape[1] - len(reads))
    weights, bias = network.weights[-1][0], float(network.biases[-1][0])
    fixed = fixed_order.inner(weights, shortest)
    beside = weights - fixed_order.inner(fixed, reads.T)  # what of p no read-out sees
    beside -= fixed_order.inner(fixed_order.inner(beside, reads), shortest.T)
    inequalities = _inequalities(algorithm, clean[last], weights, bias, protocol, network, tested)
    if fixed_order.length(beside) <= _SPANNED * fixed_order.length(weights):
        exact = [Fraction(float(t)) for t in fixed]
        holds = all(
            Inequality(
                (), sum((f * t for f, t in zip(row.factors, exact, strict=True)), row.constant), row.strict
            ).holds
            for row in inequalities
        )
        witness = DirectionAlignment.of(algorithm.text, zip(sorted(algorithm.responses), plain, strict=True))
        return JointFamily(dimension, "all" if holds else "none", witness if holds else None)
    existence, point = common_point(inequalities, len(reads))
    if point is None:
        return JointFamily(dimension, "none" if existence == "none" else "undecided")
    moved = rounded(shortest + (point - fixed)[:, None] * beside / fixed_order.dot(beside, beside))
    made = [LinearPlace.of(last, read[None], move[None]) for read, move in zip(reads, moved, strict=True)]
    return JointFamily(
        dimension, "some", DirectionAlignment.of(algorithm.text, zip(sorted(algorithm.responses), made, strict=True))
    )


def _inequalities(
    algorithm: HighLevelModel,
    own: NDArray[np.float64],
    weights: NDArray[np.float64],
    bias: float,
    protocol: Protocol,
    network: Network,
    tested: NDArray[np.bool_],
) -> list[Inequality]:
    """One for each different demand: base, difference of each variable, output wanted."""
    asked = demands(algorithm, tested, joint=True)
    paths = sorted(algorithm.responses)
    values = np.array([pattern_bits(algorithm.responses[path].function, algorithm.n_inputs) for path in paths])
    exact = [Fraction(w) for w in weights.tolist()]
    starts = [sum((w * Fraction(x) for w, x in zip(exact, row, strict=True)), Fraction(bias)) for row in own.tolist()]
    seen = set()
    for run in range(asked.n_single, len(asked.wanted)):
        base = int(asked.bases[run])
        change = tuple(
            int(values[i, source]) - int(values[i, base]) for i, source in enumerate(asked.sources[run].tolist())
        )
        seen.add((base, change, int(asked.wanted[run])))
    return [
        Inequality(tuple(Fraction(side.sign * d) for d in change), side.sign * starts[base] - side.bound, side.strict)
        for base, change, wanted in sorted(seen)
        for side in output_sides(network, protocol.alignment_decision, wanted)
    ]
