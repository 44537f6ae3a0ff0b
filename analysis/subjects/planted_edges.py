"""Planted edges as files name them, made by a compiler, say: no part of the subject's identity.

A record names the edges through which the program computes, as cut by queries, keys and values, with token and position
apart where the model has positions: ``t-1.0.q``. Under coarser rules the planted circuit keeps an edge, or a node, if
it keeps any of those that this one stands for. The record proves nothing: whether that circuit is valid is found out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.errors import InvalidPlanting
from pluriscope.analysis.subjects.graph import Graph, Masks
from pluriscope.analysis.subjects.made import MAX_STEPS, MAX_VALUE, Made, StepDocument, made_json
from pluriscope.analysis.values.strict_json import plain_text, validated

_SLOTS: Final = (".q", ".k", ".v")
_ITEM: Final = "planted"
_CURE: Final = "give the program, its edges, and the steps in which the model was made"


class _Document(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    program: str
    edges: Annotated[list[str], Field(min_length=1, max_length=2_048)]
    made: Annotated[list[StepDocument], Field(max_length=MAX_STEPS)]


@dataclass(frozen=True)
class PlantedEdges:
    """Planted edges as a file names them.

    Args:
        program: what it computes, one line.
        edges: through which it does, each once.
        made: how the model was made, in order.
    """

    program: str
    edges: tuple[str, ...]
    made: tuple[Made, ...]

    def mask(self, graph: Graph) -> int:
        """The planted circuit as a mask of a graph."""
        names = {coarse for edge in self.edges for coarse in _standing_for(edge)}
        if graph.cut == "nodes":
            names = {end for name in names for end in name.split("-")}
        return graph.number([name in names for name in graph.bit_names])

    def moved(self, goes: Mapping[str, Sequence[str]], step: Made) -> PlantedEdges:
        """Return the edges after one more step; ``goes`` has for heads that went elsewhere the names of what they
        became.
        """
        edges = []
        for edge in self.edges:
            source, reader = edge.split("-")
            head, slot = (reader[:-2], reader[-2:]) if reader[-2:] in _SLOTS else (reader, "")
            edges += [f"{a}-{b}{slot}" for a in goes.get(source, (source,)) for b in goes.get(head, (head,))]
        return PlantedEdges(self.program, tuple(sorted(edges)), (*self.made, step))

    def document(self) -> dict[str, Any]:
        """The record as JSON values."""
        return {"program": self.program, "edges": list(self.edges), "made": made_json(self.made)}


def _standing_for(edge: str) -> list[str]:
    """An edge, and what stands for it where the embedding is whole or a head reads the same thrice."""
    source, reader = edge.split("-")
    readers = [reader, reader[:-2]] if reader[-2:] in _SLOTS else [reader]
    return [f"{a}-{b}" for a in ([source, "x"] if source in "tp" else [source]) for b in readers]


def read_planted_edges(value: Any, graph: Graph, reduce: Callable[[Masks], Masks]) -> PlantedEdges:
    """A record from JSON values.

    Args:
        value: as :meth:`PlantedEdges.document` gives it.
        graph: of the model, with the finest edges.
        reduce: masks without what carries nothing.

    Raises:
        InvalidPlanting: another shape, an edge that the model does not have, or one that carries nothing.
    """
    answer = validated(_Document, value, _ITEM, InvalidPlanting, _CURE)
    program = plain_text(answer.program, f"{_ITEM} program", InvalidPlanting, limit=MAX_VALUE)
    for number, name in enumerate(answer.edges):
        item = f"{_ITEM} edges[{number}]"
        if name not in graph.edge_names:
            raise InvalidPlanting(
                item, f"is {name[:40]!r}, no edge of the model", f"use {graph.edge_names[0]} and such"
            )
        if name in answer.edges[:number]:
            raise InvalidPlanting(item, f"is {name} again", "give each edge once")
    mask = np.array([name in answer.edges for name in graph.edge_names])
    idle = mask & ~reduce(mask[None])[0]
    if idle.any():
        cause = f"hold {graph.edge_names[int(idle.argmax())]}, which carries nothing: its way to the logits is broken"
        raise InvalidPlanting(f"{_ITEM} edges", cause, "give whole ways from what the model is given to the logits")
    return PlantedEdges(program, tuple(answer.edges), tuple(one.made for one in answer.made))
