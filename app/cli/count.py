"""`pluriscope count run`: the exact number of valid circuits."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.reading import read_questions
from app.cli.terminal import DONE, check_writable, progress_bar, read_bytes, write_json

count = typer.Typer(name="count", no_args_is_help=True, help="The exact number of valid circuits.")

File = Annotated[str, typer.Argument(help="Network file (JSON), or - for standard input.", show_default=False)]
Output = Annotated[str, typer.Option("--output", "-o", help="File to write.", show_default=False)]
ProtocolName = Annotated[str, typer.Option("--protocol", "-p", help="paper, complete, or a protocol file (JSON).")]
Data = Annotated[str, typer.Option("--data", "-d", help="Data file (JSON); default: every Boolean input once.")]
OutputIndex = Annotated[int, typer.Option("--output-index", min=0, help="Which output, from 0.")]
Draws = Annotated[int, typer.Option("--draws", min=0, help="Valid circuits to draw uniformly.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")]
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
    quiet: Quiet = False,
) -> int:
    """Count the valid circuits of one output exactly, with their distribution and uniform draws.

    Example: [bold]pluriscope count run wide.json --output count.json[/bold]

    Exit codes: 0 done, 2 bad input.
    """
    from analysis.circuits.strategy import count_circuits
    from analysis.network_files.files import MAX_NETWORK_BYTES
    from analysis.result_file import count_json
    from analysis.work import Work

    content = read_bytes(file, "network file", MAX_NETWORK_BYTES)
    _, (question,) = read_questions(content, protocol, data, [output_index])
    check_writable(output, file, data or file)
    with progress_bar(quiet) as report:
        counted = count_circuits(question, Work(report=report), n_draws=draws, seed=seed)
    document = count_json(question, counted, seed)
    write_json(output, document)
    return DONE
