"""What an analysis beyond explanations takes, and parts that many reports have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.subjects.question import Q_co
from pluriscope.analysis.subjects.report import Part as Part  # most reports take these from here
from pluriscope.analysis.subjects.report import Report as Report


def _in_hex(mask: Any, about: ValidationInfo) -> Any:
    layout: Any = about.context
    return layout.to_hex(mask) if isinstance(mask, int) else mask


Mask = Annotated[str, BeforeValidator(_in_hex)]
"""A circuit in hex; of a number, as the layout or graph writes it that validation is given as its context."""
Exact = Annotated[str, BeforeValidator(str)]
"""A fraction, or an integer of any length."""


class Score(Part):
    """Interventions that are right, of those tried."""

    agreed: int
    of: int

    @property
    def right(self) -> bool:
        """Whether all interventions are right."""
        return self.agreed == self.of


class Settings(BaseModel):
    """The settings of an analysis.

    Args:
        thorough: whether to do also what takes long, of an analysis that has such a part.
        algorithms: texts of algorithms that somebody wrote, of the analysis that places such.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    thorough: bool = False
    algorithms: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Analysed(Generic[Q_co]):
    """The earlier findings about a question, as far as an analysis uses them.

    Args:
        question: the question.
        search: the search for circuits, with the masks that it listed; None where there are too many to search.
        observed: ``[circuits]`` observed classes of interpretations of each; empty where none were counted or they are
            not looked at.
        formulas: the search for algorithms with their placements; None where it is not looked at.
        planted: the record of what was planted; likewise, or where nothing was.
        classes: ``[circuits]`` observed classes again, 0 of those whose were not counted; likewise.
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
    formulas: AlgorithmSearch | None = None
    planted: Any = None
    classes: Sequence[int] = ()
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
