"""Which formulas are one algorithm: De Morgan twins, and formulas that differ by commuting.

A formula over AND, OR and NOT is rewritten over AND and NOT alone (``x ∨ y`` is ``¬(¬x ∧ ¬y)``, two NOTs cancel,
children are sorted). Formulas with the same result are one algorithm. What a formula makes variables of is kept as
places in the rewritten tree: twins with the same places have the same alignments, for a variable and its negation are
interchanged alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from analysis.algorithms.high_level_model import HighLevelModel, Node, canonical_text

Paths = tuple[str, ...]
_Rewritten = tuple[bool, Node, Paths]  # whether negated, the tree without that negation, variables inside by path


@dataclass(frozen=True)
class Reading:
    """What a formula is once twins are one.

    Args:
        algorithm: the and-inverter tree. It may repeat an input at a gate (``x ∧ x``), which candidates in canonical
            form never do: twins inside one formula can meet.
        variables: places of the formula's variables in that tree, sorted: paths of gates, and of inputs that the
            formula negates.
    """

    algorithm: HighLevelModel
    variables: Paths


@lru_cache(maxsize=4096)  # the same candidates come back with every network
def reading_of(formula: HighLevelModel) -> Reading:
    """The formula as an and-inverter tree, with the places of its variables."""
    carriers = formula.carriers

    def rewrite(node: Node, path: str) -> _Rewritten:
        here = ("",) if carriers.get(path) is node else ()
        if node.operator == "not":
            negated, body, inside = rewrite(node.children[0], path)
            return not negated, body, tuple(sorted({*inside, *here}))
        if node.operator == "input":
            return False, node, here
        flip = node.operator == "or"
        parts = []
        for position, child in enumerate(node.children):
            negated, body, inside = rewrite(child, f"{path}{position}")
            tree = Node("not", (body,)) if negated != flip else body
            parts.append((canonical_text(tree), inside, tree))
        parts.sort(key=lambda part: part[:2])
        found = [f"{position}{below}" for position, (_, inside, _) in enumerate(parts) for below in inside]
        return flip, Node("and", tuple(tree for _, _, tree in parts)), tuple(sorted({*found, *here}))

    negated, body, variables = rewrite(formula.root, "")
    root = Node("not", (body,)) if negated else body
    return Reading(HighLevelModel("and_inverter", formula.n_inputs, root), variables)
