"""What becomes of the explanations of a perceptron while it learns: its checkpoints, in the order of their epochs.

Each checkpoint is analysed by itself, on the task that the network learns, under one protocol. What lies between two
checkpoints is not looked at, so every "first" is the first of the checkpoints given.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from pydantic import Field

from analysis.changes import Change, change_of_circuits
from analysis.circuits.result import CircuitSearch
from analysis.errors import InvalidNetwork
from analysis.explaining.count_report import CircuitsCount, SmallestBounds
from analysis.explaining.counting import count_of_search, smallest_and_backbone
from analysis.pipeline import analyse_output
from analysis.question import Question
from analysis.report import Part, Report
from analysis.result import OutputAnalysis
from analysis.subjects.perceptron.training_course import TrainingRecord
from analysis.work import DEFAULT_WORK, Work

Given = Mapping[str, tuple[Question, TrainingRecord | None]]
"""What is asked about each checkpoint, with what its file says of its training, by the name of the file."""
_FOR_ANALYSES: Final = 0.9  # of the time; the rest is for what changes between them
_CURE: Final = "give files that pluriscope train --checkpoints writes of one network"


class CheckpointFound(Part):
    """What is found of one checkpoint."""

    epoch: int = Field(description="Epochs run; 0 before the first.")
    loss: float = Field(description="Mean squared error on the training rows.")
    rows_right: int = Field(description="Rows on which the whole network answers the task.")
    circuits: CircuitsCount
    smallest: SmallestBounds
    backbone: list[str] | None = Field(description="Edges that all valid circuits keep; null: not known.")
    algorithms: int | None = Field(description="Algorithms of the task that can be placed; null: not all were tried.")
    first_algorithm: bool | None = Field(description="Whether the first of all algorithms is one of them.")
    change: Change | None = Field(description="Of valid circuits since the checkpoint before; null: none or not known.")
    stops: list[str] = Field(description="Stages that time or memory ended.")


class CheckpointsReport(Report):
    """What becomes of a network's explanations while it learns."""

    task: str
    protocol: str = Field(description="Under which everything is counted.")
    rows: int = Field(description="Rows that the network is judged on.")
    algorithm: str = Field(description="The first of the task's algorithms; empty where none was tried.")
    first_right: int | None = Field(description="The first epoch of these at which every row is right; null: none.")
    first_valid: int | None = Field(description="The first one at which a circuit is known to be valid; null: none.")
    placed_from: int | None = Field(description="From this one on the first algorithm can be placed; null: from none.")
    checkpoints: list[CheckpointFound]

    def findings(self, question: Any = None) -> list[str]:
        algorithm = f"the task's first algorithm{self.algorithm and f', {self.algorithm},'}"
        firsts = {"every row is right": self.first_right, "a circuit is known to be valid": self.first_valid}
        told = [f"{what} {'nowhere' if at is None else f'first at epoch {at}'}" for what, at in firsts.items()]
        at = self.placed_from
        placed = "has no known placement at the last" if at is None else f"can be placed from epoch {at} on"
        late = [str(one.epoch) for one in self.checkpoints if one.stops]
        ended = [f"Time or memory ended the analysis of epoch {', '.join(late)}."] if late else []
        among = f"Under protocol {self.protocol}, of these {len(self.checkpoints)} checkpoints"
        return [f"{among} {', '.join(told)}; {algorithm} {placed}.", *ended]


def in_order(given: Given) -> list[tuple[Question, TrainingRecord]]:
    """Checkpoints of one network by epoch.

    Raises:
        InvalidNetwork: fewer than two, one without an epoch, two of one epoch, or one of another network.
    """
    found: dict[int, tuple[str, Question, TrainingRecord]] = {}
    base: dict[str, Any] = {}
    for name, (question, record) in given.items():
        if record is None:
            raise InvalidNetwork(name, "is no checkpoint: it does not say its epoch", _CURE)
        own = {
            "layers of other sizes": question.subject.sizes,
            "another task": question.task.truth_table,
            "other options of training": record.options,
            "another output, protocol or rows": (question.output, question.protocol.digest, question.record.digest),
        }
        base = base or own
        if differs := [what for what in own if own[what] != base[what]]:
            raise InvalidNetwork(name, f"is of another network than {next(iter(given))}, with {differs[0]}", _CURE)
        if record.epoch in found:
            raise InvalidNetwork(name, f"is of epoch {record.epoch}, as {found[record.epoch][0]} is", _CURE)
        found[record.epoch] = name, question, record
    if len(found) < 2:
        raise InvalidNetwork("checkpoints", f"fewer than two are given ({', '.join(given) or 'none'})", _CURE)
    return [found[epoch][1:] for epoch in sorted(found)]


def find_over_training(given: Given, work: Work = DEFAULT_WORK) -> CheckpointsReport:
    """Analyse each checkpoint of one network, and say what becomes of its explanations.

    Args:
        work: its time is shared by all; may raise Cancelled.

    Raises:
        InvalidNetwork: see :func:`in_order`.
        AnalysisError: one of them cannot be analysed.
    """
    checkpoints = in_order(given)
    found: list[OutputAnalysis] = []
    for at, (question, _) in enumerate(checkpoints):
        share = _FOR_ANALYSES * work.seconds_left / (len(checkpoints) - at)
        found.append(analyse_output(question, work.for_seconds(share)))
    pairs = [(found[0], None), *((after, before) for before, after in pairwise(found))]
    each = [_found(one, record, before, work) for (one, before), (_, record) in zip(pairs, checkpoints, strict=True)]
    question, placed = found[0].question, [one.first_algorithm for one in each]
    listed = [one.algorithms.algorithms[0] for one in found if one.algorithms.algorithms]
    return CheckpointsReport(
        task=question.task.label,
        protocol=question.protocol.name,
        rows=question.n_rows,
        algorithm=listed[0].algorithm.formula if listed else "",
        first_right=next((one.epoch for one in each if one.rows_right == question.n_rows), None),
        first_valid=next((one.epoch for one in each if one.circuits.low), None),
        placed_from=next((one.epoch for at, one in enumerate(each) if all(placed[at:])), None),
        checkpoints=each,
    )


def _unfinished(circuits: CircuitSearch) -> bool:
    return circuits.method == "listed" and not circuits.complete


def _found(found: OutputAnalysis, record: TrainingRecord, before: OutputAnalysis | None, work: Work) -> CheckpointFound:
    question, circuits, search = found.question, found.circuits, found.algorithms
    stops: list[str] = [stop.stage for stop in found.stops]
    low, high = circuits.interval or (circuits.n_valid, circuits.n_valid)
    if _unfinished(circuits):
        high = circuits.possible  # the listed ones are valid, whatever became of the others
    change = None
    if before is not None and not _unfinished(circuits) and not _unfinished(before.circuits):
        with work.ending("changes"):
            change = change_of_circuits(before, found, work)
    smallest, backbone = smallest_and_backbone(question, circuits)
    low = max(low, int(smallest.high is not None))  # that one is valid
    tried = search.truncated_at is None and not {"algorithms", "alignments"} & {*stops}
    return CheckpointFound(
        epoch=record.epoch,
        loss=record.loss,
        rows_right=question.judge((1 << question.layout.n_edges) - 1).n_right,
        circuits=count_of_search(circuits, low, high),
        smallest=smallest,
        backbone=backbone,
        algorithms=search.n_aligned if tried else None,
        first_algorithm=search.algorithms[0].n_valid > 0 if tried and search.algorithms else None,
        change=change,
        stops=stops,
    )
