"""Recipes: how a network is planted, in a line: compiled or trained, then disguises, such as "strict, noise=0.1"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from pluriscope.analysis.errors import InvalidPlanting

Mode = Literal["plain", "iit", "strict", "strict-zero"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
"""Losses of interchange training (:mod:`pluriscope_edits.planting.interchange`)."""
COMPILED: Final = "compile"
STEPS: Final = 3_000
"""Of training, unless somebody says otherwise."""
MAX_STEPS: Final = 100_000


@dataclass(frozen=True)
class Recipe:
    """Recipe by which networks are planted.

    Args:
        mode: losses of training; None for compiled weights.
        disguises: in order, as :func:`pluriscope_edits.planting.disguises.disguised` takes them.
    """

    mode: Mode | None
    disguises: tuple[str, ...]


def read_recipe(text: str) -> Recipe:
    """A recipe from its line, whose disguises may be unknown: tables of results have others.

    Raises:
        InvalidPlanting: neither "compile" nor a known training stands first.
    """
    first, *disguises = (part.strip() for part in text.split(","))
    mode = next((one for one in MODES if one == first), None)
    if mode is None and first != COMPILED:
        cure = f"begin with {COMPILED}, {', '.join(MODES)}, then disguises with commas"
        raise InvalidPlanting(f"planting {text[:60]!r}", f"begins with {first[:20]!r}", cure)
    return Recipe(mode, tuple(disguises))
