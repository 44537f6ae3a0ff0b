"""How claims name what a circuit may keep: edges of a network, or edges or nodes of a model of another kind.

Edges are written ``source>target``: ``x0>1.2``, ``1.2>2.0``, ``2.0>y0`` in a network, ``x>1.0.q``, ``1.0>logits`` in a
transformer. Other spellings of nodes and whole edges, those of drawings, addresses and usual tools, lead to these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from analysis.discovery.cuts import LOSS, MODEL_ABLATION
from analysis.discovery.method import ablation
from analysis.discovery.selection import SELECTION, edge_ends
from analysis.method_settings import Setting
from analysis.models.model import Graph
from analysis.networks.circuit import EdgeLayout


@dataclass(frozen=True, eq=False)
class PartNames:
    """What a mask's bits are called, and how scores of them are read.

    Args:
        whole: "network" or "model".
        part: what a bit stands for: "edge" or "node".
        numbers: the bit of each name, in the order of masks.
        nodes: every spelling of a node, or of a slot of one → how claims write it.
        aliases: every other spelling of a whole name.
        listed: the nodes in words.
        how: how a name is written, for who wrote none.
        settings: how scores lead to a mask.
    """

    whole: str
    part: str
    numbers: Mapping[str, int]
    nodes: Mapping[str, str]
    aliases: Mapping[str, str]
    listed: str
    how: str
    settings: tuple[Setting, ...]

    @property
    def n_bits(self) -> int:
        return len(self.numbers)

    @property
    def example(self) -> str:
        """Some names as they are written in a list."""
        return " ".join(list(self.numbers)[:: max(1, self.n_bits // 3)])

    @property
    def selection(self) -> tuple[str, ...]:
        """Names of the settings."""
        return tuple(setting.name for setting in self.settings)

    def to_hex(self, mask: int) -> str:
        """A mask as claims write it."""
        return f"{mask:0{-(-self.n_bits // 4)}x}"

    def why_none(self, name: object) -> str:
        """Why this is no name of a bit."""
        ends = name.split(">") if isinstance(name, str) else []
        if self.part == "edge" and len(ends) != 2:
            return "is no edge's name"
        if self.whole == "network" and all(end in self.nodes for end in ends):
            return "does not join neighbouring layers"
        return f"is no {self.part} of this {self.whole}"


@lru_cache(maxsize=64)
def names_in(layout: EdgeLayout) -> PartNames:
    """The edges of a network cut to one output: inputs x0, x1, …, hidden neurons layer.index, the output y0."""
    sizes, last = layout.sizes, len(layout.sizes) - 1
    names = [f"{neuron_text(source, last)}>{neuron_text(target, last)}" for source, target in edge_ends(layout)]
    neurons = {end for name in names for end in name.split(">")}
    aliases = {alias: name for name in neurons for alias in (name, f"n{name}" if name[0].isdecimal() else name)}
    hidden = [
        f"{layer}.0 to {layer}.{size - 1}" if size > 1 else f"{layer}.0" for layer, size in enumerate(sizes[1:-1], 1)
    ]
    return PartNames(
        whole="network",
        part="edge",
        numbers={name: edge for edge, name in enumerate(names)},
        nodes={**aliases, "y": "y0"},
        aliases={},
        listed=", ".join([f"x0 to x{sizes[0] - 1}" if sizes[0] > 1 else "x0", *hidden, "y0"]),
        how="write inputs x0…, hidden neurons layer.index, the output y0: x0>1.2",
        settings=(*SELECTION, ablation("zero")),
    )


def neuron_text(end: tuple[int, int], last: int) -> str:
    """A neuron as claims write it: ``x0`` for an input, ``1.2`` for a hidden one, ``y0`` for the output.

    Args:
        end: layer and neuron.
        last: the layer of the output.
    """
    layer, neuron = end
    return f"x{neuron}" if layer == 0 else "y0" if layer == last else f"{layer}.{neuron}"


@lru_cache(maxsize=64)
def names_of(graph: Graph) -> PartNames:
    """What masks of a model name: edges ``source>target``, with the target's slot behind a dot, or nodes."""
    spelt = {one: node.name for node in graph.nodes for one in (node.name, *node.aliases)}
    ends = [(graph.nodes[one.source].name, graph.nodes[one.target].name, one.slot) for one in graph.edges]
    slots = {(target, slot) for _, target, slot in ends if slot}
    nodes = spelt | {
        f"{spelling}.{slot}": f"{name}.{slot}"
        for spelling, name in spelt.items()
        for target, slot in slots
        if target == name
    }
    if graph.cut == "edges":
        names = [f"{source}>{target}" + (f".{slot}" if slot else "") for source, target, slot in ends]
    else:
        names = list(graph.bit_names)
    other = dict(zip(graph.bit_names, names, strict=True)) if graph.cut == "edges" else spelt
    return PartNames(
        whole="model",
        part=graph.cut[:-1],
        numbers={name: bit for bit, name in enumerate(names)},
        nodes=nodes,
        aliases={alias: name for alias, name in other.items() if name in names},
        listed=", ".join(node.name for node in graph.nodes),
        how=f"write them as in the drawing: {names[0]}, {names[-1]}",
        settings=(*SELECTION, MODEL_ABLATION, LOSS),
    )
