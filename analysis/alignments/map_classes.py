"""Classes of maps from the variables of an algorithm to a network: what sites they admit, from the narrowest on.

Not all are nested: single neurons lie in neuron sets, these in subspaces; orthogonal swaps of a read-out lie in oblique
ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class MapClass:
    """One class of maps.

    Args:
        key: stable; in reports and addresses.
        label: what a variable lives on.
        short: what a small figure calls it.
        rule: which directions it admits, "" for other sites.
    """

    key: str
    label: str
    short: str
    rule: str = ""


_EVERY: Final = (
    MapClass("single", "single neurons", "single neurons"),
    MapClass("sets", "neuron sets", "sets"),
    MapClass(
        *("integer", "small integer directions that read the variable", "integer, read"),
        "weights −1, 0, 1 that read the variable, orthogonal swap",
    ),
    MapClass(
        *("integer-any", "small integer directions, read-out or not", "integer, any"),
        "weights −1, 0, 1 whether they read the variable or not, orthogonal swap",
    ),
    MapClass("orthogonal", "read-out, orthogonal swap", "orthogonal", "the shortest affine read-out, orthogonal swap"),
    MapClass(
        *("oblique", "read-out, some oblique swap", "oblique"),
        "the shortest affine read-out, any swap direction d with w·d = 1",
    ),
    MapClass(
        *("learned", "learned subspaces", "learned"),
        "subspaces by a learned rotation, one block of it for each variable",
    ),
    MapClass("non-linear", "blocks of a learned non-linear map", "non-linear"),
)
MAP_CLASSES: Final = {one.key: one for one in _EVERY}
DIRECTIONS: Final = tuple(one.key for one in _EVERY if one.rule)
"""The classes whose sites are directions."""


def map_class(key: str) -> MapClass:
    """The class of that key; one that this version does not know is called by it."""
    return MAP_CLASSES.get(key, MapClass(key, key, key))
