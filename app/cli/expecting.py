"""What `pluriscope analyse` is expected to take, stage by stage: for `--plan`, and for the progress of the work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from analysis.criteria.budget import STAGE_OF
from analysis.question import Question
from analysis.stage_costs import ANALYSIS_STAGES, CHAIN, ChainPlan
from app.expected import expected_chain
from app.figures.numbers import duration

if TYPE_CHECKING:
    from analysis.criteria.steps import CriterionStep
    from analysis.limits import Limits

_ENDLESS: Final = 1e10  # seconds


def stage_prefix(output: int, outputs: Collection[int]) -> str:
    """What stands before the names of an output's stages; nothing where there is one output."""
    return f"output {output}, " if len(outputs) > 1 else ""


def expected_stages(
    questions: Sequence[Question], limits: Limits, steps: Sequence[CriterionStep], classes: Sequence[str]
) -> dict[str, float | None]:
    """Every stage that there will be, in order, with the seconds that it is expected to take, None if not predicted.

    Args:
        questions: one for each output that is analysed, alike in everything else.
        limits: where searches stop.
        steps: criteria that everything is judged by.
        classes: of directions that are searched.
    """
    chains = {question.output: _chain(question, limits) for question in questions}
    searched = ANALYSIS_STAGES if questions[0].data.boolean else ANALYSIS_STAGES[:1]
    prefix = {k: stage_prefix(k, chains) for k in chains}
    expected: dict[str, float | None] = {}
    for k, chain in chains.items():
        expected |= {prefix[k] + name: chain.stage(name).seconds for name in searched}
    kinds = dict.fromkeys(kind for step in steps for kind in step.kinds)
    for k, chain in chains.items():
        for kind in kinds:
            wanted = [(kind, step.key) for step in steps if kind in step.kinds]
            expected[f"{prefix[k]}criteria on {STAGE_OF[kind]}"] = chain.criteria_seconds(wanted)
    for k, chain in chains.items():
        for direction_class in classes:
            expected[f"{prefix[k]}directions, {direction_class}"] = chain.direction_seconds(direction_class)
    return expected


def plan_text(questions: Sequence[Question], limits: Limits, seconds: float | None) -> str:
    """What every stage would take for each output, and how far some seconds would suffice; lines for people.

    Args:
        questions: one for each output that would be analysed.
        limits: where searches stop.
        seconds: given for the whole, None for no end.
    """
    lines = []
    left = seconds
    for question in questions:
        chain = _chain(question, limits)
        plan, name = chain.circuits, question.task.name or "unnamed task"
        lines.append(f"output {question.output}, {name}, protocol {question.protocol.name}: {plan.method}")
        lines.append(f"  {plan.possible:,} circuits are possible. {plan.reason}")
        for cost in plan.costs:
            mark = "→" if cost.method == plan.method else " "
            takes = f"about {cost.seconds:,.2g} s, {cost.n_bytes >> 20:,} MiB"
            lines.append(f"  {mark} {cost.method}: {f'not taken: {cost.obstacle}' if cost.obstacle else takes}")
        lines.append("  expected on one core of this machine, right within a factor of three as a rule:")
        for stage in chain.stages:
            takes = "not predicted" if stage.seconds is None else _about(stage.seconds)
            lines.append(f"    {stage.stage}: {takes}; {stage.units}{f'. {stage.reason}' if stage.reason else ''}")
            if left is not None and stage.stage in ANALYSIS_STAGES:
                if left < (stage.seconds or 0.0):
                    lines.append(f"      --seconds {seconds:g} would end here")
                    left = None
                else:
                    left -= stage.seconds or 0.0
        at_least = "" if chain.seconds_of(CHAIN) is not None else "at least "
        lines.append(f"    all of it: {at_least}{_about(chain.told_seconds())}")
    return "\n".join(lines) + "\n"


def _chain(question: Question, limits: Limits) -> ChainPlan:
    return expected_chain(question, limits)


def _about(seconds: float) -> str:
    """Seconds in words, as people can use them."""
    return f"about {duration(seconds)}" if seconds < _ENDLESS else "longer than anyone waits"
