"""The logit lens and an affine one: what a transformer would answer if it were read after each layer.

nostalgebraist, "interpreting GPT: the logit lens" (2020). Belrose et al., "Eliciting Latent Predictions from
Transformers with the Tuned Lens" (2023), learn an affine map of each layer's stream to the last by the divergence of
what is read; here it is the map that comes nearest to the last stream by least squares, which may read worse than
theirs. It is judged on rows that it was not fitted on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.chances import divergence, log_softmax
from pluriscope.analysis.subjects.sites import on_all_rows
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.runs import unembedded
from pluriscope_methods.lenses.lens import Grid, Grids, SiteLens, run_cost
from pluriscope_methods.lenses.on_sites import positions

Array = NDArray[np.float64]
_ROW: Final = Setting("row", 0, "whose tokens are read, from 0", low=0, high=4_095)
_TOP: Final = 3
_RIDGE: Final = 1e-6


def streams(model: AttentionModel) -> dict[str, Array]:
    """``[rows, context, d_model]`` the residual stream on all rows, by site."""
    return on_all_rows(model, lambda name: name.startswith("x"))


def read_out(model: AttentionModel, stream: Array) -> Array:
    """``[…, vocabulary]`` logits of a stream read as if it were the last."""
    return unembedded(model, model.blocks.normalised(stream))


def _look(model: AttentionModel, settings: Settings, _work: Work) -> Grids:
    row = int(settings["row"])
    tokens, shares, wanted = [], [], []
    found = streams(model)
    for stream in found.values():
        chances = np.exp(log_softmax(read_out(model, stream)))
        order = np.argsort(-chances[row], axis=1, kind="stable")[:, :_TOP]
        tokens.append(tuple(" ".join(model.outputs[one] for one in some) for some in order.tolist()))
        shares.append(tuple(np.take_along_axis(chances[row], order, axis=1)[:, 0].tolist()))
        right = np.take_along_axis(chances, model.answers[:, None, None], axis=2)[..., 0]
        wanted.append(tuple(fixed_order.mean(right).tolist()))
    names, columns = tuple(found), positions(model)
    seen = " ".join(model.row_tokens(row))
    title = f"Likeliest tokens on {seen}; the stronger the cell, the likelier the first"
    grids = (
        Grid("Probability of the row’s answer, mean over all rows", names, columns, tuple(wanted), (), (), 1.0),
        Grid(title, names, columns, tuple(shares), (), tuple(tokens), 1.0),
    )
    last = [values[-1] for values in wanted]
    first = next((name for name, share in zip(names, last, strict=True) if share > 0.5), "")
    where = f"above one half from {first} on" if first else "nowhere above one half"
    sentence = f"Read at the last position, the answer’s probability is {where}; at the end it is {last[-1]:.2f}."
    return Grids(grids, sentence)


def _beyond(model: AttentionModel, settings: Settings) -> str:
    n, row = len(model.tokens), int(settings["row"])
    return "" if row < n else f"Row {row} is beyond the {n:,} rows of the task; use 0 to {n - 1:,}."


LOGIT_LENS: Final = SiteLens(
    key="logit-lens",
    label="Logit lens",
    definition="The residual stream of each layer and position, read as the logits read the last: the likeliest tokens "
    "of a row, and the answer’s probability over all rows.",
    source="nostalgebraist 2020, “interpreting GPT: the logit lens”",
    can_know="What the last layer’s read-out makes of an earlier stream. A layer whose stream it cannot read may hold "
    "the answer all the same, in another basis: a probe or an affine lens says so.",
    look=_look,
    own=(_ROW,),
    refuses=_beyond,
)


# --- an affine map for each layer


def affine_maps(found: Sequence[Array], fitted: NDArray[np.bool_]) -> list[tuple[Array, Array]]:
    """``[d, d]`` and ``[d]`` that bring each stream but the last nearest to it, by least squares over rows and places.

    Args:
        found: streams ``[rows, context, d]``, the last one last.
        fitted: ``[rows]`` which rows take part.
    """
    target, maps = found[-1][fitted].reshape(-1, found[-1].shape[2]), list[tuple[Array, Array]]()
    for stream in found[:-1]:
        points = stream[fitted].reshape(target.shape)
        centre, middle = fixed_order.mean(points), fixed_order.mean(target)
        moved, aim = points - centre, target - middle
        products = fixed_order.inner(moved.T, moved.T)
        size = max(float(np.diagonal(products).max()), 1e-300)
        matrix = fixed_order.solved(products + _RIDGE * size * np.eye(len(products)), fixed_order.inner(moved.T, aim.T))
        maps.append((matrix, middle - fixed_order.inner(centre[None], matrix.T)[0]))
    return maps


def _look_affine(model: AttentionModel, _settings: Settings, _work: Work) -> Grids:
    found = streams(model)
    fitted = np.arange(len(model.tokens)) % 2 == 0
    maps = affine_maps(list(found.values()), fitted)
    _, last = found.popitem()  # whose map changes nothing
    whole = read_out(model, last[~fitted])
    plain, mapped = list[tuple[float, ...]](), list[tuple[float, ...]]()
    for stream, (matrix, shift) in zip(found.values(), maps, strict=True):
        moved = fixed_order.inner(stream[~fitted], matrix.T) + shift
        for some, seen in ((plain, stream[~fitted]), (mapped, moved)):
            some.append(tuple(fixed_order.mean(divergence(whole, read_out(model, seen)[None])[0]).tolist()))
    names, columns = tuple(found), positions(model)
    grids = (
        Grid("Divergence from the last layer in nats, with the map of least squares", names, columns, tuple(mapped)),
        Grid("The same without it, as the logit lens reads", names, columns, tuple(plain)),
    )
    better = sum(one < other for rows in zip(mapped, plain, strict=True) for one, other in zip(*rows, strict=True))
    text = "The map of least squares comes nearer than the logit lens to what the model gives"
    text += f" in {better} of {len(names) * len(columns)} cells before the last layer"
    n = int((~fitted).sum())
    weights: dict[str, Any] = {
        name: {"matrix": one.tolist(), "shift": shift.tolist()} for name, (one, shift) in zip(found, maps, strict=True)
    }
    return Grids(grids, f"{text}, on {n:,} rows that it was not fitted on.", _few(model, int(fitted.sum())), weights)


def _few(model: AttentionModel, rows: int) -> tuple[str, ...]:
    samples, parameters = rows * model.tokens.shape[1], len(model.unembedding) + 1
    if samples > parameters:
        return ()
    return (f"A map has {parameters} parameters for each dimension and {samples} samples to fit: it fits anything.",)


def _one_row(model: AttentionModel, _settings: Settings) -> str:
    return "" if len(model.tokens) > 1 else "The task has one row, and half of the rows are held out."


AFFINE_LENS: Final = SiteLens(
    key="affine-lens",
    label="Affine lens, by least squares",
    definition="An affine map of each earlier layer’s stream to the last is fitted by least squares on every other "
    "row; how far what is then read is from what the model gives, on the other rows.",
    source="after the tuned lens of Belrose et al. 2023 (arXiv:2303.08112), which learns its map by divergence",
    can_know="That an affine map of a layer predicts what the model gives at the end; not that later layers use what "
    "the map uses. It is no tuned lens: one trained by divergence reads better, so where this one is far off a layer "
    "may still be read.",
    look=_look_affine,
    multiplications=lambda model, _: 4.0 * run_cost(model) + len(model.layers) * len(model.unembedding) ** 3,
    refuses=_one_row,
)
