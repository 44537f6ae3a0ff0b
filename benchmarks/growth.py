"""How time and memory grow with width, depth and inputs: every point a search in a process of its own.

Each network is trained to compute its task; the way (list, exact count, estimate) is the one that the planner chooses.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from analysis.limits import DEFAULT_LIMITS
from analysis.networks.network import Network
from analysis.tasks import named_task
from benchmarks.growth_figure import growth_figure
from benchmarks.isolated import measure_alone
from benchmarks.wide_lines import trained

DIRECTIONS: Final = ("width", "depth", "inputs")


@dataclass(frozen=True)
class Point:
    """One search.

    Args:
        direction: what grows: "width", "depth" or "inputs".
        size: the width, the number of hidden layers, or the number of inputs.
        shape: layer sizes, joined by hyphens.
        task: what the network was trained on.
        method: "listed", "counted" or "estimated".
        possible: circuits of the space.
        valid: valid ones, exact unless estimated.
        seconds: of the search, by the clock.
        processor_seconds: of the search, of the processor.
        predicted_seconds: by the plan, on one core.
        peak_bytes: largest resident memory of the process.
        start_bytes: the same before the search.
    """

    direction: str
    size: int
    shape: str
    task: str
    method: str
    possible: int
    valid: int
    seconds: float
    processor_seconds: float
    predicted_seconds: float
    peak_bytes: int
    start_bytes: int


def subjects(*, small: bool) -> Iterator[tuple[str, int, int, tuple[int, ...], str]]:
    """Direction, size, inputs, hidden layers and task of every point."""
    for width in range(2, 4 if small else 7):
        yield "width", width, 2, (width, width), "XOR"
    for depth in range(1, 3 if small else 5):
        yield "depth", depth, 2, (3,) * depth, "XOR"
    for n_inputs in range(2, 4 if small else 7):
        yield "inputs", n_inputs, n_inputs, (3, 3), "MAJORITY"


def measure_growth(tell: Callable[[str], None], *, max_seconds: float, small: bool = False) -> list[Point]:
    """Train and search every network.

    Args:
        tell: told what is measured next.
        max_seconds: an exact count predicted to take longer is estimated instead.
        small: only the smallest sizes.
    """
    limits = replace(DEFAULT_LIMITS, max_seconds=max_seconds)
    points: list[Point] = []
    networks: dict[tuple[Any, ...], Network | None] = {}
    for direction, size, n_inputs, hidden, task in subjects(small=small):
        shape = "-".join(map(str, (n_inputs, *hidden, 1)))
        tell(f"{direction} {size}: {shape} on {task}")
        key = (hidden, n_inputs, task)
        if key not in networks:
            try:
                networks[key] = trained(*key)
            except RuntimeError as problem:
                tell(f"left out: {problem}")
                networks[key] = None
        network = networks[key]
        if network is None:
            continue
        found = measure_alone(network, named_task(task, n_inputs), limits)
        points.append(
            Point(
                direction,
                size,
                shape,
                task,
                found.method,
                found.possible,
                found.count,
                found.seconds,
                found.processor_seconds,
                found.predicted_seconds,
                found.peak_bytes,
                found.start_bytes,
            )
        )
    return points


def write_growth(file: Path, points: list[Point], here: dict[str, str | int], max_seconds: float) -> list[Path]:
    """Write the drawing, and its numbers beside it as CSV and JSON; returns the three paths."""
    table, document = file.with_suffix(".csv"), file.with_suffix(".json")
    file.write_text(growth_figure(points, here, max_seconds), encoding="utf-8")
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(Point.__dataclass_fields__))
        writer.writeheader()
        writer.writerows(asdict(point) for point in points)
    contents = {"machine": here, "max_seconds": max_seconds, "points": [asdict(point) for point in points]}
    document.write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
    return [file, table, document]
