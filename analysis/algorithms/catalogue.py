"""Every candidate algorithm of a task under a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from analysis.algorithms.and_inverter import and_inverter_candidates
from analysis.algorithms.formula_trees import formula_tree_candidates
from analysis.algorithms.high_level_model import Form, HighLevelModel
from analysis.progress import Progress, Report, silent
from analysis.protocol import Protocol
from analysis.tasks import Task

_LISTS = {"and_inverter": and_inverter_candidates, "formula_trees": formula_tree_candidates}


@dataclass(frozen=True)
class Candidates:
    """The candidate algorithms of one task.

    Args:
        algorithms: in the protocol's order (canonical: depth, gates, then text; formula trees: the authors' order).
        n_candidates: how many there are, exact.
        truncated_at: how many were kept if there are more, else None.
    """

    algorithms: tuple[HighLevelModel, ...]
    n_candidates: int
    truncated_at: int | None = None


def candidate_algorithms(
    task: Task,
    protocol: Protocol,
    n_hidden_layers: int,
    *,
    report: Report = silent,
    max_candidates: int = 100_000,
) -> Candidates:
    """List the algorithms that compute a task, or the first of them with the exact count of all.

    Args:
        task: the target over 1 to 6 inputs.
        protocol: form and depth of the candidates.
        n_hidden_layers: of the network; bounds the depth (:meth:`Protocol.depth_for`).
        report: told "algorithms" before and after.
        max_candidates: how many are kept at most.
    """
    report(Progress("algorithms", 0, 1))
    depth = protocol.depth_for(n_hidden_layers)
    candidates = _listed(protocol.algorithm_form, task.pattern, task.n_inputs, depth, max_candidates)
    report(Progress("algorithms", 1, 1, f"{candidates.n_candidates} candidate algorithms"))
    return candidates


@lru_cache(maxsize=32)
def _listed(form: Form, pattern: int, n_inputs: int, depth: int, max_candidates: int) -> Candidates:
    algorithms, count = _LISTS[form](pattern, n_inputs, depth, max_candidates)
    return Candidates(algorithms, count, len(algorithms) if len(algorithms) < count else None)
