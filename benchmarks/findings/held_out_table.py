"""The tables of the studies of held-out interventions: each rule beside a valid explanation chosen at random."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np

from analysis.studies.design import Factor
from analysis.studies.statistics import holm, share_of, wilcoxon
from benchmarks.findings.results import summary_of
from benchmarks.findings.tables import effect_and_p, head, percent, row

AVERAGE: Final = "random"
_FIRST: Final = {
    "unchanged": "nothing changes",
    "fitted": "right most often on the other half",
    "shortest": "shortest description",
    "short-fitted": "shortest of the best fitted",
}
INTERPRETATIONS: Final = {
    **_FIRST,
    "resample": "valid under resample ablation",
    "best": "best in hindsight",
}
ALIGNMENTS: Final = {
    **_FIRST,
    "minimal": "minimal",
    "irredundant": "no redundant literal",
    "margin": "largest margin",
    "largest": "most neurons",
    "best": "best in hindsight",
}


@dataclass(frozen=True)
class _Arm:
    """The scores of one study's networks, trained or drawn from one prior.

    Args:
        prefix: of the measures.
        prior: label of the networks; "" where all are trained.
    """

    slug: str
    prefix: str
    prior: str = ""

    def scores(self, rule: str, width: str) -> dict[Hashable, float]:
        """What a rule's choice scores, by seed."""
        where: dict[Factor, str] = {"prior": self.prior} if self.prior else {}
        found = summary_of(self.slug).groups(f"{self.prefix}-{rule}", "complete", "hidden", where)
        (group,) = (one for one in found if one.label == width)
        return {point.seed: float(point.value) for point in group.points if isinstance(point.value, (int, float))}

    def more(self, rule: str, width: str) -> list[float]:
        """By how many points what a rule chooses scores more than the average, network by network."""
        average = self.scores(AVERAGE, width)
        return [100 * (value - average[seed]) for seed, value in self.scores(rule, width).items()]


def held_out_table(slug: str, nulls: Sequence[str], prefix: str, others: Mapping[str, str]) -> Iterator[str]:
    """Shares predicted right, and each rule against the average of all, network by network; Holm over all rows.

    Args:
        slug: of the study.
        nulls: of the studies of drawn networks, which may be the same.
        prefix: of their measures.
        others: rules beside the average, with their words.
    """
    design = summary_of(slug).design
    first = _Arm(slug, prefix, "trained" if slug in nulls else "")
    priors = [(null, prior) for null in nulls for prior in summary_of(null).design.labels("prior")]
    drawn = [_Arm(null, prefix, prior) for null, prior in priors if prior != "trained"]
    columns = ("rule", "width", "networks", "right: quartiles", "points more than on average", "better", "worse")
    beside = (f"drawn, {arm.prior}: {what}" for arm in drawn for what in ("right, points more, better in", "networks"))
    yield from head((*columns, "rank-biserial", "p, Holm", *beside))
    asked = [(width, rule) for width in design.labels("hidden") for rule in others]
    tested = [
        wilcoxon({rule: first.scores(rule, width), AVERAGE: first.scores(AVERAGE, width)}) for width, rule in asked
    ]
    corrected = dict(zip(asked, holm(tested), strict=True))
    for width in design.labels("hidden"):
        average = first.scores(AVERAGE, width)
        cells = ("any valid one, on average", width, len(average), _quartiles(average.values()), *["–"] * 5)
        yield row((*cells, *(cell for arm in drawn for cell in _null(arm, AVERAGE, width))))
        for rule, words in others.items():
            values, more = first.scores(rule, width), first.more(rule, width)
            better, worse = sum(d > 0 for d in more), sum(d < 0 for d in more)
            cells = (words, width, len(values), _quartiles(values.values()), f"{median(more):+.1f}", better, worse)
            null = (cell for arm in drawn for cell in _null(arm, rule, width))
            yield row((*cells, *effect_and_p(corrected[width, rule]), *null))


def _null(arm: _Arm, rule: str, width: str) -> tuple[str, str]:
    """What the same rule does on drawn networks: the median, that of the differences, in what share it is better than
    the average, and of how many networks.
    """
    values = arm.scores(rule, width)
    if not values:
        return "–", "0"
    middle = f"**{100 * median(values.values()):.0f}%**"
    if rule == AVERAGE:
        return middle, str(len(values))
    more = arm.more(rule, width)
    better = percent(share_of(sum(d > 0 for d in more), len(more)))
    return f"{middle}, {median(more):+.1f}, {better}", str(len(values))


def _quartiles(values: Iterable[float]) -> str:
    low, middle, high = 100 * np.percentile(list(values), [25, 50, 75])
    return f"{low:.0f}% / **{middle:.0f}%** / {high:.0f}%"
