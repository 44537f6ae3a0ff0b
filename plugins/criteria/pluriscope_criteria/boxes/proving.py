"""What a circuit does on a box, row by row: proved right throughout, wrong at a point, or neither within a budget.

1. Some points of the box, the same for all circuits: the least and the most that each free number can be, at random,
   and numbers between.
2. Bounds of all rows at once (:mod:`pluriscope_methods.robustness.intervals`).
3. Of rows that neither settles, bisection. A point counts only where bounds at the very point say that it is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.last_layer import SpaceJudge
from pluriscope.analysis.criteria.remainders import ignores_an_input, needs_every_input, pruned
from pluriscope.analysis.questions.decisions import max_wrong
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import are_circuits, number_bits
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_criteria.boxes.programs import Array, BoxProgram, Ends, FreeCircuit, Stages
from pluriscope_methods.robustness.intervals import Bounds, Judged, bisect, bounds, natural_bounds
from pluriscope_methods.robustness.programs import Region, decision_regions

Flags = NDArray[np.bool_]
Outcome = Literal["passed", "failed", "undecided"]
MOST_BITS: Final = 22
"""Of masks of which each is tried."""
MOST_PROVED: Final = 4_096
"""Circuits of all that there are, of which each is proved or refuted."""
_POINTS: Final = 48
_SEED: Final = 0
_RIGHT: Final = (Region(0, -np.inf, 0.0, False, False), Region(1, 0.0, np.inf, True, True))
"""Of the right output less another one: 1 where it is above 0."""


@dataclass(frozen=True)
class Box:
    """What may vary.

    Args:
        radius: how far each input may be from its value on a row.
        patched: whether what is absent may carry anything from the least to the most that it is on the rows; else it
            carries what the rules say.
        wider: by how much it may leave this range at either end, as a share of its width.
        by_edge: whether absent edges out of one source may carry different numbers.
        budget: boxes that are looked at for one circuit, row and other answer.
    """

    radius: float = 0.0
    patched: bool = True
    wider: float = 0.0
    by_edge: bool = False
    budget: int = 4096


@dataclass(frozen=True)
class Standing:
    """What is known of a circuit on the box.

    Args:
        outcome: whether it decides right throughout, on as many rows as the rules want.
        n_boxes: boxes that were looked at.
        open_rows: rows that are neither proved nor refuted.
        witness: a row and a point on it where the circuit decides wrong; nothing where none is known.
    """

    outcome: Outcome
    n_boxes: int = 0
    open_rows: int = 0
    witness: Mapping[str, Any] = field(default_factory=dict)


def _decided(regions: Sequence[Region], label: int, low: Array, high: Array) -> tuple[Flags, Flags]:
    """Which intervals of the value are decided as a label throughout, and which otherwise throughout."""
    held = [(one.decision == label, one.holds(low, high)) for one in regions]
    right, wrong = (np.logical_or.reduce([here for is_it, here in held if is_it is side]) for side in (True, False))
    return right, wrong


def _judge(program: BoxProgram, regions: Sequence[Region], label: int) -> Judged:
    def judge(low: Array, high: Array) -> tuple[Flags, Flags, Bounds]:
        known = bounds(program, low, high)
        return *_decided(regions, label, known.low, known.high), known

    return judge


def _wrongness(values: Array, regions: Sequence[Region], label: int) -> Array:
    """How far values are from being decided as a label; below 0 where they are."""
    meant = next(one for one in regions if one.decision == label)
    return np.maximum(meant.low - values, values - meant.high)


@dataclass(eq=False)
class BoxJudge:
    """The circuits of one question on a box.

    Args:
        question: about a perceptron, a classifier, an Elman or a convolutional network.
        box: what may vary.
        work: may end it.
        left: boxes that may still be looked at; circuits after that stay undecided.
        known: what was found of circuits by their masks, and further below, shared by judges of one question and box.
    """

    question: Any
    box: Box
    work: Work = DEFAULT_WORK
    left: float = np.inf
    known: dict[int | str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def stages(self) -> Stages:
        return Stages.of(self.question)

    @cached_property
    def carried(self) -> list[Ends]:
        """What absent sources carry, stage by stage."""
        found = list[Ends]()
        for number, stage in enumerate(self.stages.every):
            low, high = stage.clean.min(axis=0), stage.clean.max(axis=0)
            more = self.box.wider * (high - low)
            if self.box.patched:
                found.append((low - more, high + more))
            elif isinstance(self.question, Question):
                found.append((self.question.absent[number],) * 2)
            else:
                mean = stage.clean.mean(axis=0) if self.question.rules["ablation"] == "mean" else 0.0 * low
                found.append((mean, mean))
        return found

    @cached_property
    def most_wrong(self) -> int:
        """Rows on which a circuit may be wrong."""
        return max_wrong(self.question.n_rows, self.question.share)

    @cached_property
    def claims(self) -> list[tuple[NDArray[np.intp], Array, Sequence[Region], int]]:
        """What must hold: rows, weights of the outputs, and how that sum must be decided."""
        if isinstance(self.question, Question):
            labels, rule = self.question.judged[1], self.question.protocol.circuit_decision
            regions = decision_regions(self.question.network, rule)
            return [(np.flatnonzero(labels == label), np.ones((1, 1)), regions, label) for label in (0, 1)]
        answers, unit = self.question.subject.answers, np.eye(len(self.question.subject.outputs))
        pairs = ((y, other) for y in np.unique(answers).tolist() for other in range(len(unit)) if other != y)
        return [(np.flatnonzero(answers == y), (unit[y] - unit[z])[None], _RIGHT, 1) for y, z in pairs]

    def standing(self, mask: int) -> Standing:
        """What is known of a circuit; the boxes count anew each time that it is asked."""
        self.work.check()
        if self.left <= 0:
            return Standing("undecided", 0, self.question.n_rows)
        found: Standing = self.known.get(mask) or self._judged(mask)
        self.known[mask] = found
        self.left -= found.n_boxes
        return found

    def _judged(self, mask: int) -> Standing:
        free = self.stages.over(self.question.graph.bits([mask])[0], self.carried, by_edge=self.box.by_edge)
        low, high = (np.repeat(end[None], self.question.n_rows, axis=0) for end in free.ends)
        inputs, radius = self.stages.inputs, self.box.radius
        below, above = inputs, inputs
        if radius:
            below, above = np.nextafter(inputs - radius, -np.inf), np.nextafter(inputs + radius, np.inf)
        low, high = np.hstack([below, low]), np.hstack([above, high])
        share = _points(low.shape[1])
        wrong, unsettled, n_boxes, witness = set[int](), set[int](), 0, dict[str, Any]()
        for rows, weights, regions, label in self.claims:
            program = free.program.weighed(weights)
            proved, _ = _decided(regions, label, *natural_bounds(program, low[rows], high[rows]))
            n_boxes += len(rows)
            for row in rows[~proved].tolist():
                if row in wrong:
                    continue
                points = _within(low[row], high[row], share)
                worst = points[_wrongness(program.values(points)[:, 0], regions, label).argmax()]
                refuted = _decided(regions, label, *natural_bounds(program, worst[None], worst[None]))[1][0]
                found = worst if refuted else None
                if found is None:
                    answer = bisect(_judge(program, regions, label), low[row], high[row], self.box.budget)
                    n_boxes += answer.n_boxes
                    found = answer.witness
                    if answer.answer == "undecided":
                        unsettled.add(row)
                if found is None:
                    continue
                wrong.add(row)
                witness = witness or self._witness(row, np.asarray(found), free)
                if len(wrong) > self.most_wrong:
                    return Standing("failed", n_boxes, 0, witness)
        unsettled -= wrong
        passed = len(wrong | unsettled) <= self.most_wrong
        return Standing("passed" if passed else "undecided", n_boxes, len(unsettled), {} if passed else witness)

    def _witness(self, row: int, point: Array, free: FreeCircuit) -> dict[str, Any]:
        n_given = self.stages.inputs.shape[1]
        outputs, question = free.program.values(point[None])[0], self.question
        if isinstance(question, Question):
            outputs = question.network.function_of(len(question.network.weights)).value(outputs)
            name = f"{row:0{n_given}b}" if question.data.boolean else str(row + 1)
        else:
            name = question.subject.rows[row]
        return {
            "row": name,
            "input": point[:n_given].tolist(),
            "outputs": outputs.tolist(),
            "carried": dict(zip(free.names, point[n_given:].tolist(), strict=True)),
        }

    # --- of many circuits

    def left_of(self, mask: int, bit: int) -> int:
        """What a circuit is without a bit and what then carries nothing."""
        left = mask & ~(1 << bit)
        if isinstance(self.question, Question):
            return int(pruned(mask_array([left], self.question.layout), self.question.layout)[0])
        return number_of(self.question.space.reduce(self.question.graph.bits([left]))[0])

    @property
    def candidates(self) -> NDArray[np.uint64] | None:
        """Circuits that a few points do not refute, of all that there are; None where either are too many."""
        if "candidates" not in self.known:
            found = None if self.every is None else self.may_pass(self.every)
            self.known["candidates"] = None if found is None or len(found) > MOST_PROVED else found
        left: NDArray[np.uint64] | None = self.known["candidates"]
        return left

    @cached_property
    def every(self) -> NDArray[np.uint64] | None:
        """All circuits, ascending, those too that leave an input unused where the task does not need every one; None
        where they are too many.
        """
        graph = self.question.graph
        if graph.n_bits > MOST_BITS:
            return None
        masks = np.arange(1 << graph.n_bits, dtype=np.uint64)
        if isinstance(self.question, Question):
            masks = masks[pruned(masks, self.question.layout) == masks]
            needed = self.box.patched and needs_every_input(self.question)
            ignoring = ignores_an_input(masks, self.question.layout) if needed else np.zeros(len(masks), np.bool_)
            return np.asarray(masks[~ignoring])
        space, found = self.question.space, list[NDArray[np.uint64]]()
        for some in np.split(masks, range(1 << 14, len(masks), 1 << 14)):
            found.append(some[are_circuits(space, number_bits(some, graph.n_bits))])
        return np.concatenate(found)

    def may_pass(self, masks: NDArray[Any]) -> NDArray[Any]:
        """Leave out circuits that a few points refute which are the same for all."""
        if not isinstance(self.question, Question):
            return self._may_pass_on_rows(masks)
        widths = [len(low) for low, _ in self.carried]
        for share in _points(sum(widths)) if self.box.patched else np.zeros((1, sum(widths))):
            parts = np.split(share, np.cumsum(widths)[:-1])
            values = tuple(_within(*ends, part) for part, ends in zip(parts, self.carried, strict=True))
            masks = SpaceJudge(self.question, values).right_on_all(masks)
        return masks

    def _may_pass_on_rows(self, masks: NDArray[Any]) -> NDArray[Any]:
        model, space = self.question.subject, self.question.space
        for source in range(len(model.rows) if self.box.patched else 1):
            left = list[NDArray[Any]]()
            for some in np.split(masks, range(space.batch, len(masks), space.batch)):
                self.work.check()
                bits = number_bits(some, self.question.graph.n_bits)
                outputs = space.run_from(bits, source) if self.box.patched else space.run(bits)
                left.append(some[(space.margins(outputs) <= 0).sum(axis=1) <= self.most_wrong])
            masks = np.concatenate(left)
        return masks


def number_of(bits: NDArray[np.bool_]) -> int:
    """A mask of any number of bits as a number."""
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def _within(low: Array, high: Array, share: Array) -> Array:
    return np.minimum(low + share * (high - low), high)


@lru_cache
def _points(n: int) -> Array:
    """Shares of each side of a box, ``[points, n]``: corners, then points between."""
    chance = np.random.default_rng(_SEED)
    corners = np.vstack([np.zeros(n), np.ones(n), chance.integers(0, 2, (_POINTS, n))])
    return np.vstack([corners, np.full(n, 0.5), chance.random((_POINTS, n))])
