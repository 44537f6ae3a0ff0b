"""Summary of a study: its networks in numbers, its tests, and published values beside ours, as one JSON value.

A network counts once. Where it has several outputs, the design says how their values become one. Networks that failed
have no value; every group counts them. DuckDB gives one column of the table after the other.

Loads scipy, so that nothing which answers a request imports it: made when a run ends, and stored.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import inf
from typing import Any, Final

import numpy as np
from scipy.stats import binomtest

from pluriscope.tables.parquet import ParquetTable, quoted
from pluriscope_studies.analysis.cells import Cell, cells_of
from pluriscope_studies.analysis.comparisons import TESTS, Key, Tested, holm
from pluriscope_studies.analysis.design import SHARED, Comparison, Factor, Reference, StudyDesign
from pluriscope_studies.analysis.measures.measure import Measure, Measured, Value, answer_key
from pluriscope_studies.analysis.rows import measured_of, measures_of_columns
from pluriscope_studies.analysis.sources import CONVERGED, DRAWN, PLANTED

SUMMARY_FORMAT: Final = "pluriscope-study-summary/1"
POOLED: Final = "all networks"
MOST_CATEGORIES: Final = 50
_LARGEST: Final = int(sys.float_info.max)

Place = tuple[str, int]
"""Key of a network's cell, and its seed."""


def summary_of_table(design: StudyDesign, table: ParquetTable) -> dict[str, Any]:
    """Sum up a study as far as its table goes, as one JSON value.

    Args:
        design: of the table; as many networks as the table has are summed up.
    """
    return _Summary(design, table).as_json()


@dataclass(frozen=True)
class _Summary:
    design: StudyDesign
    table: ParquetTable

    @cached_property
    def states(self) -> dict[Place, str]:
        """State of each network that has its outcome, in the order of cells and seeds."""
        query = "SELECT DISTINCT cell, seed, state FROM {rows} ORDER BY cell, seed"
        return {(cell, seed): state for cell, seed, state in self.table.ask(query)} if self.table.paths else {}

    @cached_property
    def cells(self) -> dict[str, Cell]:
        return {cell.key: cell for cell in cells_of(self.design)}

    @cached_property
    def measures(self) -> dict[str, Measure]:
        return measures_of_columns(self.design, self.table.columns)

    @cached_property
    def groupings(self) -> dict[str, dict[str, str]]:
        """Ways of grouping: the group of each cell."""
        levels = {factor: [cell.labels[factor] for cell in self.cells.values()] for factor in self.design.varying}
        found = {str(factor): dict(zip(self.cells, labels, strict=True)) for factor, labels in levels.items()}
        cells = {key: cell.name for key, cell in self.cells.items()}
        return {"cell": cells, **found, "all": dict.fromkeys(cells, POOLED)}

    def as_json(self) -> dict[str, Any]:
        """The summary itself."""
        design = self.design
        once = design.source in (DRAWN, PLANTED)  # else each trained network is seen at every loss
        counted = Counter((cell, state) for (cell, _), state in self.states.items())
        return {
            "format": SUMMARY_FORMAT,
            "networks": len(self.states),
            "converged": sum(state == CONVERGED for state in self.states.values()),
            "moments": 1 if once else len(design.loss_target),
            "cells": [
                {
                    "cell": key,
                    "label": cell.name,
                    "levels": {by: of[key] for by, of in self.groupings.items() if by not in ("cell", "all")},
                    "states": {state: n for (of, state), n in counted.items() if of == key},
                }
                for key, cell in self.cells.items()
            ],
            "measures": {key: self._words(measure) for key, measure in self.measures.items()},
            "numbers": {key: self._numbers(measure) for key, measure in self.measures.items()},
            "tests": self._tests(),
            "references": [self._reference(reference) for reference in design.references],
        }

    def _words(self, measure: Measure) -> dict[str, Any]:
        words = {name: getattr(measure, name) for name in ("label", "definition", "kind", "log")}
        key, _, method = measure.key.partition(":")
        if method not in self.design.methods:
            return words | {"method": "", "measure": measure.key, "measure_label": measure.label}
        return words | {"method": method, "measure": key, "measure_label": measure.label.removesuffix(f": {method}")}

    def _numbers(self, measure: Measure) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Groups of a measure's values by protocol, then by way of grouping."""
        return {
            protocol: {by: self._groups(measure, points, labels) for by, labels in self.groupings.items()}
            for protocol, points in self._points(measure.key).items()
        }

    def _groups(
        self, measure: Measure, points: Mapping[Place, Measured], labels: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Groups of cells with equal labels, in order."""
        states: dict[str, Counter[str]] = {name: Counter() for name in labels.values()}
        members: dict[str, list[Measured]] = {name: [] for name in states}
        for place, state in self.states.items():
            states[labels[place[0]]][state] += 1
        for place, point in points.items():
            members[labels[place[0]]].append(point)
        return [
            {
                "label": name,
                "of": counts.total(),
                "failed": counts.total() - counts[CONVERGED],
                "silent": counts[CONVERGED] - len(members[name]),
                "n": len(members[name]),
                "inexact": sum(not one.exact for one in members[name]),
                **_in_numbers(measure, [one.value for one in members[name]]),
            }
            for name, counts in states.items()
        ]

    def _points(self, key: str) -> dict[str, dict[Place, Measured]]:
        """Value of each network that has one, by protocol."""
        outputs: dict[str, dict[Place, list[Measured]]] = {name: {} for name in self.design.labels("protocol")}
        for place, protocol, measured in self._values(key) if key in self.measures else ():
            if self.states.get(place) == CONVERGED:
                outputs[protocol].setdefault(place, []).append(measured)
        how = self.design.across_outputs
        return {
            protocol: {place: one for place, of in found.items() if (one := _across(of, how)).value is not None}
            for protocol, found in outputs.items()
        }

    def _values(self, key: str) -> Iterator[tuple[Place, str, Measured]]:
        """Values of a measure: of which network, under which protocol, output after output."""
        whole = self.table.columns[key].startswith("DECIMAL")
        query = f"SELECT cell, seed, protocol, {quoted(key)}, inexact -> $1 FROM {{rows}}"  # noqa: S608  quoted
        query += " WHERE protocol IS NOT NULL ORDER BY cell, seed, output"
        for cell, seed, protocol, value, inexact in self.table.ask(query, ["$." + json.dumps(key)]):
            known = int(value) if whole and value is not None else value
            measured = measured_of(known, json.loads(inexact) if inexact else None)
            if type(measured.value) is int:
                measured = measured._replace(value=int(_bounded(measured.value)))
            yield (cell, seed), protocol, measured

    # --- tests

    def _tests(self) -> list[dict[str, Any]]:
        """Every declared comparison under each protocol that it is about, p corrected over all of them."""
        made = [one for comparison in self.design.comparisons for one in self._tested(comparison)]
        ps = [one["p"] for one in made if one["p"] is not None]
        corrected = iter(holm(ps))
        return [one | {"p_holm": None if one["p"] is None else next(corrected)} for one in made]

    def _tested(self, comparison: Comparison) -> Iterator[dict[str, Any]]:
        """Test a comparison under each protocol, on the levels that it compares."""
        factor, measure, test = comparison.factor, comparison.measure, TESTS.get(comparison.test)
        levels, labels = comparison.compared(self.design), self.design.labels("protocol")
        keys = {level: answer_key(measure, level) if factor == "method" else measure for level in levels}
        points = {key: self._points(key) for key in set(keys.values())}
        shared = "are of the same networks" if factor in SHARED else "share seeds"
        for protocol in [""] if factor == "protocol" else [one for one in labels if comparison.protocol in ("", one)]:
            groups: dict[str, dict[Key, Value]] = {}
            for level, key in keys.items():
                where = dict(comparison.where) if factor in SHARED else {**comparison.where, factor: level}
                found = self._where(points[key][protocol or level], where)
                groups[level] = {self._partner(place, factor): point.value for place, point in found.items()}
            unknown = Tested(tuple(map(len, groups.values())), note="is made no more")
            for names, result in test.made(groups) if test else [(tuple(levels), unknown)]:
                # networks of one seed and several priors have random numbers of their own
                alone = test is None or test.paired or result.p is None or factor == "prior"
                words = "" if alone else f"takes the levels as independent samples, though they {shared}"
                yield {
                    **comparison.model_dump(include={"measure", "factor", "where", "test"}),
                    **{name: None if value in (inf, -inf) else value for name, value in asdict(result).items()},
                    "sizes": list(result.sizes),
                    "levels": list(names),
                    "protocol": protocol,
                    "effect_name": test.effect_name if test else "",
                    "note": "; ".join(filter(None, (result.note, words))),
                }

    def _partner(self, place: Place, factor: Factor) -> Key:
        """Key that pairs a network with those of other levels."""
        labels = self.cells[place[0]].labels
        return tuple(label for other, label in labels.items() if other != factor), place[1]

    def _where(self, points: Mapping[Place, Measured], where: Mapping[Factor, str]) -> dict[Place, Measured]:
        """The networks of cells with these levels."""
        fixed = {factor: label for factor, label in where.items() if factor != "protocol"}
        fits = {key: fixed.items() <= cell.labels.items() for key, cell in self.cells.items()}
        return {place: point for place, point in points.items() if fits[place[0]]}

    # --- published values

    def _reference(self, reference: Reference) -> dict[str, Any]:
        """Reported result beside the same figures of our networks."""
        facts, protocol = reference.model_dump(mode="json"), reference.protocol or self.design.labels("protocol")[0]
        measure = self.measures.get(reference.measure)
        if measure is None or protocol not in self.design.labels("protocol"):
            return facts | {"ours": None, "of": 0}
        points = self._where(self._points(measure.key)[protocol], reference.where)
        numbers = [one.value for one in points.values() if isinstance(one.value, int | float)]
        spread = _spread(numbers)
        known = {key: spread[key] for key in ("lower", "median", "upper", "mean")}
        known["share"] = spread["mean"] if measure.kind in ("yes-no", "share") else None
        known["count"] = sum(map(bool, numbers)) if measure.kind == "yes-no" else None
        # one network's count stands beside the quartiles of ours
        quartiles = measure.numeric and set(reference.values) <= {"count"}
        wanted = ("lower", "median", "upper") if quartiles else tuple(reference.values)
        ours = {key: value for key, value in known.items() if value is not None and key in wanted}
        return facts | {"protocol": protocol, "ours": ours, "of": len(points)}


def _in_numbers(measure: Measure, values: Sequence[Value]) -> dict[str, Any]:
    """The values of a group of networks, by the kind of their measure."""
    if measure.numeric:
        return _spread([value for value in values if isinstance(value, int | float)])
    if measure.kind == "yes-no":
        hits, of = sum(map(bool, values)), len(values)
        low, high = binomtest(hits, of).proportion_ci(method="wilson") if of else (None, None)
        return {"hits": hits, "share": hits / of if of else None, "low": low, "high": high}
    counts: Counter[str] = Counter()
    for value in values:
        counts.update(value if isinstance(value, tuple) else [str(value)])
    every = counts.most_common()
    rest = [count for _, count in every[MOST_CATEGORIES:]]
    return {"categories": [list(one) for one in every[:MOST_CATEGORIES]], "others": [len(rest), sum(rest)]}


def _spread(values: Sequence[float]) -> dict[str, Any]:
    """Extremes, quartiles (linear interpolation between ranks), mean, and how many are exactly 1."""
    names = ("least", "lower", "median", "upper", "most")
    if not values:
        return dict.fromkeys((*names, "mean")) | {"ones": 0}
    array = np.array(values, dtype=float)
    with np.errstate(over="ignore"):
        mean = float(_bounded(float(array.mean())))
    quartiles = zip(names, map(float, np.percentile(array, [0, 25, 50, 75, 100])), strict=True)
    return {**dict(quartiles), "mean": mean, "ones": sum(value == 1 for value in values)}


def _bounded(value: float) -> float:
    """A number as statistics can take it."""
    return max(-_LARGEST, min(value, _LARGEST))


def _across(outputs: Sequence[Measured], how: str) -> Measured:
    """The values of a network's outputs as one."""
    values = [one.value for one in outputs if one.value is not None]
    if len(outputs) == 1 or how == "first" or not values:  # as nearly all networks have
        return outputs[0]
    value: Value
    if all(isinstance(one, bool) for one in values):
        value = all(values)
    elif all(isinstance(one, int | float) for one in values):
        total = sum(one for one in values if isinstance(one, int | float))
        value = _bounded(total) if how == "sum" else _bounded(total) / len(values)
    elif all(isinstance(one, tuple) for one in values):
        value = tuple(sorted({entry for one in values if isinstance(one, tuple) for entry in one}))
    else:
        value = " | ".join(map(str, values))
    return Measured(value, truncated_at=None if all(one.exact for one in outputs) else 0)
