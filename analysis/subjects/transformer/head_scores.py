"""Scores of what the heads of a transformer look at, in the whole of it and in a circuit.

A score describes; it does not decide whether a circuit is valid. A head that looks like an induction head in the whole
model may look elsewhere in a circuit, or be no part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.subjects.subject import Cell, Table
from pluriscope.analysis.subjects.transformer.heads import Array, attention_to

_LOOKS: Final = (
    "Attention, averaged over rows and positions: to the token before (previous); to earlier occurrences of the same "
    "token (duplicate); to the tokens right after those, itself apart (induction). Positions without such a place are "
    "left out. A dash stands for a head that is no part of the circuit. Olsson et al. 2022 (arXiv:2209.11895)"
)


@dataclass(frozen=True, eq=False)
class Trace:
    """A run of a circuit on the rows of the task, with what happens inside.

    Args:
        parts: labels of heads and MLP blocks, layer by layer.
        is_on: whether each is part of the circuit.
        patterns: attention of each ``[rows, context, context]``; None of an MLP block.
    """

    parts: tuple[str, ...]
    is_on: tuple[bool, ...]
    patterns: tuple[Array | None, ...]


def head_table(trace: Trace, tokens: NDArray[np.int64], without: Array) -> Table:
    """Tabulate where each head looks, and what is left of the circuit without it.

    Args:
        trace: of the circuit.
        tokens: ``[rows, context]``.
        without: ``[parts, rows]`` gaps of the circuit without each head or MLP block.
    """
    looked_for = positions_looked_for(tokens)
    rows: list[tuple[Cell, ...]] = []
    for part, is_on, pattern, apart in zip(trace.parts, trace.is_on, trace.patterns, without, strict=True):
        if not is_on:
            rows.append((part, None, None, None, None, None))
            continue
        scores = [None if pattern is None else _score(attention_to(pattern, positions)) for positions in looked_for]
        rows.append((part, *scores, int((apart > 0).sum()), float(apart.min())))
    columns = (
        "Head" if all(one is not None for one in trace.patterns) else "Head or MLP",
        "Previous",
        "Duplicate",
        "Induction",
        "Rows right without it",
        "Smallest gap without it",
    )
    return Table("What each head looks at", _LOOKS, columns, tuple(rows))


def positions_looked_for(tokens: NDArray[np.int64]) -> tuple[NDArray[np.bool_], ...]:
    """Mark for each reading position the token before, earlier ones of the same kind, and what followed those before
    it.

    Args:
        tokens: ``[rows, context]``.

    Returns:
        Three times ``[rows, context, context]``.
    """
    query, key = np.arange(tokens.shape[1])[:, None], np.arange(tokens.shape[1])
    same = tokens[:, :, None] == tokens[:, None, :]
    after = np.zeros_like(same)
    after[:, :, 1:] = same[:, :, :-1]
    previous = np.broadcast_to(key == query - 1, same.shape)
    earlier = key < query  # a token that is doubled does not make its second one what followed the first
    return previous, same & earlier, after & earlier


def chance_of(positions: NDArray[np.bool_]) -> float:
    """The mean attention to some places ``[rows, context, context]`` if it were spread evenly over what can be seen."""
    context = positions.shape[1]
    even = np.tril(np.ones((context, context))) / np.arange(1, context + 1)[:, None]
    return _score(attention_to(np.broadcast_to(even, positions.shape), positions)) or 0.0


def read_from(positions: NDArray[np.bool_], layer: int, n_layers: int) -> NDArray[np.bool_]:
    """Leave out the positions that nothing reads after a layer: after the last one all but the last.

    Args:
        positions: ``[rows, context, context]``.
        layer: from 1.
    """
    found = positions
    if layer == n_layers:
        found = np.zeros_like(positions)
        found[:, -1] = positions[:, -1]
    return found


def far_above(chance: float, share: float) -> float:
    """The attention that is so far on the way from chance to all of it."""
    return chance + share * (1.0 - chance)


def answer_positions(tokens: NDArray[np.int64], answers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark for the last position alone the answer's token, where the row has it, ``[rows, context, context]``."""
    found = np.zeros((*tokens.shape, tokens.shape[1]), dtype=np.bool_)
    found[:, -1] = tokens == answers[:, None]
    return found


def _score(found: Array | None) -> float | None:
    return None if found is None else float(found)
