"""A network's fair pair as it is searched, stored and reported.

A pair is fair if both interpretations pass the same tests and each is right where the other is wrong, on interventions
that count: with one neuron forced, the same for both, an output that every rule decides, one of which is another answer
than the network's own, and predictions that rest on no free row. Where no pair is, the one that gives up the fewest of
these conditions takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.errors import InvalidIndex
from pluriscope.analysis.explanations.circuits import gate_label, predict_by_interpretation
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.interpretation import Interpretation, NeuronGate
from pluriscope.analysis.interventions.experiments import (
    InterventionSpace,
    NetworkAnswers,
    NeuronSite,
    run_interventions,
)
from pluriscope.analysis.methods.report import Analysed, Exact, Mask, Part, Report, Settings
from pluriscope.analysis.pair.readings import Counted, Readings, Words, read_classes, unpacked
from pluriscope.analysis.pair.search import Experiments, Pair, find_pairs
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion

Condition = Literal["turns", "one", "clear", "settled", "each"]
CONDITIONS: Final[Mapping[Condition, str]] = {
    "turns": "the network’s answer stays the same wherever they contradict each other",
    "one": "no neuron, forced by itself, decides for each of them",
    "clear": "some outputs are further than 0.3 from 0 and 1",
    "settled": "some predictions rest on a row of a gate that no input produces",
    "each": "the same one is right wherever they contradict each other",
}
"""The conditions of a fair pair, each as what is true of a pair that does not meet it; the first is given up first."""
SEARCH: Final = 3
"""Version of the search: the first had fewer conditions and another order, the second more rows of gates that are not
settled.
"""
MAX_CLASSES: Final = 10_000
N_DRAWN: Final = 2_000
MAX_BITS: Final = 1 << 29
"""Classes times interventions: 64 MiB of those that are right, and as many of those that are wrong."""
SEED: Final = 0


class ExperimentFound(Part):
    """An intervention on which the two contradict each other."""

    neurons: list[NeuronSite] = Field(description="That are forced: layer from 1, neuron from 0.")
    source: int = Field(description="The input whose values they get, by its number in binary order.")
    base: int = Field(description="The input that runs.")
    says: tuple[int, int]
    output: float
    answer: int = Field(description="Of the network: 1 above 0.5.")
    unforced: float = Field(description="Its output on that input with no neuron forced.")


class GateFound(Part):
    """A gate that one of the two reads from a neuron."""

    layer: int
    neuron: int
    function: Exact = Field(description="Of the inputs: bit i is its value on the input of number i.")
    label: str


class PairFound(Part):
    """Two interpretations that contradict each other."""

    masks: tuple[Mask, Mask] = Field(description="Of their circuits.")
    indices: tuple[Exact, Exact] = Field(description="The index of each in its circuit.")
    gates: tuple[list[GateFound], list[GateFound]]
    differ: list[NeuronSite] = Field(
        description="Neurons into which they keep other edges or from which they read another function."
    )
    margin: float = Field(description="The smaller one of their circuits.")
    given_up: list[Condition] = Field(description="Conditions that it does not meet; none of a pair.")
    counted: tuple[int, int] = Field(
        description="Contradictions on which the one is right, and the other, of those that count for it."
    )
    both_right: int = Field(description="Of all interventions.")
    first_right: int
    second_right: int
    neither: int
    experiments: list[ExperimentFound] = Field(description="One on which the first is right, one for the second.")


class FairPairReport(Report):
    """The fair pair of a network, or the pair that comes nearest to one; null where no two contradict each other."""

    n_interventions: int
    n_clear: int = Field(description="Interventions whose output is within 0.3 of 0 or 1.")
    largest_set: int | None = Field(description="Most neurons forced where not every set is, else null.")
    n_classes: Exact = Field(description="Observed classes of the listed circuits.")
    classes: int = Field(description="Of those, how many were compared: they predict something.")
    drawn: bool = Field(description="Whether they were drawn, uniformly without repetition.")
    seed: int
    n_unread: int = Field(description="Left out: their circuits have too many states.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    n_fair: int = Field(description="Pairs that meet every condition.")
    pair: PairFound | None
    search: int = Field(1, description="Version of the search, raised when conditions or order change.")

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        return list(_findings(self))


def _findings(report: FairPairReport) -> Iterator[str]:
    """Yield the findings in sentences."""
    pair, drawn = report.pair, " of classes drawn" if report.drawn else ""
    if pair is None:
        yield _why_none(report)
    else:
        if pair.given_up:
            why = ", and ".join(CONDITIONS[one] for one in pair.given_up)
            yield f"No pair{drawn} meets every condition. In the one that comes nearest, {why}."
        p, q = pair.first_right, pair.second_right
        names = " and ".join(f"i·{mask}.{index}" for mask, index in zip(pair.masks, pair.indices, strict=True))
        neurons = "one neuron" if len(pair.differ) == 1 else f"{len(pair.differ)} neurons"
        yield (
            f"{names} differ in {neurons} and contradict each other on {p + q:,} of "
            f"{report.n_interventions:,} interventions: the one is right on {p:,}, the other on {q:,}."
        )
        if report.n_fair > 1 and report.search == SEARCH:
            yield f"{report.n_fair:,} pairs{drawn} meet them; none of them comes before it."
    if report.drawn:
        compared = f"{report.classes:,} of {int(report.n_classes):,} observed classes were compared"
        yield f"{compared}, drawn uniformly without repetition (seed {report.seed})."
    if report.n_unread:
        yield f"{report.n_unread:,} more could not be found: their circuits have too many states."


def _why_none(report: FairPairReport) -> str:
    """Return why no two contradict each other."""
    if not int(report.n_classes):
        return "There are no interpretations to compare."
    if not report.n_interventions:
        return "The network has no hidden neuron to force, so nothing distinguishes two interpretations."
    if not report.classes:
        return "No interpretation predicts anything, so no two contradict each other."
    if report.classes == 1:
        return "All interpretations are of one observed class, so no two contradict each other."
    return f"No two of {report.classes:,} observed classes{' drawn' if report.drawn else ''} contradict each other."


# --- the search


def find(of: Analysed[Question], _: Settings, work: Work = DEFAULT_WORK) -> FairPairReport:
    """The fair pair among the listed circuits of a network."""
    return fair_pair(of.question, of.circuits, of.observed, work)


def fair_pair(
    question: Question,
    circuits: CircuitSearch,
    observed: Sequence[int],
    work: Work = DEFAULT_WORK,
    *,
    max_classes: int = MAX_CLASSES,
    n_drawn: int = N_DRAWN,
) -> FairPairReport:
    """The fair pair of a network.

    Args:
        circuits: the listed valid ones.
        observed: ``[circuits]`` observed classes of each; empty where none were counted.
        work: reports progress of classes and pairs; may raise Cancelled.
        max_classes: of more classes some are drawn.
    """
    # classes times interventions are held as bits: of more classes than fit, some are drawn
    space, answers = run_interventions(question)
    most = MAX_BITS // max(1, space.n_interventions)
    drawn = sum(observed) > min(most, max_classes)
    sets = np.argwhere(answers.counted)[:, 0]
    every = np.arange(space.n_interventions)
    alone = [every[sets == number] for number, members in enumerate(space.sets) if len(members) == 1]

    # each way of counting interchanges reads the classes anew; conditions given up later ask for the same again
    @cache
    def readings(counted: Counted) -> Readings:
        return read_classes(
            question,
            circuits.masks,
            observed,
            (space, answers),
            counted,
            work,
            n_drawn=min(most, n_drawn) if drawn else None,
            seed=SEED,
        )

    def search(given_up: Sequence[Condition]) -> tuple[Pair | None, int, Readings]:
        some = readings(Counted("settled" not in given_up, "clear" not in given_up))
        turning = None if "turns" in given_up else answers.turning[answers.counted]
        groups = [every] if "one" in given_up else alone
        return *find_pairs(some, Experiments(groups, turning, "each" not in given_up), work), some

    # 1. the pair that fulfils every condition
    classes = readings(Counted())
    first, n_fair, some = search(())
    # 2. else the fewest conditions are given up, one first; not tried where no pair is left without all of them
    given_up: tuple[Condition, ...] = ()
    steps = (given for n in range(1, len(CONDITIONS) + 1) for given in combinations(CONDITIONS, n))
    if first is None and search(tuple(CONDITIONS))[0] is not None:
        for given_up in steps:
            first, _, some = search(given_up)
            if first is not None:
                break
    pair = None if first is None else _PairOf(question, circuits, space, answers, some, first).found(given_up)
    return FairPairReport(
        search=SEARCH,
        n_interventions=space.n_interventions,
        n_clear=int((answers.clear & answers.counted).sum()),
        largest_set=space.largest,
        n_classes=str(sum(observed)),
        classes=len(classes),
        drawn=drawn,
        seed=SEED,
        n_unread=classes.n_unread,
        complete=circuits.truncated_at is None and circuits.n_listed == circuits.n_valid,
        n_fair=n_fair,
        pair=pair,
    )


@dataclass(frozen=True, eq=False)
class _PairOf:
    """A pair of classes of one network, and how they differ."""

    question: Question
    circuits: CircuitSearch
    space: InterventionSpace
    answers: NetworkAnswers
    classes: Readings
    pair: Pair

    def found(self, given_up: Sequence[Condition]) -> PairFound:
        both = self._members(alike="settled" not in given_up)
        to_hex = self.question.layout.to_hex
        counted = self.answers.counted
        said = [predict_by_interpretation(one, self.space)[counted] for one in both]
        one, other = (predicted == self.answers.decisions[counted] for predicted in said)
        p, q = (unpacked(bits)[: len(one)] for bits in self._contradictions())
        sites = [(layer, n) for layer, size in enumerate(self.question.network.sizes[1:], start=1) for n in range(size)]
        first, second = (self.classes.gates[number] for number in self.pair)
        return PairFound(
            masks=(to_hex(both[0].circuit.mask), to_hex(both[1].circuit.mask)),
            indices=(str(both[0].index), str(both[1].index)),
            gates=tuple([_gate(gate, self.space.n_inputs) for gate in one.gates] for one in both),
            differ=[site for site, here, there in zip(sites, first, second, strict=True) if here != there],
            margin=float(self.classes.margins[list(self.pair)].min()),
            given_up=list(given_up),
            counted=(int(p.sum()), int(q.sum())),
            both_right=int((one & other).sum()),
            first_right=int((one & ~other).sum()),
            second_right=int((other & ~one).sum()),
            neither=int((~one & ~other).sum()),
            experiments=[self._experiment(number, said) for number in self._clearest(p, q)],
        )

    def _contradictions(self) -> Iterator[Words]:
        first, second = self.pair
        for one, other in ((first, second), (second, first)):
            yield self.classes.right[one] & self.classes.wrong[other]

    def _members(self, *, alike: bool) -> tuple[Interpretation, Interpretation]:
        """The representatives, or of each class the member that does on its free rows what the other does there."""
        layout, masks = self.question.layout, self.circuits.masks
        spaces = [
            InterpretationSpace(self.question, Circuit(layout, int(masks[self.classes.circuit[one]])))
            for one in self.pair
        ]
        first, second = (space.at(self.classes.index[one]) for space, one in zip(spaces, self.pair, strict=True))
        if alike:
            return _as_other(spaces[0], first, second), _as_other(spaces[1], second, first)
        return first, second

    def _clearest(self, p: NDArray[np.bool_], q: NDArray[np.bool_]) -> Iterator[int]:
        """Yield the clearest contradiction on which the first is right, and the clearest on which the second is: with
        the fewest neurons forced, the same for both and one of them turning the network's answer where that is
        possible, then the output as near to 0 or 1 as possible.
        """
        counted = self.answers.counted
        sets, turning = np.argwhere(counted)[:, 0], self.answers.turning[counted]
        sizes = np.array([len(members) for members in self.space.sets])[sets]
        off = np.abs(self.answers.outputs - self.answers.decisions)[counted]

        def nearest(side: NDArray[np.intp]) -> int:
            return int(side[off[side].argmin()])

        sides = [np.flatnonzero(side & (sizes == sizes[side].min())) for side in (p, q) if side.any()]
        chosen = []
        for one in set(sets[sides[0]]).intersection(*(sets[side] for side in sides)):
            here = [side[sets[side] == one] for side in sides]
            for turns in range(len(here)):
                turned = here[turns][turning[here[turns]]]
                found = [nearest(turned if n == turns and turned.size else side) for n, side in enumerate(here)]
                chosen.append((not turning[found].any(), off[found].max(), one, found))
        yield from min(chosen)[-1] if chosen else map(nearest, sides)

    def _experiment(self, number: int, said: Sequence[NDArray[np.int8]]) -> ExperimentFound:
        members, source, base = np.argwhere(self.answers.counted)[number].tolist()
        return ExperimentFound(
            neurons=list(self.space.sets[members]),
            source=source,
            base=base,
            says=(int(said[0][number]), int(said[1][number])),
            output=float(self.answers.outputs[members, source, base]),
            answer=int(self.answers.decisions[members, source, base]),
            unforced=float(self.question.clean_activations[-1][base, 0]),
        )


def _gate(gate: NeuronGate, n_inputs: int) -> GateFound:
    label = gate_label(gate, n_inputs)
    return GateFound(layer=gate.layer, neuron=gate.neuron, function=str(gate.function), label=label)


def _as_other(space: InterpretationSpace, one: Interpretation, other: Interpretation) -> Interpretation:
    """The member of an interpretation's class whose gates do what another's do where no input reaches."""
    gates = list(one.gates)
    for position, gate in enumerate(one.gates):
        there = other.gate(gate.layer, gate.neuron)
        if gate.layer > 1 and there is not None and there.parents == gate.parents:
            table = tuple(there.table[row] if row in gate.free_rows else bit for row, bit in enumerate(gate.table))
            changed = [*gates[:position], replace(gate, table=table), *gates[position + 1 :]]
            try:
                space.index_of(tuple(changed))
            except InvalidIndex:  # an XOR, which is no gate here
                continue
            gates = changed
    return space.at(space.index_of(tuple(gates)))
