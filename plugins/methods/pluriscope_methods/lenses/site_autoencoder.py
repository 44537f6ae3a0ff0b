"""Training a sparse autoencoder on each layer of a transformer's residual stream; loads torch."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.transformer.runs import on_all_rows, site_names
from pluriscope.analysis.subjects.transformer.weights import Transformer
from pluriscope_methods.lenses.autoencoder import DEAD, encoded, random_share
from pluriscope_methods.lenses.lens import Grid, Grids

MAX_SAMPLES: Final = 2_048
"""Of rows and positions of a transformer."""


def look_at_stream(model: Transformer, settings: Settings, work: Work) -> Grids | None:
    """The latents of each layer's residual stream, and of what MLP blocks add, on all rows and positions of a
    transformer; None where training diverged.
    """
    names = [name for name in site_names(model) if name.startswith("x") or name.endswith("mlp")][1:]
    values, size = on_all_rows(model, names.__contains__), model.tokens.size
    at = np.unique(np.arange(min(size, MAX_SAMPLES)) * size // min(size, MAX_SAMPLES))
    here = (model.tokens.ravel()[at, None] == np.arange(len(model.outputs))).astype(np.float64)
    times, grids, weights, shares = np.maximum(here.sum(axis=0), 1.0), list[Grid](), dict[str, Any](), list[float]()
    for name in names:
        found = encoded(values[name].reshape(size, -1)[at], settings, work)
        if found is None:
            return None
        latents, explained, learned = found
        order = np.argsort(-latents.max(axis=0), kind="stable")
        alive = [latent for latent in order.tolist() if latents[:, latent].max() > DEAD]
        mean = inner(latents[:, alive].T, here.T) / times
        shares += [] if explained is None else [explained]
        share = "" if explained is None else f"; {explained:.1%} of the variance explained"
        labels = tuple(map(str, range(len(alive))))
        title = f"Latents of {name} by the token at the position, in the mean{share}"
        grids.append(Grid(title, labels, model.outputs, tuple(map(tuple, mean.tolist()))))
        own = {key: one if key == "centre" else one[alive] for key, one in learned.items()}
        weights[name] = {key: one.tolist() for key, one in own.items()}
    least = f"{min(shares):.1%} or more of each site’s variance is explained" if shares else "No site varies"
    notes = (f"On {len(at):,} of {size:,} rows and positions, evenly spread.",) if len(at) < size else ()
    usual = random_share(int(settings["latents"]), len(model.unembedding))
    return Grids(tuple(grids), f"{least}.", (*notes, usual), weights)
