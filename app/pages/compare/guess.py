"""One experiment in which explanations contradict each other: guess who is right, then see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from pluriscope.blocks import Block, Figure

ID: Final = "guess"


@dataclass(frozen=True)
class Experiment:
    """One trial as a page asks about it.

    Args:
        asks: what is done, as a sentence.
        changes: what that forces, as a sentence; "" where nothing is.
        outcome: what the network does, as a sentence.
        drawings: width → of each explanation a drawing with the values that it gives.
        network: whether what comes of it is told → the network.
        doubt: why one might not trust a prediction, as a sentence; "" where nothing is open.
        play: where the same can be tried; "" if nowhere.
    """

    asks: str
    changes: str
    outcome: str
    drawings: Callable[[float], Sequence[Markup]]
    network: Callable[[bool], Markup]
    doubt: str = ""
    play: str = ""


@dataclass(frozen=True, kw_only=True)
class Guess(Block):
    """An experiment, before a choice or after it.

    Args:
        at: its number, from 1.
        of: how many there are.
        says: what is done, or what came of it.
        lines: below that.
        figure: the network.
        choices: words of each button with its address; None after the choice.
        next: where the next one is; "" where all are answered.
        chosen: number of the button that was pressed, from 1.
        note: beside the buttons.
    """

    at: int
    of: int
    says: str
    lines: Sequence[str | Markup]
    figure: Figure
    choices: Mapping[str, str] | None = None
    next: str = ""
    chosen: int = 1
    note: str = ""
    id: str = ID

    @property
    def inner(self) -> Iterable[Block]:
        return [self.figure]
