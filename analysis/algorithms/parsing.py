"""Algorithms from texts: from an identity text, the inverse of :attr:`HighLevelModel.text`, from a typed formula, and
from statements (:mod:`pluriscope.analysis.algorithms.causal_model`).

Which algorithms a typed formula may be is found without a list of candidates:

1. The and-inverter form has one text for all formulas that differ by commuting or by De Morgan's laws: an OR becomes
   the negation of an AND of negations, double negations go, and children are sorted by text (:attr:`Node.text`).
   With shared gates the same tree has its shared gates after it, if it has any.
2. A formula tree has one text for each way of writing it, and the authors list one of the two orders of each gate's
   children. Which one depends on its place in their list, so every order is tried; there are 2^gates.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from operator import attrgetter
from typing import Final

from pluriscope.analysis.algorithms.boolean_formulas import tree_from_formula
from pluriscope.analysis.algorithms.causal_model import CausalModel, read_causal_model
from pluriscope.analysis.algorithms.high_level_model import Form, HighLevelModel, Node, authors_text, negation
from pluriscope.analysis.errors import InvalidAlgorithm, InvalidTask
from pluriscope.analysis.questions.tasks import INPUT_NAMES

MOST_GATES: Final = 7  # of a formula tree whose orders are all tried: 128 texts; candidates have at most seven
_CURES = {
    "and_inverter": "write leaves as A, gates as (x&y) with children sorted by text, not as !",
    "shared_gates": "write leaves as A, gates as (x&y) with sides sorted by text, not as !; after ; shared gates",
    "formula_trees": "write leaves as A, and as *, or as +, not as ¬, with brackets around each gate but the outermost",
}


@lru_cache(maxsize=4096)  # the same candidates come back with every network
def parse_algorithm(text: str, form: Form, n_inputs: int) -> HighLevelModel:
    """Read an algorithm from its identity text.

    Args:
        text: canonical and-inverter text, with ``;`` and each shared gate where there are any, or the authors' string.
        form: which of them.
        n_inputs: inputs of the task, 1 to 6; letters beyond them are refused.

    Raises:
        InvalidAlgorithm: text that no algorithm of that form has.
    """
    try:
        root = tree_from_formula(text.partition(";")[0] if form == "shared_gates" else text, n_inputs)
    except InvalidTask as refused:
        raise InvalidAlgorithm(refused.item.replace("formula", "algorithm", 1), refused.cause, _CURES[form]) from None
    algorithm, gates = HighLevelModel(form, n_inputs, root), (one for one in root.nodes if one.is_gate)
    if algorithm.text != text:
        raise InvalidAlgorithm(f"algorithm {text!r}", f"is not in canonical order: {algorithm.text}", _CURES[form])
    if form != "formula_trees" and any(len({side.text.lstrip("!") for side in one.children}) < 2 for one in gates):
        cause = "has a gate whose two children are the same tree"
        raise InvalidAlgorithm(f"algorithm {text!r}", cause, _CURES[form])
    return algorithm


# --- typed formulas

_ASSIGNMENT: Final = re.compile(r"\w\s*=(?!=)")


def read_algorithm(text: str) -> CausalModel:
    """The algorithm that somebody writes: statements, or a formula over AND, OR and NOT in any of their signs, whose
    gates but the last are variables.

    Raises:
        InvalidAlgorithm: it is neither.
    """
    if _ASSIGNMENT.search(text):
        return read_causal_model(text)
    if {*"+*"} & {*text}:
        cause = "has + or *, by which statements count and formulas join"
        raise InvalidAlgorithm(f"algorithm {text[:60]!r}", cause, "write OR and AND, or statements NAME = …")
    try:
        return HighLevelModel("and_inverter", len(INPUT_NAMES), tree_from_formula(text, len(INPUT_NAMES))).causal
    except InvalidTask as refused:
        item = refused.item.replace("formula", "algorithm", 1)
        raise InvalidAlgorithm(item, refused.cause, f"{refused.cure}, or statements NAME = …") from None


def texts_of_formula(text: str) -> tuple[str, ...]:
    """Identity texts of the algorithms that a typed formula is, the and-inverter form first, then with shared gates.

    Args:
        text: over AND, OR and NOT or their signs, such as ``(A or B) and not (A and B)``.

    Raises:
        InvalidTask: it is no formula, or has another operator.
    """
    tree = tree_from_formula(text, len(INPUT_NAMES))
    inverted = _inverted(tree)
    graph = HighLevelModel("shared_gates", len(INPUT_NAMES), inverted)
    return tuple(dict.fromkeys((inverted.text, graph.text, *map(authors_text, _orders(tree)))))


def _inverted(node: Node) -> Node:
    """Rewrite a node over AND and NOT alone, without double negations, the sides of each gate in canonical order."""
    if node.operator == "input":
        return node
    children = tuple(_inverted(child) for child in node.children)
    if node.operator == "not":
        return negation(children[0])
    if node.operator == "and":
        return Node("and", tuple(sorted(children, key=attrgetter("text"))))
    return negation(Node("and", tuple(sorted(map(negation, children), key=attrgetter("text")))))


def _orders(node: Node) -> tuple[Node, ...]:
    """The tree with its gates' children in every order, as it is written first; alone if it has too many gates."""
    if node.operator == "input" or sum(one.is_gate for one in node.nodes) > MOST_GATES:
        return (node,)
    ways: list[tuple[Node, ...]] = [tuple(children) for children in product(*map(_orders, node.children))]
    ways += [children[::-1] for children in ways] if node.is_gate else []
    return tuple(Node(node.operator, children) for children in ways)
