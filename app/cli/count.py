"""`pluriscope count run`: the exact number of valid circuits."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.analyse import read_protocol
from app.cli.terminal import DONE, Refusal, check_writable, progress_bar, read_bytes, write_text

if TYPE_CHECKING:
    from analysis.question import Question

count = typer.Typer(name="count", no_args_is_help=True, help="The exact number of valid circuits.")

File = Annotated[str, typer.Argument(help="Network file (JSON), or - for standard input.", show_default=False)]
Output = Annotated[str, typer.Option("--output", "-o", help="File to write.", show_default=False)]
ProtocolName = Annotated[str, typer.Option("--protocol", "-p", help="paper, complete, or a protocol file (JSON).")]
Data = Annotated[str, typer.Option("--data", "-d", help="Data file (JSON); default: every Boolean input once.")]
OutputIndex = Annotated[int, typer.Option("--output-index", min=0, help="Which output, from 0.")]
Draws = Annotated[int, typer.Option("--draws", min=0, help="Valid circuits to draw uniformly.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes. Default: one for each core.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


@count.command("run")
def run(
    file: File,
    output: Output,
    protocol: ProtocolName = "complete",
    data: Data = "",
    output_index: OutputIndex = 0,
    draws: Draws = 1_000,
    seed: Seed = 0,
    workers: Workers = None,
    quiet: Quiet = False,
) -> int:
    """Count the valid circuits of one output exactly, with their distribution and uniform draws.

    Example: [bold]pluriscope count run wide.json --output count.json[/bold]

    Exit codes: 0 done, 2 bad input.
    """
    from analysis.circuits.strategy import count_circuits
    from analysis.result_file import count_json
    from analysis.work import Work

    question = _read_question(file, protocol, data, output_index)
    check_writable(output, file, data or file)
    processes = workers or os.cpu_count() or 1
    with progress_bar(quiet) as report:
        counted = count_circuits(question, Work(report=report), n_draws=draws, seed=seed, processes=processes)
    document = count_json(question, counted, seed)
    write_text(output, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    return DONE


def _read_question(file: str, protocol: str, data: str, output_index: int) -> Question:
    from analysis.data import MAX_DATA_BYTES, clean_data, parse_data_file
    from analysis.network_files.files import MAX_NETWORK_BYTES, parse_network_file
    from analysis.pipeline import refuse
    from analysis.preflight import preflight
    from analysis.question import Question

    network_file = parse_network_file(read_bytes(file, "network file", MAX_NETWORK_BYTES))
    network = network_file.network
    if output_index >= network.n_outputs:
        raise Refusal(
            f"--output-index {output_index}: the network has {network.n_outputs} outputs. "
            f"Give a number from 0 to {network.n_outputs - 1}."
        )
    record = clean_data(network.n_inputs)
    if data:
        record = parse_data_file(read_bytes(data, "data file", MAX_DATA_BYTES), network.n_inputs, network.n_outputs)
    question = Question(network, output_index, network_file.tasks[output_index], read_protocol(protocol), record)
    refuse(preflight(question))
    return question
