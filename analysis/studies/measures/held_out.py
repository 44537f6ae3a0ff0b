"""Whether interpretations that are chosen by some rule predict interventions that the rule has not seen.

All interchange interventions on sets of hidden neurons are divided in two by set: a set belongs to the held-out half if
the last bit of the SHA-256 of the network's digest, the output and the set's neurons is 1, so the halves depend on
nothing but the network and its output. Sets that are the same experiment in one of two ways are in the same half: what
lies before a layer that is interchanged whole changes nothing, and a set within one layer and the rest of that layer
differ in which input is called the source. Sets that leave nothing of the base, such as each whole layer, stand in
either half: the network then decides as on the source alone.
Every observed class of every valid circuit, by its representative, is scored on both halves. A rule chooses some of
these classes; its score is the mean share of held-out interventions that they predict right, all chosen classes alike.

Where there are more than :data:`MAX_CIRCUITS` valid circuits, as many are drawn uniformly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from math import comb
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.common_ground.interpreted import choose_classes, representatives_predict, speaks
from analysis.criteria.ablations import RESAMPLE_ABLATION
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.errors import BeyondLimits
from analysis.experiments import InterventionSpace, NeuronSite, ask_network
from analysis.networks.circuit import Circuit
from analysis.question import Question
from analysis.stories.search import uniform_sample
from analysis.studies.measures.measure import Measure, Measured, Need, measure
from analysis.studies.subject import Studied

MAX_CIRCUITS: Final = 500
MAX_CLASSES: Final = 20_000  # of one circuit
_NEEDS: Final[tuple[Need, ...]] = ("circuits",)

Integers = NDArray[np.int64]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Halves:
    """The explanations of one network on both halves of the interventions.

    Args:
        seen: ``[explanations]`` interventions of the half that rules may see, predicted right.
        held: ``[explanations]`` held-out ones, predicted right.
        n_held: held-out interventions.
    """

    seen: Integers
    held: Integers
    n_held: int

    def score(self, chosen: Chosen) -> float:
        """Mean share of held-out interventions that the chosen explanations predict right."""
        return int(self.held[chosen].sum()) / (self.n_held * int(chosen.sum()))

    def lengths(self) -> Sequence[int]:
        """Two to the length in bits of each explanation's description."""
        raise NotImplementedError

    def shortest_of(self, chosen: Chosen) -> Chosen:
        """Those of some explanations, one or more, that have the shortest description among them."""
        lengths = self.lengths()
        least = min(lengths[number] for number in np.flatnonzero(chosen).tolist())
        return np.asarray(chosen & np.array([length == least for length in lengths]))


@dataclass(frozen=True, eq=False)
class Trial(Halves):
    """The interpretations of one network on both halves, by observed class.

    Args:
        question: that is studied.
        masks: ``[circuits]`` those whose interpretations predict anything, ascending.
        circuit: ``[classes]`` position of each class's circuit.
        unchanged: held-out interventions after which the network decides as it does on the base alone.
    """

    question: Question
    masks: NDArray[np.uint64]
    circuit: Integers
    unchanged: int

    def of_circuits(self, chosen: Chosen) -> Chosen:
        """The classes of some circuits."""
        return chosen[self.circuit]

    def lengths(self) -> Sequence[int]:
        return [self.code_lengths[number] for number in self.circuit.tolist()]

    @cached_property
    def code_lengths(self) -> list[int]:
        """Two to the length in bits of the shortest name of each circuit and its gates' tables.

        A circuit with k of E edges is one of C(E, k), and a gate of p inputs has a table of 2^p bits.
        """
        return [self._code(Circuit(self.question.layout, int(mask))) for mask in self.masks]

    def _code(self, circuit: Circuit) -> int:
        parents = [int(n) for kept in circuit.keep for n in kept.sum(axis=1) if n]
        return comb(self.question.layout.n_edges, circuit.n_edges) << sum(1 << n for n in parents)


def is_held_out(question: Question, space: InterventionSpace) -> Chosen:
    """``[sets]`` which sets of neurons are held out."""

    def last_bit(sites: Sequence[NeuronSite]) -> bool:
        text = ",".join(f"{layer}.{neuron}" for layer, neuron in same_experiment(sites, space.hidden_sizes))
        return bool(sha256(f"{question.model.digest}:{question.output}:{text}".encode()).digest()[-1] & 1)

    return np.fromiter(map(last_bit, space.sets), dtype=np.bool_, count=len(space.sets))


def same_experiment(sites: Sequence[NeuronSite], hidden_sizes: Sequence[int]) -> tuple[NeuronSite, ...]:
    """One set for all that are the same experiment in one of these two ways, ascending."""
    inside = Counter(layer for layer, _ in sites)
    whole = max((layer for layer, n in inside.items() if n == hidden_sizes[layer - 1]), default=0)
    needed = tuple(sorted(site for site in sites if site[0] >= whole))
    (layer, *others) = {layer for layer, _ in needed}
    if others:
        return needed
    rest = tuple((layer, neuron) for neuron in range(hidden_sizes[layer - 1]) if (layer, neuron) not in needed)
    return min(needed, rest) if rest else needed


def run_trial(question: Question, masks: NDArray[np.uint64]) -> Trial | str:
    """Score every observed class of some circuits on both halves; why that cannot be, where it cannot.

    Args:
        masks: ``[circuits]`` valid ones, ascending.
    """
    space, answers = ask_network(question)
    source, base = np.nonzero(~np.eye(space.n_rows, dtype=bool))
    decided = answers.decisions[:, source, base]
    held_out = is_held_out(question, space)
    if held_out.all() or not held_out.any():
        return "all sets of neurons are in one half"
    some: list[int] = []
    circuit: list[int] = []
    seen: list[Integers] = []
    held: list[Integers] = []
    for mask in masks.tolist():
        try:
            chosen = choose_classes(question, Circuit(question.layout, mask), max_listed=MAX_CLASSES)
        except BeyondLimits as problem:
            return problem.cause
        if not len(chosen) or not speaks(chosen.classes):
            continue
        for predicted in representatives_predict(chosen.classes, space):
            right = (predicted == decided).sum(axis=2)
            seen.append(right[:, ~held_out].sum(axis=1))
            held.append(right[:, held_out].sum(axis=1))
        circuit += [len(some)] * len(chosen)
        some.append(mask)
    if not some:
        return "no circuit is valid whose interpretations predict anything"
    alone = answers.decisions[0].diagonal()[base]
    return Trial(
        np.concatenate(seen),
        np.concatenate(held),
        int(held_out.sum()) * len(base),
        question,
        np.array(some, dtype=np.uint64),
        np.array(circuit, dtype=np.int64),
        int((decided[held_out] == alone).sum()),
    )


def _trial(studied: Studied) -> Trial | str:
    masks = uniform_sample(studied.analysis.circuits.masks, MAX_CIRCUITS)
    return studied.once("held out", lambda: run_trial(studied.question, masks) if len(masks) else "no circuit is valid")


def every_one(halves: Halves) -> Chosen:
    """All explanations: the mean of their scores is what one chosen at random is expected to have."""
    return np.ones(len(halves.held), dtype=np.bool_)


def best_fitted(halves: Halves) -> Chosen:
    """Those right most often on the half that rules may see."""
    return np.asarray(halves.seen == halves.seen.max())


def best_in_hindsight(halves: Halves) -> Chosen:
    """Those right most often on the held-out half, which no rule may look at."""
    return np.asarray(halves.held == halves.held.max())


def shortest(halves: Halves) -> Chosen:
    """Those with the shortest description."""
    return halves.shortest_of(every_one(halves))


def shortest_of_fitted(halves: Halves) -> Chosen:
    """Of the best fitted those with the shortest description."""
    return halves.shortest_of(best_fitted(halves))


def _resampled(trial: Trial) -> Chosen:
    context = CircuitCriteriaContext(trial.question, trial.masks)
    return trial.of_circuits(RESAMPLE_ABLATION.judge("circuit", context).passed)


H = TypeVar("H", bound=Halves)
Rules = Mapping[str, tuple[Callable[[H], Chosen], str, str]]
"""By the end of a measure's key: which explanations are chosen, in short, and in a sentence after "predicted right"."""

_RULES: Final[Rules[Trial]] = {
    "random": (every_one, "any valid one", "of all of them, which is what one chosen at random is expected to have"),
    "fitted": (
        best_fitted,
        "right most often on the other half",
        "of those that are right most often on the other half",
    ),
    "shortest": (shortest, "shortest description", "of those of the circuits with the shortest description"),
    "short-fitted": (
        shortest_of_fitted,
        "shortest of the best fitted",
        "of those with the shortest description among the ones that are right most often on the other half",
    ),
    "resample": (_resampled, "valid under resample ablation", "of those of circuits valid under resample ablation too"),
    "best": (best_in_hindsight, "best in hindsight", "of those that are right most often on these very interventions"),
}


def rule_measures(
    prefix: str, of: str, trial_of: Callable[[Studied], H | str], rules: Rules[H], needs: Sequence[Need] = ()
) -> tuple[Measure, ...]:
    """A measure for each rule: the score of what it chooses.

    Args:
        prefix: of the keys.
        of: which explanations, as the beginning of a sentence.
        trial_of: the explanations on both halves; why there are none, where there are none.
        rules: how explanations are chosen.
        needs: what must have been searched.
    """

    def scored(choose: Callable[[H], Chosen], studied: Studied) -> Measured:
        trial = trial_of(studied)
        if isinstance(trial, str):
            return Measured(None, note=trial)
        chosen = choose(trial)
        return Measured(trial.score(chosen)) if chosen.any() else Measured(None, note="the rule chooses none")

    return tuple(
        measure(
            f"{prefix}-{key}",
            f"held-out interventions right: {label}",
            "share",
            needs=needs,
            definition=f"{of}: mean share of the held-out interventions predicted right {words}.",
        )(partial(scored, choose))
        for key, (choose, label, words) in rules.items()
    )


MEASURES: Final = rule_measures("held-out", "Interpretations by observed class", _trial, _RULES, _NEEDS)


@measure("held-out-unchanged", "held-out interventions right: nothing changes", "share", needs=_NEEDS)
def _unchanged(studied: Studied) -> Measured:
    """Share of the held-out interventions after which the network decides as on the base: what is right without any
    explanation.
    """
    trial = _trial(studied)
    return Measured(None, note=trial) if isinstance(trial, str) else Measured(trial.unchanged / trial.n_held)


@measure(
    "held-out-classes",
    "observed classes scored",
    "count",
    "classes",
    log=True,
    needs=_NEEDS,
    definition=f"Observed classes of interpretations of all valid circuits, or of {MAX_CIRCUITS} drawn uniformly.",
)
def _classes(studied: Studied) -> Measured:
    trial = _trial(studied)
    if isinstance(trial, str):
        return Measured(None, note=trial)
    n_valid = len(studied.analysis.circuits.masks)
    return Measured(len(trial.circuit), truncated_at=len(trial.circuit) if n_valid > MAX_CIRCUITS else None)
