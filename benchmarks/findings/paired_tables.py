"""Tests of networks that share their seeds, made from the stored results: seed by seed, never as independent samples.

The designs of these studies declare tests for independent samples in places; those stand on the studies' pages as they
were declared. What the document rests on is made here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from analysis.studies.design import FACTORS, Factor
from analysis.studies.statistics import Tested, Values, friedman, holm, mcnemar, page, stuart_maxwell, wilcoxon
from analysis.studies.summary import StudySummary
from benchmarks.findings.results import summary_of
from benchmarks.findings.statistics import ratio_of
from benchmarks.findings.tables import effect_and_p, head, number, row

BOUND: Final = 1.25
"""Two levels are called equal where the whole interval of their ratio lies within this factor, either way."""
ONE: Final = "irredundant-literals-one"
ALIGNMENTS: Final = "irredundant-literals-alignments"
_TESTS: Final[Mapping[str, tuple[str, Callable[[Values], Tested]]]] = {
    "friedman": ("Friedman", friedman),
    "cochran-q": ("Cochran's Q", friedman),
    "page": ("Page, trend", page),
    "mcnemar": ("McNemar", mcnemar),
    "stuart-maxwell": ("Stuart–Maxwell", stuart_maxwell),
}


@dataclass(frozen=True)
class Asked:
    """One test.

    Args:
        measure: key; with "=" behind it and a category, whether a network is of that category.
        test: one of ``_TESTS``.
        levels: of the factor, in order; all if none are named.
        protocol: under which it is measured.
        where: levels of other factors that are held fixed.
        factor: whose levels; None for the table's.
    """

    measure: str
    test: str
    levels: tuple[str, ...] = ()
    protocol: str = "complete"
    where: Mapping[Factor, str] = field(default_factory=dict)
    factor: Factor | None = None


def paired_table(slug: str, factor: Factor, asked: Sequence[Asked]) -> Iterator[str]:
    """Each test with the networks that it is of; Holm's correction is over the rows.

    Args:
        slug: of the study.
        factor: whose levels are compared where a test names no other.
        asked: the tests.
    """
    summary = summary_of(slug)
    made = holm([_made(summary, one, one.factor or factor) for one in asked])
    yield from head(("what", "levels", "test", "networks in every level", "effect", "p, Holm"))
    for one, tested in zip(asked, made, strict=True):
        key, _, category = one.measure.partition("=")
        what = f"{summary.measures[key].label}{f': {category}' if category else ''}"
        told = ", ".join((*one.where.values(), *([one.protocol] if len(summary.design.protocols) > 1 else [])))
        levels = one.levels or summary.design.labels(one.factor or factor)
        every = f"{levels[0]} to {levels[-1]}" if one.levels else f"{len(levels)} of {FACTORS[one.factor or factor]}"
        compared = " / ".join(levels) if len(levels) < 4 else every
        effect, p = effect_and_p(tested)
        interval = "" if tested.low is None else f" ({tested.low:.2f} to {tested.high:.2f})"
        note = f" ({tested.note})" if tested.note and "without" in tested.note else ""
        size = f"{tested.sizes[0]:,}{note}"
        named = f"{what} ({told})" if told else what
        yield row((named, compared, _TESTS[one.test][0], size, f"{tested.effect_name} {effect}{interval}", p))


def _made(summary: StudySummary, one: Asked, factor: Factor) -> Tested:
    values = values_by_level(summary, one.measure, factor, one.protocol, one.where)
    chosen = {level: values[level] for level in one.levels or values}
    return _TESTS[one.test][1](chosen)


def values_by_level(
    summary: StudySummary, measure: str, factor: Factor, protocol: str, where: Mapping[Factor, str]
) -> dict[str, dict[Hashable, Any]]:
    """For each level of a factor the networks' values by their other levels and seed."""
    key, _, category = measure.partition("=")
    found: dict[str, dict[Hashable, Any]] = {}
    for group in summary.groups(key, protocol, factor, where):
        blocks = {}
        for point in group.points:
            labels = summary.cells[point.position].labels
            others = tuple(label for other, label in labels.items() if other != factor)
            blocks[(others, point.seed)] = point.value == category if category else point.value
        found[group.label] = blocks
    return found


def ratios_table(slug: str, factor: Factor, first: str, measures: Sequence[str]) -> Iterator[str]:
    """By what factor counts of each level lie above those of the first, seed by seed, and whether that is small.

    Args:
        slug: of the study.
        factor: whose levels are compared.
        first: the level that the others are compared with.
        measures: counts.
    """
    summary = summary_of(slug)
    yield from head(("counts", "protocol", "level", "pairs", "ratio (90%)", f"within a factor of {BOUND}"))
    for measure in measures:
        for protocol in summary.design.labels("protocol"):
            values = values_by_level(summary, measure, factor, protocol, {})
            for level in values:
                if level == first:
                    continue
                ratio = ratio_of({level: values[level], first: values[first]})
                zeros = f" ({ratio.zeros} with 0 left out)" if ratio.zeros else ""
                if ratio.factor is None:
                    cells = ("–", "too few")
                else:
                    told = f"{number(ratio.factor)} ({number(ratio.low)}–{number(ratio.high)})"
                    cells = (told, "yes" if ratio.within(BOUND) else "not shown")
                yield row((summary.measures[measure].label, f"`{protocol}`", level, f"{ratio.pairs}{zeros}", *cells))


@dataclass(frozen=True)
class Place:
    """One level of a factor under one protocol."""

    level: str
    protocol: str


def steps_table(
    slug: str, factor: Factor, steps: Mapping[str, tuple[Place, Place]], measures: Sequence[str]
) -> Iterator[str]:
    """Counts of networks of equal seed before and after each step, by Wilcoxon's test; Holm's correction over the rows.

    Args:
        slug: of the study.
        factor: of which each step names two levels.
        steps: in words, from where to where.
        measures: counts.
    """
    summary = summary_of(slug)
    rows, tests = [], []
    for measure in measures:
        for words, places in steps.items():
            before, after = (values_by_level(summary, measure, factor, p.protocol, {})[p.level] for p in places)
            pairs = [(before[key], after[key]) for key in before if key in after]
            medians = [number(float(np.median([pair[place] for pair in pairs]))) for place in (0, 1)]
            fewer, more = sum(b < a for a, b in pairs), sum(b > a for a, b in pairs)
            rows.append((summary.measures[measure].label, words, len(pairs), *medians, fewer, more))
            tests.append(wilcoxon({"after": after, "before": before}))
    yield from head(("counts", "step", "pairs", "median before", "after", "fewer", "more", "rank-biserial", "p, Holm"))
    for cells, tested in zip(rows, holm(tests), strict=True):
        yield row((*cells, *effect_and_p(tested)))


_CLEAN, _NOISY, _READ_CLEAN = "paper", "paper-noisy", "paper-noisy, read clean"
NOISE_STEPS: Final = {
    "all: σ = 0 on clean inputs to σ = 0.1 on noisy rows": (Place("0", _CLEAN), Place("0.1", _NOISY)),
    "trained with noise, both judged on clean inputs": (Place("0", _CLEAN), Place("0.1", _CLEAN)),
    "then judged on noisy rows, read on clean inputs": (Place("0.1", _CLEAN), Place("0.1", _READ_CLEAN)),
    "then read on cut noisy rows": (Place("0.1", _READ_CLEAN), Place("0.1", _NOISY)),
}
WIDTH: Final = (
    Asked(ONE, "cochran-q"),
    Asked("one-algorithm", "cochran-q"),
    Asked("alice-or-bob=both", "cochran-q"),
    Asked(ONE, "mcnemar", ("3-3", "6-6")),
    Asked("one-algorithm", "mcnemar", ("3-3", "6-6")),
    Asked(ALIGNMENTS, "page"),
    Asked("paper-alignments", "page"),
)
LOSS: Final = (
    Asked(ONE, "cochran-q"),
    Asked(ONE, "mcnemar", ("0.01", "1e-06")),
    Asked("alice-or-bob", "stuart-maxwell", ("0.1", "0.01")),
    Asked("alice-or-bob", "stuart-maxwell", ("0.01", "1e-06")),
    Asked(ALIGNMENTS, "page"),
    Asked("alice-or-bob-directions=neither", "cochran-q"),
)
DEPTH: Final = (
    Asked(ONE, "cochran-q"),
    Asked("one-algorithm", "cochran-q"),
    Asked("alice-or-bob", "stuart-maxwell", ("3", "3-3-3-3")),
    Asked(ALIGNMENTS, "page"),
)
ACTIVATION: Final = (
    *(
        Asked(measure, "cochran-q", where={"output_activation": output})
        for measure in (ONE, "alice-or-bob=Bob only")
        for output in ("as hidden", "linear")
    ),
    *(
        Asked(measure, test, ("as hidden", "linear"), where={"activation": activation}, factor="output_activation")
        for measure, test in ((ONE, "mcnemar"), ("alice-or-bob", "stuart-maxwell"))
        for activation in ("leaky_relu", "relu", "tanh", "sigmoid")
    ),
)
PAPER_LOSS: Final = tuple(
    Asked(measure, "page", ("0.01", "0.001", "0.0001", "1e-05", "1e-06"), protocol)
    for measure in ("circuits-valid", "interpretations-total", "alignments-minimal")
    for protocol in ("paper", "complete")
)
DRAWN_TASKS: Final = tuple(
    Asked(measure, "page", levels, protocol)
    for measure, levels in (
        ("interpretations-total", ()),
        ("interpretations-total", ("1 drawn", "2 drawn", "3 drawn", "4 drawn")),
        ("circuits-valid", ()),
        ("alignments-minimal", ()),
    )
    for protocol in ("paper", "complete")
)
PLANTED: Final = (
    Asked("planted-zero", "cochran-q"),
    Asked("planted-acdc=recovered", "cochran-q"),
    Asked("planted-counted-errors", "friedman"),
)
