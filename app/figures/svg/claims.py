"""What an explanation of any kind says of sites, on the network: directions as combs, functions of neurons as tiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from analysis.explanations.explanation import Claim
from app.figures.svg.directions import direction_diagram
from app.figures.svg.thumbs import Direction, circuit_thumb
from app.figures.svg.tiles import PLAIN_HUES, Hues, Tile, bits_of


def claims_diagram(
    weights: Sequence[Any], claims: Sequence[Claim], *, hues: Hues = PLAIN_HUES, title: str = ""
) -> Markup:
    """A network with what is said of its neurons and directions.

    Args:
        weights: matrices ``[n_l, n_(l-1)]`` of the network cut to the analysed output.
        claims: what is said.
        hues: the network's hues, for more than two inputs.
        title: put before the sentence made from the data.
    """
    combs = _combs(claims, weights[0].shape[1])
    if combs:
        return direction_diagram(weights, combs, hues=hues, title=title)
    return claims_thumb(weights, claims, hues=hues, title=title)


def claims_thumb(
    weights: Sequence[Any], claims: Sequence[Claim], *, hues: Hues = PLAIN_HUES, title: str = ""
) -> Markup:
    """The same at a glance, with the same arguments."""
    n_inputs = weights[0].shape[1]
    tiles = [
        Tile(claim.layer, neuron, bits_of(claim.function, n_inputs)) for claim in claims for neuron in claim.neurons
    ]
    return circuit_thumb(weights, None, tiles, _combs(claims, n_inputs), hues=hues, title=title)


def _combs(claims: Sequence[Claim], n_inputs: int) -> list[Direction]:
    return [
        Direction(claim.layer, direction, bits_of(claim.function, n_inputs), claim.label)
        for claim in claims
        for direction in claim.directions
    ]
