"""At which grain the whole network carries its algorithms: those with shared gates beside the trees, and their order.

A network that carries two algorithms need not be ambiguous. Both may be coarser than a third that it also carries, in
which several gates read one; then all three say the same, at different grains (:mod:`analysis.algorithms.refinement`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.refinement import finer_than_all
from analysis.alignments.decisions import site_decisions
from analysis.alignments.result import AlgorithmResult
from analysis.alignments.search import align_with
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.stories.search import Unasked, story_algorithms
from analysis.work import DEFAULT_WORK, Work

MAX_CANDIDATES = 20_000  # of which the irredundant ones are looked for: some seconds


@dataclass(frozen=True)
class Grain:
    """What the whole network carries of the irredundant algorithms, those with shared gates included.

    Args:
        considered: the irredundant algorithms with variables.
        carried: those with a valid alignment, with their minimal ones.
    """

    considered: tuple[HighLevelModel, ...]
    carried: tuple[AlgorithmResult, ...]

    @property
    def trees(self) -> tuple[HighLevelModel, ...]:
        """Those that are carried and share no gate."""
        return tuple(result.algorithm for result in self.carried if not result.algorithm.shared)

    @property
    def refining(self) -> tuple[HighLevelModel, ...]:
        """Those that are carried, share a gate, and are finer than every carried one that shares none."""
        return finer_than_all((one.algorithm for one in self.carried if one.algorithm.shared), self.trees)


def with_shared_gates(protocol: Protocol) -> Protocol:
    """The same rules over algorithms with shared gates, of which only minimal alignments are kept."""
    rules = {"algorithm_form": "shared_gates", "alignments_kept": "minimal", "n_near_misses": 0}
    return protocol.model_copy(update=rules)


def find_grain(question: Question, work: Work = DEFAULT_WORK) -> Grain | Unasked:
    """Search the whole network for every irredundant algorithm, those with shared gates included.

    Args:
        question: its protocol's candidates are and-inverter algorithms.
        work: may cancel.

    Raises:
        BeyondLimits: too many hidden neurons for an exact search.
    """
    shared = replace(question, protocol=with_shared_gates(question.protocol))
    algorithms = story_algorithms(shared, replace(work, limits=replace(work.limits, max_candidates=MAX_CANDIDATES)))
    if isinstance(algorithms, Unasked):
        return algorithms
    found = align_with(site_decisions(shared), algorithms, shared.protocol, work)
    return Grain(algorithms, tuple(result for result in found if result.n_valid))
