"""Classes of maps from the variables of an algorithm to a network: what sites they admit, from the narrowest on.

Not all are nested: single neurons lie in neuron sets, these in subspaces; orthogonal swaps of a read-out lie in oblique
ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class MapClass:
    """A class of maps, by which variables are placed in a network.

    Args:
        key: stable; in reports and addresses.
        label: what a variable lives on.
        rule: which directions it admits, "" for other sites.
    """

    key: str
    label: str
    rule: str = ""


_EVERY: Final = (
    MapClass("single", "single neurons"),
    MapClass("sets", "neuron sets"),
    MapClass(
        "integer",
        "small integer directions that read the variable",
        "weights −1, 0, 1 that read the variable, orthogonal swap",
    ),
    MapClass(
        "integer-any",
        "small integer directions",
        "weights −1, 0, 1 whether they read the variable or not, orthogonal swap",
    ),
    MapClass("orthogonal", "read-outs with the orthogonal swap", "the shortest affine read-out, orthogonal swap"),
    MapClass(
        "oblique", "read-outs with an oblique swap", "the shortest affine read-out, any swap direction d with w·d = 1"
    ),
    MapClass("learned", "learned subspaces", "subspaces by a learned rotation, one block of it for each variable"),
    MapClass("non-linear", "blocks of a learned non-linear map"),
)
MAP_CLASSES: Final = {one.key: one for one in _EVERY}
DIRECTIONS: Final = tuple(one.key for one in _EVERY if one.rule)
"""The classes whose sites are directions."""


def map_class(key: str) -> MapClass:
    """The class of that key; one that this version does not know is called by it."""
    return MAP_CLASSES.get(key, MapClass(key, key))
