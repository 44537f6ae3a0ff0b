"""How well all interpretations of a circuit predict interchange interventions: exactly, without listing them.

An intervention patches a set S of hidden neurons of the unablated network (:mod:`analysis.experiments`). An
interpretation predicts: patched neurons with a gate take their bit on source, the others follow their local gates. Some
of the parent combinations that arise so are never seen on a clean input, so free completions matter: two
interpretations of one observed class may predict differently, and neither a class nor its representative stands for
its members. There are too many of them to try each; but they need not be tried:

1. Fix the observed class (every gate's bits on the clean inputs) and the completions of the gates *above* the second
   layer. For a network with two hidden layers these are the completions of the output's gate alone.
2. An intervention then enters through the bits r of the first layer after patching, which the class decides, and
   through the *column* w of r: the bits that the gates of the second layer give on r. Patched neurons of the second
   layer and everything above follow from w and the class. So each intervention is a demand on one column: if N(r, w) of
   the interventions that lead to r are predicted right with the column w, an interpretation is right on
   Σ_r N(r, column of r) of them.
3. A gate that reads every gated neuron of the first layer has an entry of its own for each r, so columns are
   independent: counts multiply over r, and the best and the worst are sums of the best and the worst columns. A gate
   that reads fewer has one entry for several r, and the entries of one among whose completions is a barred XOR depend
   on each other: the few completions of these gates are tried one after the other.

Sums over upper completions and classes give the exact number of interpretations that are always right, and the exact
best and worst. What is beyond the stated work is undecided, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.experiments import InterventionSpace, NetworkAnswers
from analysis.interpretations.batched_walks import extreme_tables, judged_blocks
from analysis.interpretations.columns import UNDECIDED, Columns
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.interpretation import Interpretation
from analysis.interpretations.observed import ObservedClasses
from analysis.networks.circuit import Circuit
from analysis.work import DEFAULT_WORK, Work

Family = Literal["alone", "joint", "all"]
Integers = NDArray[np.int64]

MAX_TRIED: Final = 1 << 14  # completions that are tried one after the other, for one class
MAX_WORK: Final = 1 << 30  # numbers computed for all classes of a circuit: some ten seconds


def family_sets(circuit: Circuit, space: InterventionSpace, family: Family) -> NDArray[np.intp]:
    """Which neuron sets of a space a circuit's interpretations are tested on.

    Args:
        circuit: whose active hidden neurons count; those without a gate too, of which an interpretation says that they
            change nothing.
        space: of the circuit's network.
        family: "alone": each active hidden neuron by itself; "joint": every set of them; "all": every set of hidden
            neurons, active or not (the common ground of all explanations).
    """
    if family == "all":
        return np.arange(len(space.sets))
    inactive = np.zeros(len(space.sets), dtype=bool)
    for (layer, neuron), held in space.holds.items():
        if not circuit.active[layer][neuron]:
            inactive |= held
    if family == "alone":
        inactive |= np.array([len(members) != 1 for members in space.sets], dtype=bool)
    return np.flatnonzero(~inactive)


@dataclass(frozen=True, eq=False)
class ClassPredictions:
    """How the interpretations of each observed class of a circuit fare, parallel to the classes.

    Args:
        tested: interventions, the same for all.
        passing: interpretations that predict all of them right; −1 where the work was too large.
        best: most interventions that an interpretation of the class predicts right; −1 likewise, or if not computed.
        worst: fewest, likewise.
        representative: interventions that the class's representative predicts right; −1 if not computed.
    """

    tested: int
    passing: tuple[int, ...]
    best: Integers
    worst: Integers
    representative: Integers


def class_predictions(
    classes: ObservedClasses,
    space: InterventionSpace,
    answers: NetworkAnswers,
    family: Family,
    work: Work = DEFAULT_WORK,
    *,
    extremes: bool = True,
    representatives: bool = False,
    among: NDArray[np.bool_] | None = None,
    max_tried: int = MAX_TRIED,
    max_work: int = MAX_WORK,
) -> ClassPredictions | None:
    """Count, for each observed class, the interpretations that are always right, and find the best and the worst.

    Args:
        classes: of one circuit.
        space: the interventions of its network.
        answers: what the unablated network does on them.
        family: which of them count, see :func:`family_sets`.
        work: may end between two blocks of classes.
        extremes: whether to find the best and the worst too, which takes longer.
        representatives: whether to ask the representatives too.
        among: ``[classes]`` those that are looked at, if not all; of the others none passes, as where all of them have
            failed on some of these sets already.
        max_tried: most completions that are tried one after the other for one class.
        max_work: most numbers computed for all classes together; classes after that are undecided.

    Returns:
        None if nothing is predicted: no hidden layer, or a circuit whose output is constant.
    """
    if len(classes.layers) < 2 or not classes.gated(len(classes.layers)):
        return None
    chosen = family_sets(classes.circuit, space, family)
    wanted = np.arange(len(classes)) if among is None else np.flatnonzero(among)
    columns = Columns(classes, space, answers, chosen, max_tried, [max_work])
    passing = [0] * len(classes)
    best, worst, representative = (np.full(len(classes), UNDECIDED) for _ in range(3))
    for block, judged in judged_blocks(columns, wanted, extremes=extremes):
        work.check()
        for number, n_passing in zip(block.numbers.tolist(), judged.passing, strict=True):
            passing[number] = n_passing
        best[block.numbers], worst[block.numbers] = judged.best, judged.worst
        if representatives:
            representative[block.numbers] = block.representatives()
    return ClassPredictions(columns.tested, tuple(passing), best, worst, representative)


def extreme_interpretation(
    interpretations: InterpretationSpace,
    classes: ObservedClasses,
    number: int,
    space: InterventionSpace,
    answers: NetworkAnswers,
    family: Family = "all",
    *,
    highest: bool = True,
    max_tried: int = MAX_TRIED,
) -> Interpretation | None:
    """An interpretation that predicts as many (or as few) interventions right as any of its observed class.

    Args:
        interpretations: of the circuit.
        classes: its observed classes.
        number: which of them.
        space: the interventions of the network.
        answers: what the unablated network does on them.
        family: which of them count.
        highest: whether the best is wanted, or the worst.
        max_tried: most completions that are tried one after the other.

    Returns:
        The first of them in the order in which completions are tried; None where it is undecided or nothing is
        predicted.
    """
    if len(classes.layers) < 2 or not classes.gated(len(classes.layers)):
        return None
    chosen = family_sets(classes.circuit, space, family)
    tables = extreme_tables(Columns(classes, space, answers, chosen, max_tried, [MAX_WORK]), number, highest)
    if tables is None:
        return None
    some = interpretations.at(classes.least_indices[number])
    gates = tuple(
        gate
        if gate.layer == 1
        else replace(gate, table=tuple(tables[gate.layer, classes.gated(gate.layer).index(gate.neuron)].tolist()))
        for gate in some.gates
    )
    return interpretations.at(interpretations.index_of(gates))
