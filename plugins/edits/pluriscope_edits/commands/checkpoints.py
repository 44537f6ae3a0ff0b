"""`pluriscope checkpoints`: what becomes of the explanations of a network while it learns."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pluriscope.analysis.running.limits import DEFAULT_SECONDS
from pluriscope.app.cli.reading import given_protocol, limits_in_force
from pluriscope.app.cli.signature import Within
from pluriscope.app.cli.terminal import DONE, STOPPED, Shown, Stop, progress_bar

if TYPE_CHECKING:
    from pluriscope_edits.over_training.checkpoints import CheckpointFound, CheckpointsReport


def checkpoints(
    files: Sequence[str],
    *,
    protocol: str = "complete",
    output_index: int = 0,
    seconds: Annotated[float, Within(0.1, math.inf)] = DEFAULT_SECONDS,
    quiet: bool = False,
    json: bool = False,  # noqa: ARG001  # the command line asks whoever runs commands
) -> Shown:
    """Say at each checkpoint of a training which circuits are valid, and which algorithms can be placed.

    Example: pluriscope checkpoints networks/xor-2-3-3-1-seed-0

    Exit codes: 0 done, 2 bad input, 3 stopped for want of time or memory (it says at which checkpoints).

    Args:
        files: Two or more checkpoints of one network, or the folder that they are in.
        seconds: For all checkpoints together; inf for no end.
    """
    from pluriscope.analysis.running.work import Work
    from pluriscope_edits.over_training.checkpoints import find_over_training
    from pluriscope_edits.over_training.library import read_checkpoints

    began, stop = time.perf_counter(), Stop()
    given = read_checkpoints(files, given_protocol(protocol), output_index)
    with progress_bar(quiet, stop) as report:
        work = Work(report, time.perf_counter, limits_in_force(), began + seconds, stopped=lambda: stop.asked)
        found = find_over_training(given, work)
    rows = [_row(one, found) for one in found.checkpoints]
    columns = [[name, *(row[name] for row in rows)] for name in rows[0]]
    padded = [[cell.ljust(max(map(len, column))) for cell in column] for column in columns if {*column[1:]} != {"-"}]
    lines = ["  ".join(line).rstrip() for line in zip(*padded, strict=True)] + found.findings()
    return Shown(found, lines, STOPPED if any(one.stops for one in found.checkpoints) else DONE)


def _row(one: CheckpointFound, of: CheckpointsReport) -> dict[str, str]:
    """Line of the table; a dash stands for what is not there or not known."""
    from pluriscope.analysis.numerics.large_numbers import in_words, interval

    known, least, change = one.circuits, one.smallest, one.change
    about = "≈ " if change and change.estimated else ""
    cells = {
        of.unit: one.at,
        "loss": f"{one.loss:.3g}",
        "held out": None if one.held_out_accuracy is None else f"{one.held_out_accuracy:.0%}",
        "right": f"{one.rows_right} of {of.rows}",
        "valid": in_words(known.low) if known.low == known.high else interval(known.low, known.high, known.possible),
        "certainty": known.how,
        **{name: change and about + in_words(int(getattr(change, name))) for name in ("kept", "lost", "gained")},
        "smallest": least.high if least.proved else least.high and f"≤ {least.high}",
        "all keep": None if one.backbone is None else len(one.backbone),
        "placed": one.algorithms,
        "first one": None if one.first_algorithm is None else "yes" if one.first_algorithm else "no",
    }
    return {name: "-" if value is None else str(value) for name, value in cells.items()}
