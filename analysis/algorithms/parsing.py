"""Algorithms from texts: from an identity text, the inverse of :attr:`HighLevelModel.text`, and from a typed formula.

Which algorithms a typed formula may be is found without a list of candidates:

1. The and-inverter form has one text for all formulas that differ by commuting or by De Morgan's laws: an OR becomes
   the negation of an AND of negations, double negations go, and children are sorted by text (:attr:`Node.text`).
   With shared gates the same tree has its shared gates after it, if it has any.
2. A formula tree has one text for each way of writing it, and the authors list one of the two orders of each gate's
   children. Which one depends on its place in their list, so every order is tried; there are 2^gates.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, product
from operator import attrgetter
from typing import Final, NoReturn

from pluriscope.analysis.algorithms.boolean_formulas import tree_from_formula
from pluriscope.analysis.algorithms.high_level_model import Form, HighLevelModel, Node, authors_text, negation
from pluriscope.analysis.errors import InvalidAlgorithm
from pluriscope.analysis.questions.tasks import INPUT_NAMES

MAX_TEXT = 2_000  # characters; the longest candidate has a few hundred
MAX_NESTING = 32
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
        InvalidAlgorithm: text that no algorithm of that form has, with the place where reading stopped.
    """
    if not 0 < len(text) <= MAX_TEXT:
        cause = "is empty" if not text else f"is longer than {MAX_TEXT} characters"
        raise InvalidAlgorithm(f"algorithm {text[:40]!r}", cause, _CURES[form])
    if _nesting(text) > MAX_NESTING:
        raise InvalidAlgorithm(f"algorithm {text[:40]!r}", f"nests deeper than {MAX_NESTING} gates", _CURES[form])
    reader = _Reader(text.partition(";")[0] if form == "shared_gates" else text, form, n_inputs)
    root = reader.formula() if form == "formula_trees" else reader.canonical()
    algorithm = HighLevelModel(form, n_inputs, root)
    if algorithm.text != text:
        raise InvalidAlgorithm(f"algorithm {text!r}", f"is not in canonical order: {algorithm.text}", _CURES[form])
    return algorithm


def _nesting(text: str) -> int:
    """The largest number of brackets open at once."""
    return max(accumulate((sign == "(") - (sign == ")") for sign in text))


class _Reader:
    """A pass over a text; ``at`` is the next character."""

    def __init__(self, text: str, form: Form, n_inputs: int) -> None:
        self.text = text
        self.form = form
        self.letters = INPUT_NAMES[:n_inputs]
        self.at = 0

    def canonical(self) -> Node:
        """A whole and-inverter text."""
        node = self._literal()
        self._end()
        return node

    def formula(self) -> Node:
        """A whole authors' string: a gate without its brackets, or a single operand."""
        left = self._operand()
        if self._peek() in ("*", "+"):
            left = self._gate_after(left)
        self._end()
        return left

    def _literal(self) -> Node:
        negated = self._take("!")
        if self._take("("):
            left = self._literal()
            self._expect("&")
            right = self._literal()
            self._expect(")")
            if left.text.lstrip("!") == right.text.lstrip("!"):
                self._refuse("has a gate whose two children are the same tree")
            node = Node("and", tuple(sorted((left, right), key=attrgetter("text"))))
        else:
            node = self._input()
        return Node("not", (node,)) if negated else node

    def _operand(self) -> Node:
        negated = self._take("¬")
        if self._take("("):
            node = self._gate_after(self._operand())
            self._expect(")")
        else:
            node = self._input()
        return Node("not", (node,)) if negated else node

    def _gate_after(self, left: Node) -> Node:
        sign = self._peek()
        if sign not in ("*", "+"):
            self._refuse("lacks * or + between two operands")
        self.at += 1
        return Node("and" if sign == "*" else "or", (left, self._operand()))

    def _input(self) -> Node:
        letter = self._peek()
        if not letter or letter not in self.letters:
            self._refuse(f"names no input out of {', '.join(self.letters)}")
        self.at += 1
        return Node("input", input=self.letters.index(letter))

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self, sign: str) -> bool:
        found = self._peek() == sign
        self.at += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            self._refuse(f"lacks {sign!r}")

    def _end(self) -> None:
        if self.at < len(self.text):
            self._refuse("goes on after its end")

    def _refuse(self, cause: str) -> NoReturn:
        raise InvalidAlgorithm(
            f"algorithm {self.text[:80]!r}", f"{cause} at character {self.at + 1}", _CURES[self.form]
        )


# --- typed formulas


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
