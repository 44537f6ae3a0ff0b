"""Criteria for interpretations by variables: what a node carries, read as a variable of the task.

They come as triples of the classes of variables (:mod:`pluriscope.analysis.readings.task_variables`), all
interpretations of the circuit and the one that is judged; the question is the network's. Such an interpretation says by
what an interchange changes decisions: that of a set of its nodes gives, from sources on which their variables have
equal values, equal decisions, and the base's own where they have the base's values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Final, TypeAlias

import numpy as np

from pluriscope.analysis.criteria.criterion import Judge, Settings
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.verdict import Outcome, Verdict, Verdicts, Witness, put_together
from pluriscope.analysis.readings.circuit_readings import CircuitInterpretations, CircuitReader, VariableInterpretation
from pluriscope.analysis.readings.task_variables import VariableClass
from pluriscope.analysis.subjects.question import GraphQuestion

VARIABLES: Final = "variables"
"""Interpretations by variables, as criteria judge them."""
MAX_MILLISECONDS: Final = 15_000.0
"""What the runs for one of them may take by the kind's own estimate."""
Item: TypeAlias = tuple[Sequence[VariableClass], CircuitInterpretations, VariableInterpretation]
Readings: TypeAlias = PopulationOf[GraphQuestion]


def each(judge_one: Callable[[Readings, Item], Verdict]) -> Judge:
    """Make the judge of interpretations from that of one."""

    def judge(population: Readings, _: Settings) -> Verdicts:
        return put_together([judge_one(population, one) for one in population.work.each("criteria", population.items)])

    return judge


def upheld(*, jointly: bool, on_circuit: bool) -> Judge:
    """Make the judge of whether interchanges change decisions by the values of variables alone.

    Args:
        jointly: of any set of nodes, otherwise of any one.
        on_circuit: in the circuit itself, otherwise in the network.
    """

    def judge_one(population: Readings, item: Item) -> Verdict:
        classes, _, one = item
        question, space = population.question, population.question.space
        whole = space.graph.number(space.reduce(np.ones((1, space.n_bits), dtype=np.bool_))[0])
        mask = int(one.mask, 16) if on_circuit else whole
        there = population.once(mask, lambda: CircuitReader(question, mask).there)
        wrong, of, left, tried = 0, 0, MAX_MILLISECONDS / space.run_milliseconds, ""
        witness: Witness = {}
        sizes = range(1, len(one.read) + 1 if jointly else 2)
        for some in (some for size in sizes for some in combinations(one.read, size)):
            places = tuple(there.read(each.place.place) for each in some)
            left -= len(there.values(places)[0])
            if left < 0:
                tried = f" Sets of more than {len(some) - 1} nodes were not all tried."
                break
            population.work.check()
            pairs = there.table(places).pairs
            values = np.stack([classes[each.place.classes[each.number]].which for each in some], axis=1)
            _, first, which = np.unique(values, axis=0, return_index=True, return_inverse=True)
            same = which.ravel()[:, None] == which.ravel()
            said = np.where(same, np.diag(pairs)[:, None], pairs[:, first[which.ravel()]])
            differ = np.argwhere(pairs != said)
            wrong, of = wrong + len(differ), of + pairs.size - len(pairs)
            if len(differ) and not witness:
                base, source = differ[0].tolist()
                witness = {"patched": [each.place.place for each in some], "source": source, "base": base}
        outcome: Outcome = "failed" if wrong else "undecided" if tried else "passed"
        reason = f"{of - wrong:,} of {of:,} interchanges of its nodes change decisions by its variables alone.{tried}"
        return Verdict.of_share(outcome, of - wrong, of, reason, witness)

    return each(judge_one)
