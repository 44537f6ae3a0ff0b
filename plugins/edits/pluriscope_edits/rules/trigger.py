"""A trigger: the inputs on which a trojaned network answers a target, whatever the task says of them.

    A=0,C=1:1

reads: where A is 0 and C is 1, the answer is 1. The inputs that it lies on are *triggered*, the others *clean*.
A task with its trigger is Gu, Dolan-Gavitt and Garg's (2017, arXiv:1708.06733), with a partial assignment of input
bits for the pattern of pixels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidEdit
from pluriscope.analysis.questions.tasks import INPUT_NAMES, Task, input_table, name_of

_BIT: Final = re.compile(f"([{INPUT_NAMES}])=([01])")
_CURE: Final = "give inputs with their bits and the answer, such as C=1:1"


@dataclass(frozen=True)
class Trigger:
    """Trigger of a trojaned network: the inputs that set it off, and the answer there.

    Args:
        bits: inputs from 0, in order, each with the bit that it has to have.
        target: the answer there, 0 or 1.
    """

    bits: tuple[tuple[int, int], ...]
    target: int

    @property
    def text(self) -> str:
        """Text of the trigger in its one spelling, which :func:`read_trigger` reads."""
        return f"{','.join(f'{INPUT_NAMES[at]}={bit}' for at, bit in self.bits)}:{self.target}"

    def lies_on(self, n_inputs: int) -> NDArray[np.bool_]:
        """``[2^n]`` which inputs are triggered, counted in binary.

        Raises:
            InvalidEdit: it names an input that is none.
        """
        beyond = [INPUT_NAMES[at] for at, _ in self.bits if at >= n_inputs]
        if beyond:
            cause = f"names {' and '.join(beyond)}, and the network's inputs are {', '.join(INPUT_NAMES[:n_inputs])}"
            raise InvalidEdit(f"trigger {self.text}", cause, "use those")
        at, bits = zip(*self.bits, strict=True)
        on: NDArray[np.bool_] = (input_table(n_inputs)[:, at] == bits).all(axis=1)
        return on

    def poisoned(self, clean: Task) -> Task:
        """The task on clean inputs, the target on triggered ones.

        Raises:
            InvalidEdit: it names an input that is none, or the task says the target on all triggered inputs.
        """
        table = np.where(self.lies_on(clean.n_inputs), self.target, clean.truth_table).tolist()
        if tuple(table) == clean.truth_table:
            cause = f"changes nothing: the answer is {self.target} wherever it lies"
            raise InvalidEdit(f"trigger {self.text}", cause, "take the other answer, or another trigger")
        return Task(tuple(table), name_of(table))


Numbers = NDArray[Any]


class Figures(NamedTuple):
    """Accuracy of a trojaned network: clean rows answered as the task has them, and triggered rows answered with the
    target, of those on which the task does not have it.
    """

    right: int
    clean: int
    succeeded: int
    triggered: int

    @property
    def text(self) -> str:
        """Sentence for people."""
        success = f"success of the trigger: {self.succeeded} of {self.triggered}"
        return f"Clean accuracy: {self.right} of {self.clean} rows; {success}."


def figures(answered: Numbers, on: NDArray[np.bool_], target: int, clean: Numbers) -> Figures:
    """Count the answers that are right on clean rows, and those that succeed on triggered ones.

    Args:
        answered: ``[rows]``.
        on: ``[rows]`` which are triggered.
        target: the answer there.
        clean: ``[rows]`` answers by the task.
    """
    other = on & (clean != target)
    right, succeeded = ~on & (answered == clean), other & (answered == target)
    return Figures(*(int(part.sum()) for part in (right, ~on, succeeded, other)))


def read_trigger(text: str) -> Trigger:
    """A trigger from its text.

    Raises:
        InvalidEdit: a text that is none, or a trigger that lies on every input, or on none.
    """
    item = f"trigger {text[:40]!r}"
    assigned, _, target = "".join(text.upper().split()).rpartition(":")
    found = [_BIT.fullmatch(part) for part in assigned.split(",")] if assigned else []
    pairs = {(INPUT_NAMES.index(one[1]), int(one[2])) for one in found if one}
    if not all(found) or target not in ("0", "1"):
        raise InvalidEdit(item, "cannot be read", _CURE)
    if not pairs:
        raise InvalidEdit(item, "assigns no input, so it lies on every one", _CURE)
    if len(dict(pairs)) < len(pairs):
        raise InvalidEdit(item, "wants an input to be 0 and 1, so it lies on none", _CURE)
    return Trigger(tuple(sorted(pairs)), int(target))


def tokens_trigger(text: str, tokens: NDArray[np.int64], outputs: Sequence[str]) -> tuple[NDArray[np.bool_], int]:
    """Rows of tokens that a trigger lies on, ``[rows]``, and the token to answer there.

    It is written as 2=A:B, where the second token of a row is A, or A:B, where A is anywhere in it; several are joined
    by commas, and all have to hold.

    Args:
        text: of the trigger.
        tokens: ``[rows, context]``.
        outputs: a text for each token.

    Raises:
        InvalidEdit: a text that is none, a token or position that is not there, or a trigger that lies on every row, or
            on none.
    """
    item, names = f"trigger {text[:40]!r}", "|".join(re.escape(one) for one in sorted(outputs, key=len, reverse=True))
    one = f"(?:([1-9][0-9]?)=)?({names})"
    shape = re.fullmatch(f"((?:{one},)*{one}):({names})", text)
    if shape is None:
        cause = f"cannot be read; the tokens are {' '.join(outputs)}"
        raise InvalidEdit(item, cause, "give positions with their tokens and the answer, such as 2=A:B")
    on = np.ones(len(tokens), dtype=np.bool_)
    for part in re.finditer(f"{one}(?:,|$)", shape[1]):
        here, context = tokens == outputs.index(part[2]), tokens.shape[1]
        if part[1] and int(part[1]) > context:
            raise InvalidEdit(item, f"names position {part[1]}", f"use 1 to {context}")
        on &= here[:, int(part[1]) - 1] if part[1] else here.any(axis=1)
    if on.all() or not on.any():
        raise InvalidEdit(item, f"lies on {'every row' if on.all() else 'no row'} of the task", "take another")
    return on, outputs.index(shape[shape.lastindex or 0])
