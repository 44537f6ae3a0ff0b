"""One alignment on linear directions under one protocol: single and joint interchange, order, margin, readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import IIA
from analysis.alignments.iia import (
    InterchangeMatrix,
    check_layer,
    check_named,
    check_variable,
    judged_matrix,
    score_outputs,
)
from analysis.alignments.joint import MAX_RUNS, JointScore, score_joint_runs
from analysis.directions.alignment import DirectionAlignment, LinearPlace
from analysis.directions.readouts import ReadOut, read_out
from analysis.directions.swaps import joint_outputs, swap_outputs
from analysis.errors import InvalidAlignment
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.subjects.perceptron.mlp import activations
from analysis.subjects.perceptron.network import Network
from analysis.tasks import pattern_bits


@dataclass(frozen=True)
class ScoredDirections:
    """An alignment on directions with its verdicts under one protocol.

    Args:
        alignment: the places.
        iia: each variable by itself, over the protocol's pairs, summed over variables.
        margin: smallest distance of an output so tested from the decision's edge, inf if nothing was tested.
        read_outs: how each variable's direction reads it, by path in order; None for places of several dimensions.
        causal_order: whether each variable lies in a strictly earlier layer than those computed from it.
        joint: all variables at once; None if it was not computed, or needs more runs than the limit.
    """

    alignment: DirectionAlignment
    iia: IIA
    margin: float
    read_outs: tuple[ReadOut | None, ...]
    causal_order: bool
    joint: JointScore | None = None

    @property
    def valid(self) -> bool:
        """Whether every single interchange agrees, as for alignments on neuron sets."""
        return self.iia.agreed == self.iia.of

    @property
    def joint_valid(self) -> bool | None:
        """Whether every joint interchange agrees; None if they were not run."""
        return None if self.joint is None else self.joint.agreed == self.joint.of


def score_directions(
    question: Question, algorithm: HighLevelModel, alignment: DirectionAlignment, *, max_runs: int = MAX_RUNS
) -> ScoredDirections:
    """Score one alignment, without a search.

    Args:
        algorithm: the algorithm that is aligned.
        alignment: places for all of its variables.
        max_runs: most joint runs; of more none is made.

    Raises:
        InvalidAlignment: another algorithm's alignment, a variable missing or unknown, a layer that does not exist or
            has another width, read-outs of one layer that cannot be set at once.
    """
    network, protocol = question.cut, question.protocol
    check_directions(network, algorithm, alignment)
    clean = activations(network, question.data.clean_rows)
    places = [place for _, place in alignment.places]
    paths = [path for path, _ in alignment.places]
    iia, margin = score_outputs(question, algorithm, paths, swap_outputs(network, clean, places))
    scored = None
    if (1 << algorithm.n_inputs) ** (len(places) + 1) <= max_runs:
        scored = joint_score(network, clean, algorithm, alignment, protocol, max_runs=max_runs)
    readings = read_outs(clean, algorithm, alignment)
    return ScoredDirections(alignment, iia, margin, readings, alignment.causal_order, scored)


def read_outs(
    clean: Sequence[NDArray[np.float64]], algorithm: HighLevelModel, alignment: DirectionAlignment
) -> tuple[ReadOut | None, ...]:
    """How each variable's direction reads it, by path in order; None for places of several dimensions."""
    found: list[ReadOut | None] = []
    for path, place in alignment.places:
        values = pattern_bits(algorithm.responses[path].function, algorithm.n_inputs).astype(np.float64)
        found.append(read_out(place.matrix[0], clean[place.layer], values) if place.dimension == 1 else None)
    return tuple(found)


def joint_score(
    network: Network,
    clean: Sequence[NDArray[np.float64]],
    algorithm: HighLevelModel,
    alignment: DirectionAlignment,
    protocol: Protocol,
    *,
    max_runs: int = MAX_RUNS,
) -> JointScore:
    """Every joint interchange of an alignment that fits the network.

    Raises:
        InvalidAlignment: read-outs of one layer that cannot be set at once.
        BeyondLimits: more runs than the limit.
    """
    places = [place for _, place in alignment.places]
    return score_joint_runs(
        algorithm,
        [path for path, _ in alignment.places],
        lambda sources: joint_outputs(network, clean, places, sources),
        protocol,
        width=max(network.sizes),
        max_runs=max_runs,
    )


def direction_matrix(question: Question, algorithm: HighLevelModel, path: str, place: LinearPlace) -> InterchangeMatrix:
    """Every interchange of one variable on one place, as for neuron sets.

    Args:
        algorithm: the algorithm that the variable belongs to.
        path: the variable.
        place: where it lives.

    Raises:
        InvalidAlignment: no such variable, or a layer that does not exist or has another width.
    """
    network = question.cut
    check_variable(algorithm, path)
    check_place(network, path, place)
    outputs = swap_outputs(network, activations(network, question.data.clean_rows), [place])[0]
    return judged_matrix(outputs, algorithm, path, question.protocol)


def check_directions(network: Network, algorithm: HighLevelModel, alignment: DirectionAlignment) -> None:
    """Whether an alignment places every variable of the algorithm on directions of the network.

    Raises:
        InvalidAlignment: it does not; the first problem found is named.
    """
    check_named(algorithm, alignment.id, alignment.algorithm_text, [path for path, _ in alignment.places])
    for path, place in alignment.places:
        check_place(network, path, place)
    if not alignment.is_independent:
        cause = "has read-outs in one layer that cannot be set at once"
        cure = "give variables of one layer linearly independent directions"
        raise InvalidAlignment(f"alignment {alignment.id}", cause, cure)


def check_place(network: Network, path: str, place: LinearPlace) -> None:
    """Whether the network has a hidden layer of that number and width.

    Raises:
        InvalidAlignment: it does not.
    """
    check_layer(network, path, place.layer)
    width, given = network.sizes[place.layer], len(place.reads[0])
    if width != given:
        raise InvalidAlignment(
            f"direction of variable {path}",
            f"has {given} numbers for {width} neurons of layer {place.layer}",
            "give one number for each neuron",
        )
