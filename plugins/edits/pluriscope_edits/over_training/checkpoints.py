"""Explanations of a network while it learns: its checkpoints, in the order of their training.

Each checkpoint is analysed by itself, on the task that the network learns, under the same rules. What lies between two
checkpoints is not looked at, so every "first" is the first of the checkpoints given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from typing import Any, Final

import numpy as np
from pydantic import Field

from pluriscope.analysis.errors import BeyondLimits, InvalidNetwork
from pluriscope.analysis.explaining.count_report import CircuitsCount, SmallestBounds, known_of
from pluriscope.analysis.explaining.explanation import circuit_plan
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.methods.report import Analysed, Mask, Part, Report
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import SubjectQuestion, part, rules_of
from pluriscope.analysis.subjects.trained import TrainingRecord
from pluriscope_edits.changes import Change, change_of_circuits
from pluriscope_edits.over_training.progress_measures import measures_of

Given = Mapping[str, tuple[SubjectQuestion, TrainingRecord | None]]
"""What is asked about each checkpoint, with what its file says of its training, by the name of the file."""
MOST_FOLLOWED: Final = 12
"""Circuits, and algorithms, that a report follows through the checkpoints."""
_FOR_ANALYSES: Final = 0.9  # of the time; the rest is for what changes between them
_CURE: Final = "give files that pluriscope train --checkpoints, or train-model --checkpoints, writes of one network"


class CheckpointFound(Part):
    """Findings about one checkpoint."""

    at: int = Field(description="Epochs or steps run; 0 before the first.")
    loss: float = Field(description="On the training rows: mean squared error, or mean cross-entropy in nats.")
    accuracy: float = Field(description="Share of the training rows right, or of validation rows.")
    held_out_loss: float | None = Field(description="On rows never trained on; null: there are none.")
    held_out_accuracy: float | None
    rows_right: int = Field(description="Rows on which the whole network answers the task.")
    circuits: CircuitsCount
    smallest: SmallestBounds
    backbone: list[str] | None = Field(description="Edges or nodes that all valid circuits keep; null: not known.")
    algorithms: int | None = Field(
        description="Algorithms of the task that can be placed; null: not all were tried, or none is defined."
    )
    first_algorithm: bool | None = Field(description="Whether the first of all algorithms is one of them.")
    change: Change | None = Field(description="Of valid circuits since the checkpoint before; null: none or not known.")
    measures: dict[str, float] = Field(description="Progress measures by key; of modular addition alone.")
    stops: list[str] = Field(description="Stages that time or memory ended.")


class Followed(Part):
    """A circuit or an algorithm, and at which checkpoints it explains the network."""

    ref: Mask = Field(description="A mask, or the id of an algorithm.")
    label: str = Field(description="Edges or nodes kept, or the formula.")
    at: list[int] = Field(description="Checkpoints at which it is valid, or can be placed.")


class CheckpointsReport(Report):
    """Report of a network's explanations while it learns."""

    task: str
    protocol: str = Field(description="Its name, or the value of each rule, under which everything is counted.")
    unit: str = Field(description="What training is measured in: epoch or step.")
    rows: int = Field(description="Rows that the network is judged on.")
    algorithm: str = Field(description="The first of the task's algorithms; empty where none was tried.")
    first_right: int | None = Field(description="The first checkpoint at which every row is right; null: none.")
    first_valid: int | None = Field(description="The first one at which a circuit is known to be valid; null: none.")
    first_placed: int | None = Field(description="The first one at which an algorithm can be placed; null: none.")
    placed_from: int | None = Field(description="From this one on the first algorithm can be placed; null: from none.")
    checkpoints: list[CheckpointFound]
    circuits: list[Followed] = Field(
        description=f"The {MOST_FOLLOWED} circuits that are listed at most checkpoints, of these the smallest."
    )
    placements: list[Followed] = Field(
        description=f"The {MOST_FOLLOWED} algorithms that can be placed at most checkpoints, of these the shortest."
    )

    def findings(self, question: Any = None) -> list[str]:
        firsts = {"every row is right": self.first_right, "a circuit is known to be valid": self.first_valid}
        firsts |= {"an algorithm can be placed": self.first_placed} if self.algorithm else {}
        clauses = [f"{what} {'at none' if at is None else f'first at {self.unit} {at}'}" for what, at in firsts.items()]
        among = f"Under the rules “{self.protocol}”, of these {len(self.checkpoints)} checkpoints"
        found = [f"{among}, {', '.join(clauses[:-1])}, and {clauses[-1]}."]
        if self.algorithm:
            at = self.placed_from
            known = "has no known placement at the last" if at is None else f"can be placed from {self.unit} {at} on"
            found.append(f"The task's first algorithm, {self.algorithm}, {known}.")
        if late := [str(one.at) for one in self.checkpoints if one.stops]:
            found.append(f"Time or memory ended the analysis of {self.unit} {', '.join(late)}.")
        return found


@dataclass(frozen=True)
class Checkpoint:
    """Knowledge about one checkpoint.

    Args:
        analysed: the question, and the search for its circuits or a sample.
        first: the id of the first of the task's algorithms; "" where none was tried.
        formulas: of that one and of those that can be placed, by id, in the order of the rules.
        placed: ids of those that can be placed; None where not all were tried.
        stops: stages that time or memory ended.
    """

    record: TrainingRecord
    analysed: Analysed[SubjectQuestion]
    first: str = ""
    formulas: Mapping[str, str] = field(default_factory=dict)
    placed: Sequence[str] | None = None
    stops: Sequence[str] = ()


def in_order(given: Given) -> list[tuple[SubjectQuestion, TrainingRecord]]:
    """Checkpoints of one network by epoch or step.

    Raises:
        InvalidNetwork: fewer than two, one without an epoch, two of one epoch, or one of another network.
    """
    found: dict[int, tuple[str, SubjectQuestion, TrainingRecord]] = {}
    base: dict[str, Any] = {}
    for name, (question, record) in given.items():
        if record is None:
            raise InvalidNetwork(name, "is no checkpoint: it does not say its epoch", _CURE)
        own = {
            "another kind of network": question.kind.key,
            "layers of other sizes": question.graph,
            "another task": {**question.task_document, "name": ""},
            "other options of training": record.options,
            "another output, protocol or rows": (question.output, question.protocol.digest, question.data_digest),
        }
        base = base or own
        if differs := [what for what in own if own[what] != base[what]]:
            raise InvalidNetwork(name, f"is of another network than {next(iter(given))}, with {differs[0]}", _CURE)
        if record.at in found:
            raise InvalidNetwork(name, f"is of {record.unit} {record.at}, as {found[record.at][0]} is", _CURE)
        found[record.at] = name, question, record
    if len(found) < 2:
        raise InvalidNetwork("checkpoints", f"fewer than two are given ({', '.join(given) or 'none'})", _CURE)
    return [found[at][1:] for at in sorted(found)]


def find_over_training(given: Given, work: Work = DEFAULT_WORK) -> CheckpointsReport:
    """Analyse each checkpoint of one network, and say what becomes of its explanations.

    Args:
        work: its time is shared by all; may raise Cancelled.

    Raises:
        InvalidNetwork: see :func:`in_order`.
        AnalysisError: one of them cannot be analysed.
    """
    checkpoints, found = in_order(given), list[Checkpoint]()
    for at, (question, record) in enumerate(checkpoints):
        share = _FOR_ANALYSES * work.seconds_left / (len(checkpoints) - at)
        found.append(_analysed(question, record, work.for_seconds(share)))
    return report_of(found, work)


def report_of(found: Sequence[Checkpoint], work: Work | None) -> CheckpointsReport:
    """Report on the explanations of checkpoints that are analysed.

    Args:
        found: in order, one or more.
        work: for what changes between two; None for what takes no time.
    """
    each = [_found(one, before, work) for one, before in zip(found, [None, *found], strict=False)]
    question, record = found[0].analysed.question, found[0].record
    formulas = {ref: formula for one in found for ref, formula in one.formulas.items()}
    first = next((formulas[one.first] for one in found if one.first), "")
    placed = [one.first_algorithm for one in each]
    return CheckpointsReport.model_validate(
        {
            "task": question.task_document["name"] or getattr(getattr(question, "task", None), "label", "its own task"),
            "protocol": rules_of(question),
            "unit": record.unit,
            "rows": question.n_rows,
            "algorithm": first,
            "first_right": next((one.at for one in each if one.rows_right == question.n_rows), None),
            "first_valid": next((one.at for one in each if one.circuits.low), None),
            "first_placed": next((one.at for one in each if one.algorithms), None),
            "placed_from": next((one.at for at, one in enumerate(each) if all(placed[at:])), None),
            "checkpoints": each,
            "circuits": list(_circuits_followed(found)),
            "placements": _algorithms_followed(found, formulas),
        },
        context=question.graph,
    )


def _analysed(question: Any, record: TrainingRecord, work: Work) -> Checkpoint:
    if question.kind.refuses("formulas"):
        plan = circuit_plan(question, work.limits)
        if plan.method == "none":
            cure = "use coarser rules, or a smaller network"
            raise BeyondLimits(f"circuits at {record.unit} {record.at}", plan.reason, cure)
        circuits = plan.way.run(work)
        stops = [*work.ended]
        work.ended.clear()
        return Checkpoint(record, Analysed(question, circuits), stops=stops)
    found = analyse_output(question, work)
    results = [(one.algorithm.id, one.algorithm.formula, one.n_valid) for one in found.algorithms.algorithms]
    stops, left_out = [stop.stage for stop in found.stops], found.algorithms.truncated_at is not None
    return with_algorithms(Checkpoint(record, Analysed(question, found.circuits), stops=stops), results, left_out)


def with_algorithms(one: Checkpoint, results: Sequence[tuple[str, str, int]], left_out: bool) -> Checkpoint:
    """Add what is known of the task's algorithms to a checkpoint.

    Args:
        results: id, formula and number of valid placements, in the order of the rules, the first algorithm first; those
            that cannot be placed may be missing behind it.
        left_out: whether some were not tried.
    """
    tried = results and not left_out and not {"algorithms", "alignments"} & {*one.stops}
    placed = [ref for ref, _, n_valid in results if n_valid]
    formulas = {ref: formula for ref, formula, _ in results if ref in placed or ref == results[0][0]}
    return replace(one, first=next(iter(formulas), ""), formulas=formulas, placed=placed if tried else None)


def _found(one: Checkpoint, before: Checkpoint | None, work: Work | None) -> CheckpointFound:
    question, record, change, stops = one.analysed.question, one.record, None, [*one.stops]
    if before is not None:
        with (work or DEFAULT_WORK).ending("changes"):
            change = change_of_circuits(before.analysed, one.analysed, work)
    circuits, smallest, backbone = known_of(question, one.analysed.circuits)
    return CheckpointFound(
        at=record.at,
        **record.model_dump(include={"loss", "accuracy", "held_out_loss", "held_out_accuracy"}),
        rows_right=question.judge((1 << question.graph.n_bits) - 1).n_right,
        circuits=circuits,
        smallest=smallest,
        backbone=backbone,
        algorithms=None if one.placed is None else len(one.placed),
        first_algorithm=None if one.placed is None else one.first in one.placed,
        change=change,
        measures=measures_of(question.subject),
        stops=stops,
    )


def _circuits_followed(found: Sequence[Checkpoint]) -> Iterator[dict[str, Any]]:
    """Circuits listed at most checkpoints, and where each is valid."""
    listed, times = np.unique(np.concatenate([one.analysed.circuits.masks for one in found]), return_counts=True)
    often = times >= np.sort(times)[-MOST_FOLLOWED:].min(initial=len(found))
    known = ((-n, mask.bit_count(), mask) for n, mask in zip(times[often], listed[often].tolist(), strict=True))
    for _, size, mask in nsmallest(MOST_FOLLOWED, known):
        at = [one.record.at for one in found if _is_valid(one.analysed, mask)]
        yield {"ref": mask, "label": f"{size} {part(found[0].analysed.question)}s", "at": at}


def _is_valid(analysed: Analysed[SubjectQuestion], mask: int) -> bool:
    """Whether a circuit is valid: by the list, or by the weights where not all are listed."""
    if analysed.circuits.complete:
        return mask in analysed.circuits.masks
    return bool(analysed.question.judge(mask).valid)


def _algorithms_followed(found: Sequence[Checkpoint], formulas: Mapping[str, str]) -> list[dict[str, Any]]:
    at = {ref: [one.record.at for one in found if ref in (one.placed or ())] for ref in formulas}
    known = ((-len(at[ref]), len(formula), formula, ref) for ref, formula in formulas.items() if at[ref])
    return [{"ref": ref, "label": label, "at": at[ref]} for _, _, label, ref in nsmallest(MOST_FOLLOWED, known)]
