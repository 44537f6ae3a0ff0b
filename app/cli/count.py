"""`pluriscope count run`: the exact number of valid circuits."""

from __future__ import annotations

from typing import Annotated

from app.cli.reading import read_network
from app.cli.signature import Within
from app.cli.terminal import Shown, check_output, progress_bar, read_bytes, written


def count(
    file: str,
    *,
    output: str = "",
    protocol: str = "complete",
    data: str = "",
    output_index: Annotated[int, Within(0, 1_000)] = 0,
    draws: Annotated[int, Within(0, 10_000_000)] = 1_000,
    seed: Annotated[int, Within(0, 2**63)] = 0,
    quiet: bool = False,
    json: bool = False,
) -> Shown:
    """Count the valid circuits of one output exactly, with their distribution and uniform draws.

    Example: pluriscope count run wide.json --output count.json

    Exit codes: 0 done, 2 bad input.

    Args:
        draws: Valid circuits to draw uniformly.
    """
    from analysis.circuits.strategy import count_circuits
    from analysis.network_files.files import MAX_NETWORK_BYTES
    from analysis.result_file import count_json
    from analysis.work import Work

    check_output(output, json, file, data or file)
    content = read_bytes(file, "network file", MAX_NETWORK_BYTES)
    (question,) = read_network(content, protocol, data, [output_index]).questions
    with progress_bar(quiet) as report:
        counted = count_circuits(question, Work(report=report), n_draws=draws, seed=seed)
    return written(output, count_json(question, counted, seed))
