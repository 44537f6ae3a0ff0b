"""The tables of trained networks beside networks that were drawn from priors until one computed the task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from analysis.networks.drawing import largest_rate
from analysis.studies.cells import cells_of
from analysis.studies.design import Factor
from analysis.studies.source_options import most_draws
from analysis.studies.statistics import Tested, holm, share_of
from analysis.studies.summary import Group, Point, StudySummary
from benchmarks.findings.results import results_of, summary_of
from benchmarks.findings.statistics import difference_by_blocks
from benchmarks.findings.story_table import mean_share
from benchmarks.findings.tables import CLASSES, MINIMAL, classes_table, head, number, percent, points_and_p, row

SLUG: Final = "learned-or-drawn"
PLACES: Final = "drawn-places"
ONE: Final = {"one-algorithm": "exactly one algorithm", f"{MINIMAL}-one": "exactly one minimal alignment"}
ASKED: Final = {
    **ONE,
    "alice-and-bob": "both algorithms",
    "one-minimal-joint-alignment": "exactly one among the jointly right",
}
WHO: Final = {**ONE, "alice-and-bob": "both algorithms"}
EVERY_STORY: Final = {"story-all-same": "every circuit tells the network's story"}
STORIES: Final = {
    **EVERY_STORY,
    "story-any-opposite": "some circuit tells the opposite story",
}
SHARES: Final = {"story-same": "mean share of circuits with the network's story"}


def width_table() -> Iterator[str]:
    """Who trained networks are, by width; beside it the share of drawn ones with exactly one, and who these are on
    directions.
    """
    yield from classes_table("alice-or-bob", "hidden")
    summary = summary_of(SLUG)
    for key, words in ONE.items():
        for prior in summary.design.labels("prior")[1:]:
            found = summary.groups(key, "complete", "hidden", {"prior": prior})
            yield row((f"{words}, of networks drawn ({prior})", *(percent(group.yes) for group in found)))
    summary = summary_of(PLACES)
    for name in CLASSES:
        for prior in summary.design.labels("prior"):
            found = summary.groups("alice-or-bob-directions", "complete", "hidden", {"prior": prior})
            yield row(
                (f"directions: {name}, of networks drawn ({prior})", *(_category(name, group) for group in found))
            )


def null_table(
    slug: str = SLUG,
    factor: Factor = "hidden",
    asked: Mapping[str, str] = ASKED,
    where: Mapping[Factor, str] | None = None,
    by_seed: bool = False,
) -> Iterator[str]:
    """For each question the shares of trained and of drawn networks by level, and their difference within levels.

    Args:
        slug: of a study with both.
        factor: whose levels are the columns.
        asked: yes-no measures, with their words.
        where: only networks with these levels; the tests, which are over all networks, are left out then.
        by_seed: whether differences are made seed by seed, because the levels of a seed are not independent; else they
            are those that the design declares.
    """
    summary, where = summary_of(slug), where or {}
    arms = summary.design.labels("prior")
    tests: dict[tuple[str, str], Tested] = {(c.measure, t.groups[1]): t for c, _, t in summary.tests()}
    if by_seed:
        tests = seeds_apart(slug, [key for key in asked if any(key == measure for measure, _ in tests)])

    def line(words: str, arm: str, key: str, told: Callable[[Group], str]) -> str:
        cells = map(told, summary.groups(key, "complete", factor, {**where, "prior": arm}))
        return row((words, arm, *cells, *(() if where else points_and_p(tests.get((key, arm))))))

    apart = () if where else ("trained less drawn, within columns", "p, Holm")
    yield from head(("", "networks", *summary.design.labels(factor), *apart))
    for key, words in asked.items():
        yield from (line(words, arm, key, lambda group: percent(group.yes)) for arm in arms)
    for name, words in (("Bob only", "Bob only"), ("neither", "neither algorithm")):
        yield from (line(words, arm, "alice-or-bob", partial(_category, name)) for arm in arms)
    for key, words in SHARES.items():
        if key in summary.design.measures:
            yield from (line(words, arm, key, mean_share) for arm in arms)


def seeds_apart(slug: str, measures: Sequence[str]) -> dict[tuple[str, str], Tested]:
    """By measure and prior the difference of trained and drawn networks within levels, its error from whole seeds.

    Holm's correction is over all of them.
    """
    summary = summary_of(slug)
    found: dict[tuple[str, str], Tested] = {}
    for key in measures:
        trained, *drawn = (
            {_stratum_and_seed(summary, point): bool(point.value) for point in group.points}
            for group in summary.groups(key, "complete", "prior")
        )
        arms = summary.design.labels("prior")
        for arm, values in zip(arms[1:], drawn, strict=True):
            found[key, arm] = difference_by_blocks({arms[0]: trained, arm: values})
    return dict(zip(found, holm(list(found.values())), strict=True))


def _stratum_and_seed(summary: StudySummary, point: Point) -> tuple[Hashable, Hashable]:
    labels = summary.cells[point.position].labels
    return tuple(label for factor, label in labels.items() if factor != "prior"), point.seed


def apart_table(slug: str, asked: Mapping[str, str]) -> Iterator[str]:
    """The differences of :func:`seeds_apart` by themselves."""
    yield from head(("", "networks", "trained less drawn, within columns", "p, Holm"))
    for (key, arm), tested in seeds_apart(slug, list(asked)).items():
        yield row((asked[key], arm, *points_and_p(tested)))


def _category(name: str, group: Group) -> str:
    return percent(share_of(group.categories[name], len(group.points)))


def drawing_table(
    slug: str = SLUG, factor: Factor = "hidden", where: Mapping[Factor, str] | None = None
) -> Iterator[str]:
    """How many networks there are, how well they compute the task, and what share of draws is accepted."""
    summary, where = summary_of(slug), where or {}
    arms, levels = summary.design.labels("prior"), summary.design.labels(factor)
    yield from head(("", "networks", *levels))
    losses = _losses(slug, factor, where)
    for arm in arms:
        found = summary.groups("one-algorithm", "complete", factor, {**where, "prior": arm})
        yield row(("converged or accepted", arm, *(f"{g.of - g.failed} of {g.of}" for g in found)))
    for arm in arms:
        medians = (losses[arm, label] for label in levels)
        yield row(("loss, median", arm, *(f"{np.median(some):.2g}" if some else "–" for some in medians)))
    for arm in arms[1:]:
        found = summary.groups("draws", "complete", factor, {**where, "prior": arm})
        yield row(("one accepted of so many drawn", arm, *(rate_words(summary, group) for group in found)))


def rate_words(summary: StudySummary, group: Group) -> str:
    """How many were drawn for each that was accepted; of none the most that the draws leave possible."""
    accepted = group.numbers
    draws = round(sum(accepted)) + group.failed * most_draws(summary.design)
    if accepted:
        return number(round(draws / len(accepted)))
    return f"at most one of {number(round(1 / largest_rate(draws)))}"


def _losses(slug: str, factor: Factor, where: Mapping[Factor, str]) -> dict[tuple[str, str], list[float]]:
    """Mean squared errors of the networks that compute the task, by arm and level."""
    results = results_of(slug)
    labels = {cell.key: cell.labels for cell in cells_of(results.design)}
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for outcome in results.outcomes:
        own = labels[outcome.cell]
        if outcome.converged and outcome.loss is not None and all(own[one] == level for one, level in where.items()):
            found[own["prior"], own[factor]].append(outcome.loss)
    return found
