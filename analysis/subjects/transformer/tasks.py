"""Tasks for transformers: every row there is, in a fixed order, with the token that should be read out at its end.

========================  =============================================================  ==========================
name                      rows                                                           answer
========================  =============================================================  ==========================
induction                 t of all tokens, then one that is in t once, before its last   what follows it in t
other name                a, b different, then one of the two, "="                       the other of the two
indirect object           the same three at any places, "." at the others, then "="       the other of the two
sum modulo                two numbers, "="                                               their sum modulo how many
maximum                   numbers, "="                                                   the largest
first token               tokens, "="                                                    the first
majority                  bits, "="                                                      1 if more than half are 1
balanced brackets         brackets, "="                                                  1 if they are balanced
parity                    bits, "="                                                      their sum modulo 2
========================  =============================================================  ==========================

"indirect object" is after Wang et al. 2023 (arXiv:2211.00593), "other name" the same at its smallest, "first token"
copying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidTask

Row = tuple[int, ...]
Rows = Iterator[tuple[Row, int]]
END: Final = "="
BETWEEN: Final = "."
"""Where no name stands."""
_LETTERS: Final = 26
MAX_ROWS: Final = 4_096


@dataclass(frozen=True)
class TokenTask:
    """Rows of tokens with their answers.

    Args:
        name: of the task.
        outputs: a text for each token.
        rows: token ids, each row once and all as long.
        answers: a token id for each.
    """

    name: str
    outputs: tuple[str, ...]
    rows: tuple[Row, ...]
    answers: tuple[int, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The tokens that a perceptron distinguishes: all but "=", where rows end with it."""
        return self.outputs[:-1] if self._ended else self.outputs

    @property
    def one_hot(self) -> NDArray[np.float64]:
        """The rows as inputs of a perceptron, a 1 for each token, without "=", ``[rows, positions · tokens]``."""
        tokens = np.array(self.rows)[:, : -1 if self._ended else None]
        found: NDArray[np.float64] = np.eye(len(self.classes))[tokens].reshape(len(tokens), -1)
        return found

    @property
    def _ended(self) -> bool:
        return all(row[-1] == len(self.outputs) - 1 and row.count(row[-1]) == 1 for row in self.rows)


@dataclass(frozen=True)
class _Generator:
    """The way in which the rows of a task are made.

    Args:
        sizes: usual size of the vocabulary and length of a row.
        rows: from both to rows with answers.
        vocabulary: least and largest size allowed.
        context: likewise of the length.
        ended: whether the last token of the vocabulary is "=".
    """

    sizes: tuple[int, int]
    rows: Callable[[int, int], Rows]
    vocabulary: tuple[int, int] = (3, 256)
    context: tuple[int, int] = (2, 32)
    ended: bool = True


def task_named(name: str, vocabulary: int | None = None, context: int | None = None) -> TokenTask:
    """A task with all its rows.

    Args:
        name: one of :data:`TASKS`.
        vocabulary: tokens, "=" among them where rows end with it; the usual number if None.
        context: tokens of a row; the usual number if None.

    Raises:
        InvalidTask: an unknown name, a size that the task does not have, or too many rows.
    """
    if name not in TASKS:
        raise InvalidTask(f"task {name[:40]!r}", "is unknown", f"use {', '.join(TASKS)}, or a table of rows")
    kind = TASKS[name]
    v, n = vocabulary or kind.sizes[0], context or kind.sizes[1]
    for item, value, (least, most) in (("vocabulary", v, kind.vocabulary), ("context", n, kind.context)):
        if not least <= value <= most:
            cure = f"use {least}" if least == most else f"use {least} to {most}"
            raise InvalidTask(item, f"is {value} for the task {name}", cure)
    found: list[tuple[Row, int]] = []
    for row in kind.rows(v, n):
        found.append(row)
        if len(found) > MAX_ROWS:
            cure = "use a smaller vocabulary or context"
            raise InvalidTask(f"task {name}", f"has more than {MAX_ROWS:,} rows with {v} tokens at {n} positions", cure)
    rows, answers = zip(*found, strict=True)
    return TokenTask(name, _texts(name, v, ended=kind.ended), rows, answers)


def _texts(name: str, vocabulary: int, *, ended: bool) -> tuple[str, ...]:
    n = vocabulary - ended
    if name == "balanced brackets":
        return ("(", ")", END)
    if name == "indirect object":
        return (*(chr(ord("A") + token) if n <= _LETTERS else str(token) for token in range(n - 1)), BETWEEN, END)
    letters = name in ("induction", "other name", "first token") and n <= _LETTERS
    return (*(chr(ord("A") + token) if letters else str(token) for token in range(n)), *([END] if ended else []))


def _induction(v: int, n: int) -> Rows:
    for before in product(range(v), repeat=n - 1):
        for token in range(v):
            if before.count(token) == 1 and before[-1] != token:
                yield (*before, token), before[before.index(token) + 1]


def _other_name(v: int, _: int) -> Rows:
    for a, b in product(range(v - 1), repeat=2):
        if a != b:
            yield from (((a, b, again, v - 1), a + b - again) for again in (a, b))


def _indirect_object(v: int, n: int) -> Rows:
    for positions in combinations(range(n - 1), 3):
        for (a, b, again, end), answer in _other_name(v - 1, 4):
            row = [v - 2] * (n - 1) + [end + 1]
            for position, token in zip(positions, (a, b, again), strict=True):
                row[position] = token
            yield tuple(row), answer


def _of_numbers(answer: Callable[[Row, int], int]) -> Callable[[int, int], Rows]:
    """Rows of all tokens but "=", which ends them."""

    def rows(v: int, n: int) -> Rows:
        for before in product(range(v - 1), repeat=n - 1):
            yield (*before, v - 1), answer(before, v - 1)

    return rows


def _balanced(row: Row, _: int) -> int:
    depth = 0
    for bracket in row:
        depth += 1 - 2 * bracket
        if depth < 0:
            return 0
    return int(depth == 0)


TASKS: Final = {
    "induction": _Generator((4, 5), _induction, vocabulary=(2, 256), context=(3, 32), ended=False),
    "other name": _Generator((5, 4), _other_name, context=(4, 4)),
    "indirect object": _Generator((6, 6), _indirect_object, vocabulary=(4, 256), context=(4, 32)),
    "sum modulo": _Generator((6, 3), _of_numbers(lambda row, n: sum(row) % n), context=(3, 3)),
    "maximum": _Generator((6, 4), _of_numbers(lambda row, _: max(row))),
    "first token": _Generator((5, 4), _of_numbers(lambda row, _: row[0])),
    "majority": _Generator((3, 6), _of_numbers(lambda row, _: int(2 * sum(row) > len(row))), vocabulary=(3, 3)),
    "balanced brackets": _Generator((3, 7), _of_numbers(_balanced), vocabulary=(3, 3)),
    "parity": _Generator((3, 5), _of_numbers(lambda row, _: sum(row) % 2), vocabulary=(3, 3)),
}
"""Every task that has a name."""
