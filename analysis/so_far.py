"""What is certain of an analysis while it is on its way, as an analysis that stopped where the work stands.

Whatever is still to come carries ``truncated_at`` as if its search had stopped there, so every rule for truncated
searches (numbers are lower bounds, absence means nothing) holds for it as well. The lists are bounded: they are for
looking at, and the whole comes at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from analysis.algorithms.catalogue import Candidates
from analysis.alignments.search import untried
from analysis.circuits.search import MAX_SO_FAR
from analysis.progress import Progress
from analysis.question import Question
from analysis.result import AlgorithmResult, AlgorithmSearch, CircuitSearch, InterpretationCounts, OutputAnalysis
from analysis.work import Work

MAX_ALGORITHMS: Final = 2_000
MAX_ALIGNMENTS: Final = 5_000


@dataclass
class SoFar:
    """The stages of one analysis that are done; None for those that are not.

    Args:
        circuits: all that the search found.
        interpretations: parallel to these circuits.
        candidates: the algorithms to be aligned.
        algorithms: all results.
    """

    question: Question
    circuits: CircuitSearch | None = None
    interpretations: InterpretationCounts | None = None
    candidates: Candidates | None = None
    algorithms: AlgorithmSearch | None = None

    def telling(self, work: Work) -> Work:
        """The work of the analysis, which tells beside a stage's progress what is certain of the whole."""

        def tell(progress: Progress, /) -> None:
            if self.circuits is None:  # nothing else comes before circuits
                work.report(progress.within(self._with_circuits))
            else:
                part = progress.so_far
                work.report(replace(progress, so_far=lambda: self.analysis(None if part is None else part())))

        return work.reporting_to(tell)

    def _with_circuits(self, circuits: CircuitSearch) -> OutputAnalysis:
        return replace(self, circuits=circuits).analysis()

    def analysis(self, part: Any = None) -> OutputAnalysis:
        """Everything that is certain by now.

        Args:
            part: what the stage on its way has found; of alignments an AlgorithmSearch, of other stages nothing.

        Raises:
            ValueError: no circuits are known yet.
        """
        if self.circuits is None:
            raise ValueError("nothing is known before the circuits")
        circuits = _few_circuits(self.circuits)
        return OutputAnalysis(
            question=self.question,
            circuits=circuits,
            interpretations=self._interpretations(circuits),
            algorithms=_few_algorithms(self._algorithms(part)),
            criteria={},
            seconds={},
        )

    def _interpretations(self, circuits: CircuitSearch) -> InterpretationCounts:
        complete = circuits.truncated_at is None
        counts, n = self.interpretations, circuits.n_listed
        if counts is None:
            return InterpretationCounts((0,) * n, (0,) * n, truncated_at=0, complete=complete)
        return replace(
            counts,
            by_circuit=counts.by_circuit[:n],
            observed_by_circuit=counts.observed_by_circuit[:n],
            complete=counts.complete and complete,
        )

    def _algorithms(self, part: Any) -> AlgorithmSearch:
        if self.algorithms is not None:
            return self.algorithms
        if isinstance(part, AlgorithmSearch):
            return part
        if self.candidates is None:
            return AlgorithmSearch((), 0, truncated_at=0)
        few = self.candidates.algorithms[:MAX_ALGORITHMS]
        # of candidates searched by support those listed here are only the first
        n_told = len(few) if self.candidates.space is not None else self.candidates.truncated_at
        return AlgorithmSearch(tuple(map(untried, few)), self.candidates.n_candidates, n_told)


def _few_circuits(circuits: CircuitSearch) -> CircuitSearch:
    """No more than :data:`~analysis.circuits.search.MAX_SO_FAR` of the circuits, with the number and spread of all."""
    if circuits.n_listed <= MAX_SO_FAR:
        return circuits
    return replace(
        circuits,
        masks=circuits.masks[:MAX_SO_FAR],
        outputs=circuits.outputs[:MAX_SO_FAR],
        margins=circuits.margins[:MAX_SO_FAR],
        truncated_at=MAX_SO_FAR,
        known_distribution=circuits.distribution,
    )


def _few_algorithms(search: AlgorithmSearch) -> AlgorithmSearch:
    """The first of the algorithms, and alignments of these while there is room."""
    results = search.algorithms[:MAX_ALGORITHMS]
    at = search.truncated_at if len(results) == len(search.algorithms) else len(results)
    return replace(search, algorithms=tuple(_few_alignments(results)), truncated_at=at)


def _few_alignments(results: Iterable[AlgorithmResult]) -> Iterable[AlgorithmResult]:
    room = MAX_ALIGNMENTS
    for result in results:
        kept = result.alignments[:room]
        room -= len(kept)
        n_valid = sum(1 for scored in kept if scored.valid)
        cut = len(kept) < len(result.alignments) and n_valid < result.n_valid
        yield replace(result, alignments=kept, truncated_at=n_valid if cut else result.truncated_at)
