"""What becomes of explanations along training, from the sets that the result file holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from analysis.studies.cells import cells_of
from analysis.studies.statistics import share_of
from benchmarks.findings.results import results_of
from benchmarks.findings.series import KINDS, Course, Kind, follow, named, summarised
from benchmarks.findings.tables import head, number, percent, row

SLUG = "training-shrinks"


@lru_cache
def followed() -> tuple[tuple[str, ...], tuple[tuple[Course, ...], ...]]:
    """The loss targets, and the courses of the explanations of each network."""
    results = results_of(SLUG)
    labels = {cell.key: cell.labels["loss_target"] for cell in cells_of(results.design)}
    found: dict[int, dict[str, Mapping[Kind, frozenset[str]]]] = defaultdict(dict)
    for outcome in results.outcomes:
        if outcome.converged:
            (values,) = outcome.values["complete"]
            sets = (values[key].value for key in ("which-circuits", "which-alignments"))
            found[outcome.seed][labels[outcome.cell]] = named(*(s if isinstance(s, tuple) else () for s in sets))
    targets = results.design.labels("loss_target")
    return targets, tuple(follow([series.get(target) for target in targets]) for series in found.values())


def series_table() -> Iterator[str]:
    """For each kind and moment: how many, how many networks with one, what came and went, what stays to the end."""
    targets, courses = followed()
    yield from head(
        (
            "",
            "loss below",
            "networks",
            "median",
            "exactly one",
            "kept",
            "lost",
            "gained",
            "there at the end",
            "of the last",
        )
    )
    for kind in KINDS:
        for target, moment in zip(targets, summarised(courses, kind, len(targets)), strict=True):
            stays = f"{100 * moment.final / moment.present:.0f}%" if moment.present else "–"
            settled = f"{100 * moment.final / moment.of_final:.0f}%" if moment.of_final else "–"
            one = percent(share_of(moment.one, moment.networks))
            moved = (f"{n:,}" for n in (moment.kept, moment.lost, moment.gained))
            yield row((f"{kind}s", target, moment.networks, number(moment.items), one, *moved, stays, settled))
