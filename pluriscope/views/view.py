"""The record of a view: what pages and lists need to show a network of some kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from markupsafe import Markup

from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.views.records import AnswerRecord, RowRecord

Rows = list[RowRecord] | list[AnswerRecord]


class Draws(Protocol):
    """Draws a network, or a circuit of it."""

    def __call__(
        self, question: Any, mask: int | None = None, *, title: str, thumb: bool = False, pale: int = 0, **more: Any
    ) -> Markup:
        """The drawing.

        Args:
            question: about the network.
            mask: the circuit; None for all of the network.
            title: what it is.
            thumb: whether it is for lists: small, without names.
            pale: of a thumb's circuit what stands back, as a mask.
            more: options of the drawing itself.
        """


@dataclass(frozen=True)
class SubjectView:
    """View of the networks of a kind.

    Args:
        nodes: what those that a circuit may do without are called.
        labels: question → what each bit of a mask stands for, as lists name it.
        draws: see :class:`Draws`.
        rows: question, and a circuit or None for the whole network → what it does on each row.
        possible: question, and a number of bits → circuits with so many, valid or not; None if that is not known.
    """

    nodes: str
    labels: Callable[[Any], Sequence[str]]
    draws: Draws
    rows: Callable[[Any, int | None], Rows]
    possible: Callable[[Any, int], int | None]


def whole(question: SubjectQuestion) -> int:
    """The circuit that keeps everything."""
    return (1 << question.graph.n_bits) - 1
