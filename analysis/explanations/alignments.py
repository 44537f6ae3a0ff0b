"""Alignments as kinds of explanation: an algorithm with the neuron sets, or directions, that carry its variables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Aligned, Alignment, Placement
from analysis.alignments.joint import says_from_one_source
from analysis.directions.alignment import DirectionAlignment, LinearPlace
from analysis.directions.rowspace import rowspace_split
from analysis.directions.scoring import score_directions
from analysis.experiments import InterventionSpace, predict_nothing
from analysis.explanations.algorithms import decided
from analysis.explanations.explanation import Claim, Kind
from analysis.interventions.neuron_set import NeuronSet
from analysis.question import Question
from analysis.reverify import Recomputed, recompute_algorithm, recompute_alignment
from analysis.sandbox.predicting_along import predict_by_alignment_along, predict_by_directions


def _claims(aligned: Aligned[Placement[Any]]) -> Iterator[Claim]:
    """Every variable in the order of paths, with its neurons, or with the directions that are read."""
    sites = dict(aligned.alignment.places)
    for variable in aligned.algorithm.variables:
        site = sites.get(variable.path)
        neurons = site.neurons if isinstance(site, NeuronSet) else ()
        reads = site.reads if isinstance(site, LinearPlace) else ()
        layer = 0 if site is None else site.layer
        yield Claim(layer, neurons, reads, function=variable.function, label=variable.shown)


def predict_by_alignment(algorithm: HighLevelModel, alignment: Alignment, space: InterventionSpace) -> NDArray[np.int8]:
    """What an aligned algorithm predicts: ``[set, source, base]``, −1 where the set is no union of its places.

    Places are disjoint, so a set is the union of at most one choice of variables. All chosen variables take their
    values on source; of a chosen variable inside another chosen one the outer counts, as in
    :meth:`HighLevelModel.output_given`.
    """
    predictions = predict_nothing(space)
    places = [(path, [(site.layer, neuron) for neuron in site.neurons]) for path, site in alignment.places]
    for size in range(1, len(places) + 1):
        for chosen in combinations(places, size):
            index = space.position.get(frozenset(site for _, sites in chosen for site in sites))
            if index is not None:  # else larger than the sets listed
                predictions[index] = says_from_one_source(algorithm, [path for path, _ in chosen])
    return predictions


def _predict(_question: Question, some: Sequence[Aligned[Alignment]], space: InterventionSpace) -> NDArray[np.int8]:
    return np.stack([predict_by_alignment(one.algorithm, one.alignment, space) for one in some])


def recompute_directions(
    question: Question, algorithm: HighLevelModel, alignment: DirectionAlignment
) -> tuple[Recomputed, ...]:
    """Every single and joint interchange made again, and each direction split anew.

    Args:
        algorithm: the algorithm that is aligned.
        alignment: places for all of its variables.

    Raises:
        InvalidAlignment: it does not fit the algorithm or the network.
    """
    scored = score_directions(question, algorithm, alignment)
    plain = [(path, place) for path, place in alignment.places if place.dimension == 1 and place.is_orthogonal]
    splits = [rowspace_split(question, algorithm, path, place) for path, place in plain]
    joint = scored.joint
    margin = scored.margin if math.isfinite(scored.margin) else None
    return (
        Recomputed("directions", "Id", alignment.id, "hash of the algorithm's text and the directions"),
        Recomputed("iia", "Interchange intervention accuracy", f"{scored.iia.agreed}/{scored.iia.of}"),
        Recomputed("valid", "Valid", scored.valid, "every tested interchange agrees"),
        Recomputed(
            "joint",
            "Joint interchange",
            None if joint is None else f"{joint.agreed}/{joint.of}",
            "too many runs" if joint is None else "every base, every choice of one source for each variable",
        ),
        Recomputed("causal_order", "Causal order", scored.causal_order),
        Recomputed(
            "margin",
            "Smallest margin of a tested output",
            margin,
            "nothing is tested: the algorithm has no variables" if margin is None else "",
        ),
        Recomputed(
            "residuals",
            "Read to within",
            tuple(0.0 if one is None else one.residual for one in scored.read_outs),
            "each direction's best affine reading of its variable; 0 for subspaces",
        ),
        Recomputed(
            "illusory",
            "Works by what the next layer does not read",
            any(split.is_illusory for split in splits) if len(splits) == len(alignment.places) else None,
            "" if len(splits) == len(alignment.places) else "only told of single directions with their orthogonal swap",
        ),
    )


ALIGNMENT: Final = Kind[Aligned[Alignment]](
    key="alignment",
    letter="a",
    noun="alignment",
    plural="alignments",
    title="Algorithm, aligned",
    silence="none of the sets is a union of its variables' places",
    traits=frozenset({"symbolic", "placed"}),
    outputs=lambda question, aligned: decided(question, aligned.algorithm),
    predict=_predict,
    claims=lambda aligned: tuple(_claims(aligned)),
    by_hand=lambda _, aligned, intervention, bench: predict_by_alignment_along(
        aligned.algorithm, aligned.alignment, intervention, bench
    ),
    figures=lambda question, aligned: (
        *recompute_algorithm(aligned.algorithm, question.task),
        *recompute_alignment(question, aligned.algorithm, aligned.alignment),
    ),
)
DIRECTION: Final = Kind[Aligned[DirectionAlignment]](
    key="direction",
    letter="d",
    noun="alignment on directions",
    plural="alignments on directions",
    title="Algorithm on directions",
    silence="directions do not speak about neuron sets: not applicable; see its own swaps",
    traits=frozenset({"symbolic", "placed"}),
    outputs=lambda question, aligned: decided(question, aligned.algorithm),
    claims=lambda aligned: tuple(_claims(aligned)),
    by_hand=lambda _, aligned, intervention, bench: predict_by_directions(
        aligned.algorithm, aligned.alignment, intervention, bench
    ),
    figures=lambda question, aligned: (
        *recompute_algorithm(aligned.algorithm, question.task),
        *recompute_directions(question, aligned.algorithm, aligned.alignment),
    ),
)
