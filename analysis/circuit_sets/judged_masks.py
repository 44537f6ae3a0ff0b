"""Outcomes of criteria for the valid circuits of a model, and the roles of the nodes in each.

Both are texts by column, so that lists filter by them and tables hold them: of a criterion its outcome, of a role the
names of the nodes that have it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuit_sets.masks import MasksFound, SubjectCircuit, with_figures
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.cuts import ROLE_AGREEMENT, CutCircuits, Roles, Runs
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.registry import OF_MODELS
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import mask_bits, mask_numbers, most_wrong
from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import Space, SubjectKind, gaps

NOT_ASKED: Final = "not asked"
"""Of circuits that are not among those found, or were found by a version that knew no such column."""
NONE: Final = "none"
"""No node has the role."""
MAX_MILLISECONDS: Final = 15_000.0
"""What the runs of one criterion may take by the kind's own estimate, which no clock changes."""
_OWN_COLUMN: Final = frozenset(("minimal-subset", "margin"))  # the search itself has these


def asked_of(kind: SubjectKind) -> list[Criterion]:
    """The criteria that circuits of a kind are asked and that have a column of their own."""
    return [one for one in OF_MODELS if one.key not in _OWN_COLUMN and (kind.roles or one != ROLE_AGREEMENT)]


def column_of(criterion: Criterion) -> str:
    """The column that holds a criterion's outcomes."""
    return criterion.key.replace("-", "_")


def judged_circuits(question: GraphQuestion, found: MasksFound, work: Work = DEFAULT_WORK) -> MasksFound:
    """Complete the result of a search: figures of its circuits, roles of their nodes, outcomes of criteria.

    Args:
        work: reports progress after each criterion; may raise Cancelled.
    """
    circuits = sorted(with_figures(question, found, work).circuits, key=lambda one: one.bits)
    outcomes: list[dict[str, str]] = []
    if circuits:
        known = found.masks if found.complete else None
        fewest = min(found.by_bits) if found.sample is None else None
        outcomes = roles_and_outcomes(question, circuits, fewest, known, work=work)
    judged = [replace(one, outcomes=own) for one, own in zip(circuits, outcomes, strict=True)]
    return replace(found, circuits=tuple(sorted(judged, key=lambda one: one.mask)))


def roles_and_outcomes(
    question: GraphQuestion,
    circuits: Sequence[SubjectCircuit],
    fewest: int | None,
    found: NDArray[np.uint64] | None,
    criteria: Sequence[Criterion] | None = None,
    work: Work = DEFAULT_WORK,
) -> list[dict[str, str]]:
    """Roles and outcomes by column for each of some circuits.

    Args:
        circuits: at least one, those with the fewest bits first.
        fewest: bits of the smallest valid circuit, None if that is not known.
        found: all valid circuits as numbers, ascending; None where they are not all known.
        criteria: that are asked; None for all that have a column.
        work: reports progress after each criterion; may raise Cancelled.
    """
    population = population_of(question, circuits, fewest, found, work)
    written = _written(question.kind, question.space, population.question.roles, len(circuits))
    for criterion in asked_of(question.kind) if criteria is None else criteria:
        work.report_step("circuits", len(circuits), len(circuits), criterion.label)
        outcomes = criterion.judge(population).outcomes
        for one, outcome in zip(written, outcomes.tolist(), strict=True):
            one[column_of(criterion)] = OUTCOMES[outcome].replace("_", " ")
    return written


def _written(kind: SubjectKind, space: Space, found: Roles | None, n: int) -> list[dict[str, str]]:
    if found is None:
        return [{} for _ in range(n)]
    names = [space.graph.nodes[node].name for node in space.graph.removable]
    keys = [role.key for role in kind.roles]
    return [
        {
            key: ", ".join(name for name, has in zip(names, some, strict=True) if has) or NONE
            for key, some in zip(keys, of_circuit.tolist(), strict=True)
        }
        for of_circuit in found[1]
    ]


def _roles(kind: SubjectKind, space: Space, masks: Masks) -> Roles | None:
    if not kind.roles or not len(masks):
        return None
    whole = space.reduce(np.ones((1, space.graph.n_bits), dtype=np.bool_))
    found = space.roles(np.concatenate([whole, masks]))
    return None if found is None else (found[0], found[1:])


def population_of(
    question: GraphQuestion,
    circuits: Sequence[SubjectCircuit],
    fewest: int | None,
    found: NDArray[np.uint64] | None,
    work: Work = DEFAULT_WORK,
) -> CutCircuits:
    """Some circuits as criteria judge them.

    Args:
        circuits: at least one, those with the fewest bits first.
        fewest: bits of the smallest valid circuit, None if that is not known.
        found: all valid circuits as numbers, ascending; None where they are not all known.
    """
    kind, model, space = question.kind, question.subject, question.space
    lookup = None if found is None else partial(_looked_up, space, found)
    masks = np.array([mask_bits(space, one.mask) for one in circuits])
    most = most_wrong(model)
    whole = space.reduce(np.ones((1, space.graph.n_bits), dtype=np.bool_))

    def gaps_of(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        return gaps(outputs, model.answers)

    def valid(some: Masks) -> NDArray[np.bool_]:
        found: list[NDArray[np.bool_]] = []
        for start in range(0, len(some), space.batch):
            reduced = space.reduce(some[start : start + space.batch])
            right = (gaps_of(space.run(reduced)) <= 0).sum(axis=1) <= most
            found.append(right & reduced.any(axis=1) if space.graph.cut == "edges" else right)
        return np.concatenate(found) if found else np.zeros(0, dtype=np.bool_)

    runs = Runs(
        max_wrong=most,
        n_rows=len(model.rows),
        margins=np.array([one.margin for one in circuits]),
        minimal=np.array([np.nan if one.minimal is None else float(one.minimal) for one in circuits]),
        fewest=fewest,
        whole=space.run(whole)[0],
        outputs=space.run,
        gaps=gaps_of,
        outputs_from=None if space.run_from(masks[:1], 0) is None else partial(_run_from, space),
        outputs_under=partial(_run_under, question),
        valid=lookup or valid,
        listed=lookup is not None,
        active=space.graph.active_nodes(masks),
        roles=_roles(kind, space, masks),
        batch=space.batch,
        runs=int(MAX_MILLISECONDS / space.run_milliseconds),
    )
    return PopulationOf("cut", runs, masks, work=work)


def _run_from(space: Space, masks: Masks, row: int) -> NDArray[np.float64]:
    outputs: Any = space.run_from(masks, row)  # it was asked whether there is such a run
    return np.asarray(outputs)


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
