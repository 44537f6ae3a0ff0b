"""Training sparse autoencoders on a network's hidden layers, several seeds together; loads torch.

PyTorch promises no equal streams of random numbers across versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch

from analysis.directions.swaps import run_from
from analysis.lenses.lens import Array, Table
from analysis.lenses.sae import Encoded, matches
from analysis.method_settings import Settings
from analysis.networks.devices import one_thread
from analysis.networks.mlp import activations
from analysis.networks.optimizers import Adam
from analysis.question import Question
from analysis.validity import decide
from analysis.work import DEFAULT_WORK, Work

STEPS: Final = 1_500
LEARNING_RATE: Final = 0.01
_BETWEEN_REPORTS: Final = 100


Layers = list[Sequence[Encoded]]
"""Of every hidden layer an autoencoder for each seed."""


def look(question: Question, settings: Settings, work: Work) -> Table | None:
    """The latents of every hidden layer; None where training diverged."""
    found = encoded_layers(question, settings, work)
    if found is None:
        return None
    clean = activations(question.cut, question.method_rows[0])
    rows = [_rows(question, layer, clean, each) for layer, each in enumerate(found, start=1)]
    return Table(tuple(row for each in rows for row in each))


def encoded_layers(question: Question, settings: Settings, work: Work = DEFAULT_WORK) -> Layers | None:
    """The autoencoders of every hidden layer, on the question's rows; None where training diverged.

    Args:
        question: about a network.
        settings: all of the lens's.
        work: told how far it is; may cancel.
    """
    layers = [_encoded(values, settings, work) for values in activations(question.cut, question.method_rows[0])[1:-1]]
    known: Layers = [layer for layer in layers if layer is not None]
    return known if len(known) == len(layers) else None


def _rows(question: Question, layer: int, clean: Sequence[Array], found: Sequence[Encoded]) -> list[dict[str, Any]]:
    """The first seed's latents on one layer, those that fire most first."""
    first, others = found[0], found[1:]
    largest, fires = first.latents.max(axis=0), first.fires
    matched = [matches(first, other) for other in others]
    order = sorted(range(len(largest)), key=lambda latent: (-largest[latent], latent))
    rows = []
    for place, latent in enumerate(order):
        changed, n_pairs = _interchanged(question, layer, clean, first.latents[:, latent], first.decoder[latent])
        rows.append(
            {
                "layer": layer,
                "latent": place,
                "truth_table": fires[:, latent].astype(int).tolist(),
                "direction": first.decoder[latent].tolist(),
                "largest": float(largest[latent]),
                "explained": first.explained,
                "found_again": sum(bool(found_again[latent]) for found_again in matched) if others else None,
                "changed": changed,
                "pairs": n_pairs,
            }
        )
    return rows


def _interchanged(
    question: Question, layer: int, clean: Sequence[Array], latent: Array, direction: Array
) -> tuple[int, int]:
    """Of the ordered pairs of rows on which a latent differs, those whose decision changes when it is interchanged.

    The layer moves along the latent's decoder direction by the difference; what the autoencoder does not rebuild stays.
    """
    differ = np.argwhere(latent[:, None] != latent[None, :])
    base, source = differ[:, 0], differ[:, 1]
    if not len(differ):
        return 0, 0
    moved = clean[layer][base] + (latent[source] - latent[base])[:, None] * direction
    before = decide(clean[-1][:, 0], "threshold")[base]
    return int((decide(run_from(question.cut, layer, moved), "threshold") != before).sum()), len(differ)


def _encoded(values: Array, settings: Settings, work: Work) -> list[Encoded] | None:
    """Autoencoders of one layer ``[rows, width]``, trained side by side, one for each seed; None where one diverged."""
    seeds = range(int(settings["seed"]), int(settings["seed"]) + int(settings["seeds"]))
    n_latents, width = int(settings["latents"]), values.shape[1]
    with one_thread():
        target = torch.tensor(values).repeat(len(seeds), 1, 1)
        decoder = torch.stack([_drawn(seed, n_latents, width) for seed in seeds])
        encoder = (decoder / decoder.norm(dim=2, keepdim=True)).mT.clone()
        shift = torch.zeros(len(target), 1, n_latents, dtype=torch.float64)
        centre = target.mean(dim=1, keepdim=True)
        parameters = [part.requires_grad_(True) for part in (encoder, shift, decoder, centre)]
        optimizer = Adam(parameters, lr=LEARNING_RATE)
        for step in range(STEPS):
            if step % _BETWEEN_REPORTS == 0:
                work.tell("methods", step, STEPS, "steps of autoencoders")
            latents = _sparse(torch.relu((target - centre) @ encoder + shift), settings)
            rebuilt = latents @ (decoder / decoder.norm(dim=2, keepdim=True)) + centre
            loss = ((rebuilt - target) ** 2).sum(dim=2).mean(dim=1).sum()
            if settings["sparsity"] == "l1":
                loss = loss + float(settings["lambda"]) * latents.sum(dim=2).mean(dim=1).sum()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        with torch.no_grad():
            latents = _sparse(torch.relu((target - centre) @ encoder + shift), settings)
            units = decoder / decoder.norm(dim=2, keepdim=True)
            errors = ((latents @ units + centre - target) ** 2).sum(dim=(1, 2))
    if not all(torch.isfinite(part).all() for part in (latents, units, errors)):
        return None
    spread = float(((values - values.mean(axis=0)) ** 2).sum())
    return [
        Encoded(found.numpy(), directions.numpy(), 1.0 - float(error) / spread if spread > 0.0 else None)
        for found, directions, error in zip(latents, units, errors, strict=True)
    ]


def _drawn(seed: int, n_latents: int, width: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(n_latents, width, dtype=torch.float64, generator=random)


def _sparse(latents: torch.Tensor, settings: Settings) -> torch.Tensor:
    """Under top-k the k largest latents of each row, the others 0; of equal ones the first."""
    if settings["sparsity"] == "l1":
        return latents
    kept = latents.argsort(dim=2, descending=True, stable=True)[:, :, : int(settings["k"])]
    return latents * torch.zeros_like(latents).scatter(2, kept, 1.0)
