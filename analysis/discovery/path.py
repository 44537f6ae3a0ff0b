"""How a method came to its answer, edge by edge: what each step tried, what it cost, and which circuit was left.

Methods of scores take edges in the order of their keys, with faithfulness after each; the answer is one of the masks on
the way. Methods that choose by themselves tell their steps (:attr:`analysis.discovery.method.Answer.steps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.circuit_sets.chance import SizeChance
from analysis.discovery.cuts import Closed, Cut
from analysis.discovery.location import ValidCircuits
from analysis.discovery.method import Method, Step
from analysis.discovery.selection import order_of, sequence
from analysis.errors import BeyondLimits
from analysis.method_settings import Settings


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


def steps_of(method: Method, settings: Settings, cut: Cut) -> tuple[Step, ...]:
    """The steps of a method that does not learn; none of one whose scores say nothing.

    Args:
        method: that is asked.
        settings: all of them.
        cut: what it is asked about, under its ablation.

    Raises:
        InvalidMethod: settings that do not fit the task, the network or the model.
        BeyondLimits: it has too many edges and rows to be followed on the spot.
    """
    if cut.n_bits > cut.most_runs:
        cause = f"take {cut.n_bits:,} runs of the {cut.whole}, and {cut.most_runs:,} are made on the spot"
        raise BeyondLimits(f"the steps of {method.key}", cause, "look at its answer instead")
    answer = method.answer(cut, settings)
    if answer.scores is None or answer.outcome == "degenerate":
        return answer.steps
    order = order_of(answer.scores, signed=bool(settings["signed"]))
    taken = sequence(order, cut.graph.ends, str(settings["pick"]))
    unknown = frozenset(answer.no_gradient or ())
    masks = [0]
    for edge in taken:
        masks.append(masks[-1] | 1 << edge)
    shares: Sequence[float | None] = cut.shares(masks, settings) or [None] * len(masks)
    return tuple(
        Step(
            edges=(edge,),
            kept=True,
            before=shares[number],
            after=shares[number + 1],
            mask=masks[number + 1],
            score=None if edge in unknown else float(answer.scores[edge]),
        )
        for number, edge in enumerate(taken)
    )


def stages_of(steps: Sequence[Step], landscape: ValidCircuits) -> list[Stage]:
    """Each step with the circuit that is left behind it."""
    known: dict[int, tuple[Closed, bool]] = {}
    found = []
    for step in steps:
        if step.mask not in known:
            left = landscape.left(step.mask)
            known[step.mask] = left, landscape.is_valid(left)
        left, valid = known[step.mask]
        found.append(Stage(step, left, valid, landscape.known.chances.get(left.mask.bit_count())))
    return found
