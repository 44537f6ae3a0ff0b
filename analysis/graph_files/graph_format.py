"""The record of a format of graphs: what it is called, what it takes, and the functions that write and read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from analysis.subjects.question import SubjectQuestion

GRAPHED: Final = ("circuit", "interpretation", "alignment", "scores")
"""What graphs show: keys of kinds of explanations that speak of edges or neurons, and a method's scores."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GraphFormat:
    """A format in which a graph of a network leaves, and perhaps comes back.

    Args:
        key: stable name; part of addresses.
        label: for people.
        about: what it holds and what opens it, in a sentence or two.
        example: how a text in it begins, where such are read as claims.
        ending: of a file's name.
        checked_with: the published package and version that opened what :attr:`write` gives.
        takes: which of :data:`GRAPHED` it takes.
        refuses: question → why networks as its are not taken, a clause; "" where they are.
        write: graph (:mod:`~analysis.graph_files.network_graph`) and question → the value that the package takes.
        read: text, or value of a JSON text → graph with the same attributes as far as they are known; None where it is
            in another format. Raises ValueError with a cause, one clause, where it is in this one and cannot be read.
            None where such files are not read.
    """

    key: str
    label: str
    about: str
    example: str = ""
    ending: str
    checked_with: str
    takes: tuple[str, ...] = GRAPHED
    refuses: Callable[[SubjectQuestion], str] = lambda _: ""
    write: Callable[[Any, SubjectQuestion], Any]
    read: Callable[[Any], Any] | None = None
