"""The placement value on linear directions: a subspace of a layer for each variable of an algorithm.

Text, for addresses: ``PATH@LAYER=W`` for each variable, joined by ``;``. W is its numbers joined by ``,``, several rows
by ``_``; ``/D`` follows where there are swap directions of their own. Numbers are the shortest decimals that read back
as the same float64, without ``+``: ``0@1=1,0,-1;1@1=0,1,-1``. The id is a hash of the algorithm's text and this text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.interventions.subspace import CURE, Subspace, parse_subspace, swap_rows
from pluriscope.analysis.placements.placement import Placement, ScoredPlacement
from pluriscope.analysis.values.digest import short_id

MAX_TEXT: Final = 20_000  # characters
_PLACE: Final = re.compile(r"([01]*)@(.+)")


@dataclass(frozen=True)
class DirectionPlacement(Placement[Subspace]):
    """A place on linear directions for every variable of one algorithm."""

    @cached_property
    def text(self) -> str:
        """The placement, without its algorithm, as addresses write it."""
        return ";".join(f"{path}@{subspace.text}" for path, subspace in self.places)

    @cached_property
    def id(self) -> str:
        """First 16 hex digits of the SHA-256 of the algorithm's text and :attr:`text` in braces.

        Braces, where placements on neuron sets have brackets: the two kinds never share an id.
        """
        return short_id(f"{self.algorithm_text}{{{self.text}}}")

    def check_apart(self) -> None:
        """Check that in each layer all read-outs can be set at once, as disjoint neuron sets can.

        Raises:
            InvalidPlacement: they cannot.
        """
        for layer in {subspace.layer for _, subspace in self.places}:
            if swap_rows(subspace for _, subspace in self.places if subspace.layer == layer) is None:
                raise InvalidPlacement(
                    f"placement {self.id}",
                    "has read-outs in one layer that cannot be set at once",
                    "give variables of one layer linearly independent directions",
                )


OnDirections = ScoredPlacement[DirectionPlacement]


def parse_directions(algorithm_text: str, text: str) -> DirectionPlacement:
    """The placement of that text; the inverse of :attr:`DirectionPlacement.text`.

    Args:
        algorithm_text: identity text of the algorithm.
        text: at most 20,000 characters; "" for an algorithm without variables.

    Raises:
        InvalidPlacement: a text that no placement has, numbers that are not written in the one way that they have, or
            variables that are not in order.
    """
    if len(text) > MAX_TEXT:
        raise InvalidPlacement(f"directions {text[:40]!r}", f"are longer than {MAX_TEXT:,} characters", CURE)
    sites = []
    for part in text.split(";") if text else ():
        match = _PLACE.fullmatch(part)
        if match is None:
            raise InvalidPlacement(f"directions {part[:80]!r}", "name no variable, layer and direction", CURE)
        sites.append((match[1], parse_subspace(match[2])))
    alignment = DirectionPlacement.of(algorithm_text, sites)
    if alignment.text != text or len({path for path, _ in sites}) < len(sites):
        raise InvalidPlacement(
            f"directions {text[:80]!r}",
            "are not written in the one way that they have, in which variables stand in order and each once",
            f"use {alignment.text[:200]}",
        )
    return alignment
