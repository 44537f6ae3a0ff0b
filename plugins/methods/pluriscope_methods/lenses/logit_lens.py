"""The logit lens and the tuned lens: what a transformer would answer if it were read after each layer.

nostalgebraist, "interpreting GPT: the logit lens" (2020). Belrose et al., "Eliciting Latent Predictions from
Transformers with the Tuned Lens" (2023), train an affine map of each layer's stream by the divergence of what is read
(:mod:`pluriscope_methods.lenses.tuned_lens`). It is judged on rows that it was not trained on.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.chances import log_softmax
from pluriscope.analysis.subjects.sites import on_all_rows
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.runs import unembedded
from pluriscope_methods.lenses.lens import Grid, Grids, SiteLens, run_cost
from pluriscope_methods.lenses.on_sites import FOLDS, positions, times_two_folds

Array = NDArray[np.float64]
ROW: Final = Setting("row", 0, "whose tokens are read, from 0", low=0, high=4_095)
_TOP: Final = 3


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


def beyond(model: AttentionModel, settings: Settings) -> str:
    """Return why a row cannot be read; "" where it can."""
    n, row = len(model.tokens), int(settings["row"])
    return "" if row < n else f"Row {row} is beyond the {n:,} rows of the task; use 0 to {n - 1:,}."


LOGIT_LENS: Final = SiteLens(
    key="logit-lens",
    label="Logit lens",
    definition="The residual stream of each layer and position, read as the logits read the last: the likeliest tokens "
    "of a row, and the answer’s probability over all rows.",
    source="nostalgebraist 2020, “interpreting GPT: the logit lens”",
    can_know="What the last layer’s read-out makes of an earlier stream. A layer whose stream it cannot read may hold "
    "the answer all the same, in another basis: a probe or the tuned lens says so.",
    look=_look,
    own=(ROW,),
    refuses=beyond,
)


def _one_row(model: AttentionModel, _settings: Settings) -> str:
    return "" if len(model.tokens) > 1 else "The task has one row, and some rows are held out."


TUNED_LENS: Final = SiteLens(
    key="tuned-lens",
    version=2,
    label="Tuned lens",
    definition="An affine map of each earlier layer’s stream is trained, on all folds of the rows but one, so that "
    "what is then read diverges least from what the model gives; how far it is from that on the rows held out, in the "
    "mean over all, beside the logit lens.",
    source="Belrose et al. 2023 (arXiv:2303.08112); trained by Adam from the map that changes nothing",
    can_know="That an affine map of a layer predicts what the model gives at the end; not that later layers use what "
    "the map uses.",
    look="pluriscope_methods.lenses.tuned_lens:look",
    own=FOLDS,
    multiplications=lambda model, settings: 4.0 * run_cost(model) + 8e8 * len(model.layers) * times_two_folds(settings),
    refuses=_one_row,
)
