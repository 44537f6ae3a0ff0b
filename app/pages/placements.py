"""Placements as they stand in addresses: ``PATH:LAYER.NEURON+NEURON``, one for each variable of an algorithm.

An alignment id is a hash, so it leads back to its placement only where a row holds both. The reference of an alignment
that no row holds therefore carries its placement in one piece, ``a-ALGORITHM.0:1.0+2_1:2.1``; a form sends
``?place=0:1.0+2&place=1:2.1`` behind the address of its algorithm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from analysis.explanations.explanation import Claim
from analysis.interventions.neuron_set import NeuronSet
from app.errors import BadQuery
from pluriscope.figures.svg.directions import linear_words

SHAPE: Final = "PATH:LAYER.NEURON+NEURON, for instance 0:1.0+2"
_PLACE: Final = re.compile(r"([01]{1,8}):([0-9]{1,3})\.([0-9]{1,3}(?:[+ ,][0-9]{1,3})*)")
BETWEEN: Final = "_"


def write_place(path: str, site: NeuronSet) -> str:
    """One variable's place, e.g. ``0:1.0+2``."""
    return f"{path}:{site.layer}.{'+'.join(map(str, site.neurons))}"


def placement_text(places: Iterable[tuple[str, NeuronSet]]) -> str:
    """All places in one piece, in the order of their paths, for references."""
    return BETWEEN.join(write_place(path, site) for path, site in sorted(places))


def is_placement(text: str) -> bool:
    """Whether the second part of an alignment's reference is a placement, not an id."""
    return ":" in text


def read_placement_text(text: str) -> list[tuple[str, NeuronSet]]:
    """The inverse of :func:`placement_text`.

    Raises:
        BadQuery: a piece is malformed or a variable is placed twice.
    """
    return read_places(text.split(BETWEEN), field="e")


def read_places(texts: Sequence[str], *, field: str = "place") -> list[tuple[str, NeuronSet]]:
    """Read places back; neurons may be separated by ``+``, a space (a bare ``+`` in a query is one) or a comma.

    Raises:
        BadQuery: a place is malformed, names a neuron twice, or a variable is placed twice.
    """
    places: dict[str, NeuronSet] = {}
    for text in texts:
        match = _PLACE.fullmatch(text.strip())
        if match is None:
            raise BadQuery(f"place {text[:60]!r}", f"does not have the shape {SHAPE}", "write it so", field)
        path, layer = match[1], int(match[2])
        neurons = [int(n) for n in re.split(r"[+ ,]", match[3])]
        if len(set(neurons)) < len(neurons):
            raise BadQuery(f"place {text[:60]!r}", "names a neuron twice", "name each neuron once", field)
        if path in places:
            raise BadQuery(f"place {text[:60]!r}", f"is a second place for variable {path}", "give it one place", field)
        places[path] = NeuronSet(layer, tuple(sorted(neurons)))
    return sorted(places.items())


def site_label(site: NeuronSet) -> str:
    """A neuron set for people: ``n1.0 + n1.2``."""
    return neurons_label((site.layer, neuron) for neuron in site.neurons)


def site_of(claim: Claim, sizes: Sequence[int]) -> str:
    """Where a claim stands, for people: neurons, or directions of a layer; "" for a function that has no site."""
    if claim.neurons:
        return neurons_label((claim.layer, neuron) for neuron in claim.neurons)
    return ", ".join(linear_words(claim.layer, weights, sizes) for weights in claim.directions)


def neurons_label(sites: Iterable[tuple[int, int]]) -> str:
    """Some neurons, perhaps of several layers, for people: ``n1.0 + n2.1``."""
    return " + ".join(f"n{layer}.{neuron}" for layer, neuron in sites)
