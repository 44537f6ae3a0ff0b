"""The tables of trained networks beside drawn ones for other figures than the study of widths: criteria, classes of
maps, and all functions of two and of three inputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from analysis.ladder.report import CLOSED, MAP_CLASSES
from analysis.studies.measures.staircase import irredundant_algorithms
from analysis.studies.statistics import Share, share_of
from analysis.studies.summary import Group, StudySummary
from analysis.tasks import task_from_table
from benchmarks.findings.null_table import rate_words
from benchmarks.findings.results import summary_of
from benchmarks.findings.tables import head, number, percent, row

SURVIVORS: Final = "drawn-survivors"
OF_TWO, OF_THREE = "functions-of-two", "functions-of-three"
CLASSES: Final = {
    "AND and its negations": ("AND", "OR", "NAND", "NOR", "IMP", "NIMP", "0100", "1011"),
    "XOR and XNOR": ("XOR", "XNOR"),
}


def rungs_table() -> Iterator[str]:
    """On what share of networks any of the two algorithms passes in each class of maps, and both."""
    summary = summary_of(SURVIVORS)
    yield from head(("any passes, both pass", *summary.design.labels("prior")))
    for key in CLOSED:
        cells = []
        for group in summary.groups(f"rung-{key}", "complete", "prior"):
            passing = Counter(point.value for point in group.points)
            n = len(group.points)
            cells.append(f"{percent(share_of(n - passing[0], n))}, {percent(share_of(passing[2], n))}")
        yield row((MAP_CLASSES[key], *cells))


def two_table() -> Iterator[str]:
    """Valid circuits of the functions of two inputs, by arm, each function and each class."""
    summary = summary_of(OF_TWO)
    arms = summary.design.labels("prior")
    yield from head(("median of valid circuits (networks)", *arms))
    for label, tasks in CLASSES.items():
        for task in tasks:
            found = _by_arm(summary, "circuits-valid", task)
            yield row((f"{label}: `{task}`", *(_median([group]) for group in found)))
        every = [_by_arm(summary, "circuits-valid", task) for task in tasks]
        yield row((f"**{label}, all**", *(f"**{_median(groups)}**" for groups in zip(*every, strict=True))))
    for label, tasks in CLASSES.items():
        for key, words in (
            ("circuits-fewest-edges", "edges of the smallest circuit"),
            ("interpretations-observed", "observed classes"),
        ):
            every = [_by_arm(summary, key, task) for task in tasks]
            yield row((f"{label}: {words}", *(_median(groups) for groups in zip(*every, strict=True))))
    one = summary.groups("one-circuit", "complete", "prior")
    yield row(("exactly one valid circuit", *(percent(group.yes) for group in one)))


def three_table() -> Iterator[str]:
    """For each function of three inputs what became of the networks, and how many carry an algorithm."""
    summary = summary_of(OF_THREE)
    arms = summary.design.labels("prior")
    yield from head(("function (algorithms)", *(f"{arm}: carry any, exactly one, of" for arm in arms)))
    for task in summary.design.labels("tasks"):
        table = task_from_table([int(bit) for bit in task], summary.design.n_inputs)
        n_known = len(irredundant_algorithms(table, len(summary.design.hidden[0])))
        found = zip(
            _by_arm(summary, "irredundant-literals-algorithms", task),
            _by_arm(summary, "one-algorithm", task),
            strict=True,
        )
        cells = [f"{_carry(some).hits}, {one.yes.hits}, {one.yes.of}" for some, one in found]
        yield row((f"`{task}` ({n_known})", *cells))
    some = summary.groups("irredundant-literals-algorithms", "complete", "prior")
    one = summary.groups("one-algorithm", "complete", "prior")
    yield row(("all: carry any algorithm", *(percent(_carry(group)) for group in some)))
    yield row(("all: exactly one algorithm", *(percent(group.yes) for group in one)))


def rates_table(slug: str) -> Iterator[str]:
    """What share of draws each prior has accepted for each function; where none was, the most that this leaves."""
    summary = summary_of(slug)
    arms = summary.design.labels("prior")
    drawn, trained = [arm for arm in arms if arm != "trained"], [arm for arm in arms if arm == "trained"]
    yield from head(("accepted, of so many drawn", *drawn, *(f"{arm}: converged" for arm in trained)))
    for task in summary.design.labels("tasks"):
        of = {group.label: group for group in _by_arm(summary, "draws", task)}
        converged = (f"{of[arm].of - of[arm].failed} of {of[arm].of}" for arm in trained)
        yield row((f"`{task}`", *(_rate(summary, of[arm]) for arm in drawn), *converged))


def _by_arm(summary: StudySummary, measure: str, task: str) -> tuple[Group, ...]:
    return summary.groups(measure, summary.design.labels("protocol")[0], "prior", {"tasks": task})


def _carry(group: Group) -> Share:
    """Of how many networks there is any algorithm."""
    return share_of(sum(point.value != 0 for point in group.points), len(group.points))


def _median(groups: Sequence[Group]) -> str:
    values = [float(point.value) for group in groups for point in group.points if isinstance(point.value, (int, float))]
    return f"{number(float(np.median(values)))} ({len(values)})" if values else "– (0)"


def _rate(summary: StudySummary, group: Group) -> str:
    """Networks that were given up were drawn as often as the design allows."""
    words = rate_words(summary, group)
    return f"{len(group.points)} of {group.of}: {words if words.startswith('at most') else f'one of {words}'}"
