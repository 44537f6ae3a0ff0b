"""Accuracy of all interpretations of a circuit on interchange interventions: exactly, without listing them.

An intervention patches a set S of hidden neurons of the unablated network
(:mod:`pluriscope.analysis.interventions.experiments`). An interpretation predicts: patched neurons with a gate take
their bit on source, the others follow their local gates. Some of the parent combinations that arise so are never seen
on a clean input, so free completions matter: two interpretations of one observed class may predict differently, and
neither a class nor its representative stands for its members. There are too many of them to try each; but they need not
be tried:

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

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interpretations.batched_classes import CELLS_AT_ONCE, ClassBlock
from pluriscope.analysis.interpretations.columns import MAX_CELLS, UNDECIDED, Columns, Tables
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.interpretations.observed import ObservedClasses
from pluriscope.analysis.interventions.experiments import InterventionSpace, NetworkAnswers
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit

Family = Literal["alone", "joint", "all"]
Integers = NDArray[np.int64]

MAX_TRIED: Final = 1 << 14  # completions that are tried one after the other, for one class
MAX_WORK: Final = 1 << 30  # numbers computed for all classes of a circuit: some ten seconds


def family_sets(circuit: Circuit, space: InterventionSpace, family: Family) -> NDArray[np.intp]:
    """Choose the neuron sets of a space on which a circuit's interpretations are tested.

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
    """The predictions of the interpretations of each observed class of a circuit, parallel to the classes.

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
    tables = _extreme_tables(Columns(classes, space, answers, chosen, max_tried, [MAX_WORK]), number, highest)
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


# --- walks over the observed classes of a circuit in blocks, within the work that is allowed


class Judged(NamedTuple):
    """The judged classes of a block.

    Args:
        passing: interpretations that are always right; −1 where it is undecided.
        best: most interventions that one of them predicts right; −1 likewise, or if not computed.
        worst: fewest, likewise.
    """

    passing: list[int]
    best: Integers
    worst: Integers


def class_blocks(columns: Columns, wanted: NDArray[np.intp]) -> Iterator[ClassBlock]:
    """Yield some classes in blocks of bounded size; even one must not be too large."""
    n_kinds = len(columns.kinds.source)
    cells = columns.n_rows * columns.n_columns * max(columns.n_cases, n_kinds)
    step = max(1, CELLS_AT_ONCE // max(cells, columns.tested, 1))
    for start in range(0, len(wanted), step):
        yield ClassBlock(columns, wanted[start : start + step])


def judged_blocks(columns: Columns, wanted: NDArray[np.intp], *, extremes: bool) -> Iterator[tuple[ClassBlock, Judged]]:
    """Count, in some classes, the interpretations that are always right, and find the best and the worst."""
    for block in class_blocks(columns, wanted):
        best, worst = np.full(len(block), UNDECIDED), np.full(len(block), UNDECIDED)
        passing = [UNDECIDED] * len(block)
        if not columns.is_too_large:
            contradicted: NDArray[np.bool_] = np.any(np.all(block.demanded, axis=2), axis=1)
            passing = [0] * len(block)
            open_classes = ~contradicted
            if extremes:
                for group in block.groups(_afforded(block)):
                    best[group.at], worst[group.at] = block.extremes(group)
                    perfect = np.flatnonzero(best[group.at] == columns.tested)
                    if len(perfect):
                        some = group.part(perfect)
                        for at, n_passing in zip(some.at.tolist(), block.passing(some), strict=True):
                            passing[at] = n_passing
                open_classes &= best == UNDECIDED
            for at in np.flatnonzero(open_classes).tolist():
                found = block.passing_demanded(at)
                passing[at] = UNDECIDED if found is None else found
        yield block, Judged(passing, best, worst)


def _afforded(block: ClassBlock) -> NDArray[np.bool_]:
    """Choose the classes whose interpretations can all be tried, ``[classes]``; what that costs is spent."""
    cells, tried = block.work()
    cells = 2 * cells  # once for the best, once for the worst
    left = block.columns.work_left
    if (cells <= MAX_CELLS).all() and tried.all() and cells.sum() <= left[0]:
        left[0] -= int(cells.sum())
        return tried
    return np.array(
        [one and block.columns.affords(n) for one, n in zip(tried, cells.tolist(), strict=True)], dtype=bool
    )


def _extreme_tables(columns: Columns, number: int, highest: bool) -> Tables | None:
    """Tables of a best (or worst) interpretation of one class, of all gates after the first layer.

    The first one in the order in which completions are tried; None if it is undecided.
    """
    if columns.is_too_large:
        return None
    block = ClassBlock(columns, np.array([number]))
    for group in block.groups(_afforded(block)):
        return block.extreme_tables(group, highest)
    return None
