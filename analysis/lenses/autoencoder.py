"""Training sparse autoencoders on a network's hidden layers; loads torch.

PyTorch promises no equal streams of random numbers across versions.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.lenses.lens import Table
from analysis.method_settings import Settings
from analysis.networks.devices import one_thread
from analysis.networks.mlp import activations
from analysis.question import Question
from analysis.work import Work

STEPS: Final = 1_500
LEARNING_RATE: Final = 0.01
FIRES: Final = 0.01
"""Share of a latent's largest value above which it counts as firing."""
DEAD: Final = 1e-6
_BETWEEN_REPORTS: Final = 100


def look(question: Question, settings: Settings, work: Work) -> Table | None:
    """The latents of every hidden layer; None where training diverged."""
    layers = activations(question.cut, question.method_rows[0])[1:-1]
    rows: list[dict[str, Any]] = []
    for number, values in enumerate(layers, start=1):
        trained = _trained(values, settings, work)
        if trained is None:
            return None
        latents, explained = trained
        largest = latents.max(axis=0)
        fires = (latents > FIRES * largest) & (largest > DEAD)
        order = sorted(range(len(largest)), key=lambda latent: (-largest[latent], latent))
        rows += [
            {
                "layer": number,
                "latent": place,
                "truth_table": fires[:, latent].astype(int).tolist(),
                "largest": float(largest[latent]),
                "explained": explained,
            }
            for place, latent in enumerate(order)
        ]
    return Table(tuple(rows))


def _trained(
    values: NDArray[np.float64], settings: Settings, work: Work
) -> tuple[NDArray[np.float64], float | None] | None:
    """Latents ``[rows, latents]`` and the share of variance explained; None where it diverged."""
    n_latents, penalty = int(settings["latents"]), float(settings["lambda"])
    width = values.shape[1]
    with one_thread():
        random = torch.Generator().manual_seed(int(settings["seed"]))
        target = torch.tensor(values)
        decoder = torch.randn(n_latents, width, dtype=torch.float64, generator=random)
        encoder = (decoder / decoder.norm(dim=1, keepdim=True)).T.clone()
        shift = torch.zeros(n_latents, dtype=torch.float64)
        centre = target.mean(dim=0)
        parameters = [part.requires_grad_(True) for part in (encoder, shift, decoder, centre)]
        optimizer = torch.optim.Adam(parameters, lr=LEARNING_RATE)

        def run() -> tuple[torch.Tensor, torch.Tensor]:
            latents = torch.relu((target - centre) @ encoder + shift)
            return latents, latents @ (decoder / decoder.norm(dim=1, keepdim=True)) + centre

        for step in range(STEPS):
            if step % _BETWEEN_REPORTS == 0:
                work.tell("methods", step, STEPS, "steps of an autoencoder")
            latents, rebuilt = run()
            loss = ((rebuilt - target) ** 2).sum(dim=1).mean() + penalty * latents.sum(dim=1).mean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        with torch.no_grad():
            latents, rebuilt = run()
        found, error = latents.numpy(), float(((rebuilt - target) ** 2).sum())
    if not (np.isfinite(found).all() and np.isfinite(error)):
        return None
    spread = float(((values - values.mean(axis=0)) ** 2).sum())
    return found, 1.0 - error / spread if spread > 0.0 else None
