"""Explanations of kinds that are found by a search of their own, such as linear probes: each by its kind's record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.criteria.population import Population
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import Verdict
from analysis.errors import AnalysisError
from analysis.explanations.explanation import Found, RecordedKind
from analysis.explanations.registry import BY_KEY
from analysis.work import Work
from app.figures.svg.claims import claims_diagram
from pluriscope.counts import Count
from pluriscope.explanations import Explanation
from pluriscope.findings import Findings
from pluriscope.lists import Items
from pluriscope.naming import ExplanationRef
from pluriscope.showing import Drawing, Row


@dataclass(frozen=True, eq=False, repr=False)
class Recorded(Explanation):
    """One explanation of such a kind.

    Args:
        record: its kind.
        item: the engine's value.
        among: all that were found.
    """

    record: RecordedKind[Any]
    item: Any
    among: Found[Any]

    @property
    def kind(self) -> str:  # type: ignore[override]  # of each, where other classes have one kind
        return self.record.key

    @property
    def value(self) -> Any:
        return self.item

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef(self.kind, self.record.write(self.item))

    @property
    def title(self) -> str:
        return self.record.name(self.item)

    @property
    def names(self) -> tuple[str, ...]:
        return self.ref.first, self.title

    def draw(self) -> Drawing:
        return Drawing(claims_diagram(self.result.weights, self.record.claims(self.item), title=self.title))

    def row(self) -> Row:
        figures = {column.name: column.value(self.item) for column in self.record.columns}
        return {"name": self.title, **figures, "address": self.address}

    def _among_all(self, step: CriterionStep, work: Work) -> Verdict:
        among = tuple(self.among.explanations)
        population = Population(self.kind, self.result.question, among, self.among.complete, work)
        texts = [self.record.write(item) for item in among]
        return step.criterion.judge(population, step.settings).at(texts.index(self.ref.first))


@dataclass(frozen=True, eq=False, repr=False)
class RecordedItems(Items[Recorded]):
    """Explanations of one such kind.

    Args:
        record: the kind.
    """

    record: RecordedKind[Any] | None = None

    @property
    def noun(self) -> str:  # type: ignore[override]  # of each kind
        return "" if self.record is None else self.record.plural


def recorded(result: Findings, key: str) -> RecordedItems:
    """All of a kind, found by its search.

    Raises:
        AnalysisError: there is no such kind, or it says nothing of such networks.
    """
    kind = BY_KEY.get(key)
    if kind is None:
        raise AnalysisError(f"kind {key[:40]!r}", "is none that a search of its own finds", f"use {', '.join(BY_KEY)}")
    if refusal := kind.refuses(result.question):
        raise AnalysisError(kind.plural, f"{result.name} {refusal}", "choose another kind")
    found = kind.find(result.question, Work())
    items = tuple(Recorded(result, kind, item, found) for item in found.explanations)
    total = Count(len(items), "exact" if found.complete else "at_least")
    return RecordedItems(result, range(len(items)), total, items=items, record=kind)
