"""What `pluriscope analyse` will do: its stages for the progress, and how it finds circuits for `--plan`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from analysis.circuits.planning import plan_circuits
from analysis.criteria.budget import STAGE_OF
from analysis.question import Question

if TYPE_CHECKING:
    from analysis.criteria.steps import CriterionStep
    from analysis.limits import Limits

_ANALYSIS: Final = ("circuits", "interpretations", "algorithms", "alignments")


def stage_prefix(output: int, outputs: Collection[int]) -> str:
    """What stands before the names of an output's stages; nothing where there is one output."""
    return f"output {output}, " if len(outputs) > 1 else ""


def chain_stages(
    questions: Sequence[Question], steps: Sequence[CriterionStep], classes: Sequence[str]
) -> tuple[str, ...]:
    """Every stage that there will be, in order.

    Args:
        questions: one for each output that is analysed, alike in everything else.
        steps: criteria that everything is judged by.
        classes: of directions that are searched.
    """
    outputs = [question.output for question in questions]
    kinds = dict.fromkeys(kind for step in steps for kind in step.kinds)
    of_output = (
        _ANALYSIS if questions[0].data.boolean else _ANALYSIS[:1],
        [f"criteria on {STAGE_OF[kind]}" for kind in kinds],
        [f"directions, {direction_class}" for direction_class in classes],
    )
    return tuple(stage_prefix(k, outputs) + name for names in of_output for k in outputs for name in names)


def plan_text(questions: Sequence[Question], limits: Limits) -> str:
    """How the circuits of each output would be found, and why; lines for people.

    Args:
        questions: one for each output that would be analysed.
        limits: where searches stop.

    Raises:
        BeyondLimits: no way to find the circuits is open, with the reasons.
    """
    lines = []
    for question in questions:
        plan, name = plan_circuits(question, limits=limits), question.task.name or "unnamed task"
        lines.append(f"output {question.output}, {name}, protocol {question.protocol.name}: {plan.method}")
        lines.append(f"  {plan.possible:,} circuits are possible. {plan.reason}")
        lines.append(f"  Finding them takes {plan.takes}; how long later stages take is not predicted.")
    return "\n".join(lines) + "\n"
