"""`pluriscope analyse`: the engine alone, from a network file to a result file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis.errors import AnalysisError, BeyondLimits
from analysis.progress import Progress
from app.cli.reading import ModelAsked, NetworkAsked, limits_in_force, read_asked
from app.cli.signature import with_fields_of
from app.cli.terminal import (
    BAD_INPUT,
    DONE,
    STANDARD,
    STOPPED,
    Refusal,
    Shown,
    check_output,
    complain,
    progress_bar,
    remark,
    write_text,
    written,
)
from app.memory import BESIDE, allow

if TYPE_CHECKING:
    from analysis.limits import Limits
    from analysis.question import Question
    from analysis.work import Work

_ENDINGS: Final = (".json", ".safetensors", ".onnx")
_NONE_VALID: Final = "no circuit is valid. What it does compute is analysed with --task decisions."
_WORSE: Final = (DONE, STOPPED, BAD_INPUT)


def named(work: Work, prefix: str) -> Work:
    """The same work, whose stages have a prefix before their name."""

    def tell(progress: Progress, /) -> None:
        work.report(replace(progress, stage=prefix + progress.stage))

    return work.reporting_to(tell)


@with_fields_of("analysis.network_files.intake:Declaration")
def analyse(
    files: Sequence[str],
    *,
    output: str = "",
    protocol: str = "complete",
    data: str = "",
    output_index: Sequence[int] = (),
    no_masks: bool = False,
    quiet: bool = False,
    plan: bool = False,
    json: bool = False,
    **declared: Any,
) -> Shown:
    """Find every explanation of a network; of models of other kinds, such as transformers, every circuit.

    Example: pluriscope analyse xor.json --protocol paper --output result.json

    Example: pluriscope analyse networks --output results

    Before it: pluriscope analyse xor.json --plan

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit (the result says what is missing).

    Args:
        files: Network files (JSON), safetensors, ONNX, or - for standard input. Of several, or of those in a folder,
            each result goes to the folder --output, and what is wrong with one does not stop the others.
        output_index: Analyse only this output, from 0; may be repeated. Default: all.
        no_masks: Leave the lists of circuits out.
        plan: Only tell how the circuits would be found, and how long each stage takes and in how much memory.
    """
    from analysis.network_files.intake import Declaration

    declaration = Declaration(**declared)
    asked = partial(read_asked, protocol=protocol, data=data, outputs=output_index)
    asked = partial(asked, declaration=declaration, quiet=quiet)
    if len(files) == 1 and not Path(files[0]).is_dir():
        return _one(files[0], output, asked, data, masks=not no_masks, quiet=quiet, plan=plan, json=json)
    results = _results(files, output, plan=plan)
    code, items = DONE, []
    for file, result in results.items():
        try:
            ended = _one(file, str(result), asked, data, masks=not no_masks, quiet=quiet).code
        except (Refusal, AnalysisError) as error:
            complain(f"{file}: {error}")
            ended = STOPPED if isinstance(error, BeyondLimits) else BAD_INPUT
        code = max(code, ended, key=_WORSE.index)
        items.append({"file": file, "result": str(result) if result.exists() else "", "code": ended})
    return Shown({"items": items}, [str(one["result"]) for one in items if one["result"]], code)


def _results(files: Sequence[str], output: str, *, plan: bool) -> dict[str, Path]:
    """The files that are meant, each with the place of its result.

    Raises:
        Refusal: a folder without files, two that want the same place, or no folder to write to.
    """
    if plan or not output or output == STANDARD:
        raise Refusal("several files or a folder: each result is a file. Give --output FOLDER, and no --plan.")
    found: dict[str, Path] = {}
    for name in files:
        one = Path(name)
        own = sorted(str(path) for path in one.glob("*.*") if path.suffix in _ENDINGS) if one.is_dir() else [name]
        if not own:
            raise Refusal(f"folder {name}: has no file that ends in {', '.join(_ENDINGS)}. Give another one.")
        for file in own:
            result = Path(output, f"{Path(file).stem}.json")
            if result in found.values():
                raise Refusal(f"file {file}: another one has the same result {result}. Rename one.")
            found[file] = result
    Path(output).mkdir(parents=True, exist_ok=True)
    return found


def _one(
    file: str,
    output: str,
    read: Callable[[str], NetworkAsked | ModelAsked],
    data: str,
    *,
    masks: bool,
    quiet: bool,
    plan: bool = False,
    json: bool = False,
) -> Shown:
    """The result of one file, written where it is wanted."""
    from analysis.work import Work

    check_output(output, json or plan, file, data or file)
    work = Work(clock=time.perf_counter, limits=limits_in_force())
    allow(work.limits.max_bytes + BESIDE)
    asked = read(file)
    if isinstance(asked, ModelAsked):
        if plan:
            return _planned(output, [_plan_of_model(asked)], [asked.model.task])
        document = _of_model(asked, work, masks=masks, quiet=quiet)
    else:
        if plan:
            started = time.process_time()
            names = [one.task.name for one in asked.questions]
            return _planned(output, _plans(asked.questions, work.limits), names, started)
        document = _of_network(asked.questions, work, masks=masks, quiet=quiet)
    return written(output, document)


def _planned(output: str, plans: Sequence[Mapping[str, Any]], names: Sequence[str], started: float = 0.0) -> Shown:
    """What an analysis will take, for people and as JSON.

    Args:
        plans: of each output.
        names: of their tasks.
        started: seconds of the processor that this process took until it could begin, as the analysis will.
    """
    from analysis.result import memory_words, seconds_words

    lines = []
    for plan, name in zip(plans, names, strict=True):
        lines.append(
            f"output {plan['output']}, {name or 'unnamed task'}, protocol {plan['protocol']}: {plan['method']}"
        )
        lines.append(f"  {plan['possible']:,} circuits are possible. {plan['reason']}")
        for stage in plan["stages"]:
            memory = f", {memory_words(stage['peak_bytes'])}" if stage["peak_bytes"] else ""
            lines.append(f"  {stage['stage']}: {seconds_words(stage['seconds'])}{memory}")
    seconds = [started + sum(plan["seconds"][end] for plan in plans if plan["seconds"]) for end in (0, 1)]
    if any(plan["stages"] for plan in plans):
        with_start = " and the program's start" if started else ""
        lines.append(f"All of it{with_start}: {seconds_words(seconds)} of one processor.")
    text = "".join(f"{line}\n" for line in lines)
    if output and output != STANDARD:
        write_text(output, text)
        lines = []
    return Shown({"plan": text, "outputs": plans, "seconds": seconds}, lines)


def _of_network(questions: Sequence[Question], work: Work, *, masks: bool, quiet: bool) -> dict[str, Any]:
    """The result file of the outputs of a network."""
    from analysis.pipeline import analyse_output
    from analysis.result_file import result_json
    from analysis.unlearned import not_learned

    analyses = []
    with progress_bar(quiet) as report:
        for question in questions:
            own = work.reporting_to(report)
            if len(questions) > 1:
                own = named(own, f"output {question.output}, ")
            analyses.append(analyse_output(question, own))
    for one in analyses:
        if not one.circuits.n_valid and not_learned(one.question):
            remark(f"output {one.question.output}: {_NONE_VALID}")
    return result_json(analyses, masks=masks)


def _of_model(asked: ModelAsked, work: Work, *, masks: bool, quiet: bool) -> dict[str, Any]:
    """The result file of a model of another kind than the networks: its circuits alone."""
    from analysis.models.result_json import model_result_json
    from analysis.models.unlearned import model_instead_of

    if wrong := model_instead_of(asked.model, asked.space):
        remark(wrong)
    start = time.perf_counter()
    with progress_bar(quiet) as report:
        found = asked.search(work.reporting_to(report))
    seconds = time.perf_counter() - start
    if wrong and found is not None and not found.valid:
        remark(_NONE_VALID)
    return model_result_json(
        asked.kind, asked.model, asked.rules, found, masks=masks, seconds=seconds, refusal=asked.refusal
    )


def _plans(questions: Sequence[Question], limits: Limits) -> list[dict[str, Any]]:
    """What the analysis of each output takes.

    Raises:
        BeyondLimits: no way to find the circuits is open, with the reasons.
    """
    from analysis.planning import plan_output

    return [plan_output(one, limits, time.process_time).as_json(one) for one in questions]


def _plan_of_model(asked: ModelAsked) -> dict[str, Any]:
    """The same of a model of another kind than the networks."""
    from analysis.planning import model_plan_json

    return model_plan_json(asked.kind, asked.model, asked.rules, asked.space, asked.refusal)
