"""The formula tree: an algorithm's gates with their truth tables, coloured where it posits a variable, grey elsewhere.

In and-inverter form negation sits on edges: a negated edge is dashed and carries ¬. The authors' formula trees draw
every NOT as a node, because there it can be a variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node, function_of
from pluriscope.figures.svg.elements import circle, drawing, hued, line, part, text, text_width
from pluriscope.figures.svg.layout import input_name, variable_name
from pluriscope.figures.svg.tiles import NEUTRAL, PLAIN_HUES, Bits, Hues, bits_of, tile_group, tile_size

Point = tuple[float, float]
_TILE: Final = 20.0
_LEVEL: Final = 58.0
_TOP: Final = 26.0
_LONGEST_LABEL: Final = 20
_DUAL: Final = {"and": "or", "or": "and"}
_WORDS: Final = {"and": "and", "or": "or", "not": "not", "input": ""}


@dataclass
class DrawnNode:
    """A node of the tree as drawn.

    Args:
        words: operator, formula of a variable, or an input's letter.
        table: truth table, empty for inputs.
        path: the variable's path, or "" if it posits none.
        posited: whether it is a variable.
        negated: whether its edge to the parent carries ¬.
        again: whether it is a shared gate that is drawn whole elsewhere, and here without its children.
        children: sub-trees.
        x: abscissa in leaf units.
        depth: level, 0 at the root.
        side: of its label: left of a first child that has siblings, right of any other node.
    """

    words: str
    table: Bits
    path: str = ""
    posited: bool = False
    negated: bool = False
    again: bool = False
    children: list[DrawnNode] = field(default_factory=list)
    x: float = 0.0
    depth: int = 0
    side: int = 1

    def walk(self) -> Iterator[DrawnNode]:
        yield self
        for child in self.children:
            yield from child.walk()

    def variables(self) -> Iterator[DrawnNode]:
        """The variables among its nodes, each once."""
        return (node for node in self.walk() if node.posited and not node.again)

    @property
    def reach(self) -> tuple[float, float]:
        """Widths of tile and label to the left and to the right of it."""
        if not self.table:
            return 10.0, 10.0
        half = tile_size(self.table, _TILE)[0] / 2 + 2
        label = half + 6 + text_width(self.words, 13)
        return (label, half) if self.side < 0 else (half, label)


def drawn_tree(algorithm: HighLevelModel) -> DrawnNode:
    """The nodes to draw, with variables marked; a shared gate is drawn whole once, and then again without children."""
    variables = {v.path: v for v in algorithm.variables}
    drawn_whole: set[str] = set()
    n = algorithm.n_inputs

    def table(node: Node) -> Bits:
        return bits_of(function_of(node, n), n)

    def build(node: Node, path: str, is_root: bool) -> DrawnNode:
        inner, negated = node, False
        if algorithm.form != "formula_trees":
            while inner.operator == "not":
                inner, negated = inner.children[0], not negated
        if inner.operator == "input":
            leaf = DrawnNode(input_name(inner.input), (), negated=negated)
            if not (is_root and negated):
                return leaf
            leaf.negated = False
            return DrawnNode("not", table(node), children=[leaf])
        variable = variables.get(algorithm.variable_at.get(path, path))
        posited = variable is not None and variable.node == inner and not is_root
        words = variable.shown if variable is not None and posited else _WORDS[inner.operator]
        if len(words) > _LONGEST_LABEL:
            words = _WORDS[inner.operator]
        named = variable.path if variable is not None and posited else ""
        drawn = DrawnNode(words, table(inner), named, posited, negated, again=named in drawn_whole)
        if drawn.again:
            return drawn
        if posited:
            drawn_whole.add(named)
        through = inner.operator == "not"  # NOT nodes are transparent to paths
        drawn.children = [build(c, path if through else f"{path}{i}", False) for i, c in enumerate(inner.children)]
        if is_root and negated:  # nothing above the root could carry its ¬, so ¬(x ∧ y) is drawn as ¬x ∨ ¬y
            drawn.words, drawn.table, drawn.negated = _WORDS[_DUAL[inner.operator]], table(node), False
            for child in drawn.children:
                child.negated = not child.negated
        return drawn

    root = build(algorithm.root, "", True)
    _place(root)
    return root


def _place(root: DrawnNode) -> None:
    leaves = 0

    def visit(node: DrawnNode, depth: int) -> None:
        nonlocal leaves
        node.depth = depth
        for i, child in enumerate(node.children):
            child.side = -1 if i == 0 and len(node.children) > 1 else 1
            visit(child, depth + 1)
        if node.children:
            node.x = sum(child.x for child in node.children) / len(node.children)
        else:
            node.x, leaves = float(leaves), leaves + 1

    visit(root, 0)


def formula_tree(algorithm: HighLevelModel, *, hues: Hues = PLAIN_HUES, title: str = "") -> Markup:
    """An algorithm as a tree.

    Args:
        hues: the network's hues, for more than two inputs.
        title: put before the sentence made from the data.
    """
    root = drawn_tree(algorithm)
    nodes, unit, levels = list(root.walk()), 44.0, dict[int, list[DrawnNode]]()
    for node in nodes:
        levels.setdefault(node.depth, []).append(node)
    for a, b in (pair for level in levels.values() for pair in pairwise(level)):  # neighbours must not touch
        unit = max(unit, (a.reach[1] + b.reach[0] + 6) / (b.x - a.x))
    left = max(node.reach[0] - unit * node.x for node in nodes) + 8
    right = max(node.reach[1] + unit * node.x for node in nodes)
    width, height = left + right + 8, _TOP + _LEVEL * max(node.depth for node in nodes) + 20

    def at(node: DrawnNode) -> tuple[float, float]:
        return left + unit * node.x, _TOP + _LEVEL * node.depth

    shapes = ""
    for node in nodes:
        x, y = at(node)
        if not node.table:
            leaf = circle(x, y, 10, "t-leaf")
            shapes += part(node.words, leaf + text(x, y + 5, node.words, "fi", anchor="middle", italic=True))
            continue
        hue = hues.of(node.table) if node.posited else NEUTRAL
        beside, anchor = x + node.side * (tile_size(node.table, _TILE)[0] / 2 + 6), "start" if node.side > 0 else "end"
        label = hued(hue, text(beside, y + 4.5, node.words, "fv halo", anchor=anchor))
        drawn = tile_group(x, y, _TILE, node.table, hue) + label
        shapes += part(variable_name(node.path), drawn) if node.posited else drawn
    variables = ", ".join(variable.shown for variable in algorithm.variables)
    posits = f"variables {variables}" if variables else "no variables"
    sentence = f"{title + ': ' if title else ''}Algorithm {algorithm.formula}, {posits}"
    return drawing(width, height, _edges(nodes, at) + shapes, sentence=sentence, css_class="tree")


def tree_thumb(algorithm: HighLevelModel, *, hues: Hues = PLAIN_HUES) -> Markup:
    """Small drawing of an algorithm's tree without words: 120 × 72 units, tiles of gates, circles of inputs."""
    nodes = list(drawn_tree(algorithm).walk())
    across, down = (max(getattr(node, name) for node in nodes) or 1 for name in ("x", "depth"))

    def at(node: DrawnNode) -> tuple[float, float]:
        return 10 + 100 * node.x / across, 10 + 52 * node.depth / down

    shapes = ""
    for node in nodes:
        x, y = at(node)
        hue = hues.of(node.table) if node.posited else NEUTRAL
        shapes += tile_group(x, y, 13, node.table, hue, max_width=20) if node.table else circle(x, y, 2.8, "n-open")
    body = _edges(nodes, at, signs=False) + shapes
    return drawing(120, 72, body, sentence=f"Algorithm {algorithm.formula}", css_class="thumb", sizing="fluid")


def _edges(nodes: Iterable[DrawnNode], at: Callable[[DrawnNode], Point], *, signs: bool = True) -> str:
    """The edges to children, negated ones dashed, with their sign or without."""
    body = ""
    for parent, child in ((node, child) for node in nodes for child in node.children):
        (x, y), (cx, cy) = at(parent), at(child)
        body += line(x, y, cx, cy, f"t-edge{' neg' if child.negated else ''}")
        if signs and child.negated:
            body += text((x + cx) / 2, (y + cy) / 2 + 5, "¬", "fi halo", anchor="middle")
    return body
