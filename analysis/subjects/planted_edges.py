"""Planted edges as files name them, made by a compiler, say: no part of the subject's identity.

A record names the edges through which the program computes, as cut by queries, keys and values, with token and position
apart where the model has positions: ``t-1.0.q``. Under coarser rules the planted circuit keeps an edge, or a node, if
it keeps any of those that this one stands for. Variables of the program are named with the coordinates of the residual
stream that were made to hold them. The record proves nothing: whether that circuit is valid is found out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
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


class _Variable(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: str
    site: str
    coordinates: Annotated[list[int], Field(min_length=1)]


class _Document(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    program: str
    edges: Annotated[list[str], Field(min_length=1, max_length=2_048)]
    made: Annotated[list[StepDocument], Field(max_length=MAX_STEPS)]
    variables: Annotated[list[_Variable], Field(max_length=256)] = []


@dataclass(frozen=True)
class PlantedVariable:
    """A variable of a planted program, and where it is.

    Args:
        name: by the compiler.
        site: of the residual stream, the first that has it: ``x0``, ``x1.mid``, ``x1``.
        coordinates: ascending, the same at every position.
    """

    name: str
    site: str
    coordinates: tuple[int, ...]


@dataclass(frozen=True)
class PlantedEdges:
    """Planted edges as a file names them.

    Args:
        program: what it computes, one line.
        edges: through which it does, each once.
        made: how the model was made, in order.
        variables: of the program, each once.
    """

    program: str
    edges: tuple[str, ...]
    made: tuple[Made, ...]
    variables: tuple[PlantedVariable, ...] = ()

    def mask(self, graph: Graph) -> int:
        """The planted circuit as a mask of a graph."""
        names = {coarse for edge in self.edges for coarse in _standing_for(edge)}
        if graph.cut == "nodes":
            names = {end for name in names for end in name.split("-")}
        return graph.number([name in names for name in graph.bit_names])

    def document(self) -> dict[str, Any]:
        """The record as JSON values."""
        variables = [asdict(one) | {"coordinates": [*one.coordinates]} for one in self.variables]
        found = {"program": self.program, "edges": list(self.edges), "made": made_json(self.made)}
        return found | ({"variables": variables} if variables else {})


def _standing_for(edge: str) -> list[str]:
    """An edge, and what stands for it where the embedding is whole or a head reads the same thrice."""
    source, reader = edge.split("-")
    readers = [reader, reader[:-2]] if reader[-2:] in _SLOTS else [reader]
    return [f"{a}-{b}" for a in ([source, "x"] if source in "tp" else [source]) for b in readers]


def read_planted_edges(
    value: Any, graph: Graph, reduce: Callable[[Masks], Masks], stream: Mapping[str, int]
) -> PlantedEdges:
    """A record from JSON values.

    Args:
        value: as :meth:`PlantedEdges.document` gives it.
        graph: of the model, with the finest edges.
        reduce: masks without what carries nothing.
        stream: how many coordinates each site of the residual stream has.

    Raises:
        InvalidPlanting: another shape, an edge or a coordinate that the model does not have, or an edge that carries
            nothing.
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
    variables = dict[str, PlantedVariable]()
    for number, one in enumerate(answer.variables):
        item, places = f"{_ITEM} variables[{number}]", tuple(one.coordinates)
        name = plain_text(one.name, item, InvalidPlanting, limit=MAX_VALUE)
        if name in variables or places != tuple(sorted({*places} & {*range(stream.get(one.site, 0))})):
            cause = f"is {name} at {one.site[:40]} on {', '.join(map(str, places[:8]))}"
            cure = f"give each name once, one of {', '.join(stream)}, and its coordinates in order from 0 on"
            raise InvalidPlanting(item, cause, cure)
        variables[name] = PlantedVariable(name, one.site, places)
    made = tuple(one.made for one in answer.made)
    return PlantedEdges(program, tuple(answer.edges), made, tuple(variables.values()))
