"""Verdicts of criteria on explanations: four outcomes, a score, and on request the reason and a witness.

Verdicts come for many explanations at once, as arrays; reasons and witnesses are made for a single one on request,
since nobody reads a list of millions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pluriscope.analysis.errors import InvalidIndex
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.analysis.values.described import Described

Outcome = Literal["passed", "failed", "undecided", "not_applicable"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("passed", "failed", "undecided", "not_applicable")
PASSED: Final = 0
FAILED: Final = 1
UNDECIDED: Final = 2
NOT_APPLICABLE: Final = 3

Witness = Mapping[str, Any]
"""What shows the outcome, as JSON would hold it: numbers, texts, lists, objects; {} if there is nothing to show.

Pages write a list of zeros and ones as the bits of an input, and take ``mask``, ``index`` and ``alignment`` to be those
of a rival.
"""

Explain = Callable[[int], tuple[str, Witness]]
"""From the position of an explanation to the reason, one sentence, and the witness."""


@dataclass(frozen=True, repr=False)
class Verdict(Described):
    """The verdict of a criterion on an explanation.

    Args:
        outcome: undecided where a budget or a bound did not suffice, not_applicable where the question does not arise.
        reason: one sentence for people.
        witness: what shows it: an input, an intervention, another explanation.
        score: what the criterion measures, or None.
        numerator: of the score where it is a fraction, else None.
        denominator: likewise.
    """

    outcome: Outcome
    reason: str
    witness: Witness = field(default_factory=dict)
    score: float | None = None
    numerator: int | None = None
    denominator: int | None = None

    @classmethod
    def of_share(cls, outcome: Outcome, n: int, of: int, reason: str, witness: Witness | None = None) -> Verdict:
        """Make a verdict whose score is a share of some things, of which there may be none."""
        return cls(outcome, reason, witness or {}, n / of if of else None, n, of)


@dataclass(frozen=True, eq=False)
class Verdicts:
    """The verdicts of a criterion on many explanations of one kind, in the order of these.

    Args:
        outcomes: ``[explanations]`` uint8, positions in :data:`OUTCOMES`.
        scores: ``[explanations]`` float64, NaN where there is none.
        numerators: ``[explanations]`` int64, or None if the score is no fraction; −1 where there is none.
        denominators: likewise.
        explain: reason and witness of one of them.
    """

    outcomes: NDArray[np.uint8]
    scores: NDArray[np.float64]
    numerators: NDArray[np.int64] | None
    denominators: NDArray[np.int64] | None
    explain: Explain

    def __len__(self) -> int:
        return len(self.outcomes)

    def at(self, position: int) -> Verdict:
        """Return the verdict on one explanation.

        Raises:
            InvalidIndex: there is none at that position.
        """
        if not 0 <= position < len(self):
            raise InvalidIndex(f"verdict {position:,}", f"there are {len(self):,}", "use a number from 0 up to that")
        reason, witness = self.explain(position)
        score = float(self.scores[position])
        return Verdict(
            OUTCOMES[int(self.outcomes[position])],
            reason,
            witness,
            None if np.isnan(score) else score,
            _present(self.numerators, position),
            _present(self.denominators, position),
        )

    def having(self, outcome: Outcome) -> NDArray[np.bool_]:
        """Decide which explanations have an outcome, ``[explanations]``."""
        same: NDArray[np.bool_] = np.equal(self.outcomes, OUTCOMES.index(outcome))
        return same

    @property
    def why_undecided(self) -> str:
        """The reason why the first undecided one is; "" where all are decided."""
        undecided = np.flatnonzero(self.outcomes == UNDECIDED)
        return self.at(int(undecided[0])).reason if len(undecided) else ""

    @property
    def passed(self) -> NDArray[np.bool_]:
        return self.having("passed")

    @property
    def tally(self) -> CriterionTally:
        """Count the explanations with each outcome."""
        return CriterionTally(*(int(np.count_nonzero(self.having(outcome))) for outcome in OUTCOMES))


def _present(values: NDArray[np.int64] | None, position: int) -> int | None:
    return None if values is None or values[position] < 0 else int(values[position])


def verdicts_of(
    passed: NDArray[np.bool_],
    explain: Explain,
    *,
    scores: ArrayLike | None = None,
    numerators: ArrayLike | None = None,
    denominators: ArrayLike | None = None,
    undecided: NDArray[np.bool_] | None = None,
) -> Verdicts:
    """Make verdicts from arrays, all ``[explanations]``; numbers may be one for all.

    Args:
        passed: which pass.
        explain: reason and witness of one.
        scores: by default numerator / denominator where these are given.
        numerators: of a fraction.
        denominators: of a fraction.
        undecided: which are neither passed nor failed, whatever ``passed`` says.
    """
    n = len(passed)
    outcomes = np.where(passed, PASSED, FAILED).astype(np.uint8)
    if undecided is not None:
        outcomes[undecided] = UNDECIDED
    counts = [
        None if values is None else np.broadcast_to(np.asarray(values, dtype=np.int64), (n,)).copy()
        for values in (numerators, denominators)
    ]
    if scores is not None:
        values = np.broadcast_to(np.asarray(scores, dtype=np.float64), (n,)).copy()
    elif counts[0] is not None and counts[1] is not None:
        values = np.divide(counts[0], counts[1], out=np.full(n, np.nan), where=counts[1] > 0)
    else:
        values = np.full(n, np.nan)
    return Verdicts(outcomes, values, counts[0], counts[1], explain)


def same_for_all(n_explanations: int, outcome: Outcome, reason: str) -> Verdicts:
    """Return verdicts with one outcome for all, without a score: the question does not arise, or a budget is spent."""
    outcomes = np.full(n_explanations, OUTCOMES.index(outcome), dtype=np.uint8)
    return Verdicts(outcomes, np.full(n_explanations, np.nan), None, None, lambda _: (reason, {}))


def put_together(verdicts: Sequence[Verdict]) -> Verdicts:
    """Join verdicts that were made one by one."""
    scores = [np.nan if verdict.score is None else verdict.score for verdict in verdicts]
    counts = [
        np.array([-1 if count is None else count for count in column], dtype=np.int64)
        for column in ([v.numerator for v in verdicts], [v.denominator for v in verdicts])
    ]
    return Verdicts(
        np.array([OUTCOMES.index(verdict.outcome) for verdict in verdicts], dtype=np.uint8),
        np.array(scores, dtype=np.float64),
        counts[0],
        counts[1],
        lambda position: (verdicts[position].reason, verdicts[position].witness),
    )
