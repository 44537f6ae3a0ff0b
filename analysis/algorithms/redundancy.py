"""Three ways in which an algorithm may say more than it needs (spec §4, §6), and the algorithms that do not.

Gates are named by their paths, the root as ``""``; an edge by the gate and the child that it leads to, NOT transparent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pluriscope.analysis.algorithms.candidates import Candidates, candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node, input_pattern, truth_tables
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.questions.tasks import Task

MAX_PLACED: Final = 16
_LISTED: Final = 20_000  # candidates looked through for irredundant ones

IRREDUNDANT: Final = {
    "irredundant-gates": "no redundant gate",
    "irredundant-functions": "no repeated function",
    "irredundant-literals": "no redundant literal",
}
"""Classes of algorithms that say no more than they need, with what is so of them."""


@dataclass(frozen=True)
class Gate:
    """A gate of a tree: its place, its function, and its tree.

    Args:
        path: of the gate, of a shared one its first.
        function: truth table as an integer.
        node: its tree.
        sides: truth tables of its children.
        seen: the inputs on which the output of the algorithm depends on it, as a truth table.
    """

    path: str
    function: int
    node: Node
    sides: tuple[int, int]
    seen: int

    @property
    def formula(self) -> str:
        return self.node.formula


@lru_cache(maxsize=4096)  # the same candidates come back with every network
def irredundancy(algorithm: HighLevelModel) -> dict[str, bool]:
    """Decide which of the three redundancy classes an algorithm passes; the answer is not to be changed.

    Returns:
        ``irredundant-gates``: no gate is constant or equal to an input or its negation.
        ``irredundant-functions``: no gate repeats, up to negation, the function of a gate below it.
        ``irredundant-literals``: no edge into a gate may be fixed to the gate's neutral value (1 for AND, 0 for OR)
        without changing the output.
    """
    gates = gates_of(algorithm)
    return {
        "irredundant-gates": next(trivial_gates(algorithm, gates), None) is None,
        "irredundant-functions": next(repeating_gates(algorithm, gates), None) is None,
        "irredundant-literals": next(idle_edges(gates), None) is None,
    }


def gates_of(algorithm: HighLevelModel) -> list[Gate]:
    """Every gate, a gate before those below it; a shared one at its first occurrence."""
    tables, gates = truth_tables(algorithm.root, algorithm.n_inputs), []
    full = (1 << (1 << algorithm.n_inputs)) - 1
    for at, (path, node) in enumerate(zip(algorithm.root.paths, algorithm.root.nodes, strict=True)):
        if node.is_gate:
            sides = tables[at - 1 - len(node.children[1].nodes)], tables[at - 1]
            _, when_false, when_true = algorithm.responses[algorithm.variable_at[path]] if path else (0, 0, full)
            gates.append(Gate(path, tables[at], node, sides, when_false ^ when_true))
    gates.sort(key=lambda gate: gate.path)
    return list({gate.node: gate for gate in reversed(gates)}.values())[::-1] if algorithm.shared else gates


def trivial_gates(algorithm: HighLevelModel, gates: list[Gate]) -> Iterator[tuple[Gate, str]]:
    """The gates that are constant or equal to an input or its negation, each with what it is."""
    full = (1 << (1 << algorithm.n_inputs)) - 1
    names = {0: "0", full: "1"}
    for index in range(algorithm.n_inputs):
        pattern, letter = input_pattern(index, algorithm.n_inputs), "ABCDEF"[index]
        names |= {pattern: letter, full & ~pattern: f"¬{letter}"}
    return ((gate, names[gate.function]) for gate in gates if gate.function in names)


def repeating_gates(algorithm: HighLevelModel, gates: list[Gate]) -> Iterator[tuple[Gate, Gate]]:
    """The gates that repeat, up to negation, the function of a gate below them, each with every such gate."""
    full = (1 << (1 << algorithm.n_inputs)) - 1
    for gate in gates:
        for below in gates:
            same = below.path != gate.path and gate.function in (below.function, full & ~below.function)
            if same and (below.node in gate.node.nodes if algorithm.shared else below.path.startswith(gate.path)):
                yield gate, below


def idle_edges(gates: list[Gate]) -> Iterator[tuple[Gate, int]]:
    """The edges that may be fixed to the gate's neutral value, which leaves the gate's other child, without changing
    the output; a shared gate is fixed wherever it is read.
    """
    for gate in gates:
        for position, kept in enumerate(gate.sides[::-1]):
            if not (kept ^ gate.function) & gate.seen:
                yield gate, position


@lru_cache(maxsize=32)
def placed_algorithms(task: Task, protocol: Protocol, n_hidden_layers: int, most: int = MAX_PLACED) -> Candidates:
    """The first irredundant algorithms of a task that have a variable, and how many there are.

    Args:
        task: over the network's inputs.
        protocol: form and depth.
        n_hidden_layers: of the network.
        most: how many of them.
    """
    whole = candidate_algorithms(task, protocol, n_hidden_layers, max_listed=_LISTED, n_first=_LISTED)
    kept = [a for a in whole.algorithms if a.responses and irredundancy(a)["irredundant-literals"]]
    truncated = len(kept) > most or len(whole.algorithms) < whole.n_candidates
    first = tuple(kept[:most])
    return Candidates(first, len(kept), len(first) if truncated else None)
