"""Patching over intervals: every absent neuron may carry anything that it reaches on the box of clean inputs.

For one circuit and one row the output is a function of what the absent neurons carry, each in an interval of its own.
The interval that a neuron reaches is known from outside and from inside (:mod:`analysis.certificates.ranges`): a proof
takes the outer ones, a refutation the inner ones, so that both hold for the true ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.certificates.intervals import Answer, bisect, decided_as
from analysis.certificates.mixed_integer import find_point
from analysis.certificates.programs import Region, decision_regions, patched_program
from analysis.certificates.ranges import ValueRange, neuron_ranges
from analysis.criteria.circuit_context import CircuitCriteriaContext

Site = tuple[int, int]  # layer from 0, neuron


@dataclass(frozen=True, eq=False)
class IntervalPatching:
    """What is found out once for all circuits.

    Args:
        context: the circuits.
        budget: boxes for each circuit and row, and for each end of each neuron's interval.
    """

    context: CircuitCriteriaContext
    budget: int

    @cached_property
    def ranges(self) -> tuple[tuple[ValueRange, ...], ...]:
        """For layers 0 … L − 1 what each neuron reaches on the box that the clean rows span."""
        rows = self.context.clean_rows
        return neuron_ranges(self.context.question.cut, rows.min(axis=0), rows.max(axis=0), budget=self.budget)

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        return decision_regions(self.context.question.cut, self.context.question.protocol.circuit_decision)

    def on_row(
        self, keep: Sequence[NDArray[np.bool_]], free: Sequence[Site], row: int
    ) -> tuple[Answer, dict[str, Any]]:
        """Whether a circuit decides a judged row right whatever the absent neurons carry, and a witness if not.

        Args:
            keep: kept edges ``[n_l, n_(l-1)]`` for layers 1 … L.
            free: every neuron with an absent edge into an active one.
            row: which judged row.
        """
        self.context.work.check()
        rows, labels = self.context.question.judged
        label, network = int(labels[row]), self.context.question.cut
        program = patched_program(network, keep, rows[row], free)
        judge = decided_as(program, self.regions, label)
        known = [self.ranges[layer][neuron] for layer, neuron in free]
        outer = np.array([r.low for r in known]), np.array([r.high for r in known])
        found = bisect(judge, *outer, self.budget)
        if found.answer == "proved":
            return "proved", {}
        inner = np.array([r.inner_low for r in known]), np.array([r.inner_high for r in known])
        wrong = bisect(judge, *inner, self.budget).witness
        if wrong is None and found.answer == "undecided" and program.slope is not None:
            others = [region for region in self.regions if region.decision != label]
            answers = [find_point((program,), (region,), *outer, node_limit=self.budget)[0] for region in others]
            if all(answer == "proved" for answer in answers):
                return "proved", {}
            points = [find_point((program,), (region,), *inner, node_limit=self.budget)[1] for region in others]
            confirmed = [p for p in points if p is not None and judge(np.array([p]), np.array([p]))[1][0]]
            wrong = confirmed[0] if confirmed else None
        if wrong is None:
            return "undecided", {}
        carried = [
            {"layer": layer, "neuron": neuron, "value": value}
            for (layer, neuron), value in zip(free, wrong, strict=True)
        ]
        return "refuted", {"input": rows[row].tolist(), "label": label, "values": carried}
