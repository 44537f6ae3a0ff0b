"""Training sparse autoencoders on a network's hidden layers, several seeds together; loads torch.

PyTorch promises no equal streams of random numbers across versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch

from analysis.lenses.lens import Array, Table
from analysis.lenses.sae import Encoded, matches
from analysis.method_settings import Settings
from analysis.networks.devices import one_thread
from analysis.networks.mlp import activations, next_layer
from analysis.networks.optimizers import Adam
from analysis.question import Question
from analysis.validity import decide
from analysis.work import DEFAULT_WORK, Work

STEPS: Final = 1_500
LEARNING_RATE: Final = 0.01
_BETWEEN_REPORTS: Final = 100


Layers = list[Sequence[Encoded]]
"""Of every hidden layer an autoencoder for each seed."""


def look(questions: Sequence[Question], settings: Settings, work: Work) -> list[Table | None]:
    """Of each network the latents of every hidden layer; None where training diverged."""
    found = encoded_layers(questions, settings, work)
    return [
        None if layers is None else _table(question, layers) for question, layers in zip(questions, found, strict=True)
    ]


def _table(question: Question, layers: Layers) -> Table:
    clean = activations(question.cut, question.method_rows[0])
    rows = [_rows(question, layer, clean, found) for layer, found in enumerate(layers, start=1)]
    return Table(tuple(row for each in rows for row in each))


def encoded_layers(questions: Sequence[Question], settings: Settings, work: Work = DEFAULT_WORK) -> list[Layers | None]:
    """Of each network the autoencoders of every hidden layer; None where training diverged.

    Args:
        questions: about networks of one shape, each with the rows that its layers' activations are on.
        settings: all of the lens's.
        work: told how far it is; may cancel.
    """
    clean = [activations(question.cut, question.method_rows[0])[1:-1] for question in questions]
    by_layer = [_encoded(np.array(values), settings, work) for values in zip(*clean, strict=True)]
    return [
        None if any(layer is None for layer in layers) else [layer for layer in layers if layer is not None]
        for layers in zip(*by_layer, strict=True)
    ]


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
    for above in range(layer + 1, len(clean)):
        moved = next_layer(question.cut, above, moved)
    before = decide(clean[-1][:, 0], "threshold")[base]
    return int((decide(moved[:, 0], "threshold") != before).sum()), len(differ)


def _encoded(values: Array, settings: Settings, work: Work) -> list[list[Encoded] | None]:
    """Autoencoders of one layer of each network ``[networks, rows, width]``, trained side by side, one for each seed.

    None for a network of which one diverged. What one seed of one network gives does not depend on the others.
    """
    seeds = range(int(settings["seed"]), int(settings["seed"]) + int(settings["seeds"]))
    n_latents, width = int(settings["latents"]), values.shape[2]
    with one_thread():
        target = torch.tensor(values).repeat_interleave(len(seeds), dim=0)
        decoder = torch.stack([_drawn(seed, n_latents, width) for seed in seeds]).repeat(len(values), 1, 1)
        encoder = (decoder / decoder.norm(dim=2, keepdim=True)).mT.clone()
        shift = torch.zeros(len(target), 1, n_latents, dtype=torch.float64)
        centre = torch.stack([rows.mean(dim=0, keepdim=True) for rows in target])
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
    encoded: list[list[Encoded] | None] = []
    parts = (part.reshape(len(values), len(seeds), *part.shape[1:]) for part in (latents, units, errors))
    for rows, *each in zip(values, *parts, strict=True):
        if not all(torch.isfinite(part).all() for part in each):
            encoded.append(None)
            continue
        spread = float(((rows - rows.mean(axis=0)) ** 2).sum())
        encoded.append(
            [
                Encoded(found.numpy(), directions.numpy(), 1.0 - float(error) / spread if spread > 0.0 else None)
                for found, directions, error in zip(*each, strict=True)
            ]
        )
    return encoded


def _drawn(seed: int, n_latents: int, width: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(n_latents, width, dtype=torch.float64, generator=random)


def _sparse(latents: torch.Tensor, settings: Settings) -> torch.Tensor:
    """Under top-k the k largest latents of each row, the others 0; of equal ones the first."""
    if settings["sparsity"] == "l1":
        return latents
    kept = latents.argsort(dim=2, descending=True, stable=True)[:, :, : int(settings["k"])]
    return latents * torch.zeros_like(latents).scatter(2, kept, 1.0)
