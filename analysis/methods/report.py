"""Base of the reports on a network beyond its explanations, and what such an analysis takes.

A report is stored, sent over HTTP and shown as it is. Fractions are text ("29/32"), formulas are the algorithms'
identity texts, masks are hex.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, ValidationInfo

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.subjects.question import Q_co, SubjectQuestion
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.by_name import ByName
from pluriscope.analysis.values.described import Described


def _in_hex(mask: Any, about: ValidationInfo) -> Any:
    layout: Any = about.context
    return layout.to_hex(mask) if isinstance(mask, int) else mask


Mask = Annotated[str, BeforeValidator(_in_hex)]
"""A circuit in hex; of a number, as the layout or graph writes it that validation is given as its context."""
Exact = Annotated[str, BeforeValidator(str)]
"""A fraction, or an integer of any length."""


class Part(ByName):
    """A part of a report. What earlier versions stored beside it is left out."""

    model_config = ConfigDict(extra="ignore")


class Score(Part):
    """Interventions that are right, of those tried."""

    agreed: int
    of: int

    @property
    def right(self) -> bool:
        """Whether all interventions are right."""
        return self.agreed == self.of


class Report(Described, Part):
    """The findings of an analysis."""

    _question: SubjectQuestion | None = PrivateAttr(None)

    def asked_about(self, question: SubjectQuestion) -> Self:
        """Remember the question, so that the report can describe itself by it; returns the report."""
        self._question = question
        return self

    def _facts(self) -> dict[str, Any]:
        found = {} if self._question is None else {"found": " ".join(self.findings(self._question))}
        return found | super()._facts()

    @property
    def written(self) -> tuple[str, ...]:
        """Texts of algorithms that somebody wrote; the reports that follow hold them as well."""
        return ()

    @property
    def all_there_is(self) -> bool:
        """Whether to be more thorough would find no more."""
        return False

    def outdated(self, kind: SubjectKind) -> list[str]:
        """Labels of the methods of which it has answers of an earlier version, if the report names methods."""
        return []

    def findings(self, question: SubjectQuestion) -> list[str]:
        """Write the findings in sentences that claim no more than was looked at.

        Args:
            question: the question, which many reports do without.
        """
        raise NotImplementedError


class Settings(BaseModel):
    """The settings of an analysis.

    Args:
        thorough: whether to do also what takes long, of an analysis that has such a part.
        algorithms: texts of algorithms that somebody wrote, of the analysis that places such.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    thorough: bool = False
    algorithms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Carried:
    """The irredundant algorithms with variables, as far as they are known.

    Args:
        carried: those with a valid alignment.
        others: those without; where candidates are too many, only some of them are known.
        places: layers and functions of the variables in valid alignments.
        of: irredundant algorithms with variables.
        known: whether the search came to its end and decided redundancy.
    """

    carried: tuple[HighLevelModel, ...]
    others: tuple[HighLevelModel, ...]
    places: frozenset[tuple[int, int]]
    of: int
    known: bool


@dataclass(frozen=True)
class Irredundant:
    """The algorithms without a redundant literal, as far as they are listed.

    Args:
        algorithms: those listed.
        n_candidates: algorithms that compute the task, redundant ones included.
        all_listed: whether every candidate is listed.
    """

    algorithms: tuple[HighLevelModel, ...]
    n_candidates: int
    all_listed: bool


@dataclass(frozen=True, eq=False)
class Placed:
    """The kept placements of algorithms, and the numbers of interpretations.

    Args:
        algorithms: those that have kept alignments.
        placements: for each of them, the places of each kept alignment, sorted by path; all in the order of the store.
        valid: likewise, whether each is valid.
        observed: ``[circuits]`` observed classes of interpretations, 0 where none were counted.
    """

    algorithms: Sequence[HighLevelModel]
    placements: Sequence[Sequence[Sequence[tuple[str, NeuronSet]]]]
    valid: Sequence[Sequence[bool]]
    observed: Sequence[int]


@dataclass(frozen=True, eq=False)
class Analysed(Generic[Q_co]):
    """The earlier findings about a question, as far as an analysis uses them.

    Args:
        question: the question.
        search: the search for circuits, with the masks that it listed; None where there are too many to search.
        observed: ``[circuits]`` observed classes of interpretations of each; empty where none were counted or they are
            not looked at.
        carried: None where it is not looked at.
        irredundant: likewise.
        planted: the record of what was planted; likewise, or where nothing was.
        placed: likewise.
        judged: what criteria say, an :class:`pluriscope.analysis.criteria.funnel.Judged`; likewise.
        placements: what was placed on sites, a :class:`pluriscope.analysis.placements.report.PlacementsReport`;
            likewise, or where nobody asked.
        readings: how circuits are read by variables, a
            :class:`pluriscope.analysis.readings.report.InterpretationsReport`; likewise.
        stored: circuit → outcomes of criteria by key, where these are stored; None of others.
        before: what the same analysis found under other rules; None where it was not asked.
    """

    question: Q_co
    search: CircuitSearch | None
    observed: Sequence[int] = ()
    carried: Carried | None = None
    irredundant: Irredundant | None = None
    planted: Any = None
    placed: Placed | None = None
    judged: Any = None
    placements: Any = None
    readings: Any = None
    stored: Callable[[int], Mapping[str, str] | None] | None = None
    before: Any = None

    @property
    def circuits(self) -> CircuitSearch:
        """The search for circuits.

        Raises:
            NotOffered: there was none.
        """
        if self.search is None:
            cause = f"needs valid circuits, and {self.question.obstacle or 'they were not searched'}"
            raise NotOffered("this analysis", cause, "ask under rules with which circuits are searched")
        return self.search
