"""The high-level model value: an algorithm over AND, OR and NOT, its variables, and what it predicts.

Three forms share this value: the canonical and-inverter form (AND and NOT only, spec §4), the same with shared gates,
and the authors' formula trees. An algorithm with shared gates is a directed acyclic graph (Geiger et al., Causal
Abstraction, 2021, §2): it is stored as the tree that it unfolds to, and equal sub-trees are one gate, read by several.
Functions over the 2^n Boolean inputs are integers: bit i is the value on input row i (see
:mod:`pluriscope.analysis.tasks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from pluriscope.analysis.described import Described
from pluriscope.analysis.digest import short_id
from pluriscope.analysis.tasks import INPUT_NAMES, input_table

Operator = Literal["input", "not", "and", "or"]
_LETTERS_OF_GATES: Final = "ghijklmnopqrstuvwxyz"
Form = Literal["and_inverter", "formula_trees", "shared_gates"]


@dataclass(frozen=True)
class Node:
    """One node of a tree.

    Args:
        operator: "input" (no children), "not" (one), "and" or "or" (two).
        children: sub-trees in canonical order.
        input: index of the input if the operator is "input", else −1.
    """

    operator: Operator
    children: tuple[Node, ...] = ()
    input: int = -1

    @property
    def is_gate(self) -> bool:
        return self.operator in ("and", "or")


@dataclass(frozen=True)
class Variable:
    """A place in the tree that an alignment must put somewhere.

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
    """What a variable is and what the algorithm's output becomes when it is fixed, over the input rows as integers.

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
    """One candidate algorithm.

    Args:
        form: which family of candidates it belongs to; decides its text, formula and variables.
        n_inputs: number of inputs n.
        root: the tree.
    """

    form: Form
    n_inputs: int
    root: Node

    def __hash__(self) -> int:
        """By the text, which is made once: the same candidates are looked up for every network."""
        return hash((self.form, self.n_inputs, self.text))

    @cached_property
    def text(self) -> str:
        """Identity: canonical and-inverter text (spec §4), or the authors' string for formula trees.

        Shared gates stand after it: ``!(!(!(A&B)&A)&!(!(A&B)&B));(A&B)``. Where nothing is shared the text is that of
        the tree, and so are the ids.
        """
        if self.form == "formula_trees":
            return authors_text(self.root)
        return ";".join((canonical_text(self.root), *map(canonical_text, self.shared)))

    @cached_property
    def shared(self) -> tuple[Node, ...]:
        """The gates that more than one gate reads, smallest first; only with shared gates."""
        if self.form != "shared_gates":
            return ()
        readers: dict[Node, set[Node]] = {}
        for reader in filter(lambda node: node.is_gate, walk(self.root)):
            for child in reader.children:
                read = child.children[0] if child.operator == "not" else child
                readers.setdefault(read, set()).add(reader)
        several = [node for node, by in readers.items() if node.is_gate and len(by) > 1]
        return tuple(sorted(several, key=lambda node: (len(text := canonical_text(node)), text)))

    @cached_property
    def id(self) -> str:
        """First 16 hex digits of the SHA-256 of :attr:`text`."""
        return short_id(self.text)

    @cached_property
    def formula(self) -> str:
        """For people: the most readable formula with ∧, ∨, ¬; of formula trees the authors' own, with these signs.

        Shared gates have a letter: ``(A ∧ ¬g) ∨ (¬g ∧ B) with g = A ∧ B``.
        """
        return with_signs(self.text) if self.form == "formula_trees" else formula_with(self.root, self.shared)

    @cached_property
    def function(self) -> int:
        """Truth table of the whole tree as an integer."""
        return function_of(self.root, self.n_inputs)

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The variables in path order; what they are is told by :attr:`carriers`."""
        shown = shown_gates(self.root) if self.form == "and_inverter" else {}

        def told(path: str, node: Node) -> Variable:
            formula = self.formulas[path]
            return Variable(path, node, function_of(node, self.n_inputs), formula, shown.get(path, formula))

        return tuple(told(path, node) for path, node in self.carriers.items())

    @cached_property
    def formulas(self) -> Mapping[str, str]:
        """The readable formula of each variable by itself, by its path, in path order."""
        if self.form == "formula_trees":
            return {path: with_signs(authors_text(node)) for path, node in self.carriers.items()}
        return {path: readable_text(node) for path, node in self.carriers.items()}

    @cached_property
    def carriers(self) -> Mapping[str, Node]:
        """The node of each variable by its path, in path order: what a search needs of variables, without their words.

        And-inverter form: every gate but the root, each occurrence its own; a negated input is no variable.
        With shared gates: every gate but the root once, under the path of its first occurrence.
        Formula trees (the authors' rule): every inner node but the root, where the child of a NOT is replaced by the
        NOT itself; so a negated input is one.
        """
        everywhere = self._occurrences
        first = {node: path for path, node in reversed(everywhere.items())} if self.form == "shared_gates" else None
        return {path: node for path, node in everywhere.items() if first is None or first[node] == path}

    @cached_property
    def variable_at(self) -> Mapping[str, str]:
        """Path of the variable of each occurrence's path, in path order; with shared gates several have the same."""
        if self.form != "shared_gates":
            return {path: path for path in self._occurrences}
        first = {node: path for path, node in self.carriers.items()}
        return {path: first[node] for path, node in self._occurrences.items()}

    @cached_property
    def _occurrences(self) -> dict[str, Node]:
        """The node at every path that a variable may have, in path order."""
        found: dict[str, Node] = {}

        def visit(node: Node, path: str) -> None:
            inner = node
            while inner.operator == "not":
                inner = inner.children[0]
            carrier = node if self.form == "formula_trees" else inner
            if path and carrier.operator != "input":
                found[path] = carrier
            for position, child in enumerate(inner.children):
                visit(child, f"{path}{position}")

        visit(self.root, "")
        return {path: found[path] for path in sorted(found, key=lambda path: (len(path), path))}

    @cached_property
    def depth(self) -> int:
        """Depth in gates."""
        return depth_of(self.root)

    @cached_property
    def n_gates(self) -> int:
        """Number of gates, a shared one once."""
        gates = [node for node in walk(self.root) if node.is_gate]
        return len(set(gates) if self.form == "shared_gates" else gates)

    @cached_property
    def responses(self) -> dict[str, Response]:
        """For each variable's path what it computes and what the output does when it alone is fixed.

        A shared gate is fixed wherever it is read.
        """
        full = (1 << (1 << self.n_inputs)) - 1
        return {
            path: Response(
                function_of(node, self.n_inputs), self.output_given({path: 0}), self.output_given({path: full})
            )
            for path, node in self.carriers.items()
        }

    def output_given(self, fixed: Mapping[str, int], of: str = "", copies: int = 1) -> int:
        """The algorithm's output on every input when some variables are fixed.

        Args:
            fixed: path of a variable → its values over the input rows as an integer.
            of: path of a variable that is asked for in place of the output.
            copies: of the input rows, one behind the other, over which values are given and told: many ways to fix
                variables are then looked at together.

        Returns:
            The values over the input rows as an integer.
        """
        n_rows = 1 << self.n_inputs
        full = (1 << copies * n_rows) - 1
        each = full // ((1 << n_rows) - 1)  # a bit where each copy begins
        carriers, variable_at = self.carriers, self.variable_at

        def value(node: Node, path: str) -> int:
            variable = variable_at.get(path)
            if variable is not None and variable in fixed and node == carriers[variable]:
                return fixed[variable]
            if node.operator == "input":
                return input_pattern(node.input, self.n_inputs) * each
            if node.operator == "not":
                return full & ~value(node.children[0], path)
            left, right = (value(child, f"{path}{i}") for i, child in enumerate(node.children))
            return left & right if node.operator == "and" else left | right

        return value(carriers[of] if of else self.root, of)


def walk(node: Node) -> Iterator[Node]:
    """Every node of a tree in pre-order."""
    yield node
    for child in node.children:
        yield from walk(child)


def depth_of(node: Node) -> int:
    """Depth in gates; NOT is free."""
    below = max((depth_of(child) for child in node.children), default=0)
    return below + 1 if node.is_gate else below


def negation(node: Node) -> Node:
    """What a node is not, without a double negation."""
    return node.children[0] if node.operator == "not" else Node("not", (node,))


@lru_cache(maxsize=64)
def input_pattern(index: int, n_inputs: int) -> int:
    """Truth table of one input as an integer."""
    column: list[float] = input_table(n_inputs)[:, index].tolist()
    return sum(int(value) << row for row, value in enumerate(column))


def function_of(node: Node, n_inputs: int) -> int:
    """Truth table of a sub-tree as an integer."""
    if node.operator == "input":
        return input_pattern(node.input, n_inputs)
    values = [function_of(child, n_inputs) for child in node.children]
    if node.operator == "not":
        return ((1 << (1 << n_inputs)) - 1) & ~values[0]
    return values[0] & values[1] if node.operator == "and" else values[0] | values[1]


def canonical_text(node: Node) -> str:
    """Canonical and-inverter text: leaf ``A``, gate ``(x&y)`` with children sorted by text, ``!`` for not."""
    if node.operator == "input":
        return INPUT_NAMES[node.input]
    if node.operator == "not":
        return "!" + canonical_text(node.children[0])
    return "(" + "&".join(sorted(canonical_text(child) for child in node.children)) + ")"


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


def readable_text(node: Node) -> str:
    """The formula with the fewest ¬ signs: ¬(x∧y) is shown as ¬x ∨ ¬y where that saves signs.

    The two sides of a gate come in the order of their letters, then of their signs, whatever the tree's order.
    """
    return _rendered(node, False, "").text


def formula_with(root: Node, shared: Sequence[Node]) -> str:
    """The most readable formula in which each shared gate has a letter, with what the letters stand for."""
    names = dict(zip(shared, _LETTERS_OF_GATES, strict=False))

    def named(gate: Node) -> str:
        return _rendered(gate, False, "", {node: name for node, name in names.items() if node != gate}).text

    defined = ", ".join(f"{name} = {named(gate)}" for gate, name in names.items())
    return f"{named(root)} with {defined}" if defined else named(root)


def shown_gates(root: Node) -> dict[str, str]:
    """Every gate of a tree as the readable formula of the whole tree shows it, by path.

    A gate whose negation stands in the formula is that part of the formula in ``¬( )``, so the text always has the
    gate's own truth table.
    """
    return dict(_rendered(root, False, "").gates)


class _Rendered(NamedTuple):
    """A sub-tree as text.

    Args:
        text: the formula.
        n_negations: its ¬ signs.
        bare: whether it is a gate that needs brackets inside another.
        gates: path of every gate in it, with that gate as this text shows it.
    """

    text: str
    n_negations: int
    bare: bool
    gates: tuple[tuple[str, str], ...]


def _rendered(node: Node, negated: bool, path: str, names: Mapping[Node, str] = MappingProxyType({})) -> _Rendered:
    if node.operator == "not":
        return _rendered(node.children[0], not negated, path, names)
    if node.operator == "input" or node in names:
        name = INPUT_NAMES[node.input] if node.operator == "input" else names[node]
        return _Rendered(f"¬{name}", 1, False, ()) if negated else _Rendered(name, 0, False, ())
    options = []
    for pushed in (False, True) if negated else (False,):
        children = [
            _rendered(child, pushed, f"{path}{position}", names) for position, child in enumerate(node.children)
        ]
        children.sort(key=_reading_order)
        conjunction = (node.operator == "and") != pushed
        body = (" ∧ " if conjunction else " ∨ ").join(f"({one.text})" if one.bare else one.text for one in children)
        cost = sum(one.n_negations for one in children)
        gates = ((path, f"¬({body})" if pushed else body), *(gate for one in children for gate in one.gates))
        outside = negated and not pushed
        options.append(_Rendered(f"¬({body})" if outside else body, cost + outside, not outside, gates))
    return min(options, key=lambda option: (option.n_negations, not option.bare))


def _reading_order(part: _Rendered) -> tuple[list[str], int, bool, str]:
    """Fewest letters first, then by letters, by number of ¬ signs, a positive first letter first."""
    letters = [letter for letter in part.text if letter in INPUT_NAMES]
    return letters, part.n_negations, part.text.lstrip("(").startswith("¬"), part.text
