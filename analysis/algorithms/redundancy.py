"""Three ways in which an algorithm may say more than it needs (spec §4, §6)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from analysis.algorithms.high_level_model import HighLevelModel, Node, function_of, input_pattern, walk


def irredundancy(algorithm: HighLevelModel) -> dict[str, bool]:
    """Which of the three redundancy classes an algorithm passes.

    Returns:
        ``irredundant-gates``: no gate is constant or equal to an input or its negation.
        ``irredundant-functions``: no gate repeats, up to negation, the function of a gate below it.
        ``irredundant-literals``: no edge into a gate may be fixed to the gate's neutral value (1 for AND, 0 for OR)
        without changing the output.
    """
    return dict(_verdicts(algorithm))


@lru_cache(maxsize=4096)  # the same candidates come back with every network
def _verdicts(algorithm: HighLevelModel) -> tuple[tuple[str, bool], ...]:
    n_inputs = algorithm.n_inputs
    full = (1 << (1 << n_inputs)) - 1
    trivial = {0, full}
    for index in range(n_inputs):
        pattern = input_pattern(index, n_inputs)
        trivial |= {pattern, full & ~pattern}
    functions: list[int] = []
    repeats = False

    def visit(node: Node) -> set[int]:
        """Functions of the gates in a sub-tree, each up to negation (the one with bit 0 clear)."""
        nonlocal repeats
        below: set[int] = set().union(*(visit(child) for child in node.children))
        if not node.is_gate:
            return below
        function = function_of(node, n_inputs)
        functions.append(function)
        plain = full & ~function if function & 1 else function
        repeats = repeats or plain in below
        return below | {plain}

    visit(algorithm.root)
    without_one = _with_shared_gates if algorithm.form == "shared_gates" else _outputs_without_one_edge
    needs_all = all(output != algorithm.function for output in without_one(algorithm.root, n_inputs))
    return (
        ("irredundant-gates", not any(function in trivial for function in functions)),
        ("irredundant-functions", not repeats),
        ("irredundant-literals", needs_all),
    )


def _outputs_without_one_edge(root: Node, n_inputs: int) -> Iterator[int]:
    """The output with each edge into a gate in turn fixed to the neutral value: the gate becomes its other child."""
    full = (1 << (1 << n_inputs)) - 1

    def variants(node: Node) -> Iterator[int]:
        if node.operator == "not":
            yield from (full & ~value for value in variants(node.children[0]))
        elif node.is_gate:
            left, right = (function_of(child, n_inputs) for child in node.children)
            yield right
            yield left
            for value in variants(node.children[0]):
                yield value & right if node.operator == "and" else value | right
            for value in variants(node.children[1]):
                yield left & value if node.operator == "and" else left | value

    yield from variants(root)


def _with_shared_gates(root: Node, n_inputs: int) -> Iterator[int]:
    """The same where equal sub-trees are one gate, whose edges are fixed wherever it is read."""
    for gate in {node for node in walk(root) if node.is_gate}:
        for child in gate.children:
            yield function_of(_replaced(root, gate, child), n_inputs)


def _replaced(node: Node, gate: Node, by: Node) -> Node:
    if node == gate:
        return by
    return Node(node.operator, tuple(_replaced(child, gate, by) for child in node.children), node.input)
