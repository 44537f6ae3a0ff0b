"""Outcomes of criteria for the valid circuits of a model, and the roles of the nodes in each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuit_sets.masks import figures_of
from pluriscope.analysis.circuits.distribution import minimal_masks
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.cuts import ROLE_AGREEMENT, CutCircuits, Roles, Runs
from pluriscope.analysis.criteria.judging import StepVerdicts
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.registry import EVERY, OF_MODELS
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import Verdicts
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import mask_numbers, number_bits
from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import Space, SubjectKind

NOT_ASKED: Final = "not asked"
"""Of circuits that are not among those found, or were found by a version that knew no such column."""
NONE: Final = "none"
"""No node has the role."""
MAX_MILLISECONDS: Final = 15_000.0
"""What the runs of one criterion may take by the kind's own estimate, which no clock changes."""
_OF_SEARCH: Final = frozenset(("minimal-subset", "margin"))  # the search itself knows these


def asked_of(kind: SubjectKind) -> list[Criterion]:
    """The criteria that judge circuits of a kind, beside what the search itself knows."""
    return [one for one in OF_MODELS if one.key not in _OF_SEARCH and (kind.roles or one != ROLE_AGREEMENT)]


def judged_circuits(
    question: GraphQuestion,
    found: CircuitSearch,
    criteria: Sequence[Criterion] | None = None,
    work: Work = DEFAULT_WORK,
    masks: NDArray[Any] | None = None,
) -> tuple[dict[str, Any], list[StepVerdicts]]:
    """Judge the listed circuits of a search by criteria, and find the roles of their nodes.

    Args:
        criteria: that judge beside whether each is minimal; None for :func:`asked_of`.
        work: reports progress after each criterion; may raise Cancelled.
        masks: those with the fewest bits among the listed ones, ascending; None for all.

    Returns:
        Columns ``[listed]``: mask, those of :func:`~pluriscope.analysis.circuit_sets.masks.figures_of`, and roles, JSON
        objects from a role to the names of the nodes that have it; then the verdicts of each criterion, none
        where no circuit is listed.
    """
    numbers = found.masks if masks is None else masks
    bits = number_bits(numbers, question.graph.n_bits)
    columns: dict[str, Any] = {"mask": numbers, **figures_of(question, bits, work.to_its_end), "roles": []}
    if not len(bits):
        return columns, []
    minimal = np.full(len(bits), np.nan)
    if found.method != "sampled":  # else one that was not drawn may be below
        with suppress(OutOfTime):
            minimal = np.isin(numbers, minimal_masks(numbers, work, "circuits")).astype(np.float64)
    order = np.argsort(columns["edges"], kind="stable")
    population = population_of(question, bits[order], columns["margin"][order], minimal[order], found, work)
    asked = [EVERY["minimal-subset"], *(asked_of(question.kind) if criteria is None else criteria)]
    outcomes, back = outcomes_of(population, asked), np.argsort(order)
    columns["roles"] = np.array(_written(question, population.question.roles, len(bits)))[back].tolist()
    return columns, [
        StepVerdicts("circuit", CriterionStep.of(EVERY[key]), one.outcomes[back], note=one.why_undecided)
        for key, one in outcomes.items()
    ]


def outcomes_of(population: CutCircuits, criteria: Sequence[Criterion]) -> dict[str, Verdicts]:
    """Judge circuits by criteria, by their keys; what there is no time for is undecided."""
    found = dict[str, Verdicts]()
    for criterion in criteria:
        population.work.report_step("circuits", len(population), len(population), criterion.label)
        found[criterion.key] = criterion.judge_in_time(population)
    return found


def _written(question: GraphQuestion, found: Roles | None, n: int) -> list[str]:
    """The roles of each circuit as JSON."""
    if found is None:
        return ["{}"] * n
    graph, keys = question.graph, [role.key for role in question.kind.roles]
    names = [graph.nodes[node].name for node in graph.removable]
    each = (
        {key: ", ".join(name for name, has in zip(names, some, strict=True) if has) or NONE for key, some in one}
        for one in (zip(keys, of_circuit, strict=True) for of_circuit in found[1].tolist())
    )
    return [json.dumps(one, ensure_ascii=False, sort_keys=True) for one in each]


def _roles(kind: SubjectKind, space: Space, masks: Masks) -> Roles | None:
    if not kind.roles or not len(masks):
        return None
    whole = space.reduce(np.ones((1, space.graph.n_bits), dtype=np.bool_))
    found = space.roles(np.concatenate([whole, masks]))
    return None if found is None else (found[0], found[1:])


def population_of(
    question: GraphQuestion,
    masks: Masks,
    margins: NDArray[np.float64],
    minimal: NDArray[np.float64],
    found: CircuitSearch | None,
    work: Work = DEFAULT_WORK,
) -> CutCircuits:
    """Build the population of some circuits that criteria judge.

    Args:
        masks: ``[circuits, bits]``, at least one, those with the fewest bits first.
        margins: ``[circuits]`` see :func:`~pluriscope.analysis.circuit_sets.masks.figures_of`.
        minimal: ``[circuits]`` 1 where no valid circuit is below it, 0 where one is, NaN where that is not known.
        found: the valid circuits, as far as they were searched; None if they were not.
    """
    space = question.space
    lookup = partial(_looked_up, space, found.masks) if found and found.complete else None
    whole = space.reduce(np.ones((1, space.graph.n_bits), dtype=np.bool_))

    def valid(some: Masks) -> NDArray[np.bool_]:
        each: list[NDArray[np.bool_]] = []
        for start in range(0, len(some), space.batch):
            reduced = space.reduce(some[start : start + space.batch])
            right = (space.margins(space.run(reduced)) <= 0).sum(axis=1) <= space.most_wrong
            each.append(right & reduced.any(axis=1) if space.graph.cut == "edges" else right)
        return np.concatenate(each) if each else np.zeros(0, dtype=np.bool_)

    runs = Runs(
        question=question,
        margins=margins,
        minimal=minimal,
        whole=space.run(whole)[0],
        outputs_under=partial(_run_under, question),
        valid=lookup or valid,
        found=found,
        active=space.graph.active_nodes(masks),
        roles=_roles(question.kind, space, masks),
        runs=int(MAX_MILLISECONDS / space.run_milliseconds),
    )
    return PopulationOf("cut", runs, masks, work=work)


def _run_under(question: GraphQuestion, ablation: str) -> Callable[[Masks], NDArray[np.float64]] | None:
    """Return the function that runs masks under another ablation; None where the model does not have that ablation."""
    if ablation not in question.kind.settings.get("ablation", ()):
        return None
    try:
        space = question.subject.space({**question.rules, "ablation": ablation})
    except AnalysisError:
        return None
    return lambda masks: space.run(space.reduce(masks))


def _looked_up(space: Space, numbers: NDArray[np.uint64], masks: Masks) -> NDArray[np.bool_]:
    """Whether the circuits that masks mean are among those with ascending numbers, all that are valid."""
    wanted = mask_numbers(space.reduce(masks))
    at = np.searchsorted(numbers, wanted)
    found: NDArray[np.bool_] = numbers[np.minimum(at, len(numbers) - 1)] == wanted
    return found if space.graph.cut == "nodes" else found & (wanted != 0)
