"""Algorithms with finite variables of a result, and the sites on which each variable is placed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.causal_model import CausalModel, read_causal_model
from pluriscope.analysis.criteria.verdict import Verdict
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.analysis.placements.report import PlacedModel, SitePlacement, SiteScore
from pluriscope.arguments import checked
from pluriscope.kinds.sites import best_score, sites_drawing, verdicts_on
from pluriscope.objects.explanations import Explanation, Verdicts
from pluriscope.objects.lists import Items
from pluriscope.objects.showing import Drawing, Row
from pluriscope.views.networks import draw_network


class _OnSites(Explanation):
    """What was judged where it was searched."""

    @property
    @abstractmethod
    def _known(self) -> Mapping[str, Verdict]:
        """Verdicts by criterion."""

    @property
    def verdicts(self) -> Verdicts:
        """Verdicts of the criteria by which algorithms on sites are judged."""
        return Verdicts(self._known)

    def verdict(self, criterion: str) -> Verdict:
        """Verdict of one of them.

        Raises:
            InvalidCriterion: it is unknown, or is not about such explanations.
        """
        if criterion not in self._known:
            cause = "is not asked of algorithms on sites"
            raise InvalidCriterion(f"criterion {criterion[:60]}", cause, f"use one of {', '.join(self._known)}")
        return self._known[criterion]


@dataclass(frozen=True, eq=False, repr=False)
@checked
class SiteAlgorithm(_OnSites):
    """An algorithm with finite variables, with the sites where the network may carry them.

    Args:
        record: its part of the report.
    """

    record: PlacedModel
    kind: ClassVar[str] = "algorithm"

    @cached_property
    def value(self) -> CausalModel:
        return read_causal_model(self.record.text)

    @property
    def _known(self) -> Mapping[str, Verdict]:
        return verdicts_on(self.record)

    @property
    def id(self) -> str:
        """First 16 digits of the hash of its statements."""
        return self.record.id

    @property
    def formula(self) -> str:
        """Its text."""
        return self.record.text

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables that can be placed."""
        return tuple(one.name for one in self.record.variables)

    @property
    def wrong(self) -> str:
        """The first row on which it does not do the task, in words; "" where it does."""
        return self.record.wrong

    @property
    def n_valid(self) -> int | None:
        """Exact number of valid placements; None where they are too many to count."""
        return self.record.n_placed

    @property
    def is_aligned(self) -> bool:
        """Whether it has a valid placement."""
        return bool(self.record.valid)

    @cached_property
    def placements(self) -> SitePlacements:
        """The placements that are kept: valid ones first, then the best that fail."""
        found = tuple(Placement(self.result, self, one) for one in self.record.placements)
        return SitePlacements.of(self.result, found)

    @property
    def alignments(self) -> SitePlacements:
        """The same as :attr:`placements`."""
        return self.placements

    @property
    def names(self) -> tuple[str, ...]:
        return self.id, self.formula

    @property
    def title(self) -> str:
        return f"algorithm {self.formula}"

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef("algorithm", self.id)

    def draw(self) -> Drawing:
        return Drawing(draw_network(self.result.question, title=self.formula))

    def row(self) -> Row:
        best = best_score(self.record)
        return {
            "algorithm": self.formula,
            "variables": len(self.variables),
            "valid": self.n_valid,
            "best": "" if best is None else best.text,
            "computes": self.wrong or "the task",
            "id": self.id,
            "address": self.address,
        }


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Placement(_OnSites):
    """An algorithm with sites for each of its variables.

    Args:
        algorithm: that is placed.
        record: its part of the report.
    """

    algorithm: SiteAlgorithm
    record: SitePlacement
    kind: ClassVar[str] = "alignment"

    @property
    def value(self) -> tuple[str, SitePlacement]:
        """The algorithm's text, and the record of its places."""
        return self.algorithm.formula, self.record

    @property
    def _known(self) -> Mapping[str, Verdict]:
        return verdicts_on(self.algorithm.record, self.record)

    @property
    def sites(self) -> Mapping[str, str]:
        """Variable → its sites, with spaces between them, as ``h1[1]``."""
        return {one.variable: one.sites for one in self.record.places}

    @property
    def score(self) -> SiteScore:
        """Interchanges that end as the algorithm says, summed over its variables; of all, and of those that change its
        answer.
        """
        return self.record.score

    @property
    def valid(self) -> bool:
        """Whether every interchange ends as the algorithm says, and some change its answer."""
        return bool(self.record.placed)

    @property
    def minimal(self) -> bool | None:
        """Whether no valid placement of the same families is contained in it; None where that was not looked for."""
        return self.record.minimal

    @property
    def title(self) -> str:
        return f"{self.algorithm.formula} on {self.record.sites}"

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef("alignment", self.algorithm.id, self.record.id)

    def draw(self) -> Drawing:
        return Drawing(sites_drawing(self.result.question, self.record))

    def row(self) -> Row:
        score, joint = self.score, self.record.joint
        return {
            "algorithm": self.algorithm.formula,
            "sites": self.record.sites,
            "score": score.text,
            "changed": f"{score.changed_agreed}/{score.changed_of}",
            "undefined": score.undefined,
            "joint": "" if joint is None else joint.text,
            "valid": self.valid,
            "minimal": self.minimal,
            "follows from accuracy": self.record.follows,
            "address": self.address,
        }


class SiteAlgorithms(Items[SiteAlgorithm]):
    """Algorithms with finite variables, those that were written first."""

    noun = "algorithms"


class SitePlacements(Items[Placement]):
    """Placements on sites: of a result the valid ones, of one algorithm all that are kept."""

    noun = "placements"
