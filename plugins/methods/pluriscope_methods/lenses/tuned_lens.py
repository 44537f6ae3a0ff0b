"""Training of the tuned lens: an affine map for each layer, by the divergence of what is read; loads torch."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.chances import divergence, log_softmax
from pluriscope.analysis.subjects.perceptron.optimizers import Adam
from pluriscope.analysis.subjects.perceptron.threads import one_thread
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope_methods.lenses.lens import Array, Grid, Grids
from pluriscope_methods.lenses.logit_lens import read_out, streams
from pluriscope_methods.lenses.on_sites import folds_of, positions

STEPS: Final = 1_000
_RATE: Final = 0.01


def look(model: AttentionModel, settings: Settings, work: Work) -> Grids:
    """How far what is read of each layer is from what the model gives, with a map and without."""
    found, folds = streams(model), folds_of(len(model.tokens), settings)
    _, last = found.popitem()
    whole = read_out(model, last)
    plain, mapped, weights = list[tuple[float, ...]](), list[tuple[float, ...]](), dict[str, Any]()
    for name, stream in work.each("lenses", [*found.items()], "layers"):
        apart, weights[name] = np.zeros(stream.shape[:2]), list[dict[str, Any]]()
        for fitted in folds:
            matrix, shift = tuned(model, stream[fitted], log_softmax(whole[fitted]))
            held = {"held_out": np.flatnonzero(~fitted).tolist()}
            weights[name].append({"matrix": matrix.tolist(), "shift": shift.tolist(), **held})
            moved = fixed_order.inner(stream[~fitted], matrix.T) + shift
            apart[~fitted] = divergence(whole[~fitted], read_out(model, moved)[None])[0]
        mapped.append(tuple(fixed_order.mean(apart).tolist()))
        plain.append(tuple(fixed_order.mean(divergence(whole, read_out(model, stream)[None])[0]).tolist()))
    names, columns = tuple(found), positions(model)
    grids = (
        Grid("Divergence from the last layer in nats, by the tuned lens", names, columns, tuple(mapped)),
        Grid("The same by the logit lens", names, columns, tuple(plain)),
    )
    better = sum(one < other for rows in zip(mapped, plain, strict=True) for one, other in zip(*rows, strict=True))
    parameters = len(model.unembedding) * (len(model.unembedding) + 1)
    says = f"The tuned lens is nearer than the logit lens to what the model gives in {better} of "
    says += f"{len(names) * len(columns)} cells before the last layer, on {len(last):,} rows in {len(folds)} folds, "
    says += "each read by maps that were not trained on it."
    n = int(folds[0].sum()) * len(columns)
    few = f"A map has {parameters:,} parameters, and is trained on {n:,} samples."
    return Grids(grids, says, (few,) if n < parameters else (), weights)


def tuned(model: AttentionModel, stream: Array, wanted: Array) -> tuple[Array, Array]:
    """``[d, d]`` and ``[d]`` by which stream @ matrix + shift is read as near as can be to what is wanted.

    Args:
        model: whose unembedding reads.
        stream: ``[rows, context, d]``.
        wanted: logarithms of probabilities ``[rows, context, vocabulary]``.
    """
    bias, epsilon = model.blocks.unembedding_bias, model.blocks.epsilon
    with one_thread():
        given, aim, reads = (torch.tensor(one) for one in (stream, wanted, model.unembedding))
        matrix = torch.eye(given.shape[-1], dtype=torch.float64, requires_grad=True)
        shift = torch.zeros(given.shape[-1], dtype=torch.float64, requires_grad=True)
        adam = Adam([matrix, shift], lr=_RATE)
        for step in range(STEPS):
            adam.param_groups[0]["lr"] = _RATE * (1.0 - step / STEPS)
            seen = given @ matrix + shift
            if epsilon is not None:
                centred = seen - seen.mean(dim=-1, keepdim=True)
                seen = centred / ((centred**2).mean(dim=-1, keepdim=True) + epsilon).sqrt()
            logits = seen @ reads if bias is None else seen @ reads + torch.tensor(bias)
            adam.zero_grad()
            torch.autograd.backward((aim.exp() * (aim - logits.log_softmax(dim=-1))).sum(dim=-1).mean())
            adam.step()
    return matrix.detach().numpy(), shift.detach().numpy()
