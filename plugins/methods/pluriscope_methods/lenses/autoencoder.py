"""Training a sparse autoencoder on each hidden layer of a network; loads torch.

PyTorch promises no equal streams of random numbers across versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import torch

from pluriscope.analysis.interventions.swaps import run_from
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics.fixed_order import inner, length, total_of
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.optimizers import Adam
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.perceptron.threads import one_thread
from pluriscope.analysis.subjects.sites import on_all_rows, some_of
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.lens import Array, Grid, Grids, Table
from pluriscope_methods.lenses.null_test import N_NETWORKS, generator
from pluriscope_methods.lenses.on_sites import encoded_sites, has_tokens

STEPS: Final = 1_500
LEARNING_RATE: Final = 0.01
SEED: Final = 0
FIRES: Final = 0.01
"""Share of a latent's largest value above which it counts as firing."""
DEAD: Final = 1e-6
Encoded = tuple[Array, float | None, dict[str, Array]]
_BETWEEN_REPORTS: Final = 100


def look(question: Question, settings: Settings, work: Work) -> Table | None:
    """The latents of every hidden layer; None where training diverged."""
    clean = activations(question.network, question.method_rows[0])
    rows: list[dict[str, Any]] = []
    for layer in range(1, question.network.n_hidden_layers + 1):
        found = encoded(clean[layer], settings, work)
        if found is None:
            return None
        rows += _rows(question, layer, clean, found)
    latents, widths = int(settings["latents"]), dict.fromkeys(question.network.hidden_sizes)
    return Table(tuple(rows), (*(random_share(latents, width) for width in widths), *_of_inputs(question, rows)))


def random_share(latents: int, width: int) -> str:
    """Say what share of the variance as many directions drawn at random explain."""
    share = min(1.0, latents / width)
    return f"{latents} directions drawn at random span {share:.0%} of the variance of {width} neurons in the mean."


def _of_inputs(question: Question, rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Say how near latents come to the directions of inputs in a linear first layer, beside drawn directions."""
    network = question.network
    if network.function_of(1).below != 1.0 or not np.array(network.weights[0]).any(axis=0).all():
        return ()
    inputs = unit(np.array(network.weights[0]).T)
    own = _nearest(inputs, np.array([row["direction"] for row in rows if row["layer"] == 1]))
    shape = sum(row["layer"] == 1 for row in rows), inputs.shape[1]
    drawn = [_nearest(inputs, unit(generator(number).normal(size=shape))) for number in range(N_NETWORKS)]
    as_near, usual = sum(one >= own for one in drawn), total_of(np.array(drawn)) / len(drawn)
    return (
        f"The nearest latent has a cosine of {own:.3f} with the direction of an input, in the mean over inputs. "
        f"Of as many directions drawn at random it is {usual:.3f}, and {as_near} of {len(drawn)} draws are as near.",
    )


def unit(rows: Array) -> Array:
    """Rows of length 1."""
    return np.array([row / length(row) for row in rows])


def _nearest(inputs: Array, directions: Array) -> float:
    """The mean over inputs of the largest cosine with a direction, all of length 1."""
    return total_of(inner(inputs, directions).max(axis=1)) / len(inputs)


def encoded(
    values: Array, settings: Settings, work: Work = DEFAULT_WORK, k: int = 0, seed: int = SEED
) -> Encoded | None:
    """An autoencoder of a layer's activations ``[rows, width]``; None where training diverged.

    Args:
        values: of the layer.
        settings: how many latents, and λ.
        work: gets the progress; may cancel.
        k: latents that may fire on a row, the largest ones; 0 for all.
        seed: of the decoder before training.

    Returns:
        What each latent is on each row, ReLU((values − centre) @ encoderᵀ + bias), ``[rows, latents]``; the share of
        the layer's variance that latents @ directions + centre rebuild, None where it does not vary; and by name
        ``directions [latents, width]``, each of length 1, ``encoder [latents, width]``, ``bias [latents]``, ``centre
        [width]``.
    """
    n_latents = int(settings["latents"])
    with one_thread():
        target = torch.tensor(values)
        random = torch.Generator().manual_seed(seed)
        decoder = torch.randn(n_latents, values.shape[1], dtype=torch.float64, generator=random)
        encoder = (decoder / decoder.norm(dim=1, keepdim=True)).mT.clone()
        shift, centre = torch.zeros(1, n_latents, dtype=torch.float64), target.mean(dim=0, keepdim=True)
        parameters = [part.requires_grad_(True) for part in (encoder, shift, decoder, centre)]
        optimizer = Adam(parameters, lr=LEARNING_RATE)

        def fired() -> torch.Tensor:
            found = torch.relu((target - centre) @ encoder + shift)
            most = found.topk(min(k or n_latents, n_latents), dim=1)
            return torch.zeros_like(found).scatter(1, most.indices, most.values) if k else found

        for step in range(STEPS):
            if step % _BETWEEN_REPORTS == 0:
                work.report_step("methods", step, STEPS, "steps of autoencoders")
            latents = fired()
            rebuilt = latents @ (decoder / decoder.norm(dim=1, keepdim=True)) + centre
            loss = ((rebuilt - target) ** 2).sum(dim=1).mean() + float(settings["lambda"]) * latents.sum(dim=1).mean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        with torch.no_grad():
            latents = fired()
            units = decoder / decoder.norm(dim=1, keepdim=True)
            error = ((latents @ units + centre - target) ** 2).sum()
    if not all(torch.isfinite(part).all() for part in (latents, units, error)):
        return None
    spread = float(((values - values.mean(axis=0)) ** 2).sum())
    learned = {"directions": units, "encoder": encoder.mT, "bias": shift[0], "centre": centre[0]}
    explained = 1.0 - float(error) / spread if spread > 0.0 else None
    return latents.numpy(), explained, {name: one.detach().numpy() for name, one in learned.items()}


def _rows(question: Question, layer: int, clean: Sequence[Array], found: Encoded) -> Iterator[dict[str, Any]]:
    """Rows of one layer's latents, those that fire most first; a dead one fires nowhere."""
    latents, explained, learned = found
    units, largest = learned["directions"], latents.max(axis=0)
    for place, latent in enumerate(sorted(range(len(largest)), key=lambda latent: (-largest[latent], latent))):
        fires = (latents[:, latent] > FIRES * largest[latent]) & (largest[latent] > DEAD)
        changed, n_pairs = _interchanged(question, layer, clean, latents[:, latent], units[latent])
        yield {
            "layer": layer,
            "latent": place,
            "truth_table": fires.astype(int).tolist(),
            "direction": units[latent].tolist(),
            **{key: learned[key][latent].tolist() for key in ("encoder", "bias")},
            "centre": learned["centre"].tolist(),
            "largest": float(largest[latent]),
            "explained": explained,
            "changed": changed,
            "pairs": n_pairs,
            "at_zero": _clamped(question, layer, clean, latents[:, latent], units[latent], 0.0),
            "at_largest": _clamped(question, layer, clean, latents[:, latent], units[latent], float(largest[latent])),
        }


def _clamped(
    question: Question, layer: int, clean: Sequence[Array], latent: Array, direction: Array, value: float
) -> list[int]:
    """``[rows]`` the network's answers with a latent held at a value; what is not rebuilt stays."""
    moved = clean[layer] + (value - latent)[:, None] * direction
    found: list[int] = answers(run_from(question.network, layer, moved)).tolist()
    return found


def _interchanged(
    question: Question, layer: int, clean: Sequence[Array], latent: Array, direction: Array
) -> tuple[int, int]:
    """Count the ordered pairs of rows on which a latent differs, and those whose answer changes when it is
    interchanged.

    The layer moves along the latent's decoder direction by the difference; what the autoencoder does not rebuild stays.
    """
    differ = np.argwhere(latent[:, None] != latent[None, :])
    base, source = differ[:, 0], differ[:, 1]
    if not len(differ):
        return 0, 0
    moved = clean[layer][base] + (latent[source] - latent[base])[:, None] * direction
    before = answers(clean[-1][:, 0])[base]
    return int((answers(run_from(question.network, layer, moved)) != before).sum()), len(differ)


MAX_SAMPLES: Final = 2_048
"""Of rows and positions of a transformer."""


def look_at_sites(model: Subject, settings: Settings, work: Work) -> Grids | None:
    """The latents of each layer's residual stream and of what MLP blocks add, or of units and channels, on all rows and
    positions; None where training diverged.
    """
    names, tokens = encoded_sites(model), has_tokens(model)
    values, labels = on_all_rows(model, names.__contains__), model.inputs if tokens else model.answers[:, None]
    grids, weights, shares, notes = list[Grid](), dict[str, Any](), list[float](), list[str]()
    for name in names:
        size, width = values[name][..., 0].size, values[name].shape[2]
        at = some_of(size, MAX_SAMPLES)
        label = np.broadcast_to(labels, values[name].shape[:2]).ravel()[at]
        here = (label[:, None] == np.arange(len(model.outputs))).astype(np.float64)
        found = encoded(values[name].reshape(size, -1)[at], settings, work)
        if found is None:
            return None
        latents, explained, learned = found
        order = np.argsort(-latents.max(axis=0), kind="stable")
        alive = [latent for latent in order.tolist() if latents[:, latent].max() > DEAD]
        mean = inner(latents[:, alive].T, here.T) / np.maximum(here.sum(axis=0), 1.0)
        shares += [] if explained is None else [explained]
        share = "" if explained is None else f"; {explained:.1%} of the variance explained"
        by = "token at the position" if tokens else "answer of the row"
        title = f"Latents of {name} by the {by}, in the mean{share}"
        grids.append(Grid(title, tuple(map(str, range(len(alive)))), model.outputs, tuple(map(tuple, mean.tolist()))))
        own = {key: one if key == "centre" else one[alive] for key, one in learned.items()}
        weights[name] = {key: one.tolist() for key, one in own.items()}
        notes += [f"On {len(at):,} of {size:,} rows and positions, drawn."] if len(at) < size else []
        notes.append(random_share(int(settings["latents"]), width))
    least = f"{min(shares):.1%} or more of each site’s variance is explained" if shares else "No site varies"
    return Grids(tuple(grids), f"{least}.", tuple(dict.fromkeys(notes)), weights)
