"""From outcomes to what a study says: groups of networks, spreads, shares, tests and ladders.

A network counts once. Where it has several outputs, the design says how their values become one. Networks that failed
have no value; every group tells how many they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Final, NamedTuple

from analysis.studies.cells import cells_of
from analysis.studies.design import SHARED, Comparison, Factor, StudyDesign
from analysis.studies.measures.measure import Kind, Measure, Measured, Value, answer_key, unknown_measure
from analysis.studies.measures.registry import MEASURES, answer_measures, measures_of
from analysis.studies.outcome import CONVERGED
from analysis.studies.sources import DRAWN, PLANTED
from analysis.studies.statistics import (
    Share,
    Spread,
    Tested,
    cochran_mantel_haenszel,
    friedman,
    holm,
    independence,
    kruskal_wallis,
    mann_whitney,
    mcnemar,
    page,
    share_of,
    spearman,
    spread_of,
    stuart_maxwell,
    wilcoxon,
)

POOLED: Final = "all networks"
PAIRWISE: Final = ("mann-whitney", "wilcoxon", "fisher", "mcnemar", "stuart-maxwell")
_OF_PARTNERS: Final = {"wilcoxon": wilcoxon, "mcnemar": mcnemar, "stuart-maxwell": stuart_maxwell}
_OF_BLOCKS: Final = {"friedman": friedman, "page": page}
SEED_BY_SEED: Final = frozenset({*_OF_PARTNERS, *_OF_BLOCKS})
"""Tests that compare networks of equal seed; all others take the levels as independent samples."""


@dataclass(frozen=True)
class Record:
    """One network, as much as a summary needs.

    Args:
        position: of its cell in the grid.
        seed: of its training.
        state: "converged", or why not.
        network: its digest, None if there is none.
        figures: by protocol, for each output, by measure key, as result files have them.
        data: digits of the data record that it was judged on; "" for the clean inputs.
        epochs, loss, message: how training ended, None where that has no meaning, and in words.
    """

    position: int
    seed: int
    state: str
    network: str | None
    figures: Mapping[str, Sequence[Mapping[str, Any]]]
    data: str = ""
    epochs: int | None = None
    loss: float | None = None
    message: str = ""


class Point(NamedTuple):
    """One network's value; a study's pages make a hundred thousand, so it is quick to make.

    Args:
        position, seed, network: which network.
        value: its value over its outputs.
        exact: whether it is neither an estimate nor cut off at a limit.
        data: digits of the data record that it was judged on; "" for the clean inputs.
    """

    position: int
    seed: int
    network: str | None
    value: Value
    exact: bool
    data: str = ""


@dataclass(frozen=True)
class Group:
    """The networks of some cells under one measure and protocol.

    Args:
        label: of the levels that they share.
        points: of networks with a value.
        failed: networks that did not converge or could not be analysed.
        silent: networks that converged but to which the measure does not apply.
    """

    label: str
    points: tuple[Point, ...]
    failed: int
    silent: int

    @property
    def of(self) -> int:
        return len(self.points) + self.failed + self.silent

    @cached_property
    def bounded(self) -> int:
        """Values that are estimates or lower bounds."""
        return sum(1 for point in self.points if not point.exact)

    @cached_property
    def numbers(self) -> list[float]:
        return [point.value for point in self.points if isinstance(point.value, (int, float))]

    @cached_property
    def spread(self) -> Spread:
        return spread_of(self.numbers)

    @cached_property
    def yes(self) -> Share:
        """Of a yes-no measure the share of yes, of the networks that have an answer."""
        return share_of(sum(1 for point in self.points if point.value is True), len(self.points))

    @cached_property
    def categories(self) -> Counter[str]:
        """How many networks have each category, or each element of a set."""
        counts: Counter[str] = Counter()
        for point in self.points:
            if isinstance(point.value, tuple):
                counts.update(point.value)
            else:
                counts[str(point.value)] += 1
        return counts


class StudySummary:
    """What the outcomes of a study say; each part is computed when it is asked for.

    Args:
        design: the study's.
        records: its outcomes so far, in the order of cells and seeds.
    """

    def __init__(self, design: StudyDesign, records: Sequence[Record]) -> None:
        self.design = design
        self.records = tuple(records)
        self.cells = cells_of(design)
        known = measures_of(design.measures, design.criteria, design.methods)
        unknown = {
            key: unknown_measure(key, _kind(key, self.records)) for key in design.measures if key not in MEASURES
        }
        self.measures = known | unknown
        self.states = Counter((record.position, record.state) for record in self.records)
        self._points: dict[tuple[str, str], list[Point | None]] = {}
        self._groups: dict[tuple[object, ...], tuple[Group, ...]] = {}
        self._tests: list[tuple[Comparison, str, Tested]] | None = None

    @cached_property
    def shown(self) -> dict[str, Measure]:
        """Measures as pages list them, by key: one of answers once, however many methods there are."""
        of_answers = answer_measures(self.design.measures)
        named = (
            (key.partition(":")[0] if measure.of_answer else key, measure) for key, measure in self.measures.items()
        )
        return {key: of_answers.get(key, measure) for key, measure in named}

    def keys_of(self, measure: str) -> dict[str, str]:
        """The keys of a listed measure by method; under "" that of a measure of the network."""
        if not self.shown[measure].of_answer:
            return {"": measure}
        return {method: answer_key(measure, method) for method in self.design.methods}

    @property
    def moments(self) -> int:
        """At how many losses each trained network is seen, since its course is the same whatever the target."""
        return 1 if self.design.source in (DRAWN, PLANTED) else len(self.design.loss_target)

    def groups(
        self, measure: str, protocol: str, by: Factor | None = None, where: Mapping[Factor, str] | None = None
    ) -> tuple[Group, ...]:
        """The networks of one measure and protocol.

        Args:
            measure: key.
            protocol: name.
            by: one group for each level of this factor; None for one for each cell.
            where: only cells with these levels.
        """
        asked = (measure, protocol, by, tuple(sorted((where or {}).items())))
        if asked not in self._groups:
            self._groups[asked] = self._grouped(measure, protocol, by, where or {})
        return self._groups[asked]

    def _grouped(
        self, measure: str, protocol: str, by: Factor | None, where: Mapping[Factor, str]
    ) -> tuple[Group, ...]:
        chosen = [position for position in range(len(self.cells)) if self._fits(position, where)]
        labels = {position: self._label(position, by) for position in chosen}
        found: dict[str, list[Point]] = {label: [] for label in labels.values()}
        failed: Counter[str] = Counter()
        silent: Counter[str] = Counter()
        for record, point in zip(self.records, self._measured(measure, protocol), strict=True):
            if record.position not in labels:
                continue
            label = labels[record.position]
            if point is not None:
                found[label].append(point)
            elif record.state == CONVERGED:
                silent[label] += 1
            else:
                failed[label] += 1
        return tuple(Group(label, tuple(points), failed[label], silent[label]) for label, points in found.items())

    def together(self, measure: str, protocol: str, where: Mapping[Factor, str] | None = None) -> Group:
        """The networks of all cells with these levels as one group."""
        asked = (measure, protocol, POOLED, tuple(sorted((where or {}).items())))
        if asked not in self._groups:
            parts = self.groups(measure, protocol, where=where)
            points = tuple(point for group in parts for point in group.points)
            failed, silent = sum(group.failed for group in parts), sum(group.silent for group in parts)
            self._groups[asked] = (Group(POOLED, points, failed, silent),)
        return self._groups[asked][0]

    def tests(self) -> list[tuple[Comparison, str, Tested]]:
        """Every declared comparison under each protocol it is about, p corrected over all of them."""
        if self._tests is None:
            self._tests = self._tested()
        return self._tests

    def _tested(self) -> list[tuple[Comparison, str, Tested]]:
        made: list[tuple[Comparison, str, Tested]] = []
        for comparison in self.design.comparisons:
            asked = [one for one in self.design.labels("protocol") if comparison.protocol in ("", one)]
            for protocol in asked if comparison.factor != "protocol" else [""]:
                compare = self._compare_with_itself if comparison.factor in SHARED else self._compare
                made += [(comparison, protocol, result) for result in compare(comparison, protocol)]
        corrected = holm([result for _, _, result in made])
        return [(c, protocol, result) for (c, protocol, _), result in zip(made, corrected, strict=True)]

    def _compare(self, comparison: Comparison, protocol: str) -> list[Tested]:
        levels = comparison.compared(self.design)
        found = self.groups(comparison.measure, protocol, comparison.factor, comparison.where)
        groups = [group for group in found if group.label in levels]
        pairs: dict[str, dict[Hashable, Any]] = {
            group.label: {self._partner(point, comparison.factor): point.value for point in group.points}
            for group in groups
        }
        return _tested(comparison, pairs, {group.label: group for group in groups})

    def _compare_with_itself(self, comparison: Comparison, protocol: str) -> list[Tested]:
        """Compare levels under each of which every network is there: methods, or protocols."""
        groups = {}
        for level in comparison.compared(self.design):
            of_method = comparison.factor == "method"
            key = answer_key(comparison.measure, level) if of_method else comparison.measure
            groups[level] = self.together(key, protocol if of_method else level, comparison.where)
        pairs: dict[str, dict[Hashable, Any]] = {
            label: {(point.position, point.seed): point.value for point in group.points}
            for label, group in groups.items()
        }
        return _tested(comparison, pairs, groups)

    def _measured(self, measure: str, protocol: str) -> list[Point | None]:
        """The value of each record, None where it has none."""
        key = (measure, protocol)
        if key not in self._points:
            self._points[key] = [self._point(record, measure, protocol) for record in self.records]
        return self._points[key]

    def _point(self, record: Record, measure: str, protocol: str) -> Point | None:
        if record.state != CONVERGED:
            return None
        outputs = record.figures.get(protocol, ())
        if self.design.across_outputs == "first":
            outputs = outputs[:1]
        told = [output.get(measure) for output in outputs]
        values = [Measured.from_json(entry) for entry in told if entry is not None]
        if len(values) == 1:  # as nearly all networks have
            value, exact = values[0].value, values[0].exact
        else:
            value = _across([one.value for one in values if one.value is not None], self.design.across_outputs)
            exact = all(one.exact for one in values)
        if value is None:
            return None
        return Point(record.position, record.seed, record.network, value, exact, record.data)

    def _fits(self, position: int, where: Mapping[Factor, str]) -> bool:
        labels = self.cells[position].labels
        return all(labels[factor] == label for factor, label in where.items() if factor != "protocol")

    def _label(self, position: int, by: Factor | None) -> str:
        cell = self.cells[position]
        return cell.labels[by] if by is not None else cell.name

    def _partner(self, point: Point, factor: Factor) -> Hashable:
        """What pairs a network with those of other levels: its other levels and its seed."""
        labels = self.cells[point.position].labels
        return (tuple(label for other, label in labels.items() if other != factor), point.seed)


def _kind(key: str, records: Sequence[Record]) -> Kind:
    """Of a measure that is not known here, by its values."""
    outputs = (output for record in records for told in record.figures.values() for output in told)
    values = (Measured.from_json(output[key]).value for output in outputs if output.get(key) is not None)
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return "yes-no"
    if types and types <= {int, float}:
        return "count" if types == {int} else "number"
    return "set" if types == {tuple} else "category"


def _tested(
    comparison: Comparison, pairs: Mapping[str, Mapping[Hashable, Any]], groups: Mapping[str, Group]
) -> list[Tested]:
    test = comparison.test
    if test in PAIRWISE:
        results = []
        for a, b in combinations(groups, 2):
            if test in _OF_PARTNERS:
                results.append(_OF_PARTNERS[test]({a: pairs[a], b: pairs[b]}))
            elif test == "fisher":
                results.append(independence(test, {a: groups[a].categories, b: groups[b].categories}))
            else:
                results.append(mann_whitney({a: groups[a].numbers, b: groups[b].numbers}))
        return results
    if test == "cochran-mantel-haenszel":
        first, *others = groups
        shares = {name: _shares(values) for name, values in pairs.items()}
        return [cochran_mantel_haenszel({first: shares[first], other: shares[other]}) for other in others]
    if test in _OF_BLOCKS:
        return [_OF_BLOCKS[test](pairs)]
    if test == "chi-squared":
        return [independence(test, {name: group.categories for name, group in groups.items()})]
    numbers = {name: group.numbers for name, group in groups.items()}
    return [kruskal_wallis(numbers) if test == "kruskal-wallis" else spearman(numbers)]


def _shares(values: Mapping[Any, Any]) -> dict[Hashable, Share]:
    """The share of yes in each stratum: networks of equal other levels, by their keys (levels, seed)."""
    of, hits = Counter(levels for levels, _ in values), Counter(levels for (levels, _), yes in values.items() if yes)
    return {levels: share_of(hits[levels], n) for levels, n in of.items()}


def _across(values: Sequence[Value], how: str) -> Value:
    """The values of a network's outputs as one."""
    if not values:
        return None
    if len(values) == 1:
        return values[0]
    if all(isinstance(value, bool) for value in values):
        return all(values)
    if all(isinstance(value, (int, float)) for value in values):
        total = sum(value for value in values if isinstance(value, (int, float)))
        return total if how == "sum" else total / len(values)
    if all(isinstance(value, tuple) for value in values):
        return tuple(sorted({entry for value in values if isinstance(value, tuple) for entry in value}))
    return " | ".join(str(value) for value in values)
