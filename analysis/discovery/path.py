"""How a method came to its answer, edge by edge: what each step tried, what it cost, and which circuit was left.

Methods of scores take edges in the order of their keys, with faithfulness after each; the answer is one of the masks on
the way. Methods that choose by themselves tell their steps (:attr:`analysis.discovery.method.Chosen.steps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analysis.circuit_sets.chance import SizeChance
from analysis.discovery.closure import Closed, closed
from analysis.discovery.location import Landscape
from analysis.discovery.method import Method, Step
from analysis.discovery.selection import edge_ends, faithfulness, order_of, sequence
from analysis.errors import BeyondLimits
from analysis.method_settings import Settings
from analysis.question import Question

MAX_WORK: Final = 40_000_000
"""Edges · edges · rows that are run on the spot: each step is a run of every edge on every row."""


@dataclass(frozen=True)
class Stage:
    """One step with the circuit that is left of its raw mask.

    Args:
        step: what was tried or taken.
        closed: what is left of the raw mask behind it.
        valid: whether that is a valid circuit of the protocol.
        chance: valid and possible circuits of its size; None where none of that size is possible.
    """

    step: Step
    closed: Closed
    valid: bool
    chance: SizeChance | None


def steps_of(method: Method, settings: Settings, question: Question) -> tuple[Step, ...]:
    """The steps of a method that does not learn.

    Args:
        method: that is asked.
        settings: all of them.
        question: the output that it is asked about.

    Raises:
        InvalidMethod: settings that do not fit the task or the network.
        BeyondLimits: the network has too many edges and rows to be followed on the spot.
    """
    answer_rows = method.rows(question, settings)
    work = question.layout.n_edges**2 * len(answer_rows.labels)
    if work > MAX_WORK:
        cause = f"takes {work:,} runs of one edge on one row, above the limit of {MAX_WORK:,}"
        raise BeyondLimits(f"the steps of {method.key}", cause, "look at its answer instead")
    answer = method.answer(question, settings)
    if answer.scores is None:
        return answer.steps
    order = order_of(answer.scores, signed=bool(settings["signed"]))
    taken = sequence(order, edge_ends(question.layout), str(settings["pick"]))
    masks = [0]
    for edge in taken:
        masks.append(masks[-1] | 1 << edge)
    shares: Sequence[float | None] = faithfulness(question, masks, answer_rows) or [None] * len(masks)
    return tuple(
        Step(
            edges=(edge,),
            kept=True,
            before=shares[number],
            after=shares[number + 1],
            mask=masks[number + 1],
            score=float(answer.scores[edge]),
        )
        for number, edge in enumerate(taken)
    )


def stages_of(steps: Sequence[Step], landscape: Landscape) -> list[Stage]:
    """Each step with the circuit that is left behind it."""
    layout = landscape.question.layout
    known: dict[int, tuple[Closed, bool]] = {}
    found = []
    for step in steps:
        if step.mask not in known:
            left = closed(step.mask, layout)
            known[step.mask] = left, landscape.is_valid(left)
        left, valid = known[step.mask]
        found.append(Stage(step, left, valid, landscape.chances.get(left.mask.bit_count())))
    return found
