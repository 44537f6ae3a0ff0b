"""What the heads of a transformer look at and add to the logits, in the model and in a circuit, by the usual scores.

A score describes; it does not decide whether a circuit is valid. A head that looks like an induction head in the whole
model may look elsewhere in a circuit, or be no part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.fixed_order import mean
from analysis.models.attention_heads import Array, attention_to
from analysis.models.model import Cell, Table

_LOOKS: Final = (
    "Attention, averaged over rows and positions: to the token before (previous); to earlier occurrences of the same "
    "token (duplicate); to the tokens right after those (induction). Positions without an earlier occurrence are left "
    "out. A dash stands for a head that is no part of the circuit. Olsson et al. 2022 (arXiv:2209.11895)"
)
_LENS: Final = (
    "The logits, were they read after the embedding or after a layer: the sum of what they read up to there, with all "
    "biases, and at the scale of the last layer where there is LayerNorm. "
    "nostalgebraist, “interpreting GPT: the logit lens”, 2020"
)
_DIRECT: Final = (
    "By how much what the logits read of each source raises the answer above the mean of the other tokens. Elhage et "
    "al., “A Mathematical Framework for Transformer Circuits”, 2021"
)


@dataclass(frozen=True, eq=False)
class Trace:
    """One circuit run on the rows of the task, with what happens inside.

    Args:
        parts: labels of heads and MLP blocks, layer by layer.
        is_on: whether each is part of the circuit.
        patterns: attention of each ``[rows, context, context]``; None of an MLP block.
        sources: labels of what the logits may read, and of biases where there may be some.
        layers: number of the column of each source; 0 for what the model is given.
        carried: what the logits get from each ``[sources, rows, vocabulary]``.
        is_read: whether they read each.
        columns: labels of what comes one after the other: the embedding, then layers, or attention and MLP in turn.
    """

    parts: tuple[str, ...]
    is_on: tuple[bool, ...]
    patterns: tuple[Array | None, ...]
    sources: tuple[str, ...]
    layers: tuple[int, ...]
    carried: Array
    is_read: tuple[bool, ...]
    columns: tuple[str, ...]


def head_table(trace: Trace, tokens: NDArray[np.int64], without: Array) -> Table:
    """What each head looks at, and what is left of the circuit without it.

    Args:
        trace: of the circuit.
        tokens: ``[rows, context]``.
        without: ``[parts, rows]`` gaps of the circuit without each head or MLP block.
    """
    looked_for = places_looked_for(tokens)
    rows: list[tuple[Cell, ...]] = []
    for part, is_on, pattern, apart in zip(trace.parts, trace.is_on, trace.patterns, without, strict=True):
        if not is_on:
            rows.append((part, None, None, None, None, None))
            continue
        scores = [None if pattern is None else _score(attention_to(pattern, places)) for places in looked_for]
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


def places_looked_for(tokens: NDArray[np.int64]) -> tuple[NDArray[np.bool_], ...]:
    """For each reading position the token before, earlier occurrences of the same token, and what followed those.

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
    return previous, same & (key < query), after & (key <= query)


def answer_places(tokens: NDArray[np.int64], answers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """``[rows, context, context]`` for the last position alone the answer's token, where the row has it."""
    found = np.zeros((*tokens.shape, tokens.shape[1]), dtype=np.bool_)
    found[:, -1] = tokens == answers[:, None]
    return found


def _score(found: Array | None) -> float | None:
    return None if found is None else float(found)


def lens_table(trace: Trace, gaps_of: Callable[[Array], Array]) -> Table:
    """What the model would answer after each layer.

    Args:
        trace: of the circuit.
        gaps_of: logits ``[rows, vocabulary]`` → gaps ``[rows]``.
    """
    total, rows = np.zeros(trace.carried.shape[1:]), list[tuple[Cell, ...]]()
    for column, label in enumerate(trace.columns):
        for source, of in enumerate(trace.layers):
            if of == column:
                total = total + trace.carried[source]
        apart = gaps_of(total)
        rows.append((label, int((apart > 0).sum()), float(mean(apart)), float(apart.min())))
    columns = ("After", "Rows right", "Mean gap", "Smallest gap")
    return Table("Logit lens", _LENS, columns, tuple(rows))


def direct_table(trace: Trace, answers: NDArray[np.int64]) -> Table:
    """What each source adds to the answer.

    Args:
        trace: of the circuit.
        answers: ``[rows]``.
    """
    n_others = trace.carried.shape[2] - 1
    rows: list[tuple[Cell, ...]] = []
    for source, label in enumerate(trace.sources):
        if not trace.is_read[source]:
            rows.append((label, None, None, None))
            continue
        logits = trace.carried[source]
        own = logits[np.arange(len(answers)), answers]
        effect = own - (np.add.accumulate(logits, axis=1)[:, -1] - own) / n_others
        rows.append((label, float(mean(effect)), float(effect.min()), float(effect.max())))
    return Table("Direct effect on the answer", _DIRECT, ("Source", "Mean", "Least", "Most"), tuple(rows))
