"""The tables of the studies of stories: what valid circuits carry, by level of one factor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Final

import numpy as np

from analysis.stories.relation import RELATIONS
from analysis.studies.design import Factor
from analysis.studies.statistics import share_of
from analysis.studies.summary import Group
from benchmarks.findings.results import summary_of
from benchmarks.findings.tables import head, percent, quartiles, row

_DRAWS: Final = 10_000
_PART: Final = 500
_PERCENT: Final = 95


def story_table(slug: str, factor: Factor | None, where: Mapping[Factor, str] | None = None) -> Iterator[str]:
    """Shares of circuits by story, networks with an opposite one, and backbones, a row for each level.

    Args:
        slug: of a study of stories.
        factor: whose levels are the rows; None for a row for each combination of levels.
        where: only networks with these levels.
    """
    summary = summary_of(slug)
    asked_of = ("stories-asked", "story-any-opposite", "story-all-same", "backbone-edges")
    keys = [*asked_of, *(f"story-{relation}" for relation in RELATIONS)]
    found = {key: summary.groups(key, "complete", factor, where) for key in keys}
    relations = [r for r in RELATIONS if r != "overlapping" or any(any(g.numbers) for g in found[f"story-{r}"])]
    shares = [f"mean share: {relation}" for relation in relations]
    yield from head(
        (
            "",
            "converged, of networks",
            "circuits asked",
            *shares,
            "some circuit opposite",
            "all circuits the same",
            "edges in every circuit",
            "networks without any",
        )
    )
    for position, group in enumerate(found["stories-asked"]):
        of = {key: told[position] for key, told in found.items()}
        asked = of["stories-asked"]
        edges = of["backbone-edges"]
        yield row(
            (
                group.label,
                f"{asked.of - asked.failed:,} of {asked.of:,}",
                f"{int(sum(asked.numbers)):,}",
                *(mean_share(of[f"story-{relation}"]) for relation in relations),
                percent(of["story-any-opposite"].yes),
                percent(of["story-all-same"].yes),
                quartiles(edges.spread) if edges.points else "–",
                percent(share_of(sum(1 for n in edges.numbers if n == 0), len(edges.points))),
            )
        )


def mean_share(group: Group) -> str:
    """The mean over networks with its bootstrap interval: networks are drawn, not circuits, which are not
    independent of each other.
    """
    values = np.array(group.numbers)
    if not len(values):
        return "–"
    if not values.any():
        return "0"
    low, high = bootstrap(values)
    write = partial(np.format_float_positional, precision=2, unique=False, fractional=False, trim="-")
    return f"{write(100 * values.mean())}% ({write(100 * low)}–{write(100 * high)})"


def bootstrap(values: np.ndarray) -> tuple[float, float]:
    """The percentile interval of the mean over networks, the same for the same values."""
    means = _draws_of(len(values)) @ values / len(values)
    low, high = np.percentile(means, [(100 - _PERCENT) / 2, (100 + _PERCENT) / 2])
    return float(low), float(high)


@lru_cache(maxsize=16)
def _draws_of(n: int) -> np.ndarray:
    """How often each of so many networks is in each draw, as the floats that it is multiplied as.

    Kept, for the columns of a table are of the same networks.
    """
    random, draws = np.random.default_rng(0), np.empty((_DRAWS, n))
    for part in np.split(draws, _DRAWS // _PART):  # so few at a time that their integers need no new memory
        part[:] = random.multinomial(n, np.full(n, 1 / n), size=_PART)
    return draws
