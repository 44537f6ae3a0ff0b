"""Every candidate algorithm of a task under a protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from pluriscope.analysis.algorithms.and_inverter import and_inverter_candidates
from pluriscope.analysis.algorithms.counting import count_candidates
from pluriscope.analysis.algorithms.formula_trees import formula_tree_candidates
from pluriscope.analysis.algorithms.high_level_model import Form, HighLevelModel, Node
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.progress import Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question


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
        truncated_at: how many were kept if the others are given up, else None. Ended by time or memory, those found by
            then are kept, and ``n_candidates`` is what is known by then.
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
        work: reports "algorithms" before and after, and while they are listed; may cancel there. Ended, the first
            candidates are returned.
        max_candidates: how many are kept at most.
        max_listed: more and-inverter candidates than this are left to a search by support, and of those with shared
            gates no more are kept; None: neither.
        n_first: how many are listed then.

    Raises:
        Cancelled: the report stopped the work.
    """
    depth, form, n_known = protocol.depth_for(n_hidden_layers), protocol.algorithm_form, 0
    listener, complete = _Listener(work), list[Candidates]()
    with work.ending("algorithms"):
        work.report_step("algorithms", 0, 1)
        if form == "and_inverter" and max_listed is not None:
            n_known = count_candidates(task.pattern, task.n_inputs, depth)
        if max_listed is not None and n_known > max_listed:
            first, _ = and_inverter_candidates(task.pattern, task.n_inputs, depth, n_first, work.check)
            complete.append(Candidates(first, n_known, space=CandidateSpace(task.pattern, task.n_inputs, depth)))
        else:
            most = min(max_candidates, max_listed or max_candidates) if form == "shared_gates" else max_candidates
            complete.append(_listed(form, task.pattern, task.n_inputs, depth, most, listener))
    if complete:
        work.report(Progress("algorithms", 1, 1, f"{complete[0].n_candidates} candidate algorithms"))
        return complete[0]
    first = tuple(HighLevelModel(form, task.n_inputs, root) for root in listener.found)
    return Candidates(first, max(n_known, len(first)), len(first))


def candidates_of(question: Question, work: Work = DEFAULT_WORK) -> Candidates:
    """List the candidates of a question, as many as the work's limits admit; see :func:`candidate_algorithms`."""
    limits = work.limits
    return candidate_algorithms(
        question.task,
        question.protocol,
        question.network.n_hidden_layers,
        work,
        max_candidates=limits.max_candidates,
        max_listed=limits.max_listed,
        n_first=limits.n_first,
    )


class _Listener:
    """Carries a report past the memory of lists: all are equal, for a report changes no result.

    Attributes:
        found: formulas so far, in order.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self.check = work.check
        self.found: list[Node] = []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Listener)

    def __hash__(self) -> int:
        return hash(_Listener)

    def report_step(self, done: int, total: int, n_found: int) -> None:
        """Report how far a list is."""
        self._work.report_step("algorithms", done, total, f"{n_found} candidate algorithms")


@lru_cache(maxsize=32)
def _listed(
    form: Form, pattern: int, n_inputs: int, depth: int, max_candidates: int, listener: _Listener
) -> Candidates:
    if form == "formula_trees":
        algorithms, count = formula_tree_candidates(
            pattern, n_inputs, depth, max_candidates, listener.report_step, listener.found
        )
    else:
        algorithms, count = and_inverter_candidates(pattern, n_inputs, depth, max_candidates, listener.check)
    if form == "shared_gates":  # every tree unfolds from one graph in which equal sub-trees are one gate
        graphs = (replace(tree, form=form) for tree in algorithms)
        algorithms = tuple(sorted(graphs, key=lambda graph: (graph.depth, graph.n_gates, graph.text)))
    return Candidates(algorithms, count, len(algorithms) if len(algorithms) < count else None)
