"""Rows of results: what one method answers about one network under one condition, with every score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pluriscope_bench.key.condition import Condition
from pluriscope_bench.key.judging import CircuitJudge, judge_of
from pluriscope_bench.key.scores import Case, row_of
from pluriscope_bench.key.submission import Submission
from pluriscope_bench.key.suite import SuiteNetwork
from pluriscope_bench.key.truth import Truth

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class KnownNetwork:
    """A network of a suite with what scores need to know of it.

    Args:
        network: of the suite.
        truths: of the conditions under which it is known.
        random_regret: mean regret of 20 drawn orders, of the same conditions.
        deletion_seconds: what one random deletion took, of the same conditions; none without a clock.
    """

    network: SuiteNetwork
    truths: Mapping[Condition, Truth]
    random_regret: Mapping[Condition, float]
    deletion_seconds: Mapping[Condition, float] = field(default_factory=dict)
    _judges: dict[Condition, CircuitJudge] = field(default_factory=dict)

    def judge(self, condition: Condition) -> CircuitJudge:
        """Its judge under a condition; each is made once."""
        if condition not in self._judges:
            self._judges[condition] = judge_of(self.network.question, condition)
        return self._judges[condition]

    def rows(self, method: str, track: str, answers: Mapping[Condition, Sequence[Submission]]) -> Iterator[Row]:
        """The rows of what a method answered.

        Args:
            method: its name.
            track: what it may ask; empty: what it asked.
            answers: by condition; the first counts, the others are its answers with other seeds.
        """
        network = self.network
        for condition, (submission, *repeats) in answers.items():
            one = self.deletion_seconds.get(condition)
            case = Case(
                judge=self.judge(condition),
                truth=self.truths[condition],
                submission=submission,
                random_regret=self.random_regret.get(condition, 0.0),
                planted=network.planted,
                repeats=tuple(repeats),
                seconds_ratio=submission.seconds / one if one else None,
            )
            yield {
                "method": method,
                "track": track or submission.calls.track,
                "network": network.name,
                "arm": network.arm,
                "condition": condition.key,
                "outcome": submission.outcome,
                "message": submission.message,
                **row_of(case),
                **{f"calls_{name}": count for name, count in vars(submission.calls).items()},
                "seconds": round(submission.seconds, 6),
            }
