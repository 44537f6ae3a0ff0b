"""`pluriscope analyse`: the engine alone, from a network file to a result file."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.configuration import read_settings
from app.cli.terminal import DONE, STOPPED, Refusal, check_writable, read_bytes, remark, write_text

if TYPE_CHECKING:
    from analysis.protocol import Protocol
    from analysis.work import Work


def analyse(
    file: Annotated[str, typer.Argument(help="Network file (JSON), or - for standard input.", show_default=False)],
    output: Annotated[
        str, typer.Option("--output", "-o", help="Result file to write, or - for standard output.", show_default=False)
    ] = "",
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", help="paper, complete, or a protocol file (JSON).")
    ] = "complete",
    data: Annotated[
        str, typer.Option("--data", "-d", help="Data file (JSON); default: every Boolean input once.")
    ] = "",
    output_index: Annotated[
        list[int] | None, typer.Option(help="Analyse only this output, from 0; may be repeated. Default: all.")
    ] = None,
    no_masks: Annotated[bool, typer.Option("--no-masks", help="Leave the lists of circuits out.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
    criteria: Annotated[
        list[str] | None,
        typer.Option(
            help="Criterion to judge everything by, as key or key(name=value); may be repeated; all for every one. "
            "Default: what the searches tell."
        ),
    ] = None,
    directions: Annotated[
        list[str] | None,
        typer.Option(
            help="Class of linear directions to place every irredundant algorithm's variables on: integer, "
            "integer-any, orthogonal, oblique, learned (needs torch); may be repeated; all for those in closed form."
        ),
    ] = None,
    stories: Annotated[
        bool,
        typer.Option(
            "--stories",
            help="Add which algorithms each valid circuit carries, what all circuits have in common, chance at each "
            "size and the most different two.",
        ),
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only tell how the circuits would be found, and why.")] = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            help="Seconds for the whole: every stage in order, until they are up. What is found by then is written, "
            "with what is missing. Default: no end but that of each search.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Find every explanation of a network; of models of other kinds, such as transformers, every circuit.

    Example: [bold]pluriscope analyse xor.json --protocol paper --output result.json[/bold]

    Before it: [bold]pluriscope analyse xor.json --plan[/bold]

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit or when the seconds were up (the result says what is missing).
    """
    from analysis.circuits.planning import limits_within
    from analysis.data import MAX_DATA_BYTES, clean_data, parse_data_file
    from analysis.models.registry import kind_of_file
    from analysis.network_files.files import MAX_NETWORK_BYTES, parse_network_file
    from analysis.pipeline import analyse_output, refuse
    from analysis.preflight import preflight
    from analysis.question import Question
    from analysis.result_file import result_json, what_is_missing
    from app.cli.analyse_model import Told, analyse_model, refuse_options
    from app.cli.chain_bar import ChainBar
    from app.cli.directions import read_direction_classes, search_directions_of
    from app.cli.expecting import chain_stages, plan_text, stage_prefix
    from app.cli.judging import count_jointly, judge, read_criteria
    from app.cli.stories import look_beside
    from app.limits import limits_of

    work = read_work(seconds)

    if not plan and not output:
        raise Refusal("nowhere to write. Give --output FILE, or --plan to see first how the circuits would be found.")
    if output:
        check_writable(output, file, data or file)
    limits = limits_of(read_settings())
    work = replace(work, limits=limits)
    content = read_bytes(file, "network file", MAX_NETWORK_BYTES)
    kind = kind_of_file(content)
    if kind is not None:
        of_networks = {"--data": data, "--criteria": criteria, "--directions": directions, "--stories": stories}
        refuse_options(kind, of_networks, output_index)
        how = Told(output, not no_masks, quiet, plan)
        return analyse_model(content, given_protocol(protocol), work, how)
    rules, steps = read_protocol(protocol), read_criteria(criteria or [])
    classes = read_direction_classes(directions or [])
    network_file = parse_network_file(content)
    network = network_file.network
    record = clean_data(network.n_inputs)
    if data:
        raw = read_bytes(data, "data file", MAX_DATA_BYTES)
        record = parse_data_file(raw, network.n_inputs, network.n_outputs)
    outputs = sorted(set(output_index)) if output_index else list(range(network.n_outputs))
    tasks = {k: network_file.tasks[k] if 0 <= k < network.n_outputs else network_file.tasks[0] for k in outputs}
    questions = [Question(network, k, tasks[k], rules, record) for k in outputs]
    refuse(tuple(problem for question in questions for problem in preflight(question)))
    if plan:
        write_text(output or "-", plan_text(questions, limits))
        return DONE
    stages = chain_stages(questions, steps, classes)
    analyses = []
    with ChainBar(stages, quiet).shown() as bar:
        for question in questions:
            if len(outputs) > 1 and not quiet:
                remark(f"output {question.output}: {question.task.name or 'unnamed task'}")
            within = limits_within(work.seconds_left, question, limits)
            own = work.reporting_to(bar.report(stage_prefix(question.output, outputs)))
            analyses.append(analyse_output(question, replace(own, limits=within)))
        analyses, verdicts, unfinished = judge(analyses, steps, bar, work)
        told, open_ends = search_directions_of(analyses, classes, bar, work)
        unfinished += open_ends
        beside, open_ends = look_beside(analyses, bar, work, masks=not no_masks) if stories else ([], [])
        jointly = count_jointly(analyses, steps, bar, work)
        beside = [{**more, **one} for more, one in zip(beside or [{}] * len(jointly), jointly, strict=True)]
        unfinished += open_ends
    document = result_json(
        analyses, masks=not no_masks, verdicts=verdicts, unfinished=unfinished, directions=told, beside=beside
    )
    write_text(output, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    missing = [*(sentence for analysis in analyses for sentence in what_is_missing(analysis)), *unfinished]
    for sentence in missing:
        remark(f"stopped at a limit: {sentence}")
    return STOPPED if missing else DONE


def read_work(seconds: float | None) -> Work:
    """Work that ends after so many seconds from now, if any are given.

    Raises:
        Refusal: no positive number of seconds.
    """
    from analysis.work import Work

    work = Work(clock=time.perf_counter)
    if seconds is None:
        return work
    if not 0 < seconds < math.inf:
        raise Refusal(f"--seconds {seconds:g}: is no time to work in. Give a number above 0, e.g. --seconds 60.")
    return work.for_seconds(seconds)


def read_protocol(name: str) -> Protocol:
    """A built-in protocol by its name, or one from a file.

    Raises:
        InvalidProtocol: no such name, or a file that holds no protocol.
        Refusal: the file cannot be read.
    """
    from analysis.protocol import MAX_PROTOCOL_BYTES, named_protocol, parse_protocol_file

    if is_protocol_name(name):
        return named_protocol(name)
    return parse_protocol_file(read_bytes(name, "protocol file", MAX_PROTOCOL_BYTES))


def given_protocol(name: str) -> str | dict[str, Any]:
    """A protocol's name as it is, or the settings in a protocol file, for models of other kinds than the networks.

    Raises:
        InvalidProtocol: a file that holds no settings.
        Refusal: the file cannot be read.
    """
    from analysis.protocol import MAX_PROTOCOL_BYTES, protocol_settings

    if is_protocol_name(name):
        return name
    return protocol_settings(read_bytes(name, "protocol file", MAX_PROTOCOL_BYTES))


def is_protocol_name(text: str) -> bool:
    """Whether a text names a protocol, and no file."""
    from analysis.protocol import BUILT_IN

    return text in BUILT_IN or not (text == "-" or "/" in text or "." in text)
