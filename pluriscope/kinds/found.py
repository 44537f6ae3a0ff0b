"""The explanations of one result, whatever it comes from: stored columns of each kind, and what is derived from
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.addresses.address import ResultRef
from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.criteria.verdict import FAILED, PASSED
from pluriscope.analysis.questions.decisions import max_wrong
from pluriscope.analysis.readings.report import InterpretationsReport
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.figures.numbers import exact
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.figures.svg.tiles import PLAIN_HUES, Hues, bits_of, hues_by_frequency, variable
from pluriscope.tables.frames import Passing

Stored = Mapping[str, Any]
"""Columns of equal length by name: arrays or sequences, NaN or None where there is no value."""
_FOR_HUES: Final = 100


@dataclass(frozen=True)
class Prominent:
    """An interpretation that stands out.

    Args:
        mask: of its circuit.
        index: among the circuit's.
        mark: what it is called: best, P, Q or worst.
        why: it stands out.
        right: interventions that it predicts right.
        of: all interventions.
    """

    mask: int
    index: int
    mark: str
    why: str
    right: int
    of: int


@dataclass(frozen=True, eq=False)
class Found:
    """The explanations of one result, as columns by kind.

    Args:
        question: that it answers, of a subject of any kind.
        of: the result, for addresses.
        stored: the columns of each kind that there is, by kind.
        outcomes: kind → criterion with its settings as text → ``[n]`` positions in
            :data:`pluriscope.analysis.criteria.verdict.OUTCOMES`; others where nothing was judged.
        counted: whether the interpretations of circuits are counted.
        stories: ``[circuits]`` the relation of a circuit's carried algorithms to the network's; None where not known.
        predicted: ``[2, placements]`` interventions that each predicts, and predicts right, as far as they were
            surveyed; None where they were not.
        n_interventions: of the survey.
        prominent: interpretations that are worth showing first.
        possible: how many circuits were judged; None where not all were.
        steps: criteria, with their settings, that are asked beside those with the usual settings.
        tallies: of criteria of interpretations, how many of all have each outcome.
        ranges: ``[2, classes]`` the fewest and the most interventions that members of each observed class predict
            right, by circuit, then rank, −1 where that is not known; None where they were not surveyed.
        read: what nodes of circuits can be read as, where no formulas are; None where nobody asked.
        reports: of analyses that fill columns of plugins, as they are stored.
    """

    question: Any
    of: ResultRef
    stored: Mapping[str, Stored]
    outcomes: Mapping[str, Mapping[str, NDArray[np.uint8]]] = field(default_factory=dict)
    counted: bool = True
    stories: Sequence[str] | None = None
    predicted: NDArray[np.int64] | None = None
    n_interventions: int = 0
    prominent: Sequence[Prominent] = ()
    possible: int | None = None
    steps: tuple[str, ...] = ()
    tallies: Mapping[str, CriterionTally] = field(default_factory=dict)
    ranges: NDArray[np.int64] | None = None
    read: InterpretationsReport | None = None
    reports: Mapping[str, Any] = field(default_factory=dict)

    def judged(self, kind: str) -> dict[str, Mapping[str, Passing]]:
        """Criteria that the explanations of a kind pass and fail: "passes" and "fails" → criterion → ``[n]`` bool."""
        outcomes = self.outcomes.get(kind, {})
        return {
            name: {step: values == outcome for step, values in outcomes.items()}
            for name, outcome in (("passes", PASSED), ("fails", FAILED))
        }

    def columns(self, kind: str) -> Stored:
        """Stored columns of the explanations of a kind. Placements on neurons also have columns of their algorithms."""
        return self._placements if kind == "alignment" else self.stored[kind]

    @cached_property
    def _placements(self) -> Stored:
        own, algorithms = self.stored["alignment"], self.stored["algorithm"]
        row_of = {row: place for place, row in enumerate(algorithms["id"])}
        owners = [row_of[row] for row in own["algorithm_row_id"]]
        of = {name: [values[owner] for owner in owners] for name, values in algorithms.items() if name not in own}
        return {**own, **of, "algorithm_text": of["text"]}

    def url(self, ref: ExplanationRef) -> str:
        """The address of an explanation."""
        return self.of.url(ref)

    @cached_property
    def _first_classes(self) -> dict[int, int]:
        """Mask → where its observed classes begin among those of all circuits."""
        stored = self.stored["circuit"]
        ends = accumulate(map(int, stored["observed"]), initial=0)
        return dict(zip(map(int, stored["mask"]), ends, strict=False))

    def right_in_class(self, mask: int, rank: int) -> tuple[int, int, int] | None:
        """The fewest and the most interventions that members of an observed class predict right, and of how many."""
        if self.ranges is None:
            return None
        low, high = map(int, self.ranges[:, self._first_classes[mask] + rank])
        return None if low < 0 else (low, high, self.n_interventions)

    def shares(self, n: int) -> dict[str, NDArray[np.float64]]:
        """Coverage and accuracy of each of n kept placements; {} where they were not surveyed.

        One that predicts nothing covers nothing, and has no accuracy (NaN); of those beyond the limit of the survey
        neither is known.
        """
        if self.predicted is None:
            return {}
        predicted, right = self.predicted
        coverage, accuracy = np.full(n, np.nan), np.full(n, np.nan)
        coverage[: len(predicted)] = predicted / self.n_interventions
        speak = np.flatnonzero(predicted)
        accuracy[speak] = right[speak] / predicted[speak]
        return {"coverage": coverage, "accuracy": accuracy}

    def where(self, algorithm: HighLevelModel, sites: Iterable[tuple[str, str]]) -> Markup:
        """Variables of an algorithm, by path, each with its sign, and where it stands."""
        n_inputs, variables = self.question.subject.n_inputs, {one.path: one for one in algorithm.variables}
        placed = ((variables[path], site) for path, site in sites)
        return Markup(", ").join(
            Markup("{} {}").format(variable(bits_of(one.function, n_inputs), one.shown, hues=self.hues), site)
            for one, site in placed
        )

    def tree(self, text: str, form: str) -> HighLevelModel:
        """An algorithm from its identity text."""
        return parse_algorithm(text, form, self.question.subject.n_inputs)

    def thumb(self, *what: Any, **more: Any) -> Markup:
        """The drawing of an explanation on the network cut to the output."""
        return circuit_thumb(self.question.network.weights, *what, hues=self.hues, **more)

    @cached_property
    def tested(self) -> str:
        """Condition of validity that every listed circuit has passed, in words: "8 of 8 inputs"."""
        rows, data = len(self.question.judged[1]), self.question.data
        wrong = max(0, max_wrong(rows, self.question.share))
        what = "inputs" if data.validation_inputs is None else "rows"
        return f"{exact(rows - wrong)} of {exact(rows)} {what}{' or more' if wrong else ''}"

    @cached_property
    def hues(self) -> Hues:
        """Variables that take the five hues: the most frequent ones of the algorithms with the most placements."""
        algorithms = self.stored.get("algorithm")
        n_inputs = self.question.subject.n_inputs
        if algorithms is None or n_inputs <= 2:
            return PLAIN_HUES
        most = sorted(
            range(len(algorithms["n_valid"])), key=lambda position: (-algorithms["n_valid"][position], position)
        )
        trees = [self.tree(algorithms["text"][position], algorithms["form"][position]) for position in most[:_FOR_HUES]]
        return hues_by_frequency(bits_of(one.function, n_inputs) for tree in trees for one in tree.variables)
