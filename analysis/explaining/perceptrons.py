"""The explanation of perceptrons: circuits, interpretations, algorithms and alignments of each output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.circuits.space import count_by_edges, count_in_space
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.explaining.plan import Plan
from pluriscope.analysis.explaining.preflight import preflight, refuse
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.decisions import margin_to_edge
from pluriscope.analysis.questions.protocol import Protocol, named_protocol, protocol_from_mapping
from pluriscope.analysis.results.unlearned import doubt  # noqa: F401
from pluriscope.analysis.results.unlearned import not_learned as first_words  # noqa: F401  what is said first of this kind
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import DEFAULT_WORK, Clock, Work
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.subject import SubjectKind

if TYPE_CHECKING:  # what an analysis does without
    from pluriscope.analysis.circuits.facet import Facet
    from pluriscope.analysis.criteria.criterion import Criterion
    from pluriscope.analysis.criteria.population import Population
    from pluriscope.analysis.discovery.perceptron_landscape import PerceptronLandscape
    from pluriscope.analysis.explaining.count_report import CountReport
    from pluriscope.analysis.planted.record import PlantedRecord
    from pluriscope.analysis.values.certainty import Certainty


def questions(
    _kind: SubjectKind,
    file: NetworkFile,
    outputs: Sequence[int],
    protocol: str | Mapping[str, Any] | Protocol,
    data: DataRecord,
) -> list[Question]:
    """The questions about some outputs, if they can be asked.

    Args:
        outputs: those to explain; none for all.
        protocol: the rules: a name, settings, or the value.

    Raises:
        AnalysisError: everything that speaks against it.
    """
    if isinstance(protocol, str):
        protocol = named_protocol(protocol)
    elif not isinstance(protocol, Protocol):
        protocol = protocol_from_mapping(protocol)
    network = file.network
    asked = [
        Question(network, output, file.tasks[output if 0 <= output < network.n_outputs else 0], protocol, data)
        for output in sorted(set(outputs)) or range(network.n_outputs)
    ]
    refuse(tuple(problem for question in asked for problem in preflight(question)))
    return asked


def explain(asked: Sequence[Question], work: Work, *, masks: bool = True, earlier: Any = None) -> dict[str, Any]:
    """The result file of some outputs of one network.

    Args:
        masks: whether to list the masks of valid circuits.
        earlier: the content of an unfinished result of the same, to go on from.

    Raises:
        InvalidNetwork: that is none, or of something else.
    """
    from pluriscope.analysis.explaining.pipeline import analyse_outputs
    from pluriscope.analysis.network_files.result_file import read_unfinished, result_json

    so_far = () if earlier is None else read_unfinished(earlier, asked)
    return result_json(analyse_outputs(asked, work, so_far=so_far), masks=masks)


def possible(question: Question) -> int:
    """Circuits that there are."""
    return count_in_space(question.network.sizes, question.protocol)


def possible_by_edges(question: Question) -> Mapping[int, int]:
    """Count the circuits by their number of edges."""
    return count_by_edges(question.layout.sizes, question.protocol, question.layout.n_edges)


def search(question: Question, work: Work) -> CircuitSearch:
    """The valid circuits in the best way within the limits, or an unsearched space with its exact size."""
    from pluriscope.analysis.explaining.pipeline import search_for_circuits

    return search_for_circuits(question, work)


def count(question: Question, work: Work, how: Certainty | None, seed: int, facet: Facet | None) -> CountReport:
    """Count the valid circuits; see :func:`pluriscope.analysis.explaining.counting.count`."""
    from pluriscope.analysis.explaining.counting import count as counted

    return counted(question, work, how, seed, facet)


def landscape(question: Question, found: CircuitSearch | None, **more: Any) -> PerceptronLandscape:
    """Valid circuits to locate answers among; ``more`` are the landscape's last fields."""
    from pluriscope.analysis.discovery.perceptron_landscape import PerceptronLandscape

    return PerceptronLandscape(question, found, **more)


def missing(landscape: Any) -> list[str]:
    """Return a sentence if a landscape (:mod:`pluriscope.analysis.discovery.landscapes`) lacks some valid circuits, as
    a list.
    """
    from pluriscope.analysis.discovery.audit import what_is_missing

    return what_is_missing(landscape)


def planted(file: NetworkFile, _question: Question) -> PlantedRecord | None:
    """Return the planted circuit as its file has it; None where nothing was planted."""
    return file.planted


def plan(asked: Sequence[Question], limits: Limits, clock: Clock) -> list[Plan]:
    """Plan the analysis of each output: its stages, with time and memory.

    Raises:
        BeyondLimits: no way to find the circuits is open, with the reasons.
    """
    from pluriscope.analysis.explaining.planning import plan_output

    return [plan_output(one, limits, clock) for one in asked]


def milliseconds(question: Question) -> float | None:
    """What the search for circuits is expected to take; None where they are too many to be listed or counted."""
    from pluriscope.analysis.circuits.planning import plan_circuits

    try:
        plan = None if preflight(question) else plan_circuits(question)
    except AnalysisError:
        return None
    return 1_000 * plan.cost.seconds if plan is not None and plan.method in ("listed", "counted") else None


def read_circuits(question: Question, answer: Mapping[str, Any]) -> CircuitSearch:
    """Read the search for circuits from a result file, which has no outputs and margins."""
    from pluriscope.analysis.network_files.result_file import read_circuits as read

    return read(answer, question.layout, question.layout.n_edges)


def circuits(question: Question, _found: CircuitSearch, masks: Sequence[int]) -> dict[str, Any]:
    """The columns of some circuits: mask, edges, neurons, margin."""
    from pluriscope.analysis.circuits.distribution import neurons_of
    from pluriscope.analysis.criteria.circuits import outputs, parts
    from pluriscope.analysis.criteria.population import Population

    some = mask_array(masks, question.layout)
    rows, rule = question.judged[0], question.protocol.circuit_decision
    population = Population("circuit", question, some)
    margins = [
        margin_to_edge(outputs(population, part, rows, question.absent), rule).min(axis=1)
        for part in parts(population, "margins", len(rows))
    ]
    return {
        "mask": some,
        "edges": np.asarray(np.bitwise_count(some), dtype=np.int64),
        "neurons": neurons_of(some, question.layout),
        "margin": np.concatenate([np.empty(0), *margins]),
    }


def criteria(_kind: SubjectKind) -> list[Criterion]:
    """The criteria that circuits are asked."""
    from pluriscope.analysis.criteria.registry import criteria_for

    return list(criteria_for("circuit"))


def population(question: Question, found: CircuitSearch, masks: Sequence[int], work: Work = DEFAULT_WORK) -> Population:
    """Build the population of some circuits that criteria judge."""
    from pluriscope.analysis.criteria.population import Population

    some = mask_array(masks, question.layout)
    complete = found.truncated_at is None and len(some) == len(found.masks)
    return Population("circuit", question, some, complete, work)
