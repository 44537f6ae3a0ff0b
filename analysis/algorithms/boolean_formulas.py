"""Boolean formulas as people type them → truth tables, or trees of gates.

    expression  := implication (("<->" | "=" | XNOR) implication)*
    implication := disjunction ("->" implication)?
    disjunction := exclusive (("+" | OR) exclusive)*
    exclusive   := conjunction (XOR conjunction)*
    conjunction := negation (("·" | AND | nothing) negation)*
    negation    := NOT negation | primary "'"*
    primary     := letter | 0 | 1 | "(" expression ")" | NAME "(" expression ("," expression)* ")"

So NOT binds tighter than AND, AND than XOR, XOR than OR, OR than IMP, and IMP than equality; two operands beside each
other are an AND. NAME is AND, OR, XOR, NAND, NOR, XNOR, IMPLIES, EQUIVALENT or ITE, as sympy and pyeda write them: XNOR
of several is the negation of their XOR, and EQUIVALENT says that all are equal. A task whose signs Python binds
otherwise, as in ``A == B and C``, is refused. This reads more than
the identity texts of algorithms (:mod:`pluriscope.analysis.algorithms.parsing`), which have one spelling each. Most
formulas stand for a function alone; one over AND, OR and NOT is a tree, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from typing import Final, Generic, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import Node, negation
from pluriscope.analysis.errors import InvalidTask
from pluriscope.analysis.questions.tasks import INPUT_NAMES, Task, input_table, name_of

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
    "comma": (",",),
}
_CALLS: Final = dict.fromkeys(("AND", "NAND"), "and") | dict.fromkeys(("OR", "NOR"), "or") | {"ITE": "ite"}
_CALLS.update(dict.fromkeys(("XOR", "XNOR"), "xor") | dict.fromkeys(("IMP", "IMPLIES"), "imp"))
_CALLS.update(dict.fromkeys(("IFF", "EQUAL", "EQUIVALENT"), "iff"))
_N_OPERANDS: Final = {"ite": (3, 3), "imp": (2, 2), "iff": (2, 500)}
_KIND: Final = {sign: kind for kind, signs in _SIGNS.items() for sign in signs}
_WORDS: Final = re.compile(
    r"\s*(?:(?P<sign>"
    + "|".join(re.escape(sign) for sign in sorted(_KIND, key=len, reverse=True) if not sign.isalpha())
    + r")|(?P<word>[A-Za-z]+)|(?P<constant>[01])(?![0-9]))"
)
_SIGNS_OF_PYTHON: Final = ("==", "!=", "≠", "^", "|", "+", "&", "*", "NOT", "AND", "&&", "∧", "OR", "||", "∨")
_AS_IN_PYTHON: Final = dict(zip(_SIGNS_OF_PYTHON, "=≠≠^||&&¬∧∧∧∨∨∨", strict=True))
_AMBIGUOUS: Final = re.compile(r"=.*[=≠∧∨]|[≠∧∨].*=|≠[^∨]*[≠∧|]|[∧|][^∨]*≠|∧[^∨]*[|^]|[|^][^∨]*∧|¬[^∨∧=≠]*[&|]")
"""Signs between the same brackets, in order, that Python binds otherwise."""
_CURE: Final = "write inputs as A, B, …, and operators as AND, OR, NOT, XOR, IMP or their signs, such as A·¬B + ¬A·B"
_LEVELS: Final = {"iff": 0, "imp": 1, "or": 2, "xor": 3, "and": 4}
_BESIDE: Final = frozenset(("input", "constant", "open", "not", "call"))
"""What stands beside an operand is joined to it by AND."""
_Values = NDArray[np.bool_]
_Made = TypeVar("_Made")


def task_from_formula(text: str, n_inputs: int) -> Task:
    """The function that a formula computes, named if it has a known name, else by the formula.

    Args:
        text: at most 500 characters, nested at most 40 deep.
        n_inputs: 1 to 6; letters beyond them are refused.

    Raises:
        InvalidTask: no formula, or another function to Python, with the character at which reading stopped.
    """
    formula = " ".join(text.split())
    reader = _Reader(formula, n_inputs, _values(n_inputs))
    table = tuple(int(value) for value in reader.whole())
    reader.check_brackets()
    return Task(table, name_of(table) or formula[:80])


def tree_from_formula(text: str, n_inputs: int) -> Node:
    """The tree of a formula over AND, OR and NOT, as it is written; of three in a row the first two are one gate.

    Args:
        text: at most 500 characters, nested at most 40 deep.
        n_inputs: 1 to 6; letters beyond them are refused.

    Raises:
        InvalidTask: no formula, or one with another operator or a constant, with the character where reading stopped.
    """
    return _Reader(" ".join(text.split()), n_inputs, _TREES).whole()


@dataclass(frozen=True)
class _Meaning(Generic[_Made]):
    """The values that the parts of a formula stand for.

    Args:
        letter: of the input with an index.
        constant: of 0 or 1; None if there is none.
        negated: of NOT.
        joined: of two operands, by the kind of sign between them; a kind that is missing is refused.
    """

    letter: Callable[[int], _Made]
    constant: Callable[[bool], _Made] | None
    negated: Callable[[_Made], _Made]
    joined: Mapping[str, Callable[[_Made, _Made], _Made]]


def _values(n_inputs: int) -> _Meaning[_Values]:
    """Values on every input row."""
    columns = input_table(n_inputs).astype(bool).T
    return _Meaning(
        letter=lambda index: np.array(columns[index]),
        constant=lambda value: np.full(len(columns[0]), value),
        negated=np.logical_not,
        joined={
            "iff": np.equal,
            "imp": lambda left, right: ~left | right,
            "or": np.logical_or,
            "xor": np.logical_xor,
            "and": np.logical_and,
        },
    )


_TREES: Final = _Meaning[Node](
    letter=lambda index: Node("input", input=index),
    constant=None,
    negated=negation,
    joined={"or": lambda left, right: Node("or", (left, right)), "and": lambda left, right: Node("and", (left, right))},
)
"""Trees over AND, OR and NOT, without double negations."""


class _Reader(Generic[_Made]):
    """A pass over a formula, which makes its value as it goes."""

    def __init__(self, text: str, n_inputs: int, meaning: _Meaning[_Made]) -> None:
        if not text or len(text) > MAX_FORMULA:
            cause = "is empty" if not text else f"has {len(text):,} characters; {MAX_FORMULA} are the most"
            raise InvalidTask("formula", cause, _CURE)
        self.text = text
        self.letters = INPUT_NAMES[:n_inputs]
        self.meaning = meaning
        self.tokens = list(self._tokens())
        self.at = 0
        self.depth = 0

    def whole(self) -> _Made:
        values = self._equality()
        if self._kind() != "end":
            self._refuse("goes on after its end")
        return values

    def check_brackets(self) -> None:
        """Refuse signs that Python binds otherwise, with no brackets between them."""
        levels = [""]
        for kind, text, start in self.tokens:
            if kind == "open":
                levels.append("")
            elif kind == "close":
                levels.pop()
            elif kind == "comma":
                levels[-1] = ""
            levels[-1] += "" if kind == "call" else _AS_IN_PYTHON.get(text.upper(), "")
            if _AMBIGUOUS.search(levels[-1]):
                cure = "put parentheses around what belongs together, as in (A == B) and (C == D)"
                self._refuse("is ambiguous: Python reads it as another function", start, cure)

    def _tokens(self) -> list[tuple[str, str, int]]:
        """(kind, text, position of its first character)."""
        found, at = list[tuple[str, str, int]](), 0
        while at < len(self.text.rstrip()):
            match = _WORDS.match(self.text, at)
            if match is None:
                self._refuse(f"holds {self.text[at:].strip()[:1]!r}, which is no sign of a formula", at)
            kind, text = str(match.lastgroup), match[str(match.lastgroup)]
            start = match.start(kind)
            called = kind == "word" and self.text[match.end() :].lstrip()[:1] == "(" and text.upper() in _CALLS
            if called and (not found or found[-1][0] not in ("input", "constant", "close", "prime")):
                found.append(("call", text.upper(), start))
            elif kind == "word" and text.upper() in _KIND:
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

    def _equality(self) -> _Made:
        self.depth += 1
        if self.depth > MAX_NESTING + 1:  # the formula itself is in no brackets
            self._refuse(f"nests deeper than {MAX_NESTING}")
        made = self._chain(0)
        self.depth -= 1
        return made

    def _chain(self, least: int) -> _Made:
        """Operands with signs between them that bind as tightly as a level or tighter."""
        made = self._negation()
        while True:
            kind = self.tokens[self.at][0]
            sign = "and" if kind in _BESIDE else kind
            level = _LEVELS.get(sign, -1)
            if level < least:
                return made
            self.at += kind == sign
            # from the right: A -> B -> C is A -> (B -> C)
            made = self._joined(sign, made, self._chain(level + (sign != "imp")))

    def _negation(self) -> _Made:
        negated = False
        while self._take("not"):
            negated = not negated
        made = self._primary()
        while self._take("prime"):
            made = self.meaning.negated(made)
        return self.meaning.negated(made) if negated else made

    def _primary(self) -> _Made:
        kind, text, _ = self.tokens[self.at]
        if self._take("call"):
            return self._called(text)
        if self._take("open"):
            made = self._equality()
            if not self._take("close"):
                self._refuse("lacks a closing bracket")
            return made
        if kind not in ("input", "constant"):
            self._refuse("lacks an operand")
        if kind == "input":
            self.at += 1
            return self.meaning.letter(self.letters.index(text))
        if self.meaning.constant is None:
            self._refuse("has a constant, which no gate carries")
        self.at += 1
        return self.meaning.constant(text == "1")

    def _called(self, name: str) -> _Made:
        self.at += 1  # its bracket
        parts, kind = [self._equality()], _CALLS[name]
        while self._take("comma"):
            parts.append(self._equality())
        if not self._take("close"):
            self._refuse("lacks a closing bracket")
        least, most = _N_OPERANDS.get(kind, (1, MAX_FORMULA))
        if not least <= len(parts) <= most:
            self._refuse(f"gives {name} {len(parts)} operand{'s' * (len(parts) > 1)}")
        if kind == "ite":
            first, then, other = parts
            parts = [self._joined("and", first, then), self._joined("and", self.meaning.negated(first), other)]
            kind = "or"
        elif kind == "iff":
            kind, parts = "and", [self._joined("iff", parts[0], one) for one in parts[1:]]
        made = reduce(partial(self._joined, kind), parts)
        return self.meaning.negated(made) if name in ("NAND", "NOR", "XNOR") else made

    def _joined(self, kind: str, left: _Made, right: _Made) -> _Made:
        join = self.meaning.joined.get(kind)
        if join is None:
            self._refuse(f"has an operator other than AND, OR and NOT ({kind.upper()})")
        return join(left, right)

    def _kind(self) -> str:
        return self.tokens[self.at][0]

    def _take(self, kind: str) -> bool:
        found = self._kind() == kind
        self.at += found
        return found

    def _refuse(self, cause: str, at: int | None = None, cure: str = _CURE) -> NoReturn:
        position = self.tokens[self.at][2] if at is None else at
        raise InvalidTask(f"formula {self.text[:60]!r}", f"{cause}, at character {position + 1}", cure)
