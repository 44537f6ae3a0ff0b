"""Units of a live space: heads, MLPs, layers, neurons, outputs of modules, by their names."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

from pluriscope.errors import InvalidOption
from pluriscope_live.architecture import Architecture, Block, Matrix, names_called

NODES: Final = ("heads", "mlps", "heads+mlps", "layers")
Side = Literal["in", "out"]
Kind = Literal["head", "mlp", "layer", "neuron", "module", "edge", "feature"]
_OTHER_NAMES: Final = ((r"a(\d+)\.h(\d+)", r"\1.\2"), (r"m(\d+)", r"\1.mlp"), (r"(\d+)\.m", r"\1.mlp"))
"""How EAP-IG and MIB write heads and MLPs, and how edges write MLPs."""
_SLICE: Final = re.compile(r"(.*)\[(\d+)(?::(\d+))?\]")


@dataclass(frozen=True)
class Piece:
    """Numbers of a module's input or output that a unit is.

    Args:
        path: of the module.
        side: which of both.
        start, stop: of its last dimension; None for all of it.
        dims: last dimensions that count as one; two where heads are apart.
    """

    path: str
    side: Side
    start: int | None = None
    stop: int | None = None
    dims: int = 1


@dataclass(frozen=True)
class Unit:
    """A part of a model that a circuit keeps or ablates.

    Args:
        name: "0.3" for a head, "0.mlp", "0" for a layer, "0.mlp[7]" for a neuron, "e -> 0.1.q" for an edge, else the
            path of a module.
        kind: of the part.
        pieces: which numbers it is.
        edges: writer and reader of each edge that it is.
    """

    name: str
    kind: Kind
    pieces: tuple[Piece, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()


def usual_name(name: str) -> str:
    """The name of a head or MLP as it is written here."""
    for pattern, usual in _OTHER_NAMES:
        if found := re.fullmatch(pattern, name):
            return found.expand(usual)
    return name


def units_of(kind: str, architecture: Architecture) -> list[Unit]:
    """Every unit of one of the kinds "heads", "mlps" and "layers", or of "heads+mlps"."""
    if kind == "heads+mlps":
        return [*units_of("heads", architecture), *units_of("mlps", architecture)]
    blocks = list(enumerate(architecture.blocks))
    if kind == "heads":
        return [_head(architecture, n, one, h) for n, one in blocks for h in range(one.n_heads)]
    if kind == "mlps":
        return [_mlp(architecture, n, one) for n, one in blocks if one.mlp is not None]
    return [_layer(architecture, n, one) for n, one in blocks]


def mixed(architecture: Architecture, block: Block, start: int | None = None, stop: int | None = None) -> Piece:
    """Numbers of what a layer's heads mix."""
    dims = block.out.dims if isinstance(block.out, Matrix) else 1
    return Piece(architecture.path(block.out), "in", start, stop, dims)


def _head(architecture: Architecture, layer: int, block: Block, head: int) -> Unit:
    piece = mixed(architecture, block, head * block.width, (head + 1) * block.width)
    return Unit(f"{layer}.{head}", "head", (piece,))


def _mlp(architecture: Architecture, layer: int, block: Block) -> Unit:
    return Unit(f"{layer}.mlp", "mlp", (Piece(architecture.path(block.mlp), "out"),))


def _layer(architecture: Architecture, layer: int, block: Block) -> Unit:
    pieces = [] if block.out is None else [mixed(architecture, block)]
    pieces += [] if block.mlp is None else [Piece(architecture.path(block.mlp), "out")]
    return Unit(str(layer), "layer", tuple(pieces))


def read_name(name: str, module: Any, architecture: Architecture | None) -> Unit:
    """The unit of a name.

    Raises:
        InvalidOption: it does not exist.
    """
    usual = usual_name(name)
    found = re.fullmatch(r"(\d+)(?:\.(?:(\d+)|mlp(?:\[(\d+)\])?))?", usual)
    if found and architecture is not None:
        layer = int(found[1])
        if layer < len(architecture.blocks):
            block = architecture.blocks[layer]
            if usual == found[1]:
                return _layer(architecture, layer, block)
            if found[2] is not None and int(found[2]) < block.n_heads:
                return _head(architecture, layer, block, int(found[2]))
            if found[3] is not None and int(found[3]) < block.n_neurons:
                neuron = int(found[3])
                piece = Piece(architecture.path(block.down), "in", neuron, neuron + 1)
                return Unit(usual, "neuron", (piece,))
            if usual.endswith(".mlp") and block.mlp is not None:
                return _mlp(architecture, layer, block)
    sliced = _SLICE.fullmatch(name)
    path = sliced[1] if sliced else name
    try:
        if not path or (sliced and sliced[3] and int(sliced[3]) <= int(sliced[2])):
            raise AttributeError
        part = module.get_submodule(path)
    except AttributeError:
        shown = names_called(module)
        if architecture:
            shown = [one.name for kind in ("heads", "mlps", "layers") for one in units_of(kind, architecture)[:2]]
        cure = "give names such as " + ", ".join(shown[:4])
        raise InvalidOption(f"unit {name!r}", "does not exist in this model", cure) from None
    path = next((each for each, one in module.named_modules() if one is part), path)  # bridges have several for one
    if sliced is None:
        return Unit(name, "module", (Piece(path, "out"),))
    start = int(sliced[2])
    return Unit(name, "module", (Piece(path, "out", start, int(sliced[3]) if sliced[3] else start + 1),))


def refuse_shared(units: Sequence[Unit]) -> None:
    """Refuse units that have a name, or numbers, in common.

    Raises:
        InvalidOption: which they are.
    """
    names = Counter(one.name for one in units)
    for name in names - Counter([*names]):
        raise InvalidOption(f"unit {name!r}", "is given twice", "give each once")
    pairs = Counter(pair for one in units for pair in one.edges)
    spans = sorted(
        (piece.path, piece.side, piece.start or 0, piece.stop or sys.maxsize, one.name)
        for one in units
        for piece in one.pieces
    )
    shared = [(one[4], other[4]) for one, other in pairwise(spans) if one[:2] == other[:2] and other[2] < one[3]]
    for one in units:
        shared += [(one.name, f"another with {pair[0]} -> {pair[1]}") for pair in one.edges if pairs[pair] > 1]
        if one.kind == "neuron":
            shared += [(one.name, name) for name in (one.name.split("[")[0], one.name.split(".")[0]) if name in names]
    if shared:
        cause = f"has numbers in common with unit {shared[0][1]}"
        raise InvalidOption(f"unit {shared[0][0]}", cause, "give units that share nothing")
