"""`pluriscope count`: how many circuits are valid in the time that there is."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pluriscope.analysis.running.limits import DEFAULT_SECONDS
from pluriscope.app.cli.reading import limits_in_force, read_asked
from pluriscope.app.cli.signature import Within, with_fields_of
from pluriscope.app.cli.terminal import DONE, STOPPED, Shown, Stop, progress_bar, remark


@with_fields_of("pluriscope.analysis.network_files.intake:Declaration")
def count(
    file: str,
    *,
    how: Literal["", "exact", "guaranteed"] = "",
    at_most_edges: Annotated[int | None, Within(1, math.inf)] = None,
    keeps: Sequence[str] = (),
    protocol: str = "complete",
    output_index: int = 0,
    data: str = "",
    seconds: Annotated[float, Within(0.1, math.inf)] = DEFAULT_SECONDS,
    seed: Annotated[int, Within(0, 2**32)] = 0,
    quiet: bool = False,
    json: bool = False,  # noqa: ARG001  # the command line asks whoever runs commands
    **declared: Any,
) -> Shown:
    """Count the valid circuits of a network of any kind, and say how sure the number is.

    Example: pluriscope count model.json --seconds 300 --json

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit or for want of time (it says what would do).

    Args:
        how: exact: proved, there is no other answer; guaranteed: within an interval with a proved confidence.
            Default: the best that ends in time.
        at_most_edges: Count only circuits with at most so many edges, or nodes.
        keeps: And that keep this edge or hidden neuron, such as A-n1.0 or n1.2; once for each.
        seconds: For all of it; inf for no end.
    """
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.numerics.large_numbers import in_words, interval
    from pluriscope.analysis.running.work import Work
    from pluriscope.analysis.subjects.question import part as part_of
    from pluriscope.kinds.circuits import facet_of

    began, stop = time.perf_counter(), Stop()
    network = read_asked(file, protocol, data, [output_index], Declaration(**declared), quiet=quiet)
    (question,) = network.questions
    facet = facet_of(question, at_most_edges, keeps)
    with progress_bar(quiet, stop) as report:
        work = Work(report, time.perf_counter, limits_in_force(), began + seconds, stopped=lambda: stop.asked)
        found = question.kind.explaining.count(question, work, how or None, seed, facet)
    if found.why:
        remark(found.why)
    known, least, part = found.circuits, found.smallest, part_of(question)
    sure = "" if known.confidence is None else f", with {known.confidence:.0%} confidence"
    among = in_words(known.possible) + " circuits"
    among += "" if at_most_edges is None else f" with at most {at_most_edges} edges"
    valid = f"valid and keep {', '.join(keeps)}" if keeps else "valid"
    number = in_words(known.low) if known.low == known.high else interval(known.low, known.high, known.possible)
    lines = [f"{number} of {among} are {valid}: {known.how}{sure}, {known.method}"]
    if least.high is not None:
        shown = f"{least.high}, proved" if least.proved else f"{least.low} to {least.high}, not proved"
        lines.append(f"{part}s of the smallest: {shown}")
    if found.backbone is not None:
        lines.append(f"{part}s that all keep: {', '.join(found.backbone) or 'none'}")
    return Shown(found, lines, DONE if found.enough else STOPPED)
