"""Algorithms of a result (what, then where): candidate formulas and algorithms with finite variables, with the neurons
or sites on which their variables may be placed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.causal_model import CausalModel, read_causal_model
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdict
from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.placements.iia import score_placement
from pluriscope.analysis.placements.placement import IIA, NeuronPlacement, OnNeurons, PlacedFormula
from pluriscope.analysis.placements.report import PlacedModel, SitePlacement, SiteScore
from pluriscope.analysis.placements.result import AlgorithmResult
from pluriscope.analysis.running.work import Work
from pluriscope.arguments import checked
from pluriscope.figures.svg.aligned import placed_diagram
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.figures.svg.tiles import Hues, bits_of, hues_among, placement_tiles
from pluriscope.figures.svg.trees import formula_tree
from pluriscope.kinds.placements import best_score, sites_drawing, verdicts_on
from pluriscope.objects.explanations import Explanation, Verdicts, not_about
from pluriscope.objects.lists import Items
from pluriscope.objects.showing import Drawing, Row
from pluriscope.views.networks import draw_network

P = TypeVar("P", bound="Alignment | Placement")


class AnyAlgorithm(Explanation):
    """An algorithm with its placements: a formula on neurons, or one with finite variables on sites."""

    kind: ClassVar[str] = "algorithm"

    @property
    @abstractmethod
    def id(self) -> str:
        """First 16 digits of the hash of its text."""

    @property
    @abstractmethod
    def formula(self) -> str:
        """It in one line."""

    @property
    @abstractmethod
    def placements(self) -> Placements[Any]:
        """The placements that are kept: valid ones first, then the best that fail."""

    @property
    def alignments(self) -> Placements[Any]:
        """The same as :attr:`placements`."""
        return self.placements

    @property
    @abstractmethod
    def is_placed(self) -> bool:
        """Whether it has a valid placement."""

    @property
    def names(self) -> tuple[str, ...]:
        return self.id, self.formula

    @property
    def title(self) -> str:
        return f"algorithm {self.formula}"

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef("algorithm", self.id)


# --- formulas on neurons


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Algorithm(AnyAlgorithm):
    """A small formula that computes the task, with the places where the network may carry its variables.

    Args:
        record: what was found of it.
    """

    record: AlgorithmResult

    @property
    def value(self) -> HighLevelModel:
        return self.record.algorithm

    @property
    def id(self) -> str:
        return self.value.id

    @property
    def formula(self) -> str:
        """The most readable formula."""
        return self.value.formula

    @property
    def variables(self) -> tuple[str, ...]:
        """The intermediate values that it posits, as the formula shows them."""
        return tuple(variable.shown for variable in self.value.variables)

    @property
    def n_valid(self) -> int:
        """Exact number of valid placements."""
        return self.record.n_valid

    @property
    def is_placed(self) -> bool:
        return self.n_valid > 0

    @cached_property
    def placements(self) -> Placements[Alignment]:
        return Placements.of(self.result, tuple(Alignment(self.result, self, one) for one in self.record.alignments))

    @property
    def names(self) -> tuple[str, ...]:
        return self.id, self.formula, self.value.text

    def draw(self) -> Drawing:
        return Drawing(formula_tree(self.value, hues=self.hues, title=self.formula))

    @property
    def hues(self) -> Hues:
        """The hues of its variables in drawings."""
        return hues_among(bits_of(one.function, self.value.n_inputs) for one in self.value.variables)

    def row(self) -> Row:
        return {
            "formula": self.formula,
            "depth": self.value.depth,
            "variables": len(self.value.variables),
            "valid": self.n_valid,
            "minimal": self.record.n_minimal,
            "id": self.id,
            "address": self.address,
        }


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Alignment(Explanation):
    """An algorithm whose variables are placed on neurons of the network.

    Args:
        algorithm: what is placed.
        record: with its scores.
    """

    algorithm: Algorithm
    record: OnNeurons
    kind: ClassVar[str] = "alignment"

    @property
    def placement(self) -> NeuronPlacement:
        """The engine's value without its algorithm."""
        return self.record.alignment

    @cached_property
    def value(self) -> PlacedFormula[NeuronPlacement]:
        return PlacedFormula(self.algorithm.value, self.placement)

    @property
    def id(self) -> str:
        """First 16 digits of the hash of algorithm and places."""
        return self.placement.id

    @property
    def places(self) -> Mapping[str, str]:
        """Neurons that carry each variable, by the variable as the formula shows it: A ∨ B on n1.0 + n1.2."""
        shown = {variable.path: variable.shown for variable in self.algorithm.value.variables}
        sizes = self.result.question.network.sizes
        return {
            shown[path]: " + ".join(node_name(site.layer, neuron, sizes) for neuron in site.neurons)
            for path, site in self.placement.places
        }

    @property
    def iia(self) -> IIA:
        """Interchange intervention accuracy as a fraction: ``agreed`` of ``of``."""
        return self.record.iia

    @property
    def sites(self) -> Mapping[str, str]:
        """The same as :attr:`places`, as placements on networks of every kind have them."""
        return self.places

    @property
    def score(self) -> IIA:
        """The same as :attr:`iia`, likewise."""
        return self.iia

    @property
    def valid(self) -> bool:
        """Whether every tested interchange comes out as the algorithm says."""
        return self.record.valid

    @property
    def minimal(self) -> bool:
        """Whether no valid placement of the algorithm lies within it."""
        return self.record.minimal

    @property
    def margin(self) -> float:
        """Smallest distance of any tested output from the decision's edge."""
        return self.record.margin

    @property
    def title(self) -> str:
        return f"{self.algorithm.formula} on {'; '.join(self.places.values()) or 'no neurons'}"

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef("alignment", self.algorithm.id, self.id)

    def draw(self) -> Drawing:
        algorithm = self.algorithm
        drawn = placed_diagram(
            self.result.weights, algorithm.value, self.placement, hues=algorithm.hues, title=algorithm.formula
        )
        return Drawing(drawn)

    def thumb(self) -> Drawing:
        tiles = placement_tiles(self.algorithm.value, self.placement)
        return Drawing(circuit_thumb(self.result.weights, None, tiles, hues=self.algorithm.hues, title=self.title))

    def row(self) -> Row:
        return {
            "formula": self.algorithm.formula,
            "places": "; ".join(f"{variable} on {site}" for variable, site in self.places.items()),
            "iia": f"{self.iia.agreed}/{self.iia.of}",
            "valid": self.valid,
            "minimal": self.minimal,
            "margin": self.margin,
            "id": self.id,
            "address": self.address,
        }

    def _population(self, work: Work) -> Population:
        algorithm, question = self.algorithm.value, self.result.question
        alone = (algorithm, score_placement(question, algorithm, self.placement))
        return Population(self.kind, question, (alone,), work=work)


# --- algorithms with finite variables on sites


class _OnSites(Explanation):
    """What was judged where it was searched."""

    @property
    @abstractmethod
    def _known(self) -> Mapping[str, Verdict]:
        """Verdicts by criterion."""

    @property
    def predictions(self) -> Any:
        """No predictions: these are of formulas on neurons.

        Raises:
            NotOffered: always.
        """
        raise NotOffered(self.title, "predicts no interventions on neurons", "look at its score and its verdicts")

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
            raise not_about(criterion, KIND_OF[self.kind].plural, self._known)
        return self._known[criterion]


@dataclass(frozen=True, eq=False, repr=False)
@checked
class SiteAlgorithm(_OnSites, AnyAlgorithm):
    """An algorithm with finite variables, with the sites where the network may carry them.

    Args:
        record: its part of the report.
    """

    record: PlacedModel

    @cached_property
    def value(self) -> CausalModel:
        return read_causal_model(self.record.text)

    @property
    def _known(self) -> Mapping[str, Verdict]:
        return verdicts_on(self.result.question, self.record)

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def formula(self) -> str:
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
    def is_placed(self) -> bool:
        return bool(self.record.valid)

    @cached_property
    def placements(self) -> Placements[Placement]:
        return Placements.of(self.result, tuple(Placement(self.result, self, one) for one in self.record.placements))

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
        return verdicts_on(self.result.question, self.algorithm.record, self.record)

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


# --- lists


class Algorithms(Items[AnyAlgorithm]):
    """Algorithms: those that were written first, then candidates, simplest first."""

    noun = "candidate algorithms"

    @property
    def aligned(self) -> Algorithms:
        """Algorithms of the list that have a valid placement."""
        return self.where(lambda one: one.is_placed)

    @property
    def formulas(self) -> tuple[Algorithm, ...]:
        """Those of the list that are formulas of gates, which perceptrons have as candidates."""
        return tuple(one for one in self if isinstance(one, Algorithm))


class Placements(Items[P]):
    """Placements: of a result the valid ones, of one algorithm all that are kept."""

    noun = "placements"

    @property
    def minimal(self) -> Placements[P]:
        """Placements of the list that contain no smaller valid one."""
        return self.where(lambda one: bool(one.minimal))
