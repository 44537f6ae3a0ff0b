"""`pluriscope analyse`: the engine alone, from a network file to a result file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from analysis.progress import Progress
from app.cli.reading import ModelAsked, read_asked, read_settings, read_work
from app.cli.terminal import STANDARD, Refusal, Shown, check_output, progress_bar, write_text, written

if TYPE_CHECKING:
    from analysis.criteria.criterion import Kind
    from analysis.criteria.steps import CriterionStep
    from analysis.directions.result import DirectionClass, DirectionSearch
    from analysis.limits import Limits
    from analysis.question import Question
    from analysis.result import CriterionTally, OutputAnalysis
    from analysis.result_file import Tallies
    from analysis.work import Work


ALL: Final = "all"


def named(work: Work, prefix: str, name: str = "") -> Work:
    """The same work, whose stages have a prefix before their name, or before another name for all of them."""

    def tell(progress: Progress, /) -> None:
        work.report(replace(progress, stage=prefix + (name or progress.stage)))

    return work.reporting_to(tell)


def read_criteria(texts: Sequence[str]) -> tuple[CriterionStep, ...]:
    """The criteria that an option names; "all" stands for every one with its default settings.

    Raises:
        InvalidCriterion: an unknown criterion or parameter, a value out of range, or a criterion about explanations
            that the command does not search.
    """
    if not texts:
        return ()
    from analysis.criteria.steps import default_steps, parse_steps
    from analysis.errors import InvalidCriterion
    from analysis.explanations.registry import BY_KEY

    asked = parse_steps(text for text in texts if text != ALL)
    for step in asked:
        if not step.criterion.kinds:
            about = " and ".join(BY_KEY[kind].plural for kind in step.criterion.recorded_kinds)
            cause = f"is about {about}, which this command does not search"
            raise InvalidCriterion(
                f"criterion {step.key}", cause, "leave it out; a server searches them and judges them"
            )
    every = (step for step in default_steps() if step.criterion.kinds)
    return tuple(dict.fromkeys((*every, *asked))) if ALL in texts else asked


def judge(
    analysis: OutputAnalysis, steps: Sequence[CriterionStep], work: Work
) -> tuple[OutputAnalysis, Tallies, list[str]]:
    """The analysis with the time that judging took, the tallies, and what stopped at a limit."""
    from analysis.criteria.judging import OUT_OF_TIME, Subject, judge_analysis
    from analysis.result import NOTHING_JUDGED

    wanted = [(kind, step) for step in steps for kind in step.criterion.kinds]
    found: dict[tuple[Kind, CriterionStep], CriterionTally] = dict.fromkeys(wanted, NOTHING_JUDGED)
    stopped: dict[str, None] = {}
    late: set[tuple[Kind, CriterionStep]] = set()
    output, begun = analysis.question.output, time.perf_counter()
    subject = Subject.of(analysis)
    for block in judge_analysis(subject, wanted, named(work, "criteria on ")):
        found[block.kind, block.step] = block.tally
        nothing_in_time = bool(analysis.out_of_time) and not len(subject.population(block.kind))
        if block.note == OUT_OF_TIME or nothing_in_time:
            late.add((block.kind, block.step))
        elif block.stopped:
            stopped[f"output {output}: {block.step} on {block.kind}s: {block.note}"] = None
    unfinished = list(stopped)
    if late:
        unfinished.append(
            f"output {output}: criteria truncated at {len(found) - len(late):,} of {len(found):,} (each on one kind of "
            "explanation), as the time was up; the others are undecided where they had not come to"
        )
    spent = analysis.seconds.get("criteria", 0.0) + time.perf_counter() - begun
    judged = replace(analysis, seconds={**analysis.seconds, "criteria": spent})
    return judged, {(kind, str(step)): tally for (kind, step), tally in found.items()}, unfinished


def read_direction_classes(texts: Sequence[str]) -> tuple[DirectionClass, ...]:
    """The classes that an option names; "all" stands for those in closed form.

    Raises:
        Refusal: an unknown class.
    """
    if not texts:
        return ()
    from analysis.directions.result import CLASSES, CLOSED_FORM

    meant: dict[str, tuple[DirectionClass, ...]] = {ALL: CLOSED_FORM, **{key: (key,) for key in CLASSES}}
    unknown = next((text for text in texts if text not in meant), None)
    if unknown is not None:
        raise Refusal(f"directions {unknown[:40]!r}: unknown class. Use one of {', '.join(CLASSES)}, or all.")
    return tuple(dict.fromkeys(key for text in texts for key in meant[text]))


def search_directions(
    analysis: OutputAnalysis, classes: Sequence[DirectionClass], work: Work
) -> tuple[dict[str, Any], list[str]]:
    """What the result file says of directions for every algorithm that was found, and what stopped at a limit."""
    from analysis.algorithms.candidates import Candidates
    from analysis.directions import search
    from analysis.directions.report import directions_json, directions_report, unfinished_directions
    from analysis.directions.result import DirectionSearch
    from analysis.directions.table import DirectionTable

    n_candidates = analysis.algorithms.n_candidates
    listed = Candidates(tuple(result.algorithm for result in analysis.algorithms.algorithms), n_candidates)
    table = DirectionTable(analysis.question)
    found: list[DirectionSearch] = []
    for direction_class in classes:
        if work.is_over or "algorithms" in analysis.out_of_time:
            late = DirectionSearch(direction_class, (), n_candidates, all_listed=False, refused="the time was up")
            found.append(late)
            continue
        began = time.perf_counter()
        own = named(work, "", f"directions, {direction_class}")
        one = search.search_directions(analysis.question, listed, direction_class, own, table=table)
        found.append(replace(one, seconds=time.perf_counter() - began))
    report = directions_report(found, table)
    return directions_json(report, report.kept), unfinished_directions(report, analysis.question.output)


def analyse(
    file: str,
    *,
    output: str = "",
    protocol: str = "complete",
    data: str = "",
    output_index: Sequence[int] = (),
    no_masks: bool = False,
    quiet: bool = False,
    criteria: Sequence[str] = (),
    directions: Sequence[str] = (),
    plan: bool = False,
    seconds: float | None = None,
    json: bool = False,
) -> Shown:
    """Find every explanation of a network; of models of other kinds, such as transformers, every circuit.

    Example: pluriscope analyse xor.json --protocol paper --output result.json

    Before it: pluriscope analyse xor.json --plan

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit or when the seconds were up (the result says what is missing).

    Args:
        output_index: Analyse only this output, from 0; may be repeated. Default: all.
        no_masks: Leave the lists of circuits out.
        criteria: Criterion to judge everything by, as key or key(name=value); may be repeated; all for every one.
            Default: what the searches tell.
        directions: Class of linear directions to place every irredundant algorithm's variables on: integer,
            integer-any, orthogonal, oblique, learned (needs torch); may be repeated; all for those in closed form.
        plan: Only tell how the circuits would be found, and why.
        seconds: Seconds for the whole: every stage in order, until they are up. What is found by then is written, with
            what is missing. Default: no end but that of each search.
    """
    from app.limits import limits_of

    check_output(output, json or plan, file, data or file)
    work = replace(read_work(seconds), limits=limits_of(read_settings()))
    of_networks = {"--criteria": criteria, "--directions": directions}
    asked = read_asked(file, protocol, data, output_index, of_networks)
    if isinstance(asked, ModelAsked):
        if plan:
            return _planned(output, _plan_of_model(asked))
        document = _of_model(asked, work, masks=not no_masks, quiet=quiet)
    else:
        steps, classes = read_criteria(criteria), read_direction_classes(directions)
        if plan:
            return _planned(output, _plan(asked.questions, work.limits))
        document = _of_network(asked.questions, steps, classes, work, masks=not no_masks, quiet=quiet)
    return written(output, document)


def _planned(output: str, lines: Sequence[str]) -> Shown:
    text = "".join(f"{line}\n" for line in lines)
    if output and output != STANDARD:
        write_text(output, text)
        lines = ()
    return Shown({"plan": text}, lines)


def _of_network(
    questions: Sequence[Question],
    steps: Sequence[CriterionStep],
    classes: Sequence[DirectionClass],
    work: Work,
    *,
    masks: bool,
    quiet: bool,
) -> dict[str, Any]:
    """The result file of the outputs of a network; each stage of all of them comes before the next."""
    from analysis.circuits.planning import limits_within
    from analysis.pipeline import analyse_output
    from analysis.result_file import result_json

    unfinished: list[str] = []
    with progress_bar(quiet) as report:
        works = {
            question.output: named(
                work.reporting_to(report), f"output {question.output}, " if len(questions) > 1 else ""
            )
            for question in questions
        }
        analyses = []
        for question in questions:
            own = works[question.output]
            limits = limits_within(own.seconds_left, question, own.limits)
            analyses.append(analyse_output(question, replace(own, limits=limits)))
        verdicts = []
        for place, analysis in enumerate(analyses if steps else ()):
            analyses[place], tallies, open_ends = judge(analysis, steps, works[analysis.question.output])
            verdicts.append(tallies)
            unfinished += open_ends
        told = []
        for analysis in analyses if classes else ():
            found, open_ends = search_directions(analysis, classes, works[analysis.question.output])
            told.append(found)
            unfinished += open_ends
    return result_json(analyses, masks=masks, verdicts=verdicts, unfinished=unfinished, directions=told)


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
