"""The record of a format of graphs: what it is called, what it takes, and the functions that write and read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

EXPLANATIONS = ("circuit", "interpretation", "alignment")
"""The kinds that have a graph, since they speak of edges or neurons."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GraphFormat:
    """A format in which a graph of a network leaves, and perhaps comes back.

    Args:
        key: stable name; part of addresses.
        label: for people.
        about: what opens it, and how it is read, in a sentence or two.
        example: how a text in it begins, where such are read as claims.
        ending: of a file's name.
        checked_with: the published package, with its version, that opened what is written.
        takes: kinds of explanations, and "scores" of a method.
        refuses: question → why networks as its are not taken, a clause; "" where they are.
        write: graph (:mod:`~pluriscope.analysis.graph_files.network_graph`) and question → the value that the package
            takes.
        read: a text, or the value of a JSON text → such a graph; None where it is in another format; ValueError with a
            cause, one clause, where it is in this one and cannot be read. None where such files are not read.
        files: of a format that is a folder, what was written → what its files hold by name.
    """

    key: str
    label: str
    about: str
    example: str = ""
    ending: str
    checked_with: str
    takes: tuple[str, ...] = (*EXPLANATIONS, "scores")
    refuses: Callable[[Any], str] = lambda _: ""
    write: Callable[[Any, Any], Any]
    read: Callable[[Any], Any] | None = None
    files: Callable[[Any], Mapping[str, Any]] | None = None
