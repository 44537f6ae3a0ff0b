"""`pluriscope steer`: what adding a direction at a site does, what explanations predict, and whether it transfers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

from pluriscope.analysis.running.limits import DEFAULT_SECONDS
from pluriscope.app.cli.signature import Within
from pluriscope.app.cli.terminal import Shown, remark


def steer(
    file: str,
    *,
    at: str = "",
    along: Literal["means", "probe", "das", "placement", "numbers"] = "means",
    on: str = "",
    of: str = "",
    most: float = 2.0,
    steps: int = 20,
    into: str = "",
    there: str = "",
    protocol: str = "complete",
    output_index: int = 0,
    seconds: Annotated[float, Within(0.1, math.inf)] = DEFAULT_SECONDS,
    quiet: bool = False,
) -> Shown:
    """Add α times a direction at a site of a network of any kind.

    Example: pluriscope steer xor.json --at 1 --most 3

    Exit codes: 0 done, 2 bad input.

    Args:
        at: A hidden layer, from 1; of others than perceptrons a site such as x1~3, 2.0~3 or h2. Default: the last
            hidden layer.
        along: The difference of the means of both classes, or its part on a probe's weights, on a learned direction,
            or on a placement; or numbers of your own.
        on: Of a placement its neurons, such as 0+2, or weights, such as 1,0,-1; the numbers.
        of: The classes of rows: a truth table, or two answers such as A,B. Default: the task.
        most: The largest dose, of either sign.
        steps: Doses from 0 to that.
        into: File of another network, to which the direction is transferred.
        there: The site of that network. Default: the same.
        seconds: For finding explanations of each network; inf for no end.
    """
    from pluriscope.library.result import explain
    from pluriscope_methods.results import steer as asked

    remarks = None if quiet else remark
    here, *others = (
        explain(Path(one), protocol=protocol, output=output_index, seconds=min(seconds, 1e9), report=remarks)
        for one in (file, *([into] if into else []))
    )
    found = asked(
        here, at, along, on=on, of=of, most=most, steps=steps, into=others[0] if others else None, there=there
    )
    return Shown(found, found.findings())
