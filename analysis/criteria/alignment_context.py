"""What the criteria for alignments share: the alignments, what they align, and how each variable fares alone.

A site is a set of neurons, or a place along directions of a layer. Whether a variable fits it depends on nothing else,
so agreements are kept by (behaviour, site) and shared by all alignments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Alignment, ScoredAlignment
from analysis.alignments.iia import Behaviour, PairRule, check_alignment, tested_pairs
from analysis.alignments.joint import JointScore, check_runs, score_joint_together
from analysis.alignments.result import AlgorithmSearch
from analysis.directions.alignment import DirectionAlignment, LinearPlace
from analysis.directions.scoring import ScoredDirections, joint_score
from analysis.directions.swaps import swap_outputs
from analysis.errors import BeyondLimits
from analysis.interventions.interchange import interchange_outputs
from analysis.interventions.neuron_set import NeuronSet
from analysis.networks.mlp import activations
from analysis.question import Question
from analysis.validity import decide
from analysis.work import DEFAULT_WORK, Work

Site = NeuronSet | LinearPlace
_SITES_AT_ONCE: Final = 256  # between two looks at the time
Scored = ScoredAlignment | ScoredDirections


@dataclass(eq=False)
class AlignmentCriteriaContext:
    """Alignments of algorithms with one network, to be judged.

    Args:
        explanations: each alignment with its algorithm.
        work: told how far long criteria are; whoever judges by several gives each its own.
    """

    question: Question
    explanations: tuple[tuple[HighLevelModel, Scored], ...]
    work: Work = DEFAULT_WORK
    _outputs: dict[Site, NDArray[np.float64]] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.explanations)

    @property
    def on_neuron_sets(self) -> Iterator[tuple[HighLevelModel, ScoredAlignment]]:
        """The explanations, for criteria that are asked of alignments on neuron sets alone."""
        return ((algorithm, scored) for algorithm, scored in self.explanations if isinstance(scored, ScoredAlignment))

    @cached_property
    def rows(self) -> NDArray[np.float64]:
        """``[2^n, n0]`` the rows that are interchanged."""
        return self.question.data.clean_rows

    def outputs(self, site: Site) -> NDArray[np.float64]:
        """``[source, base]`` the network's outputs when a site is interchanged."""
        if site not in self._outputs:
            if isinstance(site, NeuronSet):
                self.run_together(chain([site], self.own_sites))
            else:
                network = self.question.cut
                self._outputs[site] = swap_outputs(network, activations(network, self.rows), [site])[0]
        return self._outputs[site]

    @cached_property
    def own_sites(self) -> dict[NeuronSet, None]:
        """Every neuron set of the alignments, each once."""
        return dict.fromkeys(site for _, scored in self.on_neuron_sets for _, site in scored.alignment.places)

    def run_together(self, sites: Iterable[NeuronSet]) -> None:
        """Interchange all neuron sets that were not interchanged before, in a few array operations."""
        new = [site for site in dict.fromkeys(sites) if site not in self._outputs]
        for start in range(0, len(new), _SITES_AT_ONCE):
            self.work.check()
            some = new[start : start + _SITES_AT_ONCE]
            self._outputs.update(zip(some, interchange_outputs(self.question.cut, some, self.rows), strict=True))

    def joint(self, max_runs: int) -> list[JointScore | BeyondLimits]:
        """Every joint interchange of each alignment, or why they are not run: more than ``max_runs``."""
        found: list[JointScore | BeyondLimits | None] = []
        together: list[tuple[HighLevelModel, Alignment]] = []
        for algorithm, scored in self.work.each("criteria", self.explanations, "joint interchanges", every=256):
            try:
                if isinstance(scored, ScoredAlignment):
                    check_alignment(self.question.cut, algorithm, scored.alignment, self.question.protocol)
                    check_runs(algorithm, len(scored.alignment.places), max_runs)
                    together.append((algorithm, scored.alignment))
                    found.append(None)
                else:
                    found.append(self._joint_on_directions(algorithm, scored.alignment, max_runs))
            except BeyondLimits as refusal:
                found.append(refusal)
        scores = iter(score_joint_together(self.question, together, self.work))
        return [next(scores) if one is None else one for one in found]

    def _joint_on_directions(
        self, algorithm: HighLevelModel, alignment: DirectionAlignment, max_runs: int
    ) -> JointScore:
        network = self.question.cut
        clean = activations(network, self.rows)
        return joint_score(network, clean, algorithm, alignment, self.question.protocol, max_runs=max_runs)

    def disagreements(self, algorithm: HighLevelModel, path: str, site: Site, rule: PairRule) -> NDArray[np.bool_]:
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
