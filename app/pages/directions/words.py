"""One alignment on directions in sentences, for those who read rather than look."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.directions.scoring import ScoredDirections
from analysis.protocol import Protocol
from app.figures.numbers import exact, noun
from app.pages.directions.views import DirectionPlaceView, FamilyView, ReadingView, RowspaceView
from app.pages.formulas import AlgorithmView, FractionView

_SHARES = {
    "all": "every one of them passes",
    "some": "some of them pass and some do not",
    "none": "none of them passes",
    "undecided": "how many pass was not decided",
}


def described(
    algorithm: AlgorithmView,
    places: Sequence[DirectionPlaceView],
    readings: Sequence[ReadingView | None],
    families: Sequence[FamilyView | None],
    rowspace: Sequence[RowspaceView | None],
    scored: ScoredDirections,
    joint: FractionView | None,
    protocol: Protocol,
) -> list[str]:
    """The explanation in sentences: what it claims, how each variable is read, what tests say of it."""
    if not places:
        return [f"The network computes {algorithm.formula}, which has no variables to place."]
    carried = "; ".join(f"{one.shown} on {one.site}" for one in places)
    sentences = [f"The network computes {algorithm.formula}: {carried}."]
    for one, reading in zip(places, readings, strict=True):
        if reading is None:
            sentences.append(f"{one.shown} is carried by {one.site}; no single direction reads it.")
        elif reading.gain == 0:
            sentences.append(f"{one.shown} is not read off its direction at all: it takes the same values for 0 and 1.")
        else:
            sentences.append(
                f"{one.shown} is read off its direction to within {reading.residual:.2g}"
                + ("." if reading.separated else ", so no cut at one half tells 0 from 1.")
            )
    both = protocol.interchange_pairs == "ordered"
    sentences.append(
        f"Interchanged one at a time, {exact(scored.iia.agreed)} of {exact(scored.iia.of)} interventions end as it "
        f"says, {'both ways of each pair of inputs' if both else 'one way of each pair of inputs'}."
    )
    if joint is None:
        sentences.append("Joint interchange was not run: there are too many combinations of sources.")
    else:
        sentences.append(
            f"With every variable from a source of its own at once, {exact(joint.agreed)} of "
            f"{noun(joint.of, 'intervention')} end as it says."
        )
    sentences.append(
        "Each variable lies in an earlier layer than those computed from it."
        if scored.causal_order
        else "Some variable does not lie in an earlier layer than one computed from it, so the order is not causal."
    )
    for one, family in zip(places, families, strict=True):
        if family is not None:
            sentences.append(
                f"Of the swaps of {one.shown} along any d with w·d = 1, a family of "
                f"{noun(family.dimension, 'dimension')}, {_SHARES[family.answer]}."
            )
    for one, split in zip(places, rowspace, strict=True):
        if split is not None and split.illusory:
            sentences.append(
                f"{one.shown} fails with only the part of its direction that the next layer reads "
                f"({exact(split.seen.agreed)} of {exact(split.seen.of)}): the swap needs what that layer does not see."
            )
    return sentences
