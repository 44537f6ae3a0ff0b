"""What a lens says of neurons, as one explanation among others: the kind's record.

A lens answers with a picture, and where it says something of single neurons that can be held against what explanations
say of the same ones. It foresees nothing, so it is silent about interventions and about the output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from analysis.explanations.explanation import Claim, Kind


@dataclass(frozen=True)
class LensClaims:
    """A lens under some settings, and what it says of neurons.

    Args:
        text: the lens with the settings that differ from its defaults, as commands take it.
        claims: about hidden neurons.
    """

    text: str
    claims: tuple[Claim, ...]


LENS: Final[Kind[LensClaims]] = Kind(
    key="lens",
    letter="l",
    noun="lens",
    plural="lenses",
    silence="a lens says what it saw, and nothing of interventions",
    traits=frozenset(),
    claims=lambda item: item.claims,
)
