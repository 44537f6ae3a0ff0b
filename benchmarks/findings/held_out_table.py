"""The table of the study of held-out interventions: each rule beside a valid interpretation chosen at random."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from statistics import median
from typing import Final

from analysis.studies.statistics import holm, wilcoxon
from benchmarks.findings.results import summary_of
from benchmarks.findings.tables import effect_and_p, groups, head, row

SLUG: Final = "held-out"
RULES: Final = {
    "unchanged": "nothing changes",
    "random": "any valid one, on average",
    "fitted": "right most often on the other half",
    "shortest": "shortest description",
    "short-fitted": "shortest of the best fitted",
    "resample": "valid under resample ablation",
    "best": "best in hindsight",
}


def held_out_table() -> Iterator[str]:
    """Shares predicted right, and each rule against the average of all, network by network; Holm over all rows."""
    columns = ("rule", "width", "networks", "right: quartiles", "points more than on average", "better", "worse")
    yield from head((*columns, "rank-biserial", "p, Holm"))
    rows, tests = [], []
    for width in summary_of(SLUG).design.labels("hidden"):
        average = _values("random", width)
        for rule, words in RULES.items():
            values = _values(rule, width)
            differences = [value - average[seed] for seed, value in values.items()]
            rows.append((words, width, values, differences))
            tests.append(wilcoxon({rule: values, "random": average}))
    for (words, width, values, differences), tested in zip(rows, holm(tests), strict=True):
        better, worse = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
        compared = (f"{100 * median(differences):+.1f}", better, worse, *effect_and_p(tested))
        own = words == RULES["random"]
        yield row((words, width, len(values), _quartiles(list(values.values())), *(["–"] * 5 if own else compared)))


def _values(rule: str, width: str) -> dict[Hashable, float]:
    (group,) = (one for one in groups(summary_of(SLUG), f"held-out-{rule}", "hidden") if one.label == width)
    return {point.seed: float(point.value) for point in group.points if isinstance(point.value, (int, float))}


def _quartiles(values: list[float]) -> str:
    ordered = sorted(values)
    low, middle, high = (ordered[round(part * (len(ordered) - 1))] for part in (0.25, 0.5, 0.75))
    return f"{100 * low:.0f}% / **{100 * middle:.0f}%** / {100 * high:.0f}%"
