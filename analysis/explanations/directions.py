"""Alignments on directions as a kind of explanation: an algorithm, and the directions that carry its variables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.directions.alignment import DirectionAlignment
from analysis.directions.rowspace import rowspace_split
from analysis.directions.scoring import score_directions
from analysis.explanations.algorithms import decided
from analysis.explanations.explanation import Claim, Kind
from analysis.question import Question
from analysis.reverify import Recomputed, recompute_algorithm
from analysis.sandbox.predicting_along import predict_by_directions


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


@dataclass(frozen=True)
class AlignedOnDirections:
    """An algorithm with the linear directions that carry its variables."""

    algorithm: HighLevelModel
    alignment: DirectionAlignment


def _claims(aligned: AlignedOnDirections) -> Iterator[Claim]:
    """Every variable in the order of paths, with the directions that are read."""
    places = dict(aligned.alignment.places)
    for variable in aligned.algorithm.variables:
        place = places.get(variable.path)
        layer, reads = (0, ()) if place is None else (place.layer, place.reads)
        yield Claim(layer, directions=reads, function=variable.function, label=variable.shown)


def _figures(question: Question, aligned: AlignedOnDirections) -> Iterator[Recomputed]:
    yield from recompute_algorithm(aligned.algorithm, question.task)
    yield from recompute_directions(question, aligned.algorithm, aligned.alignment)


DIRECTION: Final = Kind[AlignedOnDirections](
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
    figures=_figures,
)
