"""Options of a comparison's address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from pluriscope.app.options import ScopeOptions

FIRST_SHOWN: Final = 6
MOST_SHOWN: Final = 200

RefText = Annotated[str, StringConstraints(max_length=1200)]


class ComparedOptions(ScopeOptions):
    """Options of a comparison of one network or model."""

    e: list[RefText] = Field(
        [],
        max_length=64,
        description="An explanation: c-MASK, i-MASK.INDEX, g-ALGORITHM, a-ALGORITHM.ALIGNMENT (or its placement in "
        "place of the id, a-ALGORITHM.0:1.0+2_1:2.1), d-ALGORITHM.DIRECTIONS (an id, or a text with : for @), with "
        "@PROTOCOL behind it where that differs; of a transformer c-MASK. "
        "Two to six, in the order in which they are shown.",
    )
    at: int = Field(1, ge=1, description="Which contradiction is asked about, from 1, in the order of the list.")
    guess: str = Field(
        "",
        max_length=6000,
        pattern=r"^([0-9]{1,9}[P-U])*$",
        description="What was guessed, as in 1P2Q: of the first P is right, of the second Q. Their answers are shown.",
    )
    answers: Literal["", "all"] = Field("", description="Whether the answers of the list are shown before a guess.")
    start: int | None = Field(None, ge=0, description="How many contradictions are passed over.")
    limit: int = Field(FIRST_SHOWN, ge=1, le=MOST_SHOWN, description="Contradictions on a page.")

    @property
    def guesses(self) -> Mapping[int, str]:
        """Guesses of who is right, by the number of the contradiction."""
        return {int(number): letter for number, letter in re.findall("([0-9]{1,9})([P-U])", self.guess)}

    @model_validator(mode="before")
    @classmethod
    def _lines(cls, given: Any) -> Any:
        """Split a form's field at its lines."""
        if not isinstance(given, dict) or not isinstance(given.get("e"), list):
            return given
        return given | {"e": [line.strip() for text in given["e"] for line in text.splitlines() if line.strip()]}


class CompareOptions(ComparedOptions):
    """Options of a comparison with the network in the address's query."""

    network: list[Annotated[str, StringConstraints(max_length=100)]] = Field(
        [], max_length=12, description="What all explanations are of, by slug or digest prefix."
    )
