"""Parts that all explanations share: an address, a drawing, the verdict of every criterion, figures for tables.

An explanation holds what was found and little else; the rest is computed from the weights by the engine when it is
used, whether the result came from a run here, from a file or from a server.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criteria_for
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import Verdict
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import Work
from pluriscope.arguments import checked
from pluriscope.objects.findings import Findings
from pluriscope.objects.graphs import explanation_graph
from pluriscope.objects.live_view import live_view
from pluriscope.objects.progress import reporting
from pluriscope.objects.showing import Drawing, Row, Rows, Tabled, beside, facts, heading, link, shown

SECONDS: Final = 60.0
"""That one criterion may take; what it has not decided by then is undecided."""
_DRAWING: Final = 460
_LATE: Final = f"It was not decided within {SECONDS:g} seconds."


class Verdicts(Tabled):
    """Verdicts on one explanation by criterion, in the order of the registry."""

    @property
    def rows(self) -> Rows:
        """A row for each criterion."""
        passed = sum(one.outcome == "passed" for one in self.values())
        found = (
            {"criterion": key, "outcome": one.outcome, "score": one.score, "reason": one.reason}
            for key, one in self.items()
        )
        return Rows(found, f"{passed} of {len(self)} criteria passed")


def not_about(key: str, plural: str, known: Iterable[str]) -> InvalidCriterion:
    """The refusal of a criterion that some explanations are not asked."""
    cause = f"is not about {plural} of such networks"
    return InvalidCriterion(f"criterion {key[:60]}", cause, f"use one of {', '.join(known)}")


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Explanation(ABC):
    """An explanation of a network.

    Args:
        result: what it was found in.
    """

    result: Findings
    kind: ClassVar[str]

    @property
    @abstractmethod
    def value(self) -> Any:
        """The explanation as a value of the engine."""

    @property
    @abstractmethod
    def ref(self) -> ExplanationRef:
        """Reference of the explanation in the address of a comparison."""

    @property
    def address(self) -> str:
        """Address of its page: a whole URL where it came from a server, else the path that every server has it at."""
        return self.result.addresses.explanation(self.result.network_key, self.ref, self.result.scope)

    @abstractmethod
    def draw(self) -> Drawing:
        """Draw the explanation on the network, at full size."""

    def thumb(self) -> Drawing:
        """Draw the explanation on the network, small."""
        return self.draw()

    @abstractmethod
    def row(self) -> Row:
        """Figures of the explanation, as tables have them."""

    def to_graph(self, key: str = "networkx") -> Any:
        """A graph of the whole network with this explanation, as other tools read it.

        Args:
            key: "networkx" for its graph, "graphml" for a text, or another of
                :data:`~pluriscope.analysis.graph_files.registry.GRAPH_FORMATS` for what its package reads.

        Raises:
            NotOffered: the format is unknown, or does not take such explanations of such networks.
        """
        result, value = self.result, None if self.kind == "circuit" else self.value
        about = {"name": result.name, "address": self.address if result.site else ""}
        return explanation_graph(key, result.question, self.ref, value, **about)

    def _population(self, work: Work) -> Any:
        """Population with this explanation alone, as criteria judge its kind."""
        return Population(self.kind, self.result.question, (self.value,), work=work)

    @property
    def _criteria(self) -> Sequence[Criterion]:
        """The criteria that are about such explanations."""
        return self.result.criteria if self.kind == "circuit" else criteria_for(self.kind)

    @property
    def names(self) -> tuple[str, ...]:
        """Keys under which lists find the explanation."""
        return (self.ref.second or self.ref.first,)

    @property
    def title(self) -> str:
        """Name in one line."""
        return f"{KIND_OF[self.kind].noun} {self.ref.first}"

    @cached_property
    def predictions(self) -> NDArray[np.int8]:
        """Predictions under every interchange intervention, ``[set, source, base]``: 0, 1, or −1 for none.

        Raises:
            NotOffered: networks of this kind have no such interventions.
        """
        self.result.question.kind.require("neurons", "predictions")
        found: NDArray[np.int8] = KIND_OF[self.kind].predict(
            self.result.question, [self.value], self.result.interventions
        )[0]
        return found

    def verdict(self, criterion: str) -> Verdict:
        """Verdict of one criterion.

        Args:
            criterion: its key, or ``key(name=value)`` with settings of your own.

        Raises:
            InvalidCriterion: it is unknown, or is not about such explanations.
        """
        return self._judged(CriterionStep.parse(criterion))

    @cached_property
    def verdicts(self) -> Verdicts:
        """Verdicts of every criterion that does not take long; :meth:`verdict` judges by the others, too. Of those that
        look at all explanations of a kind there are verdicts on circuits alone.
        """
        asked = (one for one in self._criteria if self.kind == "circuit" or one.over == "each")
        steps = [CriterionStep.of(one) for one in asked if one.cost != "slow"]
        return Verdicts({step.key: self._judged(step) for step in steps})

    def _judged(self, step: CriterionStep) -> Verdict:
        criterion = step.criterion
        if criterion not in self._criteria:
            raise not_about(step.key, KIND_OF[self.kind].plural, (one.key for one in self._criteria))
        try:
            with reporting() as show:
                work = Work(show, time.perf_counter).for_seconds(SECONDS)
                if criterion.over == "population":
                    return self._among_all(step, work)
                return criterion.judge(self._population(work), step.settings).at(0)
        except OutOfTime:
            return Verdict("undecided", _LATE)

    def _among_all(self, step: CriterionStep, work: Work) -> Verdict:
        """A criterion that looks at all explanations of the kind; circuits alone have such."""
        raise InvalidCriterion(f"criterion {step.key}", "looks at all explanations at once", "use another")

    @property
    def _content(self) -> tuple[Any, ...]:
        return type(self), self.ref, self.result.identity

    def __eq__(self, other: object) -> bool:
        return self._content == other._content if isinstance(other, Explanation) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content)

    def view(self) -> Any:
        """The page of this explanation, live in a notebook.

        Raises:
            MissingLibrary: anywidget is not installed.
        """
        return live_view(self.result, self.address)

    def _repr_html_(self) -> str:
        parts = [self.draw().image(_DRAWING), facts(self.row())]
        return str(heading(link(self.address, self.title)) + beside(parts))

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {shown(value)}" for name, value in self.row().items() if name != "address")
        return f"<{KIND_OF[self.kind].heading}: {figures}>"
