"""The valid circuits nearest to and farthest from an answer, and the difference between two circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.discovery.landscape import MASKS_AT_ONCE, distance
from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.interventions.experiments import decide_in_circuit, intervention_space
from pluriscope.analysis.questions.answers import answers, largest
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion

_FAR: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Neighbours:
    """The distances of an answer from some valid circuits.

    Args:
        nearest: mask of the other circuit, of several as far the lowest; None where there is no other.
        farthest: likewise.
        by_distance: how many circuits differ in 0, 1, … bits, the answer itself among them where it is one.
    """

    nearest: int | None
    farthest: int | None
    by_distance: tuple[int, ...]


def neighbours_of(mask: int, masks: NDArray[Any]) -> Neighbours:
    """The circuits nearest to and farthest from a mask of these, which ascend."""
    counts, near, far = np.zeros(0, np.int64), list[int](), list[int]()
    for start in range(0, len(masks), MASKS_AT_ONCE):
        some = masks[start : start + MASKS_AT_ONCE]
        apart = np.bitwise_count(some ^ masks.dtype.type(mask)).astype(np.int64)
        here = np.bincount(apart, minlength=len(counts))
        here[: len(counts)] += counts
        counts = here
        if apart.any():
            near.append(int(some[np.where(apart > 0, apart, _FAR).argmin()]))
            far.append(int(some[apart.argmax()]))
    away = partial(distance, mask)
    return Neighbours(min(near, key=away, default=None), max(far, key=away, default=None), tuple(counts.tolist()))


def valid_beside(masked: MaskedSubject, raw: int) -> list[int]:
    """The other valid circuits that are left when one bit of a mask, or of its circuit, is changed. Every valid circuit
    that differs in a single bit is among them, and others whose further bits led nowhere or come to lead nowhere.
    """
    mask = masked.left(raw).mask
    left = {
        one.mask: one for one in (masked.left(kept ^ 1 << bit) for kept in {raw, mask} for bit in range(masked.n_bits))
    }
    left.pop(mask, None)
    return [one for one, valid in zip(left, masked.are_valid([*left.values()]), strict=True) if valid]


@dataclass(frozen=True)
class Apart:
    """The difference between the answers of two circuits of a network.

    Args:
        asked: "swaps", where neurons get the values that they have on another input in a run of the same circuit, or
            "rows".
        of: how many were run.
        differ: on how many of these the two answer otherwise.
        row: that runs in the first of them; "" where they are distinguished by none.
        neurons: that are swapped in it.
        source: row on which these neurons have their values.
        answers: of the two circuits and of the whole network.
        largest: most neurons of a swap, where not all sets are tried.
    """

    asked: Literal["swaps", "rows"]
    of: int
    differ: int
    row: str = ""
    neurons: tuple[str, ...] = ()
    source: str = ""
    answers: tuple[str, ...] = ()
    largest: int | None = None


def distinguish(question: SubjectQuestion, mine: int, others: Sequence[int]) -> list[Apart]:
    """Find what distinguishes a circuit from each of some others: every swap of a network with Boolean inputs and
    hidden neurons, or sets up to a size where these are too many; the rows of any other subject.

    Args:
        mine: a possible circuit.
        others: likewise.
    """
    whole = (1 << question.graph.n_bits) - 1
    by_rows = question.refuses("formulas") or question.refuses("neurons")
    if isinstance(question, Question) and not by_rows:
        return _by_swaps(question, whole, mine, others)
    return _by_rows(question, whole, mine, others)


def _by_swaps(question: Question, whole: int, mine: int, others: Sequence[int]) -> list[Apart]:
    space = intervention_space(question.network.hidden_sizes, question.network.n_inputs)
    every, counted = np.arange(len(space.sets)), space.counted.transpose(0, 2, 1)
    network, own, *found = (
        decide_in_circuit(question, Circuit(question.layout, mask), space, every).decisions
        for mask in (whole, mine, *others)
    )
    answer = []
    for other in found:
        differ = (own != other).transpose(0, 2, 1) & counted  # by set, base, source
        if not differ.any():
            answer.append(Apart("swaps", space.n_interventions, 0, largest=space.largest))
            continue
        members, base, source = np.unravel_index(int(differ.argmax()), differ.shape)
        answer.append(
            Apart(
                "swaps",
                space.n_interventions,
                int(differ.sum()),
                row_name(question, int(base)),
                tuple(f"n{layer}.{neuron}" for layer, neuron in space.sets[members]),
                row_name(question, int(source)),
                tuple(str(int(one[members, source, base])) for one in (own, other, network)),
                space.largest,
            )
        )
    return answer


def _on_rows(question: SubjectQuestion, mask: int) -> list[str]:
    """Return the answers of a circuit on each row."""
    if not isinstance(question, Question):
        names = question.subject.outputs
        return [names[one] if one >= 0 else "" for one in largest(question.outputs(mask)).tolist()]
    outputs = question.activations(Circuit(question.layout, mask), question.judged[0])[-1][:, 0]
    return [str(one) for one in answers(outputs).tolist()]


def _by_rows(question: SubjectQuestion, whole: int, mine: int, others: Sequence[int]) -> list[Apart]:
    network, own, *found = (_on_rows(question, mask) for mask in (whole, mine, *others))
    answer = []
    for other in found:
        differ = [row for row, (one, another) in enumerate(zip(own, other, strict=True)) if one != another]
        first = differ[0] if differ else None
        answers = () if first is None else (own[first], other[first], network[first])
        row = "" if first is None else row_name(question, first)
        answer.append(Apart("rows", len(own), len(differ), row, answers=answers))
    return answer


def row_name(question: SubjectQuestion, row: int) -> str:
    """A row that circuits are judged on as people call it: the Boolean input, a row of the task, or its number."""
    if not isinstance(question, Question):
        return str(question.subject.rows[row])
    if question.data.boolean and question.data.validation_inputs is None:
        return f"{row:0{question.subject.n_inputs}b}"
    return f"row {row}"
