"""The table of the study of held-out interventions: each rule beside a valid interpretation chosen at random."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from itertools import islice
from statistics import median
from typing import Final

import numpy as np

from analysis.studies.statistics import holm, wilcoxon
from benchmarks.findings.results import summary_of
from benchmarks.findings.tables import effect_and_p, groups, head, row

SLUG: Final = "held-out"
AVERAGE: Final = "random"
OTHERS: Final = {
    "unchanged": "nothing changes",
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
    compared, tests = [], []
    widths = summary_of(SLUG).design.labels("hidden")
    for width in widths:
        average = _values(AVERAGE, width)
        for rule in OTHERS:
            values = _values(rule, width)
            compared.append((width, rule, values, [value - average[seed] for seed, value in values.items()]))
            tests.append(wilcoxon({rule: values, AVERAGE: average}))
    corrected = iter(zip(compared, holm(tests), strict=True))
    for width in widths:
        average = _values(AVERAGE, width)
        yield row(("any valid one, on average", width, len(average), _quartiles(average), *["–"] * 5))
        for (_, rule, values, differences), tested in islice(corrected, len(OTHERS)):
            better, worse = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
            more = f"{100 * median(differences):+.1f}"
            yield row(
                (OTHERS[rule], width, len(values), _quartiles(values), more, better, worse, *effect_and_p(tested))
            )


def _values(rule: str, width: str) -> dict[Hashable, float]:
    (group,) = (one for one in groups(summary_of(SLUG), f"held-out-{rule}", "hidden") if one.label == width)
    return {point.seed: float(point.value) for point in group.points if isinstance(point.value, (int, float))}


def _quartiles(values: Mapping[Hashable, float]) -> str:
    low, middle, high = 100 * np.percentile(list(values.values()), [25, 50, 75])
    return f"{low:.0f}% / **{middle:.0f}%** / {high:.0f}%"
