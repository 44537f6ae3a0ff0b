"""The blocks of Play and of steering: what can be changed, the drawing, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pluriscope.page_kit.blocks import Block, Choice, Figure

MAIN: Final = "bench"
"""The id of the block."""


@dataclass(frozen=True)
class Field:
    """A field of a form that leads to another state.

    Args:
        name: of the option.
        label: for people.
        value: what stands in it.
        error: why that cannot be read.
        options: value and words of what can be chosen, by heading; None where it is written.
        kind: of the control, where it is written.
        hint: an example.
        least: of a number.
        most: likewise.
        step: likewise.
    """

    name: str
    label: str
    value: str = ""
    error: str = ""
    options: Mapping[str, Mapping[str, str]] | None = None
    kind: Literal["text", "number", "range"] = "text"
    hint: str = ""
    least: float = 0
    most: float = 1
    step: float = 1


@dataclass(frozen=True)
class Ask:
    """A form that leads to another state.

    Args:
        submit: words of its button.
        kept: what is sent along.
        fields: to fill in.
    """

    submit: str
    kept: Sequence[tuple[str, str]]
    fields: Sequence[Field]


@dataclass(frozen=True, kw_only=True)
class Play(Block):
    """Controls, the drawing that they change, and the outcome beside it. With scripts a step exchanges the main part of
    the page.

    Args:
        url: of the page without options, which forms lead to.
        controls: switches and forms of what is run and what is done to what is chosen.
        figure: the drawing.
        outcome: what comes of it.
    """

    url: str
    controls: Sequence[Choice | Ask]
    figure: Figure
    outcome: Sequence[Block]
    id: str = MAIN

    @property
    def inner(self) -> Iterable[Block]:
        return [self.figure, *self.outcome]
