"""Boolean formulas as people type them → truth tables.

    expression  := implication (("<->" | "=" | XNOR) implication)*
    implication := disjunction ("->" implication)?
    disjunction := exclusive (("+" | OR) exclusive)*
    exclusive   := conjunction (XOR conjunction)*
    conjunction := negation (("·" | AND | nothing) negation)*
    negation    := NOT negation | primary "'"*
    primary     := letter | 0 | 1 | "(" expression ")"

So NOT binds tighter than AND, AND than XOR, XOR than OR, OR than IMP, and IMP than equality; two operands beside each
other are an AND. This reads more than the identity texts of algorithms (:mod:`analysis.algorithms.parsing`), which have
one spelling each; what comes of it is a function, not an algorithm.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from analysis.errors import InvalidTask
from analysis.tasks import INPUT_NAMES, Task, input_table, name_of

MAX_FORMULA: Final = 500  # characters
MAX_NESTING: Final = 40
_SIGNS: Final[dict[str, tuple[str, ...]]] = {
    "iff": ("<->", "<=>", "↔", "⇔", "≡", "==", "=", "XNOR", "IFF"),
    "imp": ("->", "=>", "→", "⇒", "⊃", "IMP", "IMPLIES"),
    "or": ("||", "|", "+", "∨", "OR"),
    "xor": ("^", "⊕", "!=", "≠", "XOR"),
    "and": ("&&", "&", "*", "·", "∧", "⋅", "AND"),
    "not": ("!", "~", "¬", "NOT"),
    "open": ("(",),
    "close": (")",),
    "prime": ("'", "′"),
}
_KIND: Final = {sign: kind for kind, signs in _SIGNS.items() for sign in signs}
_WORDS: Final = re.compile(
    r"\s*(?:(?P<sign>"
    + "|".join(re.escape(sign) for sign in sorted(_KIND, key=len, reverse=True) if not sign.isalpha())
    + r")|(?P<word>[A-Za-z]+)|(?P<constant>[01])(?![0-9]))"
)
_CURE: Final = "write inputs as A, B, …, and operators as AND, OR, NOT, XOR, IMP or their signs, such as A·¬B + ¬A·B"
_Values = NDArray[np.bool_]


def task_from_formula(text: str, n_inputs: int) -> Task:
    """The function that a formula computes, named if it has a known name, else by the formula.

    Args:
        text: at most 500 characters, nested at most 40 deep.
        n_inputs: 1 to 6; letters beyond them are refused.

    Raises:
        InvalidTask: no formula, with the character at which reading stopped.
    """
    formula = " ".join(text.split())
    if not formula or len(formula) > MAX_FORMULA:
        cause = "is empty" if not formula else f"has {len(formula):,} characters; {MAX_FORMULA} are the most"
        raise InvalidTask("formula", cause, _CURE)
    values = _Reader(formula, n_inputs).whole()
    table = tuple(int(value) for value in values)
    return Task(table, name_of(table) or formula[:80])


class _Reader:
    """One pass over a formula, computing values on every input row as it goes."""

    def __init__(self, text: str, n_inputs: int) -> None:
        self.text = text
        self.letters = INPUT_NAMES[:n_inputs]
        self.columns = input_table(n_inputs).astype(bool).T
        self.tokens = list(self._tokens())
        self.at = 0
        self.depth = 0

    def whole(self) -> _Values:
        values = self._equality()
        if self._kind() != "end":
            self._refuse("goes on after its end")
        return values

    def _tokens(self) -> list[tuple[str, str, int]]:
        """(kind, text, position of its first character)."""
        found, at = [], 0
        while at < len(self.text.rstrip()):
            match = _WORDS.match(self.text, at)
            if match is None:
                self._refuse(f"holds {self.text[at:].strip()[:1]!r}, which is no sign of a formula", at)
            kind, text = str(match.lastgroup), match[str(match.lastgroup)]
            start = match.start(kind)
            if kind == "word" and text.upper() in _KIND:
                found.append((_KIND[text.upper()], text, start))
            elif kind == "word":  # AB is A·B; a longer word that is no product of inputs is a typing error
                if any(letter.upper() not in self.letters for letter in text):
                    known = ", ".join(self.letters)
                    self._refuse(f"names {text[:20]!r}, which is no operator and no input out of {known}", start)
                found += [("input", letter.upper(), start + i) for i, letter in enumerate(text)]
            else:
                found.append((_KIND[text] if kind == "sign" else "constant", text, start))
            at = match.end()
        return [*found, ("end", "", len(self.text))]

    def _equality(self) -> _Values:
        self.depth += 1
        if self.depth > MAX_NESTING + 1:  # the formula itself is in no brackets
            self._refuse(f"nests deeper than {MAX_NESTING}")
        values = self._chain("iff", self._implication, lambda a, b: a == b)
        self.depth -= 1
        return values

    def _implication(self) -> _Values:
        parts = [self._chain("or", self._exclusive, np.logical_or)]
        while self._take("imp"):
            parts.append(self._chain("or", self._exclusive, np.logical_or))
        values = parts.pop()
        while parts:  # from the right: A -> B -> C is A -> (B -> C)
            values = ~parts.pop() | values
        return values

    def _exclusive(self) -> _Values:
        return self._chain("xor", self._conjunction, np.logical_xor)

    def _conjunction(self) -> _Values:
        values = self._negation()
        while self._take("and") or self._kind() in ("input", "constant", "open", "not"):
            values = values & self._negation()
        return values

    def _negation(self) -> _Values:
        negated = False
        while self._take("not"):
            negated = not negated
        values = self._primary()
        while self._take("prime"):
            values = ~values
        return ~values if negated else values

    def _primary(self) -> _Values:
        kind, text, _ = self.tokens[self.at]
        if self._take("open"):
            values = self._equality()
            if not self._take("close"):
                self._refuse("lacks a closing bracket")
            return values
        if kind not in ("input", "constant"):
            self._refuse("lacks an operand")
        self.at += 1
        if kind == "constant":
            return np.full(len(self.columns[0]), text == "1")
        values = self.columns[self.letters.index(text)]
        return np.array(values)

    def _chain(self, kind: str, operand: Callable[[], _Values], joined: Callable[..., _Values]) -> _Values:
        values = operand()
        while self._take(kind):
            values = joined(values, operand())
        return values

    def _kind(self) -> str:
        return self.tokens[self.at][0]

    def _take(self, kind: str) -> bool:
        found = self._kind() == kind
        self.at += found
        return found

    def _refuse(self, cause: str, at: int | None = None) -> NoReturn:
        position = self.tokens[self.at][2] if at is None else at
        raise InvalidTask(f"formula {self.text[:60]!r}", f"{cause}, at character {position + 1}", _CURE)
