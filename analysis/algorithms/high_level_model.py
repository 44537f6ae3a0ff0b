"""The high-level model value: an algorithm over AND, OR and NOT, its variables, and what it predicts.

Three forms share this value: the canonical and-inverter form (AND and NOT only, spec §4), the same with shared gates,
and the authors' formula trees. An algorithm with shared gates is a directed acyclic graph (Geiger et al., Causal
Abstraction, 2021, §2): it is stored as the tree that it unfolds to, and equal sub-trees are one gate, read by several.
Functions over the 2^n Boolean inputs are integers: bit i is the value on input row i (see
:mod:`pluriscope.analysis.questions.tasks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from sys import intern
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from pluriscope.analysis.algorithms.causal_model import CausalModel, read_causal_model
from pluriscope.analysis.questions.tasks import INPUT_NAMES, input_table
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import short_id

Operator = Literal["input", "not", "and", "or"]
_LETTERS: Final = INPUT_NAMES + "ghijklmnopqrstuvwxyz"  # shared gates have those after the inputs'
Form = Literal["and_inverter", "formula_trees", "shared_gates"]


@dataclass(frozen=True)
class Node:
    """A node of a tree. Its properties are kept with it, since the same sub-trees come back in many algorithms.

    Args:
        operator: "input" (no children), "not" (one), "and" or "or" (two).
        children: sub-trees in canonical order.
        input: index of the input if the operator is "input", else −1.
    """

    operator: Operator
    children: tuple[Node, ...] = ()
    input: int = -1

    def __hash__(self) -> int:
        return hash(self.text)

    @cached_property
    def is_gate(self) -> bool:
        return self.operator in ("and", "or")

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node of the tree, children before their parents."""
        return (*[node for child in self.children for node in child.nodes], self)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The path of each of the nodes; a NOT has that of its child."""
        if self.operator == "not":
            return (*self.children[0].paths, "")
        return (*[intern(f"{at}{path}") for at, child in enumerate(self.children) for path in child.paths], "")

    @cached_property
    def depth(self) -> int:
        """Depth in gates; NOT is free."""
        return max([child.depth for child in self.children], default=0) + self.is_gate

    @cached_property
    def text(self) -> str:
        """Canonical and-inverter text: leaf ``A``, gate ``(x&y)`` with children sorted by text, ``!`` for not."""
        if self.operator == "input":
            return _LETTERS[self.input]
        if self.operator == "not":
            return "!" + self.children[0].text
        return "(" + "&".join(sorted([child.text for child in self.children])) + ")"

    @property
    def formula(self) -> str:
        """The formula with the fewest ¬ signs: ¬(x∧y) is shown as ¬x ∨ ¬y where that saves signs.

        The two sides of a gate come in the order of their letters, then of their signs, whatever the tree's order.
        """
        return self.readings[0].text

    @cached_property
    def readings(self) -> tuple[Reading, Reading]:
        """The tree and its negation as text with the fewest ¬ signs."""
        if self.operator == "not":
            return self.children[0].readings[::-1]
        if self.operator == "input":
            name = _LETTERS[self.input]
            return Reading(name, 0, False), Reading(f"¬{name}", 1, False)
        plain, pushed = self._joined(False), self._joined(True)
        outside = Reading(f"¬({plain.text})", plain.n_negations + 1, False)
        return plain, min(pushed, outside, key=lambda one: one.n_negations)

    def _joined(self, negated: bool) -> Reading:
        """Return a gate's two sides, or their negations, with the sign between them."""
        sides = sorted([child.readings[negated] for child in self.children], key=_reading_order)
        sign = " ∧ " if (self.operator == "and") != negated else " ∨ "
        text = sign.join([f"({side.text})" if side.bare else side.text for side in sides])
        return Reading(text, sides[0].n_negations + sides[1].n_negations, True)


class Reading(NamedTuple):
    """A tree as people read it.

    Args:
        text: the formula.
        n_negations: its ¬ signs.
        bare: whether it is a gate that needs brackets inside another.
    """

    text: str
    n_negations: int
    bare: bool


def _reading_order(part: Reading) -> tuple[list[str], int, bool, str]:
    """Fewest letters first, then by letters, by number of ¬ signs, a positive first letter first."""
    letters = [letter for letter in part.text if letter in INPUT_NAMES]
    return letters, part.n_negations, part.text.lstrip("(").startswith("¬"), part.text


@dataclass(frozen=True)
class Variable:
    """A place in the tree that a placement must put somewhere.

    Args:
        path: child positions of the gates from the root, NOT nodes transparent, e.g. "0" or "01"; the root is "".
        node: the sub-tree whose value the variable is.
        function: its truth table as an integer.
        formula: readable sub-formula, by itself.
        shown: the same function as the formula of the whole algorithm shows it, in and-inverter form: a part of that
            formula, in ¬( ) where the formula shows the variable's negation. A ∨ B is stored as ¬(¬A ∧ ¬B), so its
            variable ¬A ∧ ¬B is shown as ¬(A ∨ B). Equal to ``formula`` unless the formula shows the negation.
    """

    path: str
    node: Node
    function: int
    formula: str
    shown: str


class Response(NamedTuple):
    """The truth table of a variable, and the algorithm's output when it is fixed, over the input rows as integers.

    Args:
        function: the variable's own truth table.
        when_false: the output with the variable fixed to 0.
        when_true: the output with the variable fixed to 1.
    """

    function: int
    when_false: int
    when_true: int


@dataclass(frozen=True, repr=False)
class HighLevelModel(Described):
    """A candidate algorithm.

    Args:
        form: which family of candidates it belongs to; decides its text, formula and variables.
        n_inputs: number of inputs n.
        root: the tree.
    """

    form: Form
    n_inputs: int
    root: Node

    def __hash__(self) -> int:
        """Hash the text, which is made once: the same candidates are looked up for every network."""
        return hash((self.form, self.n_inputs, self.text))

    @cached_property
    def text(self) -> str:
        """Identity: canonical and-inverter text (spec §4), or the authors' string for formula trees.

        Shared gates stand after it: ``!(!(!(A&B)&A)&!(!(A&B)&B));(A&B)``. Where nothing is shared the text is that of
        the tree, and so are the ids.
        """
        if self.form == "formula_trees":
            return authors_text(self.root)
        return ";".join([node.text for node in (self.root, *self.shared)])

    @cached_property
    def shared(self) -> tuple[Node, ...]:
        """The gates that more than one gate reads, smallest first; only with shared gates."""
        if self.form != "shared_gates":
            return ()
        readers: dict[Node, set[Node]] = {}
        for reader in self.root.nodes:
            for child in reader.children if reader.is_gate else ():
                read = child.children[0] if child.operator == "not" else child
                readers.setdefault(read, set()).add(reader)
        several = [node for node, by in readers.items() if node.is_gate and len(by) > 1]
        return tuple(sorted(several, key=lambda node: (len(node.text), node.text)))

    @cached_property
    def id(self) -> str:
        """First 16 hex digits of the SHA-256 of :attr:`text`."""
        return short_id(self.text)

    @cached_property
    def formula(self) -> str:
        """The most readable formula with ∧, ∨, ¬, for people; of formula trees the authors' own, with these signs.

        Shared gates have a letter: ``(A ∧ ¬g) ∨ (¬g ∧ B) with g = A ∧ B``.
        """
        return with_signs(self.text) if self.form == "formula_trees" else formula_with(self.root, self.shared)

    @cached_property
    def function(self) -> int:
        """Truth table of the whole tree as an integer."""
        return function_of(self.root, self.n_inputs)

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The variables in path order; what they are is in :attr:`carriers`."""
        shown = dict(shown_gates(self.root)) if self.form == "and_inverter" else self.formulas
        return tuple(
            Variable(path, node, self.responses[path].function, self.formulas[path], shown[path])
            for path, node in self.carriers.items()
        )

    @cached_property
    def formulas(self) -> Mapping[str, str]:
        """The readable formula of each variable by itself, by its path, in path order."""
        authors = self.form == "formula_trees"
        return {
            path: with_signs(authors_text(node)) if authors else node.formula for path, node in self.carriers.items()
        }

    @cached_property
    def carriers(self) -> Mapping[str, Node]:
        """The node of each variable by its path, in path order: what a search needs of variables, without their words.

        And-inverter form: every gate but the root, each occurrence its own; a negated input is no variable.
        With shared gates: every gate but the root once, under the path of its first occurrence.
        Formula trees (the authors' rule): every inner node but the root, where the child of a NOT is replaced by the
        NOT itself; so a negated input is one.
        """
        nodes = self.root.nodes
        return {path: nodes[at] for path, at in self._occurrences.items() if self.variable_at[path] == path}

    @cached_property
    def variable_at(self) -> Mapping[str, str]:
        """Path of the variable of each occurrence's path, in path order; with shared gates several have the same."""
        if self.form != "shared_gates":
            return {path: path for path in self._occurrences}
        first: dict[Node, str] = {}
        return {path: first.setdefault(self.root.nodes[at], path) for path, at in self._occurrences.items()}

    @cached_property
    def _occurrences(self) -> dict[str, int]:
        """The position among the root's nodes of every path that a variable may have, in path order."""
        operators = ("and", "or", "not") if self.form == "formula_trees" else ("and", "or")
        every = enumerate(zip(self.root.paths, self.root.nodes, strict=True))
        found = {path: at for at, (path, node) in every if path and node.operator in operators}  # a NOT after its child
        return {path: found[path] for path in sorted(sorted(found), key=len)}

    @cached_property
    def causal(self) -> CausalModel:
        """The algorithm as a causal model, whose variables are called ``v`` and their path: ``v0 = a and b; y = …``."""
        statements, each = dict[str, str](), list[str]()
        for at, (path, node) in enumerate(zip(self.root.paths, self.root.nodes, strict=True)):
            if node.is_gate:
                found = f"{each[-1 - len(node.children[1].nodes)]} {node.operator} {each[-1]}"
            else:
                found = f"not {each[-1]}" if node.children else INPUT_NAMES[node.input].lower()
            if self._occurrences.get(path) == at:
                each.append(f"v{self.variable_at[path]}")
                statements.setdefault(each[-1], found)
            else:
                each.append(f"({found})" if node.is_gate else found)
        defined = "".join(f"{name} = {one}; " for name, one in statements.items())
        return read_causal_model(f"{defined}y = {found}")

    @property
    def depth(self) -> int:
        """The depth of the tree in gates."""
        return self.root.depth

    @cached_property
    def n_gates(self) -> int:
        """The number of gates, a shared one once."""
        gates = [node for node in self.root.nodes if node.is_gate]
        return len(set(gates) if self.form == "shared_gates" else gates)

    @cached_property
    def responses(self) -> dict[str, Response]:
        """The response to each variable, by its path: what it computes, and the output when it alone is fixed.

        A shared gate is fixed wherever it is read.
        """
        n_rows, rows = 1 << self.n_inputs, (1 << (1 << self.n_inputs)) - 1
        shifts = {path: (2 * at + 1) * n_rows for at, path in enumerate(self.carriers)}  # of two copies for each
        fixed = {
            at: ((rows << n_rows | rows) << shifts[variable], rows << n_rows + shifts[variable])
            for at, variable in zip(self._occurrences.values(), self.variable_at.values(), strict=True)
        }
        values = truth_tables(self.root, self.n_inputs, fixed, 2 * len(shifts) + 1)
        return {
            path: Response(
                values[self._occurrences[path]] & rows, values[-1] >> shift & rows, values[-1] >> shift + n_rows & rows
            )
            for path, shift in shifts.items()
        }

    def output_given(self, fixed: Mapping[str, int], of: str = "", copies: int = 1) -> int:
        """The algorithm's output on every input when some variables are fixed.

        Args:
            fixed: path of a variable → its values over the input rows as an integer.
            of: path of a variable whose value is returned in place of the output.
            copies: of the input rows, one behind the other, over which values are given and returned: many ways to fix
                variables are then looked at together.

        Returns:
            The values over the input rows as an integer.
        """
        everywhere = (1 << (copies << self.n_inputs)) - 1
        occurrences = zip(self._occurrences.values(), self.variable_at.values(), strict=True)
        at = {number: (everywhere, fixed[variable]) for number, variable in occurrences if variable in fixed}
        return truth_tables(self.root, self.n_inputs, at, copies)[self._occurrences[of] if of else -1]


def negation(node: Node) -> Node:
    """Negate a node, without a double negation."""
    return node.children[0] if node.operator == "not" else Node("not", (node,))


@lru_cache(maxsize=64)
def input_pattern(index: int, n_inputs: int) -> int:
    """Truth table of one input as an integer."""
    column: list[float] = input_table(n_inputs)[:, index].tolist()
    return sum(int(value) << row for row, value in enumerate(column))


def truth_tables(
    tree: Node, n_inputs: int, fixed: Mapping[int, tuple[int, int]] = MappingProxyType({}), copies: int = 1
) -> list[int]:
    """The truth table of every node of a tree as an integer, parallel to :attr:`Node.nodes`, the tree's own last.

    Args:
        fixed: by the number of a node, the rows on which it is fixed and its values there, as integers.
        copies: of the input rows, one behind the other.
    """
    n_rows = 1 << n_inputs
    full = (1 << copies * n_rows) - 1
    each = full // ((1 << n_rows) - 1)  # a bit where each copy begins
    tables: list[int] = []
    for number, node in enumerate(tree.nodes):
        if node.operator == "input":
            table = input_pattern(node.input, n_inputs) * each
        elif node.operator == "not":
            table = full & ~tables[-1]
        else:
            left, right = tables[-1 - len(node.children[1].nodes)], tables[-1]
            table = left & right if node.operator == "and" else left | right
        if number in fixed:
            where, given = fixed[number]
            table = table & ~where | given
        tables.append(table)
    return tables


def function_of(node: Node, n_inputs: int) -> int:
    """Truth table of a sub-tree as an integer."""
    return truth_tables(node, n_inputs)[-1]


def authors_text(node: Node) -> str:
    """The authors' string: ``*``, ``+`` and ``¬``, brackets around gates except the outermost."""

    def render(node: Node) -> str:
        if node.operator == "input":
            return INPUT_NAMES[node.input]
        if node.operator == "not":
            return "¬" + render(node.children[0])
        sign = "*" if node.operator == "and" else "+"
        return f"({sign.join(render(child) for child in node.children)})"

    text = render(node)
    return text[1:-1] if node.is_gate else text


def with_signs(authors: str) -> str:
    """The authors' string as people read it, with ∧ and ∨."""
    return authors.replace("*", " ∧ ").replace("+", " ∨ ")


def shown_gates(node: Node, negated: bool = False, path: str = "") -> Iterator[tuple[str, str]]:
    """Every gate of a tree as the readable formula of the whole tree shows it, by path.

    A gate whose negation stands in the formula is that part of the formula in ``¬( )``, so the text always has the
    gate's own truth table.
    """
    if node.operator == "not":
        yield from shown_gates(node.children[0], not negated, path)
    elif node.is_gate:
        plain, other = node.readings
        pushed = negated and other.bare
        yield path, f"¬({other.text})" if pushed else plain.text
        for at, child in enumerate(node.children):
            yield from shown_gates(child, pushed, f"{path}{at}")


def formula_with(root: Node, shared: Sequence[Node]) -> str:
    """The most readable formula in which each shared gate has a letter, with what the letters stand for."""
    numbers = range(len(INPUT_NAMES), len(_LETTERS))
    letters = {gate: Node("input", input=at) for at, gate in zip(numbers, shared, strict=False)}

    def with_letters(node: Node) -> Node:
        children = [letters.get(child) or with_letters(child) for child in node.children]
        return Node(node.operator, tuple(children), node.input)

    defined = ", ".join(f"{letter.text} = {with_letters(gate).formula}" for gate, letter in letters.items())
    return f"{with_letters(root).formula} with {defined}" if defined else root.formula
