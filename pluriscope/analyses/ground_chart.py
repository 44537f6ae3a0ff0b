"""The chart of the common ground: how many interpretations predict how many interventions right."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import replace

from pluriscope.analysis.common_ground.report import CommonGroundReport
from pluriscope.figures.charts import Axis, Chart, Mark, histogram
from pluriscope.figures.numbers import exact


def ground_chart(report: CommonGroundReport) -> Chart:
    """A bar for each number of interventions predicted right; the worst and the best are marked.

    Where an address would stand is the reference of an explanation: of a bar, of one that it counts.
    """
    n, counts = report.n_interventions, _counts(report)
    which = "interpretations" if report.spread is not None else "observed classes"
    ends = {"worst": report.worst, "best": report.best}
    marks = [
        Mark(one.right, f"{name} {exact(one.right)}", url=reference(one.mask, one.index))
        for name, one in ends.items()
        if one
    ]
    if report.perfect is not None and not report.partial:
        perfect = "none" if report.perfect == "0" else exact(report.perfect)
        marks.append(Mark(n, f"right on all {exact(n)}: {perfect}"))
    bars, width = histogram("", counts)
    refs = [""] * len(bars.x)
    for one in report.of("interpretation"):
        bar = bisect_left(bars.x, one.right - width / 2)
        refs[bar] = refs[bar] or reference(one.first, one.second)
    title = f"{which.capitalize()} by interventions predicted right"
    x = Axis("interventions predicted right", high=n)
    return Chart("bars", title, x, Axis(which), [replace(bars, urls=refs)], marks)


def _counts(report: CommonGroundReport) -> dict[float, int]:
    """Number of explanations by their number of right predictions: all interpretations, where these are known, else
    classes.
    """
    if report.spread is not None:
        return {right: int(many) for right, many in report.spread}
    counts = Counter[float]()
    for one in report.of("interpretation"):
        counts[one.right] += one.count
    return dict(counts)


def reference(mask: str, index: str | None) -> str:
    """Reference of an interpretation; that of its circuit where it has no number."""
    return f"c-{mask}" if index is None else f"i-{mask}.{index}"
