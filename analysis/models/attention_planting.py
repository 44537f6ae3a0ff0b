"""An induction circuit in closed form: a transformer of two heads that is made to carry it, weight by weight.

Each token is a vector of three blocks: itself, its position, and the token before it. After Olsson et al. 2022
(arXiv:2209.11895):

1. Head 1.0 attends from each position to the one before, by their position blocks, and writes the token that it finds
   there into the third block.
2. Head 2.0 attends to where the third block is the present token, and writes the token that stands there.

The first position has none before it and is given its own token, so head 2.0 looks for the third block less the first:
a position whose own token is the present one does not count.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.models.attention import AttentionModel
from analysis.models.attention_heads import Array
from analysis.models.attention_tasks import task_named

STEEPNESS: Final = 40.0
"""Of both heads' attention: what is looked for gets all of it but some e^−40 or less."""
WRITTEN: Final = 4.0


def planted_induction(vocabulary: int, context: int, name: str = "") -> AttentionModel:
    """A transformer that carries the induction circuit on heads 1.0 and 2.0, right on every row of the task.

    Args:
        vocabulary: tokens.
        context: tokens of a row.
        name: of the model; "" for one that says what it is.

    Raises:
        InvalidTask: the task has no such sizes, or too many rows. With few enough its blocks always fit.
    """
    task = task_named("induction", vocabulary, context)
    v, n = vocabulary, context
    d, k = 2 * v + n, max(v, n)
    token, position, before = slice(0, v), slice(v, v + n), slice(v + n, d)
    embedding, positions, unembedding = np.zeros((v, d)), np.zeros((n, d)), np.zeros((d, v))
    embedding[:, token], positions[:, position], unembedding[token] = np.eye(v), np.eye(n), np.eye(v)

    def reads(block: slice, values: Array) -> Array:
        found = np.zeros((1, d, k))
        found[0, block, : values.shape[1]] = values
        return found

    def writes(block: slice, size: float) -> Array:
        found = np.zeros((1, k, d))
        found[0, :v, block] = size * np.eye(v)
        return found

    steep = STEEPNESS * np.sqrt(k)  # attention divides by √d_head
    first = (
        reads(position, steep * np.eye(n, k=-1)),
        reads(position, np.eye(n)),
        reads(token, np.eye(v)),
        writes(before, 1.0),
    )
    second = (
        reads(token, steep * np.eye(v)),
        reads(before, np.eye(v)) - reads(token, np.eye(v)),
        reads(token, np.eye(v)),
        writes(token, WRITTEN),
    )
    return AttentionModel(
        name=name or f"Planted induction, {v} tokens at {n} positions",
        attribution="Written in closed form: head 1.0 copies the token before, head 2.0 attends by it.",
        outputs=task.outputs,
        embedding=embedding,
        positions=positions,
        layers=(first, second),
        unembedding=unembedding,
        task=task.name,
        tokens=np.array(task.rows, dtype=np.int64),
        answers=np.array(task.answers, dtype=np.int64),
    )
