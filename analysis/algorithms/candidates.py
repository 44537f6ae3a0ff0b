"""Every candidate algorithm of a task under a protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from analysis.algorithms.and_inverter import and_inverter_candidates
from analysis.algorithms.counting import count_candidates
from analysis.algorithms.formula_trees import formula_tree_candidates
from analysis.algorithms.high_level_model import Form, HighLevelModel
from analysis.protocol import Protocol
from analysis.tasks import Task
from analysis.work import DEFAULT_WORK, Work


@dataclass(frozen=True)
class CandidateSpace:
    """The and-inverter algorithms of one task, without listing them.

    Args:
        pattern: the task's truth table as an integer.
        n_inputs: 1 to 6.
        depth: largest depth in gates, at least 1.
    """

    pattern: int
    n_inputs: int
    depth: int


@dataclass(frozen=True)
class Candidates:
    """The candidate algorithms of one task.

    Args:
        algorithms: in the protocol's order (canonical: depth, gates, then text; formula trees: the authors' order).
        n_candidates: how many there are, exact.
        truncated_at: how many were kept if the others are given up, else None.
        space: all of them where only the first are listed and the others are to be searched; else None.
    """

    algorithms: tuple[HighLevelModel, ...]
    n_candidates: int
    truncated_at: int | None = None
    space: CandidateSpace | None = None


def candidate_algorithms(
    task: Task,
    protocol: Protocol,
    n_hidden_layers: int,
    work: Work = DEFAULT_WORK,
    *,
    max_candidates: int = 100_000,
    max_listed: int | None = None,
    n_first: int = 250,
) -> Candidates:
    """List the algorithms that compute a task, or the first of them with the exact count of all.

    Args:
        task: the target over 1 to 6 inputs.
        protocol: form and depth of the candidates.
        n_hidden_layers: of the network; bounds the depth (:meth:`Protocol.depth_for`).
        work: told "algorithms" before and after, and while formula trees are listed; may cancel there.
        max_candidates: how many are kept at most.
        max_listed: more and-inverter candidates than this are left to a search by support, and of those with shared
            gates no more are kept; None: neither.
        n_first: how many are listed then.

    Raises:
        Cancelled: the report asked to stop.
    """
    work.tell("algorithms", 0, 1)
    depth = protocol.depth_for(n_hidden_layers)
    if protocol.algorithm_form == "and_inverter" and max_listed is not None:
        count = count_candidates(task.pattern, task.n_inputs, depth)
        if count > max_listed:
            first, _ = and_inverter_candidates(task.pattern, task.n_inputs, depth, n_first)
            work.tell("algorithms", 1, 1, f"{count} candidate algorithms")
            return Candidates(first, count, space=CandidateSpace(task.pattern, task.n_inputs, depth))
    if protocol.algorithm_form == "shared_gates":
        max_candidates = min(max_candidates, max_listed or max_candidates)
    candidates = _listed(protocol.algorithm_form, task.pattern, task.n_inputs, depth, max_candidates, _Listener(work))
    work.tell("algorithms", 1, 1, f"{candidates.n_candidates} candidate algorithms")
    return candidates


class _Listener:
    """Carries a report past the memory of lists: all are equal, for a report changes no result."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Listener)

    def __hash__(self) -> int:
        return hash(_Listener)

    def tell(self, done: int, total: int, found: int) -> None:
        """Report how far a list is."""
        self._work.tell("algorithms", done, total, f"{found} candidate algorithms")


@lru_cache(maxsize=32)
def _listed(
    form: Form, pattern: int, n_inputs: int, depth: int, max_candidates: int, listener: _Listener
) -> Candidates:
    if form == "formula_trees":
        algorithms, count = formula_tree_candidates(pattern, n_inputs, depth, max_candidates, listener.tell)
    else:
        algorithms, count = and_inverter_candidates(pattern, n_inputs, depth, max_candidates)
    if form == "shared_gates":  # every tree unfolds from one graph in which equal sub-trees are one gate
        graphs = (replace(tree, form=form) for tree in algorithms)
        algorithms = tuple(sorted(graphs, key=lambda graph: (graph.depth, graph.n_gates, graph.text)))
    return Candidates(algorithms, count, len(algorithms) if len(algorithms) < count else None)
