"""The tables of trained networks beside networks that were drawn from priors until one computed the task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import numpy as np

from analysis.studies.cells import cells_of
from analysis.studies.statistics import Tested, share_of
from benchmarks.findings.results import results_of, summary_of
from benchmarks.findings.tables import MINIMAL, classes_table, head, percent, points_and_p, row

SLUG: Final = "learned-or-drawn"
ONE: Final = {"one-algorithm": "exactly one algorithm", f"{MINIMAL}-one": "exactly one minimal alignment"}
ASKED: Final = {
    **ONE,
    "alice-and-bob": "both algorithms",
    "one-minimal-joint-alignment": "exactly one among the jointly right",
}


def width_table() -> Iterator[str]:
    """Who trained networks are, by width, and beside it the share of drawn ones that have exactly one."""
    yield from classes_table("alice-or-bob", "hidden")
    summary = summary_of(SLUG)
    for key, words in ONE.items():
        for prior in summary.design.labels("prior")[1:]:
            found = summary.groups(key, "complete", "hidden", {"prior": prior})
            yield row((f"{words}, of networks drawn ({prior})", *(percent(group.yes) for group in found)))


def null_table() -> Iterator[str]:
    """For each question the shares of trained and of drawn networks by width, and their difference within widths."""
    summary = summary_of(SLUG)
    arms = summary.design.labels("prior")
    tests: dict[tuple[str, str], Tested] = {(c.measure, t.groups[1]): t for c, _, t in summary.tests()}
    yield from head(("", "networks", *summary.design.labels("hidden"), "trained less drawn, within widths", "p, Holm"))
    for key, words in ASKED.items():
        for arm in arms:
            shares = [percent(g.yes) for g in summary.groups(key, "complete", "hidden", {"prior": arm})]
            yield row((words, arm, *shares, *points_and_p(tests.get((key, arm)))))
    for arm in arms:
        found = summary.groups("alice-or-bob", "complete", "hidden", {"prior": arm})
        shares = [percent(share_of(g.categories["neither"], len(g.points))) for g in found]
        yield row(("neither algorithm", arm, *shares, "", ""))


def drawing_table() -> Iterator[str]:
    """How many networks there are, how well they compute the task, and what share of draws is accepted."""
    summary = summary_of(SLUG)
    arms = summary.design.labels("prior")
    yield from head(("", "networks", *summary.design.labels("hidden")))
    losses = _losses()
    for arm in arms:
        found = summary.groups("one-algorithm", "complete", "hidden", {"prior": arm})
        yield row(("converged or accepted", arm, *(f"{g.of - g.failed} of {g.of}" for g in found)))
    for arm in arms:
        medians = [np.median(losses[arm, label]) for label in summary.design.labels("hidden")]
        yield row(("loss, median", arm, *(f"{value:.4f}" for value in medians)))
    for arm in arms[1:]:
        means = [g.spread.mean for g in summary.groups("draws", "complete", "hidden", {"prior": arm})]
        yield row(("one accepted of so many drawn", arm, *("–" if mean is None else f"{mean:,.0f}" for mean in means)))


def _losses() -> dict[tuple[str, str], list[float]]:
    """Mean squared errors of the networks that compute the task, by arm and width."""
    results = results_of(SLUG)
    labels = {cell.key: (cell.labels["prior"], cell.labels["hidden"]) for cell in cells_of(results.design)}
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for outcome in results.outcomes:
        if outcome.converged and outcome.loss is not None:
            found[labels[outcome.cell]].append(outcome.loss)
    return found
