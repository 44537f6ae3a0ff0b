"""Which criteria the explanations of one network pass together.

A word of the set is ``PATTERN:COUNT``: PATTERN a hexadecimal number whose bit i says that the i-th criterion of the
kind's list is passed, COUNT how many explanations have just this pattern. So what any conjunction of these criteria
leaves can be counted later, without judging anything again.

The circuit that is the whole network is left out: it passes whatever compares a circuit with the network, and as an
explanation it says nothing. Of alignments the criteria of their algorithms are asked too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.criterion import Kind
from analysis.criteria.judged import Subject
from analysis.criteria.judging import judge_analysis
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import PASSED, UNDECIDED
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.subject import Studied

CIRCUIT_CRITERIA: Final = (
    "mean-ablation",
    "resample-ablation",
    "output-faithfulness",
    "knockout-completeness",
    "input-noise",
    "input-robust",
    "patching-robust",
    "minimal-wang",
    "minimal-local",
    "minimal-subset",
    "minimal-cardinal",
    "same-story",
)
ALIGNMENT_CRITERIA: Final = (
    "irredundant-gates",
    "irredundant-functions",
    "irredundant-literals",
    "joint-interchange",
    "causal-order",
    "minimal-alignment",
    "minimal-joint-alignment",
    "above-random",
)
Bits = NDArray[np.int64]


def read_patterns(words: Iterable[str]) -> dict[int, int]:
    """What a measure's words say: explanations by pattern."""
    return {int(pattern, 16): int(count) for pattern, count in (word.split(":") for word in words)}


def _judged(subject: Subject, kind: Kind, keys: Sequence[str]) -> tuple[Bits, int]:
    """``[explanations]`` the pattern of each, and how many verdicts are undecided; those count as not passed."""
    steps = {key: CriterionStep.parse(key) for key in keys}
    asked = [(kind, step) for step in steps.values() if kind in step.criterion.judges]
    patterns, undecided = np.zeros(subject.count(kind), dtype=np.int64), 0
    for one in judge_analysis(subject, asked):
        patterns |= (one.outcomes == PASSED).astype(np.int64) << keys.index(one.step.criterion.key)
        undecided += int(np.count_nonzero(one.outcomes == UNDECIDED))
    return patterns, undecided


def _told(patterns: Bits, undecided: int, truncated_at: int | None = None) -> Measured:
    counts = sorted(Counter(patterns.tolist()).items())
    note = f"{undecided:,} verdicts undecided, taken as not passed" if undecided else ""
    return Measured(tuple(f"{pattern:x}:{count}" for pattern, count in counts), truncated_at=truncated_at, note=note)


@measure(
    "circuit-patterns",
    "criteria that circuits pass together",
    "set",
    needs=("circuits", "criteria"),
    definition="Valid circuits smaller than the network by which of twelve criteria they pass, as PATTERN:COUNT: bit i "
    f"of the hexadecimal pattern is the i-th of {', '.join(CIRCUIT_CRITERIA)}.",
)
def _of_circuits(studied: Studied) -> Measured:
    search = studied.analysis.circuits
    subject = Subject.of(studied.analysis)
    patterns, undecided = _judged(subject, "circuit", CIRCUIT_CRITERIA)
    smaller = subject.masks != (1 << search.layout.n_edges) - 1
    partial = search.n_listed if search.n_listed < search.n_valid else search.truncated_at
    return _told(patterns[smaller], undecided, partial)


@measure(
    "alignment-patterns",
    "criteria that alignments pass together",
    "set",
    needs=("algorithms", "criteria"),
    definition="Valid alignments by which of eight criteria they and their algorithms pass, as PATTERN:COUNT: bit i of "
    f"the hexadecimal pattern is the i-th of {', '.join(ALIGNMENT_CRITERIA)}.",
)
def _of_alignments(studied: Studied) -> Measured:
    subject = Subject.of(studied.analysis)
    of_algorithms, _ = _judged(subject, "algorithm", ALIGNMENT_CRITERIA)
    algorithm = dict(zip((one.text for one in subject.algorithms), of_algorithms.tolist(), strict=True))
    patterns, undecided = _judged(subject, "alignment", ALIGNMENT_CRITERIA)
    patterns |= np.array([algorithm[one.text] for one, _ in subject.alignments], dtype=np.int64)
    return _told(patterns, undecided, studied.analysis.algorithms.truncated_at)
