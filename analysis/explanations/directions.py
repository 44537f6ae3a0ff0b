"""Alignments on directions as a kind of explanation: an algorithm, and the directions that carry its variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.directions.alignment import DirectionAlignment
from analysis.directions.recomputing import recompute_directions
from analysis.explanations.algorithms import decided
from analysis.explanations.explanation import Claim, Kind
from analysis.question import Question
from analysis.reverify import Recomputed, recompute_algorithm
from analysis.sandbox.predicting_along import predict_by_directions


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
