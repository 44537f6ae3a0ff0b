"""Which algorithms a typed formula may be: identity texts in either form, found without a list of candidates.

1. The and-inverter form has one text for all formulas that differ by commuting or by De Morgan's laws: an OR becomes
   the negation of an AND of negations, double negations go, and children are sorted by text (:func:`canonical_text`).
2. A formula tree has one text for each way of writing it, and the authors list one of the two orders of each gate's
   children. Which one depends on its place in their list, so every order is tried; there are 2^gates.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from analysis.algorithms.boolean_formulas import tree_from_formula
from analysis.algorithms.high_level_model import Node, authors_text, canonical_text, negation, walk
from analysis.tasks import INPUT_NAMES

MOST_GATES: Final = 7  # of a formula tree whose orders are all tried: 128 texts; candidates have at most seven


def texts_of_formula(text: str) -> tuple[str, ...]:
    """Identity texts of the algorithms that a typed formula is, the and-inverter form first.

    Args:
        text: over AND, OR and NOT or their signs, such as ``(A or B) and not (A and B)``.

    Raises:
        InvalidTask: it is no formula, or has another operator.
    """
    tree = tree_from_formula(text, len(INPUT_NAMES))
    return (canonical_text(_inverted(tree)), *dict.fromkeys(authors_text(one) for one in _orders(tree)))


def _inverted(node: Node) -> Node:
    """The same function over AND and NOT alone, without double negations."""
    if node.operator == "input":
        return node
    children = tuple(_inverted(child) for child in node.children)
    if node.operator == "and":
        return Node("and", children)
    return negation(children[0] if node.operator == "not" else Node("and", tuple(map(negation, children))))


def _orders(node: Node) -> tuple[Node, ...]:
    """The tree with its gates' children in every order, as it is written first; alone if it has too many gates."""
    if node.operator == "input" or sum(one.is_gate for one in walk(node)) > MOST_GATES:
        return (node,)
    ways: list[tuple[Node, ...]] = [tuple(children) for children in product(*map(_orders, node.children))]
    ways += [children[::-1] for children in ways] if node.is_gate else []
    return tuple(Node(node.operator, children) for children in ways)
