"""Matrices of heads by tokens: OV and QK circuits, how far a head copies, and which heads compose.

Elhage et al., "A Mathematical Framework for Transformer Circuits" (2021): the OV circuit E W_V W_O U says what
attending to a token does to each logit, the QK circuit E W_Q W_Kᵀ Eᵀ / √d_head which token a token attends to. The
copying score is the sum of the eigenvalues of the OV circuit over the sum of their sizes. The composition score of two
heads is ‖A B‖ / (‖A‖ ‖B‖) by Frobenius' norm, A = W_V W_O of the earlier, B of the later its W_Q W_Kᵀ (Q), the
transpose of that (K), or W_V W_O (V).
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Final

import numpy as np

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics.fixed_order import inner, mean, total_of
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.transformer.heads import Array
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope_methods.lenses.feature_structure import shuffled_model
from pluriscope_methods.lenses.lens import Grid, Grids, SiteLens
from pluriscope_methods.lenses.on_sites import positions

LAYER: Final = Setting("layer", 1, "of the head, from 1", low=1, high=64)
HEAD: Final = Setting("head", 0, "in its layer, from 0", low=0, high=64)
MODES: Final = ("Q", "K", "V")
MAX_TOKENS: Final = 40
"""Tokens that are shown: of more, the first that the task's rows have."""
N_SHUFFLED: Final = 39
_LEFT_OUT: Final = "LayerNorm is left out: its scale depends on the row."


def product(*matrices: Array) -> Array:
    """``[…] @ […] @ …``, from the left, each sum in one order."""
    first, *others = matrices
    for other in others:
        first = inner(first, other.T)
    return first


def copying_score(model: AttentionModel, layer: int, head: int) -> float:
    """Σ λ / Σ |λ| over the eigenvalues of the OV circuit, from −1 to 1; 0 where all are 0.

    Those of E W_V W_O U that are not 0 are those of W_O U E W_V, a matrix of the head's own size.
    """
    _, _, value, output = model.head(layer, head)
    found = np.linalg.eigvals(product(output, model.unembedding, model.embedding, value))
    size = float(np.abs(found).sum())
    return float(found.sum().real) / size if size else 0.0


def composition_score(model: AttentionModel, earlier: tuple[int, int], later: tuple[int, int], mode: str) -> float:
    """Score from 0 to 1 of how far a later head reads what an earlier one writes, as query (Q), key (K) or value (V).

    Args:
        earlier: layer from 1 and head from 0.
        later: likewise.
    """
    value, output = model.head(*earlier)[2:]
    query, key, later_value, later_output = model.head(*later)
    read = {"Q": (query, key.T), "K": (key, query.T), "V": (later_value, later_output)}[mode]
    writes, reads = product(value, output), product(*read)
    sizes = _norm(writes) * _norm(reads)
    return _norm(product(writes, reads)) / sizes if sizes else 0.0


def _norm(matrix: Array) -> float:
    return sqrt(float(np.add.accumulate((matrix * matrix).ravel())[-1]))


def _look(model: AttentionModel, settings: Settings, _work: Work) -> Grids:
    layer, head = int(settings["layer"]), int(settings["head"])
    query, key, value, output = model.head(layer, head)
    scale = sqrt(query.shape[1])
    used = np.unique(model.tokens)[:MAX_TOKENS]
    named = tuple(model.outputs[token] for token in used.tolist())
    embedding, unembedding = model.embedding[used], model.unembedding[:, used]
    ov = product(embedding, value, output, unembedding)
    qk = product(embedding, query, key.T, embedding.T) / scale
    grids = [
        Grid(
            f"OV circuit of head {layer}.{head}: the token attended to, and what that adds to each logit",
            named,
            named,
            _rows(ov),
        ),
        Grid(
            f"QK circuit of head {layer}.{head}: the token that attends, and its score of each token",
            named,
            named,
            _rows(qk),
        ),
    ]
    if model.positions is not None:
        places = product(model.positions, query, key.T, model.positions.T) / scale
        title = f"QK circuit of head {layer}.{head} between positions"
        grids.append(Grid(title, positions(model), positions(model), _rows(places)))
    # scores mean something beside those of shuffled matrices, which keep the sizes of entries alone
    heads = [(one, number) for one in range(1, len(model.layers) + 1) for number in range(model.n_heads)]
    names = tuple(f"{one}.{number}" for one, number in heads)
    others = [shuffled_model(model, number) for number in range(N_SHUFFLED)]
    usual = mean(np.array([[abs(copying_score(one, *head)) for head in heads] for one in others]))
    copying = tuple((copying_score(model, *one), beside) for one, beside in zip(heads, usual.tolist(), strict=True))
    words = "Copying score of each head: the sum of its OV circuit’s eigenvalues over the sum of their sizes"
    grids.append(Grid(words, names, ("copying", "shuffled, mean size"), copying, most=1.0))
    if len(model.layers) > 1:
        # only heads of later layers read what a head writes
        columns = tuple(
            f"{name} {mode}" for name, one in zip(names, heads, strict=True) if one[0] > 1 for mode in MODES
        )
        pairs = [[(one, other, mode) for other in heads if other[0] > 1 for mode in MODES] for one in heads]
        pairs = [row for row in pairs if row[0][0][0] < len(model.layers)]

        def scores(
            of: Callable[[tuple[int, int], tuple[int, int], str], float],
        ) -> tuple[tuple[float | None, ...], ...]:
            return tuple(tuple(of(*pair) if pair[0][0] < pair[1][0] else None for pair in row) for row in pairs)

        own = scores(lambda *pair: composition_score(model, *pair))
        usual_scores = scores(
            lambda *pair: total_of(np.array([composition_score(one, *pair) for one in others])) / N_SHUFFLED
        )
        earlier, words = names[: len(pairs)], "Composition of an earlier head with what a later one reads"
        grids.append(Grid(words, earlier, columns, own, most=1.0))
        words = "The mean of that where the entries of each matrix are shuffled"
        grids.append(Grid(words, earlier, columns, usual_scores, most=1.0))
    notes = [] if model.blocks.epsilon is None else [_LEFT_OUT]
    if len(used) < len(model.outputs):
        notes.append(f"{len(used)} of {len(model.outputs)} tokens are shown.")
    score, beside = copying[heads.index((layer, head))]
    words = (
        f"Head {layer}.{head} has a copying score of {score:.2f}, of a mean size of {beside:.2f} with weights shuffled."
    )
    return Grids(tuple(grids), words.replace("-", "−"), tuple(notes))


def _rows(matrix: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, matrix.tolist()))


def _refuses(model: AttentionModel, settings: Settings) -> str:
    layer, head = int(settings["layer"]), int(settings["head"])
    if layer <= len(model.layers) and head < model.n_heads:
        return ""
    there = f"there are layers 1 to {len(model.layers)} and heads 0 to {model.n_heads - 1}"
    return f"There is no head {layer}.{head}: {there}."


HEAD_MATRICES: Final = SiteLens(
    key="head-matrices",
    version=2,
    label="OV and QK circuits",
    definition="What attending to a token adds to each logit by one head, which token attends to which, how far each "
    "head copies, and which heads compose.",
    source="Elhage et al. 2021, “A Mathematical Framework for Transformer Circuits”",
    can_know="These are products of the weights, exact whatever the row. They leave out biases, MLP blocks and what "
    "other heads add in between, so they do not say what happens on a row.",
    look=_look,
    own=(LAYER, HEAD),
    multiplications=lambda model, _: (
        4.0 * MAX_TOKENS**2 * model.embedding.shape[1] * len(model.layers) * model.n_heads
        + N_SHUFFLED * (len(model.layers) * model.n_heads) ** 2 * (5e4 + 8.0 * model.embedding.shape[1] ** 3)
    ),
    refuses=_refuses,
)
