"""`pluriscope analyse`: the engine alone, from a network file to a result file."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pluriscope.analysis.errors import AnalysisError, BeyondLimits
from pluriscope.analysis.running.limits import DEFAULT_SECONDS
from pluriscope.app.cli.reading import Asked, limits_in_force, read_asked
from pluriscope.app.cli.signature import Within, with_fields_of
from pluriscope.app.cli.terminal import (
    BAD_INPUT,
    DONE,
    INTERRUPTED,
    STANDARD,
    STOPPED,
    TROUBLE,
    Refusal,
    Shown,
    Stop,
    check_output,
    complain,
    progress_bar,
    read_bytes,
    remark,
    write_text,
    written,
)
from pluriscope.processes.memory import BESIDE, allowing, out_of_memory

if TYPE_CHECKING:
    from pluriscope.analysis.explaining.plan import Plan

_ENDINGS: Final = (".json", ".safetensors", ".onnx")
_FOR_SEARCHING: Final = 0.96  # of the time; the rest is for the program's start, and for writing
_NONE_VALID: Final = "no circuit is valid. What it does compute is analysed with --task decisions."
_WORSE: Final = (DONE, STOPPED, BAD_INPUT, TROUBLE, INTERRUPTED)


@with_fields_of("pluriscope.analysis.network_files.intake:Declaration")
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
    seconds: Annotated[float, Within(0.1, math.inf)] = DEFAULT_SECONDS,
    continue_: str = "",
    algorithm: Sequence[str] = (),
    json: bool = False,
    **declared: Any,
) -> Shown:
    """Find every explanation of a network; of models of other kinds, such as transformers, every circuit.

    Example: pluriscope analyse xor.json --protocol paper --output result.json

    Example: pluriscope analyse networks --output results

    Before it: pluriscope analyse xor.json --plan

    When the time is up, what was found is written, as on Ctrl-C or SIGTERM; a second Ctrl-C ends at once.
    To go on from there: pluriscope analyse xor.json --continue result.json

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit or for want of time (the result says what is missing).

    Args:
        files: Network files (JSON), safetensors, ONNX, or - for standard input. Of several, or of those in a folder,
            each result goes to the folder --output, and what is wrong with one does not stop the others.
        output_index: Analyse only this output, from 0; may be repeated. Default: all.
        no_masks: Leave the lists of circuits out.
        plan: Only show how the circuits would be found, and how long each stage takes and in how much memory.
        seconds: For all of a file, of several for each; inf for no end. Then what was found is written.
        continue_: Go on from this unfinished result of the same file, and end with what one run would have written. Its
            place is the default of --output.
        algorithm: Place this algorithm with finite variables on the network's sites, such as "x1 = (a + b) % 3; y = (x1
            + c) % 3", beside those of vocabularies; may be repeated.
    """
    from pluriscope.analysis.network_files.declaration import Declaration

    declaration = Declaration(**declared)
    read = partial(read_asked, protocol=protocol, data=data, outputs=output_index)
    read = partial(read, declaration=declaration, quiet=quiet)
    chosen = {"protocol": protocol, "data": data} | declaration.model_dump(exclude_defaults=True)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in chosen.items() if value not in ("", "complete")]
    options += [f"--output-index={number}" for number in output_index]
    stop = Stop()
    one = partial(_one, read=read, data=data, options=options, seconds=seconds, stop=stop)
    one = partial(one, earlier=continue_, masks=not no_masks, algorithms=algorithm, quiet=quiet)
    alone = len(files) == 1 and not (Path(files[0]).is_dir() and _networks_in(Path(files[0])))
    if continue_ and (plan or not alone):
        raise Refusal("--continue: goes on with the result of one file. Name that file alone, without --plan.")
    if alone:
        return one(files[0], output or continue_, plan=plan, json=json)
    results = _results(files, output, plan=plan)
    code, items = DONE, []
    for file, result in results.items():
        ended, wrote = STOPPED, ""
        try:
            if stop.asked:
                remark(f"{file}: not started")
            else:
                ended, wrote = one(file, str(result)).code, str(result)
        except (Refusal, AnalysisError, MemoryError) as error:
            known = out_of_memory() if isinstance(error, MemoryError) else error
            complain(f"{file}: {known}")
            ended = STOPPED if isinstance(known, BeyondLimits) else getattr(known, "exit_code", BAD_INPUT)
        code = max(code, ended, key=_WORSE.index)
        items.append({"file": file, "result": wrote, "code": ended})
    return Shown({"items": items}, [wrote for item in items if (wrote := str(item["result"]))], code)


def _networks_in(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.glob("*.*") if path.suffix in _ENDINGS)


def _results(files: Sequence[str], output: str, *, plan: bool) -> dict[str, Path]:
    """Paths of the results, by network file: FOLDER/NAME.json for each file, and for each network file of a folder."""
    if plan or not output or output == STANDARD:
        raise Refusal("several files or a folder: each result is a file. Give --output FOLDER, and no --plan.")
    found: dict[str, Path] = {}
    for name in files:
        one = Path(name)
        own = _networks_in(one) if one.is_dir() else [name]
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
    *,
    read: Callable[[str], Asked],
    data: str,
    options: Sequence[str],
    seconds: float,
    stop: Stop,
    earlier: str,
    masks: bool,
    algorithms: Sequence[str],
    quiet: bool,
    plan: bool = False,
    json: bool = False,
) -> Shown:
    """The result of one file, written where it is wanted."""
    from pluriscope.analysis.algorithms.written import written as asked
    from pluriscope.analysis.explaining.placing import add_to, check
    from pluriscope.analysis.running.work import Work

    check_output(output, json or plan, file, data or file)
    limits, began = limits_in_force(), time.perf_counter()
    try:
        network = read(file)
        for question in network.questions:
            check(question, algorithms)
            for text in algorithms:
                asked(text, question)
        if plan:
            started = time.process_time() if network.given.data is not None else 0.0
            plans = network.explaining.plan(network.questions, limits, time.process_time)
            return _planned(output, plans, [one.task_document["name"] for one in network.questions], started)
        so_far = _read_earlier(earlier) if earlier else None
        with allowing(limits.max_bytes + BESIDE), progress_bar(quiet, stop) as report:
            work = Work(report, time.perf_counter, limits, began + _FOR_SEARCHING * seconds, stopped=lambda: stop.asked)
            document = network.explaining.explain(network.questions, work, masks=masks, earlier=so_far)
            for question, found in zip(network.questions, document["outputs"], strict=True):
                if algorithms:
                    add_to(found, question, algorithms, work)
                complete = found["circuits"]["truncated_at"] is None and not int(found["circuits"]["valid"])
                if complete and network.explaining.first_words(question):
                    remark(f"output {question.output}: {_NONE_VALID}")
            shown = written(output, document)
            verdicts = _verdicts(network.questions, document)
            if output != STANDARD:
                shown = replace(shown, lines=verdicts)
            elif not quiet:
                remark("\n".join(verdicts))
    except KeyboardInterrupt:
        stop.asked = True
        raise Refusal("stopped on request; nothing was written", INTERRUPTED) from None
    if any(answer["reason"] == "time" for one in document["outputs"] for answer in one.get("stops", ())):
        result = output if output not in ("", STANDARD) else "RESULT"
        command = ["pluriscope", "analyse", file, *options, "--continue", result]
        go_on = f"to go on: {shlex.join(command)}" if masks else "without masks it cannot be gone on with"
        ended = "stopped on request" if stop.asked else f"{seconds:g} s are up"
        remark(f"{ended}; {'the result' if result == 'RESULT' else result} has what was found until then; {go_on}")
    return shown


def _verdicts(questions: Sequence[Any], document: Mapping[str, Any]) -> list[str]:
    """Whether each output has one explanation, in a sentence."""
    from pluriscope.analysis.placements.report import PlacementsReport
    from pluriscope.objects.verdict import verdict_of

    answer = [str(verdict_of(one, found)) for one, found in zip(questions, document["outputs"], strict=True)]
    for number, found in enumerate(document["outputs"]):
        if "placements" in found:
            placed = PlacementsReport.model_validate(found["placements"]).findings(questions[number])
            answer[number] = " ".join([answer[number], *placed])
    if len(answer) == 1:
        return answer
    return [f"Output {one.output}: {words}" for one, words in zip(questions, answer, strict=True)]


def _read_earlier(name: str) -> Any:
    """The content of an unfinished result."""
    from pluriscope.analysis.errors import InvalidNetwork
    from pluriscope.analysis.network_files.result_file import MAX_RESULT_BYTES
    from pluriscope.analysis.values.strict_json import read_object

    raw = read_bytes(name, "result file", MAX_RESULT_BYTES)
    return read_object(raw, "result file", InvalidNetwork, MAX_RESULT_BYTES, "give one of pluriscope analyse")


def _planned(output: str, plans: Sequence[Plan], names: Sequence[str], started: float = 0.0) -> Shown:
    """Predicted cost of an analysis, in lines and as JSON."""
    from pluriscope.analysis.numerics.large_numbers import in_words
    from pluriscope.analysis.results.result import memory_words, seconds_words

    lines = []
    for plan, name in zip(plans, names, strict=True):
        lines.append(f"output {plan.output}, {name or 'unnamed task'}, protocol {plan.protocol}: {plan.method}")
        lines.append(f"  {in_words(plan.possible)} circuits are possible. {plan.reason}")
        for stage in plan.stages:
            memory = f", {memory_words(stage.peak_bytes)}" if stage.peak_bytes else ""
            lines.append(f"  {stage.stage}: {seconds_words(stage.seconds)}{memory}")
    starts = (started / 2, 1.5 * started)
    seconds = [starts[end] + sum(plan.seconds[end] for plan in plans if plan.seconds) for end in (0, 1)]
    if any(plan.stages for plan in plans):
        with_start = " and the program's start" if started else ""
        lines.append(f"All of it{with_start}: {seconds_words(seconds)} of one processor.")
    text = "".join(f"{line}\n" for line in lines)
    if output and output != STANDARD:
        write_text(output, text)
        lines = []
    outputs = [plan.model_dump(exclude_unset=True) for plan in plans]
    return Shown({"plan": text, "outputs": outputs, "seconds": seconds}, lines)
