"""Direct logit attribution: what each part of a transformer adds to the logits by itself.

Elhage et al., "A Mathematical Framework for Transformer Circuits" (2021). With LayerNorm the scale is that of the whole
model's run, so that the parts still add up.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.sites import Run, run
from pluriscope.analysis.subjects.transformer.blocks import mean_of
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope_methods.lenses.lens import Grid, Grids, SiteLens, run_cost
from pluriscope_methods.lenses.on_sites import PAIRS, alike, paired, positions

Array = NDArray[np.float64]


def read_directions(model: AttentionModel, of: Run, wanted: NDArray[np.int64], other: NDArray[np.int64]) -> Array:
    """``[rows, d_model]`` with which what is added at the last position makes one logit less another.

    Args:
        model: that was run.
        of: the run; with LayerNorm its scale is taken.
        wanted: tokens ``[rows]``.
        other: likewise.
    """
    directions = (model.unembedding[:, wanted] - model.unembedding[:, other]).T
    if model.blocks.epsilon is None:
        return directions
    centred = of.values[f"x{len(model.layers)}"][:, -1]  # what is read is centred, and divided by the whole's size
    centred = centred - mean_of(centred)
    scale = np.sqrt(mean_of(centred * centred) + model.blocks.epsilon)
    return np.asarray((directions - mean_of(directions)) / scale)


def _look(model: AttentionModel, settings: Settings, _work: Work) -> Grids:
    pairs, notes = paired(model, settings)
    blocks, tokens = model.blocks, model.tokens[pairs.clean]
    seen, last = run(model, tokens), len(model.layers)
    wanted, other = model.answers[pairs.clean], model.answers[pairs.corrupt]
    directions = read_directions(model, seen, wanted, other)

    def effect(given: Array) -> float:
        return float(fixed_order.mean(np.add.accumulate(given * directions, axis=1)[:, -1]))

    heads = [f"{layer}.{head}" for layer in range(1, last + 1) for head in range(model.n_heads)]
    mlps = [f"{layer}.mlp" for layer in range(1, last + 1)] if blocks.mlps else []
    sources = ["x0", *sorted([*heads, *mlps], key=lambda name: name.partition(".")[0])]
    whole = [(effect(seen.values[name][:, -1]),) for name in sources]
    if blocks.reaches_logits:
        bias = np.zeros(len(model.unembedding.T)) if blocks.unembedding_bias is None else blocks.unembedding_bias
        constant = np.broadcast_to(blocks.constant(last, len(model.unembedding)), directions.shape)
        whole.append((effect(constant) + float(fixed_order.mean(bias[wanted] - bias[other])),))
    by_place = []
    for name in heads:
        layer, head = map(int, name.split("."))
        values = fixed_order.inner(seen.values[f"{name}.v"], model.head(layer, head)[3].T)
        shares = seen.values[f"{name}.a"][:, -1, :, None]
        by_place.append(tuple(effect(given) for given in np.moveaxis(shares * values, 1, 0)))
    at = f"~{tokens.shape[1]}"
    sites = tuple((f"{name}{at}",) for name in sources) + ((("",),) if blocks.reaches_logits else ())
    rows = (*sources, *(["biases"] if blocks.reaches_logits else []))
    grids = (
        Grid("Added to the right logit less the other’s, in the mean", rows, ("logits",), tuple(whole), sites),
        Grid("Of heads, by the position that they read", tuple(heads), positions(model), tuple(by_place)),
    )
    best = max(zip(rows, whole, strict=True), key=lambda one: one[1][0])
    total = sum(value for (value,) in whole)
    return Grids(grids, f"Of a difference of {total:.2f} in the mean, {best[0]} adds {best[1][0]:.2f} directly.", notes)


DIRECT_ATTRIBUTION: Final = SiteLens(
    key="direct-attribution",
    version=2,
    label="Direct logit attribution",
    definition="What the embedding, each head and each MLP block add to the right logit less the logit of another "
    "row’s answer at the last position; of heads also by the position that they read.",
    source="Elhage et al. 2021, “A Mathematical Framework for Transformer Circuits”",
    can_know="The parts add up to the difference of two logits exactly. What a part does through later layers is not "
    "in its direct effect.",
    look=_look,
    own=(PAIRS,),
    multiplications=lambda model, settings: 2.0 * run_cost(model, int(settings["pairs"])),
    refuses=alike,
)
