"""Made-up verdicts and a made-up common ground for a large store, saved as jobs save them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from sqlalchemy import func, select

from analysis import ENGINE_VERSION
from analysis.common_ground.points import AlignmentPoints, ClassPoints
from analysis.common_ground.survey import CommonGround
from analysis.criteria.criterion import Kind
from analysis.criteria.interpretation_tallies import ReadingCounts
from analysis.criteria.judged import JudgedBlock, Subject
from analysis.criteria.steps import CriterionStep, default_steps
from analysis.experiments import intervention_space
from analysis.result import OutputAnalysis
from app.db.common_ground import save_common_ground
from app.db.common_ground_columns import Stored, prepare_common_ground
from app.db.engine import Store
from app.db.reads.verdicts import kinds_and_steps
from app.db.tables import AnalysisRow, VerdictBlockRow
from app.db.verdict_columns import BLOCK, PreparedVerdicts
from app.db.verdict_staging import VerdictStaging

N_CLASSES = 5_000


@dataclass(frozen=True)
class JudgedSaving:
    """What saving verdicts took.

    Args:
        criteria: how many, each for one kind of explanation.
        verdict_prepare_seconds: packing them, in the process that computes.
        verdict_insert_seconds: all transactions together.
        verdict_longest_seconds: of one transaction.
        verdict_megabytes: of their columns.
        count_megabytes: of these, the exact counts of interpretations.
    """

    criteria: int
    verdict_prepare_seconds: float
    verdict_insert_seconds: float
    verdict_longest_seconds: float
    verdict_megabytes: float
    count_megabytes: float


def save_verdicts(store: Store, analysis: OutputAnalysis, *, seed: int = 0) -> JudgedSaving:
    """Judge nothing, but save verdicts of every criterion on everything, as a job does."""
    start = time.perf_counter()
    prepared = tuple(made_up_verdicts(Subject.of(analysis), np.random.default_rng(seed)))
    ready = time.perf_counter()
    staging = VerdictStaging(prepared, lambda session: session.scalars(select(AnalysisRow)).one(), "benchmark")
    longest = 0.0
    for step in _each(staging):
        began = time.perf_counter()
        with store.write() as session:
            step(session)
        longest = max(longest, time.perf_counter() - began)
    done = time.perf_counter()
    with store.read() as session:
        size = select(func.sum(func.length(VerdictBlockRow.data)))
        whole = session.scalar(size) or 0
        counts = session.scalar(size.where(VerdictBlockRow.name.not_in(_NUMBERS))) or 0
    return JudgedSaving(len(prepared), ready - start, done - ready, longest, whole / 1e6, counts / 1e6)


_NUMBERS = ("outcomes", "scores", "numerators", "denominators")


def _each(staging: VerdictStaging) -> Iterator[Any]:
    """The transactions in order, made one after the other: what comes next depends on those before."""
    yield from staging.steps()
    yield staging.publish


def made_up_verdicts(subject: Subject, random: np.random.Generator) -> Iterator[PreparedVerdicts]:
    """Random outcomes of every criterion, block by block; of interpretations nothing is known, as where a budget ends.

    Args:
        subject: what the verdicts are about.
        random: draws them.
    """
    circuits = {"interpretations": subject.interpretations, "observed": subject.observed}
    sizes: dict[Kind, int] = {
        "circuit": len(subject.masks),
        "interpretation": len(subject.masks),
        "algorithm": len(subject.algorithms),
        "alignment": len(subject.alignments),
    }
    for kind, step in kinds_and_steps(default_steps()):
        prepared = PreparedVerdicts(kind, step, circuits=circuits if kind == "interpretation" else {})
        for start in range(0, max(1, sizes[kind]), BLOCK):
            prepared.add(_judged(subject, kind, step, start, min(BLOCK, sizes[kind] - start), random))
        yield prepared


def _judged(
    subject: Subject, kind: Kind, step: CriterionStep, start: int, n: int, random: np.random.Generator
) -> JudgedBlock:
    if kind == "interpretation":
        part = slice(start, start + n)
        counts = ReadingCounts.undecided_for(subject.interpretations[part], subject.observed[part])
        return JudgedBlock(kind, step, start, counts.outcomes, counts.scores, None, None, counts, note="Made up.")
    share = random.random()
    outcomes = np.where(random.random(n) < share, 0, 1).astype(np.uint8)
    return JudgedBlock(kind, step, start, outcomes, np.round(random.random(n), 6), None, None)


def save_ground(store: Store, analysis: OutputAnalysis, *, seed: int = 0) -> None:
    """A made-up sample of classes, and every kept alignment, with random numbers of right predictions."""
    random = np.random.default_rng(seed)
    space = intervention_space(analysis.question.model.hidden_sizes, 2)
    masks, results = analysis.circuits.masks, analysis.algorithms.algorithms
    n_classes = min(N_CLASSES, len(masks))
    circuits = np.sort(random.choice(len(masks), size=n_classes, replace=False))
    right = np.sort(random.integers(0, space.n_interventions + 1, size=(3, n_classes)), axis=0)
    pairs = np.array([(a, k) for a, result in enumerate(results) for k in range(len(result.alignments))])
    # as of variables in one layer: every union of their places, and every ordered pair of inputs
    predicted = np.array([12 * ((1 << len(results[a].algorithm.variables)) - 1) for a, _ in pairs], dtype=np.int64)
    found = CommonGround(
        space=space,
        classes=ClassPoints(
            circuits,
            tuple(range(n_classes)),
            (1,) * n_classes,
            np.full(n_classes, space.n_interventions),
            right[1],
            right[2],
            right[0],
        ),
        n_classes=sum(analysis.interpretations.observed_by_circuit),
        drawn=True,
        seed=seed,
        circuit_best=np.full(len(masks), -1),
        circuit_worst=np.full(len(masks), -1),
        best=None,
        worst=None,
        spread=None,
        n_perfect=None,
        alignments=AlignmentPoints(
            pairs[:, 0], pairs[:, 1], predicted, (predicted * random.random(len(pairs))).astype(np.int64)
        ),
        n_alignments=len(pairs),
    )
    stored = Stored(
        masks=masks,
        n_hex=analysis.circuits.layout.n_hex_digits,
        positions=list(range(len(results))),
        ids=[[scored.alignment.id for scored in result.alignments] for result in results],
        valid=[[cast(bool, scored.valid) for scored in result.alignments] for result in results],
    )
    prepared = prepare_common_ground(found, stored, thorough=False, seconds=0.0, engine_version=ENGINE_VERSION)
    with store.write() as session:
        save_common_ground(session, session.scalars(select(AnalysisRow)).one(), prepared)
