"""The tables of the studies of lenses: who can tell two algorithms apart, and which ones lenses tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from analysis.lenses.registry import LENS_BY_KEY
from analysis.studies.cells import cells_of
from analysis.studies.statistics import share_of
from benchmarks.findings.lens_findings import AT_ELEVEN, STORIES, Networks, Told, lens_findings
from benchmarks.findings.results import results_of
from benchmarks.findings.story_table import bootstrap
from benchmarks.findings.tables import CLASSES, head, percent, row

LEARNED: Final = "who-can-tell-learned"
TASKS: Final = "who-can-tell-task"
_TOLD_BY: Final = {
    "told-probes": "probes, decodable",
    "told-used": "probes, decodable and used",
    "probed-formulas": "probes, decodable",
    "used-formulas": "probes, decodable and used",
    "told-sae": "autoencoder, up to negation",
    "told-sae-written": "autoencoder, as written",
    "told-das": "alignment search",
}


def _groups(slug: str) -> list[Networks]:
    return [group for group in lens_findings().groups if group.study == slug]


def _name(group: Networks) -> str:
    """What differs between the networks of one study."""
    if group.study == TASKS:
        return group.task
    widths = "-".join(map(str, group.hidden))
    return widths if group.study == "who-can-tell" else group.activation.replace("_", " ")


def telling_table(slug: str) -> Iterator[str]:
    """How well each lens's numbers tell two algorithms apart, a column for each group of networks."""
    groups = _groups(slug)
    yield from head(("", *map(_name, groups)))
    first, second, both, neither = STORIES
    if slug == TASKS:
        yield row(("the first", *(g.algorithms[0] for g in groups)))
        yield row(("the second", *(g.algorithms[1] for g in groups)))
    names = "the first only, the second only" if slug == TASKS else "Alice only, Bob only"
    yield row((names, *(f"{g.carried[first]:,}, {g.carried[second]:,}" for g in groups)))
    left = (f"{g.carried[both]:,}, {g.carried[neither]:,}, {g.failed:,}" for g in groups)
    yield row(("left out: both, neither, not converged", *left))
    yield row(("the more frequent story", *(f"{100 * g.told[0].base:.0f}%" for g in groups)))
    for one, found in _rows(groups):
        yield row((_words(one), *("–" if told is None else _cell(told) for told in found)))


def balanced_table(slug: str) -> Iterator[str]:
    """The mean of the shares of both stories that are told right: 50% without looking, whatever the base rate."""
    groups = _groups(slug)
    yield from head(("", *map(_name, groups)))
    for one, found in _rows(groups):
        yield row((_words(one), *("–" if told is None else _balanced(told) for told in found)))


def _rows(groups: list[Networks]) -> Iterator[tuple[Told, list[Told | None]]]:
    """What the first group that has it has of each lens, and the same of every group, where it has it."""
    by_group = [{(one.lens, one.numbers, one.kind): one for one in group.told} for group in groups]
    for key in dict.fromkeys(key for found in by_group for key in found):
        told = [found.get(key) for found in by_group]
        yield next(one for one in told if one is not None), told


def _balanced(told: Told) -> str:
    return f"{100 * (told.first[0] / told.first[1] + told.second[0] / told.second[1]) / 2:.0f}%"


def _words(told: Told) -> str:
    which = ", ∂A + ∂B at 11 alone" if told.numbers == AT_ELEVEN else ""
    return f"{LENS_BY_KEY[told.lens].label}{which}, {told.kind}"


def _cell(told: Told) -> str:
    return percent(share_of(told.right, told.of))


def shown_table(slug: str) -> Iterator[str]:
    """Which story lenses tell, by the story that is carried."""
    names = STORIES if slug == TASKS else CLASSES
    yield from head(("told by", "networks", "carried", *(f"told: {name}" for name in names)))
    for group in _groups(slug):
        for shown in group.shown:
            for story, name in zip(STORIES, names, strict=True):
                counts = shown.counts[story]
                if any(counts.values()):
                    yield row((_TOLD_BY[shown.measure], _name(group), name, *(f"{counts[one]:,}" for one in STORIES)))


def can_know_table() -> Iterator[str]:
    """What each lens's answers can show and what they cannot, as its page says."""
    yield "| lens | what it can know |"
    yield "| --- | --- |"
    yield from (row((lens.label, lens.can_know)) for lens in LENS_BY_KEY.values())


def latents_table() -> Iterator[str]:
    """What autoencoders show over all seeds, a column for each activation and story that is carried."""
    results = results_of(LEARNED)
    measures = [key for key in results.design.measures if key.startswith("sae-")]
    columns = []
    for cell in cells_of(results.design):
        values = [one.values["complete"][0] for one in results.outcomes if one.cell == cell.key and one.converged]
        columns += [
            (cell.labels["activation"], story, [v for v in values if v["alice-or-bob"].value == story])
            for story in CLASSES[:2]
        ]
    yield from head(("", *(f"{activation}: {story}, {len(values)}" for activation, story, values in columns)))
    for key in measures:
        cells = [_mean([v[key].value for v in values if v[key].value is not None]) for *_, values in columns]
        yield row((f"`{key}`", *cells))


def _mean(values: list[float]) -> str:
    low, high = bootstrap(np.array(values, dtype=float))
    return f"{np.mean(values):.3f} ({low:.3f}–{high:.3f})"
