"""`pluriscope analyse`: the engine alone, from a network file to a result file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analysis.progress import Progress
from app.cli.reading import ModelAsked, read_asked, read_settings
from app.cli.terminal import STANDARD, Shown, check_output, progress_bar, write_text, written

if TYPE_CHECKING:
    from analysis.limits import Limits
    from analysis.question import Question
    from analysis.work import Work


def named(work: Work, prefix: str) -> Work:
    """The same work, whose stages have a prefix before their name."""

    def tell(progress: Progress, /) -> None:
        work.report(replace(progress, stage=prefix + progress.stage))

    return work.reporting_to(tell)


def analyse(
    file: str,
    *,
    output: str = "",
    protocol: str = "complete",
    data: str = "",
    output_index: Sequence[int] = (),
    no_masks: bool = False,
    quiet: bool = False,
    plan: bool = False,
    json: bool = False,
) -> Shown:
    """Find every explanation of a network; of models of other kinds, such as transformers, every circuit.

    Example: pluriscope analyse xor.json --protocol paper --output result.json

    Before it: pluriscope analyse xor.json --plan

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit (the result says what is missing).

    Args:
        output_index: Analyse only this output, from 0; may be repeated. Default: all.
        no_masks: Leave the lists of circuits out.
        plan: Only tell how the circuits would be found, and why.
    """
    from analysis.work import Work
    from app.limits import limits_of

    check_output(output, json or plan, file, data or file)
    work = Work(clock=time.perf_counter, limits=limits_of(read_settings()))
    asked = read_asked(file, protocol, data, output_index)
    if isinstance(asked, ModelAsked):
        if plan:
            return _planned(output, _plan_of_model(asked))
        document = _of_model(asked, work, masks=not no_masks, quiet=quiet)
    else:
        if plan:
            return _planned(output, _plan(asked.questions, work.limits))
        document = _of_network(asked.questions, work, masks=not no_masks, quiet=quiet)
    return written(output, document)


def _planned(output: str, lines: Sequence[str]) -> Shown:
    text = "".join(f"{line}\n" for line in lines)
    if output and output != STANDARD:
        write_text(output, text)
        lines = ()
    return Shown({"plan": text}, lines)


def _of_network(questions: Sequence[Question], work: Work, *, masks: bool, quiet: bool) -> dict[str, Any]:
    """The result file of the outputs of a network."""
    from analysis.pipeline import analyse_output
    from analysis.result_file import result_json

    analyses = []
    with progress_bar(quiet) as report:
        for question in questions:
            own = work.reporting_to(report)
            if len(questions) > 1:
                own = named(own, f"output {question.output}, ")
            analyses.append(analyse_output(question, own))
    return result_json(analyses, masks=masks)


def _of_model(asked: ModelAsked, work: Work, *, masks: bool, quiet: bool) -> dict[str, Any]:
    """The result file of a model of another kind than the networks: its circuits alone."""
    from analysis.models.result_json import model_result_json

    start = time.perf_counter()
    with progress_bar(quiet) as report:
        found = asked.search(work.reporting_to(report))
    seconds = time.perf_counter() - start
    return model_result_json(
        asked.kind, asked.model, asked.rules, found, masks=masks, seconds=seconds, refusal=asked.refusal
    )


def _plan(questions: Sequence[Question], limits: Limits) -> list[str]:
    """How the circuits of each output would be found, and why; lines for people.

    Raises:
        BeyondLimits: no way to find the circuits is open, with the reasons.
    """
    from analysis.circuits.planning import plan_circuits

    lines = []
    for question in questions:
        plan, name = plan_circuits(question, limits=limits), question.task.name or "unnamed task"
        lines.append(f"output {question.output}, {name}, protocol {question.protocol.name}: {plan.method}")
        lines.append(f"  {plan.possible:,} circuits are possible. {plan.reason}")
        lines.append(f"  Finding them takes {plan.takes}; how long later stages take is not predicted.")
    return lines


def _plan_of_model(asked: ModelAsked) -> list[str]:
    """The same for a model of another kind than the networks."""
    from analysis.circuits.planning import time_word
    from analysis.models.circuits import engine_of

    model, space, bits = asked.model, asked.space, asked.space.graph.n_bits
    name = asked.kind.protocol(asked.rules)["name"]
    lines = [
        f"output 0, {model.task or 'unnamed task'}, protocol {name}: {'none' if asked.refusal else 'listed'}",
        f"  {', '.join(f'{name} {value}' for name, value in asked.rules.items())}",
        f"  {space.possible:,} circuits are possible, by {1 << bits:,} masks of {bits} bits.",
    ]
    if asked.refusal:
        lines.append(f"  not searched: {asked.refusal}")
    else:
        takes = time_word(engine_of(model, space).milliseconds / 1_000)
        lines.append(f"  Testing all of them takes {takes}.")
    return lines
