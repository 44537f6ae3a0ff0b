"""What was asked and what was found: the ground that explanations stand on, wherever it came from.

A result file with its network says all of it; the rest is computed from the weights when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.distribution import neurons_of
from analysis.circuits.result import CircuitSearch
from analysis.criteria.circuits import outputs, parts
from analysis.criteria.population import Population
from analysis.experiments import InterventionSpace, NetworkAnswers, decide_under_interventions, intervention_space
from analysis.interpretations.indexing import InterpretationSpace
from analysis.network_files.files import NetworkFile
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.result_file import read_circuits
from analysis.subjects.perceptron.circuit import one_mask
from analysis.tasks import Task
from analysis.validity import margin_to_edge
from pluriscope.address import Addresses, ResultRef
from pluriscope.arguments import checked
from pluriscope.counts import Counts, counts_of
from pluriscope.frames import Part
from pluriscope.kinds.circuits import CIRCUITS
from pluriscope.kinds.found import Found, Stored
from pluriscope.naming import Scope, protocol_key
from pluriscope.recent import Recent

_SPACES: Final = 64 << 20
"""Bytes of the interpretation spaces that are kept."""


@dataclass(frozen=True)
class Site:
    """Where a result is served.

    Args:
        url: of the server, without a slash at the end.
        network: the network's name in addresses.
    """

    url: str
    network: str


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Findings:
    """What an analysis of one output of one network found.

    Args:
        network_file: the network with its name and tasks.
        document: the result file's content.
        site: the server that it came from; None if it was made here or read from a file.
    """

    network_file: NetworkFile
    question: Question
    document: Mapping[str, Any]
    site: Site | None = None

    @property
    def name(self) -> str:
        """What the network is called."""
        return self.network_file.name

    @property
    def task(self) -> Task:
        """What the output should compute."""
        return self.question.task

    @property
    def protocol(self) -> Protocol:
        """The rules."""
        return self.question.protocol

    @property
    def output(self) -> int:
        """Which of the network's outputs, from 0."""
        return self.question.output

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
        """What is missing, one sentence for each search that stopped at a limit."""
        return tuple(self.document.get("missing", ()))

    @property
    def scope(self) -> Scope:
        """How addresses say which analysis it is."""
        data = self.question.record
        return Scope(self.output, protocol_key(self.protocol), "" if data.is_clean else data.digest[:12])

    @property
    def addresses(self) -> Addresses:
        """Builds the addresses of what was found: whole URLs of a server's, else paths that hold on every server."""
        return Addresses(self.site.url if self.site else "")

    @property
    def network_key(self) -> str:
        """The network in addresses: its name on its server, else the first digits of its digest."""
        return self.site.network if self.site else self.question.subject.digest[:12]

    @property
    def address(self) -> str:
        """The network's page."""
        return self.addresses.network(self.network_key, self.scope)

    @property
    def weights(self) -> tuple[NDArray[np.float64], ...]:
        """Matrices ``[n_l, n_(l-1)]``, the last one cut to this output."""
        return self.question.cut.weights

    @cached_property
    def counts(self) -> Counts:
        """How many of each kind there are, each number with how sure it is."""
        return counts_of(self.found, self.search)

    @cached_property
    def masks(self) -> NDArray[Any]:
        """``[listed]`` the listed circuits, ascending."""
        return self.search.masks

    @cached_property
    def edges(self) -> NDArray[np.int64]:
        """``[listed]`` how many edges each listed circuit keeps."""
        return np.asarray(np.bitwise_count(self.masks), dtype=np.int64)

    @cached_property
    def neurons(self) -> NDArray[np.int64]:
        """``[listed]`` how many hidden neurons each listed circuit uses."""
        return neurons_of(self.masks, self.question.layout)

    @cached_property
    def identity(self) -> tuple[Any, ...]:
        """What was asked, by content: equal for results about the same."""
        asked = self.question
        record, table = asked.record.digest, asked.task.truth_table
        return asked.subject.digest, asked.output, asked.protocol.digest, record, table

    @cached_property
    def circuit_figures(self) -> Part:
        """The listed circuits with every figure that lists have of them."""
        columns = {"mask": self.masks, "edges": self.edges, "neurons": self.neurons, "margin": self.margins}
        return figures_of(self, {**columns, "interpretations": self.interpretation_counts})

    @cached_property
    def population(self) -> Population:
        """The listed circuits, as criteria judge them."""
        return Population("circuit", self.question, self.masks, self.found["circuits"]["exhaustive"])

    @cached_property
    def margins(self) -> NDArray[np.float64]:
        """``[listed]`` smallest distance of any tested output of each listed circuit from the decision's edge."""
        rows, _ = self.question.judged
        rule = self.question.protocol.circuit_decision
        some = [
            margin_to_edge(outputs(self.population, part, rows, self.question.absent), rule).min(axis=1)
            for part in parts(self.population, "margins", len(rows))
        ]
        return np.concatenate([np.empty(0), *some])

    @cached_property
    def interpretation_counts(self) -> NDArray[Any]:
        """``[listed]`` how many interpretations each listed circuit has: Python integers, of any size; None where they
        were not counted.
        """
        told = self.found["interpretations"]
        numbers: list[int | None] = [int(number) for number in told["by_circuit"].values()]
        counted = len(numbers) if told.get("truncated_at") is None else int(told["truncated_at"])
        return np.array([*numbers[:counted], *[None] * (len(numbers) - counted)], dtype=object)

    @cached_property
    def search(self) -> CircuitSearch:
        """What the search for circuits found; outputs and margins are computed where they are asked for."""
        return read_circuits(self.found["circuits"], self.question.layout)

    @cached_property
    def spaces(self) -> Recent[InterpretationSpace]:
        """The interpretations of the circuits that were asked for last, by mask."""
        return Recent(_SPACES, lambda space: space.n_bytes)

    @cached_property
    def interventions(self) -> InterventionSpace:
        """The interchange interventions on which explanations are compared."""
        return intervention_space(self.question.cut.hidden_sizes, self.question.cut.n_inputs)

    @cached_property
    def decisions(self) -> NetworkAnswers:
        """What the network does under each of them."""
        return decide_under_interventions(self.question.cut, self.question.data.clean_rows, self.interventions)


def place_of(of: Findings, mask: int) -> int | None:
    """The place of a circuit among the listed ones; None if it is not listed."""
    place = int(np.searchsorted(of.masks, one_mask(mask, of.question.layout)))
    return place if place < len(of.masks) and int(of.masks[place]) == mask else None


def figures_of(of: Findings, circuits: Stored) -> Part:
    """Circuits with every figure that lists have of them.

    Args:
        of: where they were found.
        circuits: their columns, as they are stored.
    """
    return CIRCUITS.part(Found(of.question, ResultRef(of.network_key, of.scope), {"circuit": circuits}))
