"""What the criteria for alignments share: the alignments, what they align, and how each variable fares alone.

Whether a variable fits a site depends on nothing else, so agreements are kept by (behaviour, site) and shared by all
alignments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import NeuronSet, ScoredAlignment
from analysis.alignments.iia import Behaviour, PairRule, tested_pairs
from analysis.interventions.interchange import interchange_outputs
from analysis.question import Question
from analysis.result import AlgorithmSearch
from analysis.validity import decide
from analysis.work import DEFAULT_WORK, Work


@dataclass(frozen=True, eq=False)
class AlignmentCriteriaContext:
    """Alignments of algorithms with one network, to be judged.

    Args:
        explanations: each alignment with its algorithm.
        work: told how far long criteria are.
    """

    question: Question
    explanations: tuple[tuple[HighLevelModel, ScoredAlignment], ...]
    work: Work = DEFAULT_WORK
    _outputs: dict[NeuronSet, NDArray[np.float64]] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.explanations)

    @cached_property
    def rows(self) -> NDArray[np.float64]:
        """``[2^n, n0]`` the rows that are interchanged."""
        return self.question.data.clean_rows

    def outputs(self, site: NeuronSet) -> NDArray[np.float64]:
        """``[source, base]`` the network's outputs when a site is interchanged."""
        if site not in self._outputs:
            self._outputs[site] = interchange_outputs(self.question.cut, [site], self.rows)[0]
        return self._outputs[site]

    def disagreements(self, algorithm: HighLevelModel, path: str, site: NeuronSet, rule: PairRule) -> NDArray[np.bool_]:
        """``[source, base]`` tested interchanges of a variable on a site on which network and algorithm differ."""
        n_inputs = algorithm.n_inputs
        expected = Behaviour.of(algorithm.responses[path], n_inputs).expected(n_inputs)
        decided = decide(self.outputs(site), self.question.protocol.alignment_decision)
        differ: NDArray[np.bool_] = (decided != expected) & tested_pairs(n_inputs, rule)
        return differ


def valid_alignments(search: AlgorithmSearch) -> tuple[tuple[HighLevelModel, ScoredAlignment], ...]:
    """The kept valid alignments of a search, with their algorithms, in its order."""
    return tuple(
        (result.algorithm, scored) for result in search.algorithms for scored in result.alignments if scored.valid
    )
