"""What may be said in a sandbox's address, and what its forms add to it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.options import ScopeOptions
from app.pages.sandbox.tokens import MOST_CHARACTERS, SHAPE

RefText = Annotated[str, StringConstraints(max_length=1200)]
Token = Annotated[str, StringConstraints(max_length=MOST_CHARACTERS)]


class SandboxOptions(ScopeOptions):
    """The whole state of a sandbox."""

    e: list[RefText] = Field(
        [],
        max_length=64,
        description="An explanation that is asked, as in a comparison: c-MASK, i-MASK.INDEX, g-ALGORITHM, "
        "a-ALGORITHM.ALIGNMENT, d-ALGORITHM.DIRECTIONS, with @PROTOCOL behind it where that differs. Up to six, in the "
        "order of their letters.",
    )
    now: Token = Field("", description=f"The intervention on the page: {SHAPE}. Empty: the first input, unchanged.")
    tried: list[Token] = Field(
        [],
        max_length=160,
        description="Of earlier addresses, which listed what had been tried; nothing is made of it any more.",
    )
    tool: Annotated[str, StringConstraints(max_length=40)] = Field(
        "",
        description="What a neuron in the drawing is given when it is chosen: z (zero), m (mean), sINPUT, vNUMBER. "
        "Empty: its value on the source of the patches, else on another input.",
    )
    on: Literal["neurons", "edges", "directions"] = Field(
        "neurons", description="What is chosen: neurons or edges in the drawing, directions in a list."
    )
    part: float | None = Field(
        None,
        ge=0,
        le=1,
        description="How much of the changes the drawing shows, from 0 (nothing is changed) to 1; decisions "
        "and predictions are about all of them.",
    )
    game: Literal["", "1"] = Field(
        "", description="1: the network's answer is hidden until the visitor has predicted it or looks."
    )


class SandboxPageOptions(SandboxOptions):
    """The same for the HTML page, whose forms add one edit; the answer leads to the address without it."""

    site: Annotated[str, StringConstraints(max_length=40)] = Field(
        "", description="Edit: what to change, LAYER.NEURON or LAYER.NEURON.SOURCE for an edge."
    )
    along: RefText = Field(
        "", description="Edit: the direction to change, LAYER: w, w, …, one number for each neuron of that layer."
    )
    how: Literal["", "zero", "mean", "source", "value", "nothing"] = Field(
        "", description="Edit: what is written there; nothing takes the change back. Alone: the tool."
    )
    source: Annotated[str, StringConstraints(max_length=8)] = Field("", description="Edit: input for how=source.")
    value: Annotated[str, StringConstraints(max_length=40)] = Field("", description="Edit: number for how=value.")
    base: Annotated[str, StringConstraints(max_length=8)] = Field("", description="Edit: another base.")
    add: RefText = Field("", description="Edit: one more explanation.")

    @property
    def from_form(self) -> bool:
        """Whether it carries an edit."""
        return bool(self.site or self.along or self.how or self.base or self.add)

    def state(self) -> dict[str, Any]:
        """The state without the edit."""
        return {name: getattr(self, name) for name in SandboxOptions.model_fields}
