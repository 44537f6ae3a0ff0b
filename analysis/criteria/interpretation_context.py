"""What the criteria for interpretations share: the interpretations, and what the network does under interchange."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.experiments import (
    InterventionSpace,
    NetworkAnswers,
    decide_in_circuit,
    decide_under_interventions,
    intervention_space,
)
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.interpretation import Interpretation
from analysis.interpretations.predicting import family_sets
from analysis.networks.circuit import Circuit
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

_RECENT = 8  # circuits whose spaces are held; explanations come circuit by circuit


@dataclass(frozen=True, eq=False)
class InterpretationCriteriaContext:
    """Interpretations of circuits of one network, to be judged one by one.

    Args:
        explanations: the interpretations.
        work: told how far long criteria are.
    """

    question: Question
    explanations: tuple[Interpretation, ...]
    work: Work = DEFAULT_WORK
    _spaces: dict[int, InterpretationSpace] = field(default_factory=dict, init=False, repr=False)
    _answers: dict[int, NetworkAnswers] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.explanations)

    @cached_property
    def rows(self) -> NDArray[np.float64]:
        """``[2^n, n0]`` the rows that are interchanged."""
        return self.question.data.clean_rows

    @cached_property
    def interventions(self) -> InterventionSpace:
        return intervention_space(self.question.cut.hidden_sizes, self.question.cut.n_inputs)

    @cached_property
    def answers(self) -> NetworkAnswers:
        """What the unablated network does under every intervention."""
        return decide_under_interventions(self.question.cut, self.rows, self.interventions)

    def answers_in(self, circuit: Circuit) -> NetworkAnswers:
        """What the circuit itself does under every intervention on its active neurons."""
        if circuit.mask not in self._answers:
            if len(self._answers) >= _RECENT:
                self._answers.clear()
            chosen = family_sets(circuit, self.interventions, "joint")
            self._answers[circuit.mask] = decide_in_circuit(self.question, circuit, self.interventions, chosen)
        return self._answers[circuit.mask]

    def predictions(self, position: int) -> NDArray[np.int8]:
        """``[set, source, base]`` of one interpretation."""
        return predict_by_interpretation(self.explanations[position], self.interventions)

    def space(self, circuit: Circuit) -> InterpretationSpace:
        """All interpretations of a circuit; expensive on first use."""
        if circuit.mask not in self._spaces:
            if len(self._spaces) >= _RECENT:
                self._spaces.clear()
            self._spaces[circuit.mask] = InterpretationSpace(self.question, circuit)
        return self._spaces[circuit.mask]
