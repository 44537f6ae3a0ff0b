"""What a study says, summed up once and read by every page: points, spreads, shares and tests as JSON values.

A job makes the document when outcomes have come, and pages read it. Elements of sets are counted in it, group by group,
and not kept: they are in the outcomes themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from analysis.digest import canonical_json
from analysis.studies.cells import GRID_FACTORS
from analysis.studies.design import Comparison, Factor, StudyDesign
from analysis.studies.statistics import Share, Spread, Tested
from analysis.studies.summary import Group, Point, Record, StudySummary

VERSION: Final = "1"  # raised when the same outcomes would be summed up otherwise
_TOGETHER: Final = "*"


def summed(summary: StudySummary) -> dict[str, Any]:
    """Everything that pages show of a study's outcomes.

    Args:
        summary: of all its outcomes.
    """
    place = {(record.position, record.seed): row for row, record in enumerate(summary.records)}
    points: dict[str, dict[str, Any]] = {}
    numbers: dict[str, list[dict[str, Any]]] = {}
    for protocol in summary.design.labels("protocol"):
        for measure in summary.measures:
            found = [point for group in summary.groups(measure, protocol) for point in group.points]
            points[_key(measure, protocol)] = {
                "rows": [place[point.position, point.seed] for point in found],
                "values": [[] if isinstance(point.value, tuple) else point.value for point in found],
                "inexact": [at for at, point in enumerate(found) if not point.exact],
            }
    for measure, protocol, by, where in _asked(summary.design, list(summary.measures)):
        if by == _TOGETHER:
            groups: Sequence[Group] = (summary.together(measure, protocol, where),)
        else:
            groups = summary.groups(measure, protocol, by or None, where)  # type: ignore[arg-type]
        numbers[_key(measure, protocol, by, where)] = [_numbers(group, summary, measure) for group in groups]
    return {
        "version": VERSION,
        "networks": [[r.position, r.seed, r.state, r.network, r.data] for r in summary.records],
        "points": points,
        "numbers": numbers,
        "tests": [
            [summary.design.comparisons.index(comparison), protocol, asdict(tested)]
            for comparison, protocol, tested in summary.tests()
        ],
    }


class Summed(StudySummary):
    """A study's summary as it was summed up: the same answers, nothing worked out again.

    Args:
        design: the study's; texts and the number of seeds may have changed since.
        document: what :func:`summed` gave.
    """

    def __init__(self, design: StudyDesign, document: Mapping[str, Any]) -> None:
        super().__init__(design, [Record(p, s, state, n, {}, d) for p, s, state, n, d in document["networks"]])
        self._document = document

    def together(self, measure: str, protocol: str, where: Mapping[Factor, str] | None = None) -> Group:
        group = super().together(measure, protocol, where)
        return self._with_numbers((group,), _key(measure, protocol, _TOGETHER, where or {}))[0]

    def _grouped(
        self, measure: str, protocol: str, by: Factor | None, where: Mapping[Factor, str]
    ) -> tuple[Group, ...]:
        groups = super()._grouped(measure, protocol, by, where)
        return self._with_numbers(groups, _key(measure, protocol, by or "", where))

    def _measured(self, measure: str, protocol: str) -> list[Point | None]:
        told = self._document["points"].get(_key(measure, protocol))
        if told is None:
            return super()._measured(measure, protocol)
        inexact = set(told["inexact"])
        found: list[Point | None] = [None] * len(self.records)
        for at, (row, value) in enumerate(zip(told["rows"], told["values"], strict=True)):
            record = self.records[row]
            shown = tuple(value) if isinstance(value, list) else value
            found[row] = Point(record.position, record.seed, record.network, shown, at not in inexact, record.data)
        return found

    def _tested(self) -> list[tuple[Comparison, str, Tested]]:
        return [
            (self.design.comparisons[index], protocol, _tested_of(told))
            for index, protocol, told in self._document["tests"]
        ]

    def _with_numbers(self, groups: tuple[Group, ...], key: str) -> tuple[Group, ...]:
        """Give groups what is known of them: a cached property is what stands in its object's own dictionary."""
        for group, told in zip(groups, self._document["numbers"].get(key, ()), strict=False):
            known: dict[str, Any] = {"categories": Counter(dict(told["categories"]))}
            if told["spread"] is not None:
                known["spread"] = Spread(*told["spread"])
            if told["yes"] is not None:
                known |= {"yes": Share(*told["yes"]), "yes_of_all": Share(*told["yes_of_all"])}
            vars(group).update(known)
        return groups


def _asked(design: StudyDesign, measures: Sequence[str]) -> Iterator[tuple[str, str, str, Mapping[Factor, str]]]:
    """Measure, protocol, factor ("" for cells) and fixed levels of every group that a page may show."""
    varying = [factor for factor in GRID_FACTORS if len(design.levels(factor)) > 1]
    for protocol in design.labels("protocol"):
        for measure in measures:
            for by in ("", _TOGETHER, *varying):
                yield measure, protocol, by, {}
    for reference in design.references:
        names = [reference.protocol] if reference.protocol else list(design.labels("protocol"))[:1]
        if reference.measure and names[0] in design.labels("protocol"):
            yield reference.measure, names[0], _TOGETHER, reference.where


def _numbers(group: Group, summary: StudySummary, measure: str) -> dict[str, Any]:
    kind = summary.measures[measure]
    yes_no = kind.kind == "yes-no"
    return {
        "spread": list(asdict(group.spread).values()) if kind.numeric or yes_no else None,
        "yes": list(asdict(group.yes).values()) if yes_no else None,
        "yes_of_all": list(asdict(group.yes_of_all).values()) if yes_no else None,
        "categories": [] if kind.numeric else list(group.categories.items()),
    }


def _tested_of(told: Mapping[str, Any]) -> Tested:
    return Tested(**{**told, "groups": tuple(told["groups"]), "sizes": tuple(told["sizes"])})


def _key(measure: str, protocol: str, by: str | None = None, where: Mapping[Factor, str] | None = None) -> str:
    return canonical_json([measure, protocol] if by is None else [measure, protocol, by, dict(where or {})]).decode()
