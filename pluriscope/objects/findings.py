"""The question and the results of an analysis, wherever they came from.

A result file with its network contains all of it; the rest is computed from the weights when it is first used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.addresses.address import Addresses, ResultRef
from pluriscope.addresses.naming import Scope, protocol_key
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interventions.experiments import (
    InterventionSpace,
    NetworkAnswers,
    decide_under_interventions,
    intervention_space,
)
from pluriscope.analysis.readings.circuit_readings import CircuitInterpretations
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.traits import TRAITS
from pluriscope.arguments import checked
from pluriscope.errors import InvalidOption
from pluriscope.kinds.circuits import CIRCUITS
from pluriscope.kinds.found import Found, Stored
from pluriscope.objects.counts import Counts, counts_of
from pluriscope.processes.recent import Recent
from pluriscope.tables.frames import Part

_SPACES: Final = 64 << 20
"""Bytes of the interpretation spaces that are kept."""


@dataclass(frozen=True)
class Site:
    """Server and name of a result.

    Args:
        url: of the server, without a slash at the end.
        network: the network's name in addresses.
    """

    url: str
    network: str


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Findings:
    """Results of an analysis of one output of one network.

    Args:
        network_file: the network with its name and tasks, as its kind reads it from a file.
        question: a :class:`~pluriscope.analysis.subjects.question.SubjectQuestion`.
        document: the result file's content.
        site: the server that it came from; None if it was made here or read from a file.
    """

    network_file: Any
    question: Any
    document: Mapping[str, Any]
    site: Site | None = None

    @property
    def name(self) -> str:
        """Name of the network."""
        return str(self.network_file.name)

    @property
    def task(self) -> Any:
        """Task of the output: of a perceptron a :class:`~pluriscope.analysis.questions.tasks.Task`, else the document
        of it.
        """
        return self.question.task if self.offers("boolean-rows") else self.question.task_document

    @property
    def protocol(self) -> Any:
        """The rules: a name, a digest and a document."""
        return self.question.protocol

    @cached_property
    def not_searched(self) -> str:
        """Sentence with the reason why circuits are neither searched nor drawn, and the rules under which they are; ""
        if they are.
        """
        if not self.question.obstacle:
            return ""
        others = [repr(one.protocol.name) for one in self.question.admitted() if not one.obstacle]
        under = f"Protocols under which they are: {', '.join(others) or 'none'}."
        return f"Circuits are not searched: {self.question.obstacle}. {under}"

    def offers(self, trait: str) -> bool:
        """Whether networks of this kind offer something.

        Args:
            trait: its key, such as "interpretations".

        Raises:
            InvalidOption: it is unknown.
        """
        if trait not in TRAITS:
            raise InvalidOption(f"trait {trait[:40]!r}", "is unknown", f"use one of {', '.join(TRAITS)}")
        return not self.question.kind.refuses(trait)

    @property
    def output(self) -> int:
        """Index of the output, from 0."""
        return int(self.question.output)

    @property
    def found(self) -> Mapping[str, Any]:
        """The output's part of the result file."""
        return next(one for one in self.document["outputs"] if one["output"] == self.output)

    @property
    def exhaustive(self) -> bool:
        """Whether no search of the file stopped at a limit."""
        return bool(self.document["exhaustive"])

    @property
    def missing(self) -> tuple[str, ...]:
        """One sentence for each search that stopped at a limit."""
        return tuple(self.document.get("missing", ()))

    @property
    def scope(self) -> Scope:
        """Scope of the analysis in addresses."""
        question = self.question
        protocol = protocol_key(question.protocol) if self.offers("protocols") else question.protocol.name
        return Scope(self.output, protocol, "" if question.data_document["clean"] else question.data_digest[:12])

    @property
    def addresses(self) -> Addresses:
        """Builds the addresses of what was found: whole URLs of a server's, else paths that hold on every server."""
        return Addresses(self.site.url if self.site else "")

    @property
    def network_key(self) -> str:
        """The network in addresses: its name on its server, else the first digits of its digest."""
        return self.site.network if self.site else str(self.question.subject.digest)[:12]

    @property
    def address(self) -> str:
        """Address of the network's page."""
        return self.addresses.network(self.network_key, self.scope)

    @property
    def weights(self) -> tuple[NDArray[np.float64], ...]:
        """Matrices ``[n_l, n_(l-1)]`` of a perceptron, the last one cut to this output.

        Raises:
            NotOffered: it is of another kind.
        """
        self.question.kind.require("edge-weights", "weights")
        return tuple(self.question.network.weights)

    @cached_property
    def counts(self) -> Counts:
        """Numbers of explanations of each kind, with how sure each is."""
        return counts_of(self.found)

    @cached_property
    def masks(self) -> NDArray[Any]:
        """``[listed]`` the listed circuits, ascending."""
        return np.empty(0, np.uint64) if self.search is None else np.asarray(self.search.masks)

    @cached_property
    def edges(self) -> NDArray[np.int64]:
        """``[listed]`` how many edges each listed circuit keeps."""
        return np.asarray(np.bitwise_count(self.masks), dtype=np.int64)

    @cached_property
    def neurons(self) -> NDArray[np.int64]:
        """``[listed]`` how many hidden neurons, or nodes, each listed circuit uses."""
        graph = self.question.graph
        return np.asarray(graph.active_nodes(number_bits(self.masks, graph.n_bits)).sum(axis=1), dtype=np.int64)

    @cached_property
    def margins(self) -> NDArray[np.float64]:
        """``[listed]`` smallest distance of any tested output of each listed circuit from the decision's edge."""
        return np.asarray(self._figures["margin"])

    @cached_property
    def identity(self) -> tuple[Any, ...]:
        """Digests of network and question: equal for results about the same."""
        return self.question.subject.digest, self.question.digest

    @cached_property
    def _figures(self) -> dict[str, Any]:
        """The columns of the listed circuits that follow from the weights."""
        return figures_of(self, self.masks.tolist())

    @cached_property
    def circuit_figures(self) -> Part:
        """The listed circuits with every figure that lists have of them."""
        counted = {"interpretations": self.interpretation_counts} if self.offers("formulas") else {}
        return part_of(self, {**self._figures, **counted})

    @cached_property
    def population(self) -> Any:
        """The listed circuits, as criteria judge them, in the order of :attr:`judged_order`."""
        return population_of(self, self.masks[self.judged_order].tolist())

    @cached_property
    def judged_order(self) -> NDArray[np.intp]:
        """Positions of the listed circuits in the order in which criteria judge them: of a perceptron ascending by
        mask, else the ones with the fewest edges first, since there is not time for all.
        """
        by_mask = self.offers("edge-weights")
        return np.arange(len(self.masks)) if by_mask else np.argsort(self.edges, kind="stable")

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """Criteria that apply to circuits of this kind of network."""
        return tuple(self.question.kind.explaining.criteria(self.question.kind))

    @cached_property
    def interpretation_counts(self) -> NDArray[Any]:
        """``[listed]`` how many interpretations each listed circuit has: Python integers, of any size; None where they
        were not counted.
        """
        self.question.kind.require("formulas", "interpretations")
        answer = self.found["interpretations"]
        numbers: list[int | None] = [int(number) for number in answer["by_circuit"].values()]
        counted = len(numbers) if answer.get("truncated_at") is None else int(answer["truncated_at"])
        return np.array([*numbers[:counted], *[None] * (len(numbers) - counted)], dtype=object)

    @cached_property
    def search(self) -> Any:
        """Search for circuits, None if there was none; its figures are computed when they are used."""
        return self.question.kind.explaining.read_circuits(self.question, self.found["circuits"])

    @cached_property
    def spaces(self) -> Recent[InterpretationSpace]:
        """Cache of the interpretations of circuits, by mask."""
        return Recent(_SPACES, lambda space: space.n_bytes)

    @cached_property
    def by_variables(self) -> dict[str, CircuitInterpretations]:
        """Cache of the interpretations of circuits by variables, by mask."""
        return {}

    @property
    def algorithm_texts(self) -> tuple[str, ...]:
        """The texts of the algorithms that were placed on sites when the result was made."""
        return tuple(one["text"] for one in self.found.get("placements", {}).get("algorithms", ()))

    @cached_property
    def interventions(self) -> InterventionSpace:
        """The interchange interventions on which explanations are compared."""
        self.question.kind.require("formulas", "interventions")
        return intervention_space(self.question.network.hidden_sizes, self.question.network.n_inputs)

    @cached_property
    def decisions(self) -> NetworkAnswers:
        """Decisions of the network under each intervention."""
        self.question.kind.require("formulas", "decisions")
        return decide_under_interventions(self.question.network, self.question.data.clean_rows, self.interventions)


def position_of(of: Findings, mask: int) -> int | None:
    """The place of a circuit among the listed ones; None if it is not listed."""
    position = int(np.searchsorted(of.masks, of.masks.dtype.type(mask) if of.masks.dtype != object else mask))
    return position if position < len(of.masks) and int(of.masks[position]) == mask else None


def figures_of(of: Findings, masks: Sequence[int]) -> dict[str, Any]:
    """The columns of some circuits that follow from the weights: mask, edges, neurons, margin and others."""
    found: dict[str, Any] = of.question.kind.explaining.circuits(of.question, of.search, masks)
    return found


def population_of(of: Findings, masks: Sequence[int], work: Work = DEFAULT_WORK) -> Any:
    """Some circuits, as criteria judge them."""
    return of.question.kind.explaining.population(of.question, of.search, masks, work)


def part_of(of: Findings, circuits: Stored) -> Part:
    """Circuits with every figure that lists have of them.

    Args:
        of: where they were found.
        circuits: their columns, as they are stored.
    """
    return CIRCUITS.part(Found(of.question, ResultRef(of.network_key, of.scope), {"circuit": circuits}))
