"""What explanations say of interventions by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.sandbox.intervention import Intervention
from analysis.sandbox.prediction import Prediction
from analysis.sandbox.running import Bench
from analysis.validity import DecisionRule, decide, margin_to_edge
from app.pages.explanations import Explanation
from app.pages.place import Place


def bench_of(place: Place) -> Bench:
    """The network of a place with its data record: the rows that interchanges use, the means of mean ablation."""
    return Bench(place.question.cut, place.question.data.clean_rows, place.question.data.clean_rows)


def ask(explanation: Explanation, intervention: Intervention, bench: Bench) -> Prediction:
    """What one explanation says of an intervention."""
    return explanation.record.ask(explanation.place.question, explanation.item, intervention, bench)


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network does under an intervention, and what was said of it.

    Args:
        layers: activations ``[n_l]`` of layers 0 … L.
        said: by each explanation.
    """

    layers: tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], ...]
    said: tuple[Prediction, ...]

    @cached_property
    def output(self) -> float:
        return float(self.layers[-1][0])

    def decision(self, rule: DecisionRule) -> int:
        """0, 1 or −1 for neither."""
        return int(decide(np.array(self.output), rule))

    def margin(self, rule: DecisionRule) -> float:
        return float(margin_to_edge(np.array(self.output), rule))

    def right(self, position: int) -> bool | None:
        """Whether an explanation was right, by threshold as on the common ground; None if it did not speak."""
        said = self.said[position]
        return said.bit == self.decision("threshold") if said.speaks else None


def answer(explanations: Sequence[Explanation], intervention: Intervention, bench: Bench) -> Answer:
    """Run an intervention, and ask everyone about it."""
    return Answer(bench.run(intervention), tuple(ask(explanation, intervention, bench) for explanation in explanations))
