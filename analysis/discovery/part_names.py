"""Names in claims for what a circuit may keep: edges, or nodes where a mask names nodes.

Edges are written as in lists: ``A-n1.2``, ``n1.2-n2.0``, ``n2.0-y`` in a perceptron, ``x-1.0.q``, ``1.0-logits``
in a transformer. Other spellings, such as ``x0>1.2``, with any arrow, and those of usual tools are read, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from pluriscope.analysis.errors import InvalidClaim
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.values.strict_json import kind_of

ARROW: Final = re.compile(r"(?:(?<!\s)\s+)?(?:(?<!-)-+>|→|>)\s*|(?<=\w)-(?=[A-Za-z])")
_SLOT: Final = re.compile(r"<([qkv])>")
_ENDS: Final = re.compile(r"[.<]([qkv])>?$")
_SHOWN: Final = 40


@dataclass(frozen=True, eq=False)
class PartNames:
    """The names of the bits of a mask.

    Args:
        graph: that masks are of.
    """

    graph: Graph

    @property
    def part(self) -> str:
        """The kind of part that a bit stands for: "edge" or "node"."""
        return self.graph.cut[:-1]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The bit of each name, in the order of masks."""
        names = self.graph.bit_names
        if self.graph.cut == "edges":
            nodes = self.graph.nodes
            names = tuple(
                f"{nodes[one.source].name}>{nodes[one.target].name}" + (f".{one.slot}" if one.slot else "")
                for one in self.graph.edges
            )
        return {name: bit for bit, name in enumerate(names)}

    @cached_property
    def _nodes(self) -> dict[str, str]:
        """Every spelling of a node, or of a slot of one → how claims write it."""
        spelt = {one: node.name for node in self.graph.nodes for one in (node.name, *node.aliases)}
        slots = {(self.graph.nodes[edge.target].name, edge.slot) for edge in self.graph.edges if edge.slot}
        of_slots = {
            f"{spelling}.{slot}": f"{name}.{slot}"
            for spelling, name in spelt.items()
            for of, slot in slots
            if of == name
        }
        return spelt | of_slots

    @cached_property
    def drawn(self) -> list[str]:
        """The names of the bits as lists and drawings have them, where these are read."""
        nodes = {node.name: node.label for node in self.graph.nodes if node.label in node.aliases}
        return ["-".join(nodes.get(end, end) for end in name.split(">")) for name in self.numbers]

    @cached_property
    def written(self) -> dict[str, str]:
        """Every part as addresses, claims, lists and drawings write it → as claims do."""
        every = (*self.numbers, *self.graph.bit_names, *self.drawn)
        return dict(zip(every, 3 * list(self.numbers), strict=True))

    @property
    def example(self) -> str:
        """Some names as they are written in a list."""
        return " ".join(self.drawn[:: max(1, self.graph.n_bits // 3)])

    @property
    def listed(self) -> str:
        """The nodes in words."""
        return ", ".join(node.label if node.label in node.aliases else node.name for node in self.graph.nodes)

    def bit(self, name: Any, item: str) -> int:
        """The bit that a name stands for, in any spelling and with any arrow.

        Args:
            name: as somebody wrote it.
            item: what it belongs to, for errors.

        Raises:
            InvalidClaim: it is no name of any; most graphs of other tools are about another network.
        """
        shown, cure = shown_name(name), f"write them as in {', '.join(self.example.split()[:2])}"
        text = dotted(name.strip()) if isinstance(name, str) else ""
        written = self.written.get(text, text)
        if self.graph.cut == "nodes":
            written = self._nodes.get(written, written)
        if written in self.numbers:
            return self.numbers[written]
        ends = ARROW.split(text)
        if len(ends) != 2:
            raise InvalidClaim(
                item, f"has {shown} where {'an edge' if self.part == 'edge' else 'a node'} belongs", cure
            )
        target = ends[1] if ends[1] in self._nodes else re.sub(r"\.[qkv]$", "", ends[1])  # not all readers have slots
        edge = f"{self.node(ends[0], item)}>{self.node(target, item)}"
        if edge not in self.numbers:
            if f"{edge}.q" in self.numbers:
                cause = f"has {shown}, which is no edge of this network: its q, k and v are apart"
                raise InvalidClaim(item, cause, "give one edge for each of them, or ask under rules of whole heads")
            raise InvalidClaim(item, f"has {shown}, which is no {self.part} of this network", cure)
        return self.numbers[edge]

    def knows(self, node: str) -> bool:
        """Whether a node has this name, in any spelling."""
        return node in self._nodes

    def slot(self, name: str) -> str:
        """Return q, k or v if an edge's name ends with it and edges here have no slots; else ""."""
        found = None if any(edge.slot for edge in self.graph.edges) else _ENDS.search(name)
        return found[1] if found else ""

    def node(self, name: Any, item: str, *others: Any) -> str:
        """A node's name as claims write it.

        Args:
            name: as somebody wrote it.
            item: what it belongs to, for errors.
            others: what it is called beside that; the first that is known counts.

        Raises:
            InvalidClaim: it does not belong to this network.
        """
        spelt = (one for one in (name, *others) if isinstance(one, str))
        known = next((self._nodes[one] for one in spelt if one in self._nodes), None)
        if known is None:
            cause = f"has the node {shown_name(name)}, which is no node of this network"
            raise InvalidClaim(item, cause, f"name its nodes as in the drawing: {self.listed}")
        return known


def dotted(text: str) -> str:
    """Slots behind a dot, since the usual way of writing them has the sign of an arrow."""
    return _SLOT.sub(r".\1", text)


def shown_name(name: Any) -> str:
    """A name as an error repeats it."""
    if not isinstance(name, str):
        return kind_of(name)
    shown = name[:_SHOWN]
    return repr(shown) if shown.isprintable() else ascii(shown)


names_of: Final = lru_cache(maxsize=64)(PartNames)
"""The names of a graph's parts, made once."""


def labels_of(question: SubjectQuestion) -> Sequence[str]:
    """The names of the bits of a mask, as lists and pages of the question's kind of network have them."""
    graph = question.graph
    return graph.bit_names if question.kind.refuses("edge-weights") else names_of(graph).drawn
