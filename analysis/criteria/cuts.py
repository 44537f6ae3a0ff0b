"""Criteria for circuits of models of any kind, decided by running masks alone.

What a criterion cannot decide within so many runs stays undecided; a count, not a clock, ends it, so every machine
leaves the same circuits undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.criteria.criterion import Criterion, Judge, Parameter, Settings
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, same_for_all, verdicts_of
from pluriscope.analysis.subjects.chances import divergence
from pluriscope.analysis.subjects.enumeration import are_circuits
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import Space

Masks = NDArray[np.bool_]
Array = NDArray[np.float64]
Roles = tuple[Masks, Masks]
"""Which roles nodes have: in the whole model ``[roles, nodes]``, and in each circuit ``[circuits, roles, nodes]``."""
SPENT: Final = "The runs that one criterion may take were spent on smaller circuits."
"""Why a circuit beyond the limit is undecided."""


@dataclass(frozen=True, eq=False)
class Runs:
    """A model under one set of rules, how any mask is run, and what is known of the circuits that are judged.

    These come as masks ``[circuits, bits]``, those with the fewest bits first.

    Args:
        question: about the model.
        margins: ``[circuits]`` the smallest distance of a gap from 0.
        minimal: ``[circuits]`` 1 where no valid circuit has a proper subset of the bits, 0 where one has, NaN unknown.
        whole: outputs of the whole model ``[rows, outputs]``.
        outputs_under: "zero" or "mean" → masks → outputs where what is cut carries that, or None where these do not fit
            the model.
        valid: masks → whether the circuit that each means is valid.
        found: the valid circuits of the model, as far as they were searched; None if they were not. Where it has all,
            ``valid`` only looks a mask up among them.
        active: ``[circuits, nodes]`` the removable nodes that take part.
        roles: of those nodes; None where finding them takes too long, or the kind knows none.
        runs: masks that one criterion may run on all rows; circuits beyond that stay undecided.
    """

    question: GraphQuestion
    margins: Array
    minimal: Array
    whole: Array
    outputs_under: Callable[[str], Callable[[Masks], Array] | None]
    valid: Callable[[Masks], NDArray[np.bool_]]
    found: CircuitSearch | None
    active: Masks
    roles: Roles | None
    runs: int

    @property
    def space(self) -> Space:
        return self.question.space

    @property
    def n_rows(self) -> int:
        return self.question.n_rows

    def n_wrong(self, outputs: Array) -> NDArray[np.int64]:
        """Count the rows on which each of some outputs ``[masks, rows, outputs]`` is wrong; ``[masks]``."""
        wrong: NDArray[np.int64] = (self.space.margins(outputs) <= 0).sum(axis=1)
        return wrong

    def within(self, runs: NDArray[np.int64]) -> int:
        """Count the circuits, from the first, that can be run so often each."""
        return int(np.searchsorted(np.cumsum(runs), self.runs, side="right"))

    def validated(self, removals: NDArray[np.int64]) -> int:
        """Count the circuits, from the first, of which it can be decided whether so many others are valid."""
        return len(removals) if self.found and self.found.complete else self.within(removals)


CutCircuits: TypeAlias = PopulationOf[Runs]


def _verdicts(passed: NDArray[np.bool_], n: int, reason: Callable[[int], str], **numbers: Any) -> Verdicts:
    """Verdicts of which those beyond the first ``n`` are undecided, for want of runs."""
    beyond = np.arange(len(passed)) >= n
    return verdicts_of(passed, lambda at: (SPENT if at >= n else reason(at), {}), undecided=beyond, **numbers)


def once(judge: Judge) -> Judge:
    """Make the judge without settings that judges a population once, however many criteria ask it."""
    return lambda population, settings: population.once(judge, lambda: judge(population, settings))


def needing(trait: str, judge: Judge) -> Judge:
    """Make the judge of models whose kind has a trait; of others the question does not arise, and the kind says why."""

    def asked(population: CutCircuits, settings: Settings) -> Verdicts:
        why = population.question.question.kind.refuses(trait)
        reason = f"{why[:1].upper()}{why[1:]}."
        return same_for_all(len(population), "not_applicable", reason) if why else judge(population, settings)

    return asked


def _batches(population: CutCircuits, n: int) -> Iterator[NDArray[np.intp]]:
    """The positions of the first so many circuits, some at a time."""
    size = population.question.space.batch
    for start in range(0, n, size):
        population.work.check()
        yield np.arange(start, min(start + size, n))


def valid_on_every_source(population: CutCircuits, _: Settings) -> Verdicts:
    """Judge whether a circuit is valid whichever row gives what cut edges carry; one is given up at the first row that
    refutes it.
    """
    runs = population.question
    if not len(population) or runs.space.run_from(population.items[:1], 0) is None:
        reason = "What an edge that is left out carries on another row is not defined for this kind of model."
        return same_for_all(len(population), "not_applicable", reason)
    refuted_by = np.full(len(population), -1)
    undecided = np.zeros(len(population), dtype=np.bool_)
    left = runs.runs
    for positions in _batches(population, len(population)):
        alive = positions
        for source in range(runs.n_rows):
            if left < len(alive):
                undecided[alive] = True
                break
            population.work.check()
            left -= len(alive)
            outputs: Any = runs.space.run_from(population.items[alive], source)
            failed = runs.n_wrong(outputs) > runs.space.most_wrong
            refuted_by[alive[failed]] = source
            alive = alive[~failed]
            if not len(alive):
                break

    def explain(position: int) -> tuple[str, Witness]:
        if undecided[position]:
            return SPENT, {}
        if refuted_by[position] < 0:
            return f"It decides right whichever of the {runs.n_rows} rows gives what edges left out carry.", {}
        source = int(refuted_by[position])
        return f"It decides wrong where edges left out carry what they do on row {source}.", {"source": source}

    return verdicts_of(refuted_by < 0, explain, undecided=undecided)


def valid_under(ablation: str) -> Judge:
    """Make the judge of whether a circuit is valid where what is cut carries 0, or the mean of its source over the
    rows.
    """

    def judge(population: CutCircuits, _: Settings) -> Verdicts:
        runs = population.question
        run = runs.outputs_under(ablation)
        if run is None:
            return same_for_all(len(population), "not_applicable", f"Its rules do not go with {ablation} ablation.")
        n = min(len(population), runs.runs)
        n_right = np.zeros(len(population), dtype=np.int64)
        for positions in _batches(population, n):
            n_right[positions] = runs.n_rows - runs.n_wrong(run(population.items[positions]))

        def reason(position: int) -> str:
            return f"With {ablation} ablation {n_right[position]} of {runs.n_rows} rows are decided right."

        passed = runs.n_rows - n_right <= runs.space.most_wrong
        return _verdicts(passed, n, reason, numerators=n_right, denominators=runs.n_rows)

    return judge


def outputs_close(population: CutCircuits, settings: Settings) -> Verdicts:
    """Judge whether no output is further from the whole model's than the tolerance, on any row."""
    runs = population.question
    n = min(len(population), runs.runs)
    furthest = np.full(len(population), np.nan)
    for positions in _batches(population, n):
        apart = np.abs(runs.space.run(population.items[positions]) - runs.whole)
        furthest[positions] = apart.reshape(len(positions), -1).max(axis=1)

    def reason(position: int) -> str:
        return f"The outputs differ by up to {furthest[position]:.3g} on the rows of the task."

    return _verdicts(furthest <= settings["tolerance"], n, reason, scores=furthest)


def necessary(population: CutCircuits, _: Settings) -> Verdicts:
    """Judge whether what a circuit leaves out is no valid circuit."""
    runs = population.question
    n = runs.validated(np.ones(len(population), dtype=np.int64))
    passed = np.zeros(len(population), dtype=np.bool_)
    for positions in _batches(population, n):
        passed[positions] = ~runs.valid(~population.items[positions])

    return _verdicts(passed, n, lambda at: f"What it leaves out is {'not ' if passed[at] else ''}valid.")


def removals(*, every: bool, by_function: bool) -> Judge:
    """Make the judge of whether a circuit is no longer valid without any one bit, or without some one.

    Args:
        every: any.
        by_function: whether a remainder that is no circuit counts as the one that it means.
    """

    def judge(population: CutCircuits, _: Settings) -> Verdicts:
        runs = population.question
        sizes = population.items.sum(axis=1)
        n = runs.validated(sizes)
        n_needed = np.zeros(len(population), dtype=np.int64)
        for positions in _batches(population, n):
            for bit in range(population.items.shape[1]):
                having = positions[population.items[positions, bit]]
                without = population.items[having]
                without[:, bit] = False
                will_do = by_function | are_circuits(runs.space, without)
                n_needed[having] += ~(will_do & runs.valid(without))

        def reason(position: int) -> str:
            return f"{n_needed[position]} of {sizes[position]} removals leave nothing valid."

        passed = n_needed == sizes if every else n_needed > 0
        return _verdicts(passed, n, reason, numerators=n_needed, denominators=sizes)

    return judge


def subset_minimal(population: CutCircuits, _: Settings) -> Verdicts:
    """Judge whether no valid circuit keeps only a part of a circuit, as the search found out."""
    runs = population.question
    words = {0.0: "A valid circuit keeps only a part of it.", 1.0: "No valid circuit keeps only a part of it."}

    def explain(position: int) -> tuple[str, Witness]:
        return words.get(float(runs.minimal[position]), "Not all valid circuits are listed."), {}

    return verdicts_of(runs.minimal == 1.0, explain, undecided=np.isnan(runs.minimal))


def cardinally_minimal(population: CutCircuits, _: Settings) -> Verdicts:
    """Judge whether a circuit has as few bits as the smallest valid one."""
    runs = population.question
    sizes, fewest = population.items.sum(axis=1), runs.found and runs.found.fewest
    if fewest is None:
        return same_for_all(len(population), "undecided", "The valid circuits of the model were not searched.")

    def explain(position: int) -> tuple[str, Witness]:
        return f"It keeps {sizes[position]}; the smallest valid one keeps {fewest}.", {}

    return verdicts_of(sizes == fewest, explain, scores=sizes)


NEAR: Final = 1e-9
"""A divergence that is no further from the tolerance is undecided: logarithms differ from machine to machine."""


def _close(population: CutCircuits, settings: Settings) -> Verdicts:
    """Judge whether the mean divergence from the outputs of the whole model is within the tolerance."""
    runs = population.question
    n = min(len(population), runs.runs)
    divergences = np.full(len(population), np.nan)
    for positions in _batches(population, n):
        by_row = divergence(runs.whole, runs.space.run(population.items[positions]))
        divergences[positions] = by_row.mean(axis=1)

    def explain(position: int) -> tuple[str, Witness]:
        if position >= n:
            return SPENT, {}
        near = ", too near the tolerance to decide" if is_near[position] else ""
        return f"The mean divergence is {divergences[position]:.3g} nats{near}.", {}

    is_near = np.abs(divergences - settings["tolerance"]) <= NEAR
    undecided = np.isnan(divergences) | is_near
    return verdicts_of(divergences <= settings["tolerance"], explain, scores=divergences, undecided=undecided)


KL_FAITHFULNESS: Final = Criterion(
    key="kl-faithfulness",
    label="KL faithfulness",
    definition="The distribution over outputs that the circuit gives diverges from the whole model's by no more than "
    "the tolerance, in the mean over the rows.",
    formula="mean over rows x of D_KL(softmax f(x) ‖ softmax f_C(x))  ≤  tolerance",
    source="Conmy et al., NeurIPS 2023 (arXiv:2304.14997), §3, who prune edges by this divergence",
    judges={"cut": _close},
    direction="lower",
    parameters=(Parameter("tolerance", 0.1, 0.0, 1e6, "largest mean divergence allowed", "nats"),),
    score="mean divergence",
    term="faithfulness",
)


def _roles_agree(population: CutCircuits, _: Settings) -> Verdicts:
    runs = population.question
    if runs.roles is None:
        return same_for_all(len(population), "undecided", "Finding the roles of its nodes takes too long.")
    whole, cut = runs.roles
    alike = (cut == whole).all(axis=1) & runs.active
    n_alike, n_active = alike.sum(axis=1), runs.active.sum(axis=1)

    def explain(position: int) -> tuple[str, Witness]:
        return f"{n_alike[position]} of its {n_active[position]} nodes have the roles that they have in the model.", {}

    passed = np.equal(n_alike, n_active)
    return verdicts_of(passed, explain, numerators=n_alike, denominators=n_active)


ROLE_AGREEMENT: Final = Criterion(
    key="role-agreement",
    label="Role agreement",
    definition="Every node of the circuit has the same roles there as in the whole model.",
    formula="for every node v of C and every role r: r(v in C) = r(v in M)",
    source="roles of attention heads after Olsson et al. 2022 (arXiv:2209.11895) and Wang et al., ICLR 2023 "
    "(arXiv:2211.00593), who find them in the whole model; that each circuit is asked is Pluriscope's",
    judges={"cut": _roles_agree},
    direction="higher",
    score="share of the circuit's nodes whose roles agree",
    term="induction-head",
)
