"""Algorithms of a result (what, then where): candidate algorithms, and the neurons on which their variables may be
placed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.alignments.alignment import IIA, Aligned
from pluriscope.analysis.alignments.alignment import Alignment as Placement
from pluriscope.analysis.alignments.iia import score_alignment
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.running.work import Work
from pluriscope.arguments import checked
from pluriscope.figures.svg.aligned import aligned_diagram
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.figures.svg.tiles import Hues, alignment_tiles, bits_of, hues_among
from pluriscope.figures.svg.trees import formula_tree
from pluriscope.objects.explanations import Explanation
from pluriscope.objects.lists import Items
from pluriscope.objects.showing import Drawing, Row


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Algorithm(Explanation):
    """A small formula that computes the task, with the places where the network may carry its variables.

    Args:
        record: its entry in the result file.
    """

    record: Mapping[str, Any]
    kind: ClassVar[str] = "algorithm"

    @cached_property
    def value(self) -> HighLevelModel:
        protocol, n_inputs = self.result.protocol, self.result.question.subject.n_inputs
        return parse_algorithm(self.record["text"], protocol.algorithm_form, n_inputs)

    @property
    def id(self) -> str:
        """First 16 digits of the hash of its text."""
        return str(self.record["id"])

    @property
    def formula(self) -> str:
        """The most readable formula."""
        return str(self.record["formula"])

    @property
    def variables(self) -> tuple[str, ...]:
        """The intermediate values that it posits, as the formula shows them."""
        return tuple(variable.shown for variable in self.value.variables)

    @property
    def n_valid(self) -> int:
        """Exact number of valid alignments."""
        return int(self.record["valid"])

    @property
    def is_aligned(self) -> bool:
        """Whether it has a valid alignment."""
        return self.n_valid > 0

    @cached_property
    def alignments(self) -> Alignments:
        """The alignments that are kept: valid ones first, then the best that fail."""
        return Alignments.of(self.result, tuple(Alignment(self.result, self, one) for one in self.record["alignments"]))

    @property
    def placements(self) -> Alignments:
        """The same as :attr:`alignments`."""
        return self.alignments

    @property
    def names(self) -> tuple[str, ...]:
        return self.id, self.formula, str(self.record["text"])

    @property
    def title(self) -> str:
        return f"algorithm {self.formula}"

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef("algorithm", self.id)

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
            "minimal": int(self.record["minimal"]),
            "id": self.id,
            "address": self.address,
        }


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Alignment(Explanation):
    """An algorithm whose variables are placed on neurons of the network.

    Args:
        algorithm: what is placed.
        record: its entry in the result file.
    """

    algorithm: Algorithm
    record: Mapping[str, Any]
    kind: ClassVar[str] = "alignment"

    @cached_property
    def placement(self) -> Placement:
        """The engine's value without its algorithm."""
        sites = [(one["path"], NeuronSet(one["layer"], tuple(one["neurons"]))) for one in self.record["variables"]]
        return Placement.of(self.algorithm.value.text, sites)

    @cached_property
    def value(self) -> Aligned[Placement]:
        return Aligned(self.algorithm.value, self.placement)

    @property
    def id(self) -> str:
        """First 16 digits of the hash of algorithm and places."""
        return str(self.record["id"])

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
        return IIA(self.record["iia"]["agreed"], self.record["iia"]["of"])

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
        return bool(self.record["valid"])

    @property
    def minimal(self) -> bool:
        """Whether no valid alignment of the algorithm lies within it."""
        return bool(self.record["minimal"])

    @property
    def margin(self) -> float:
        """Smallest distance of any tested output from the decision's edge."""
        return math.inf if self.record["margin"] is None else float(self.record["margin"])

    @property
    def title(self) -> str:
        return f"{self.algorithm.formula} on {'; '.join(self.places.values()) or 'no neurons'}"

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef("alignment", self.algorithm.id, self.id)

    def draw(self) -> Drawing:
        algorithm = self.algorithm
        drawn = aligned_diagram(
            self.result.weights, algorithm.value, self.placement, hues=algorithm.hues, title=algorithm.formula
        )
        return Drawing(drawn)

    def thumb(self) -> Drawing:
        tiles = alignment_tiles(self.algorithm.value, self.placement)
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
        alone = (algorithm, score_alignment(question, algorithm, self.placement))
        return Population(self.kind, question, (alone,), work=work)


class Algorithms(Items[Algorithm]):
    """Candidate algorithms, simplest first."""

    noun = "candidate algorithms"

    @property
    def aligned(self) -> Algorithms:
        """Algorithms of the list that have a valid alignment."""
        return self.where(lambda one: one.is_aligned)


class Alignments(Items[Alignment]):
    """Alignments: of a result the valid ones, of one algorithm all that are kept."""

    noun = "alignments"

    @property
    def minimal(self) -> Alignments:
        """Alignments of the list that contain no smaller valid one."""
        return self.where(lambda one: one.minimal)
