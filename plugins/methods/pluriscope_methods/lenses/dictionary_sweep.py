"""The sweep of :mod:`pluriscope_methods.lenses.dictionaries`; loads torch."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.classifier import Classifier
from pluriscope.analysis.subjects.sites import Site, added, on_all_rows, some_of
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.autoencoder import DEAD, encoded, unit
from pluriscope_methods.lenses.dictionaries import COUNTS, PENALTIES, SEEDS, samples, site_of
from pluriscope_methods.lenses.lens import Array, Grid, Grids
from pluriscope_methods.lenses.null_test import N_NETWORKS, generator
from pluriscope_methods.lenses.on_sites import encoded_sites

FOUND: Final = 0.9
"""Cosine from which a latent is a feature."""
_AMPLIFIED: Final = 2.0  # times the largest value
_MOST_LATENTS: Final = 32


class Dictionary(NamedTuple):
    """A trained autoencoder: ``latents [samples, live]``, ``directions [live, width]``, share not rebuilt."""

    latents: Array
    directions: Array
    error: float


def look(model: Subject, settings: Settings, work: Work) -> Grids | None:
    """The frontier of error and sparsity, the features that are found, and what latents do; None where training
    diverged.
    """
    name, size, count = site_of(model, settings), int(settings["latents"]), int(settings["k"])
    every = on_all_rows(model, name.__eq__)[name]
    values = every.reshape(-1, every.shape[2])
    values = values[some_of(len(values), samples(model, name))]
    moved = values - fixed_order.mean(values)
    scale = fixed_order.length(moved.ravel()) / np.sqrt(len(moved))
    if not scale > 0.0:
        return Grids((), f"{name} does not vary.")
    asked = [(f"k = {k}", k, 0.0) for k in sorted({*COUNTS, count}) if k < size // 2]
    asked += [(f"λ = {penalty:g}", 0, penalty) for penalty in PENALTIES]
    truth, trained = known_features(model, name), dict[tuple[str, int], list[Dictionary]]()
    for label, k, penalty in work.each("lenses", asked, "kinds of dictionaries"):
        for n in (size // 2, size):
            given = {"latents": n, "lambda": penalty}
            found = [encoded(moved / scale, given, work, k, seed) for seed in SEEDS]
            if any(one is None for one in found):
                return None
            trained[label, n] = [_dictionary(*one) for one in found if one is not None]
    rows = {f"{label}, {n} latents": measured(found, n, truth) for (label, n), found in trained.items()}
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row))
    cells = tuple(tuple(row.values()) for row in rows.values())
    title = f"Dictionaries of {name} on {len(values):,} samples: shares, and cosines in the mean"
    chosen = trained[f"k = {count}", size]
    amplified = _amplified(model, name, scale, chosen, truth)
    grids = (Grid(title, tuple(rows), columns, cells, most=1.0), amplified)
    own = rows[f"k = {count}, {size} latents"]
    says = f"With k = {count} and {size} latents, {own['not rebuilt']:.1%} of the variance is not rebuilt"
    says += f"; a latent fires on {own['rate of firing']:.1%} of samples. "
    after, random = fixed_order.mean(np.array(amplified.values))[-2:]
    if truth is None:
        return Grids(grids, f"{says}No features are known here to hold latents against.")
    as_near, usual = _drawn(truth, own["nearest latent"], size)
    says += (
        f"The nearest latent has a cosine of {own['nearest latent']:.3f} with a feature in the mean; of as many "
        f"directions drawn at random {usual:.3f}, and {as_near} of {N_NETWORKS} draws are as near. "
        f"Both seeds find {own['found by both seeds'] * len(truth):.0f} of {len(truth)} features; with L1 they find "
    )
    by_penalty = {row: one["found by both seeds"] * len(truth) for row, one in rows.items() if "λ" in row}
    largest_ones = {row.partition(",")[0]: n for row, n in by_penalty.items() if row.endswith(f", {size} latents")}
    says += ", ".join(f"{n:.0f} ({row})" for row, n in largest_ones.items())
    weights = {"directions": [one.directions.tolist() for one in chosen]}
    says += f". Amplified, a latent makes its feature the answer on {after:.0%} of rows, a random step on {random:.0%}"
    return Grids(grids, f"{says}.", weights=weights)


def _dictionary(latents: Array, explained: float | None, learned: dict[str, Array]) -> Dictionary:
    live = latents.max(axis=0) > DEAD
    return Dictionary(latents[:, live], learned["directions"][live], 1.0 - (explained or 0.0))


def known_features(model: Any, name: str) -> Array | None:
    """``[features, width]`` unit directions of inputs in the linear first layer of a perceptron; None where features
    are not known.
    """
    if not isinstance(model, Classifier) or name != "h1" or model.data.ndim > 2:
        return None
    into = np.array(model.network.weights[0])
    return unit(into.T) if model.network.function_of(1).below == 1.0 and into.any(axis=0).all() else None


def measured(found: list[Dictionary], n_latents: int, truth: Array | None) -> dict[str, float]:
    """Measure dictionaries of two seeds of one size; the figures of one are those of the first."""
    first, second = found
    fires = first.latents > DEAD
    row = {
        "not rebuilt": first.error,
        "rate of firing": float(fires.mean()),
        "live latents": len(first.directions) / n_latents,
        "nearest, other seed": _nearest(first.directions, second.directions),
    }
    if truth is not None:
        cosines = [fixed_order.inner(truth, one.directions) for one in found]
        near = [one.max(axis=1) >= FOUND for one in cosines]
        row |= {
            "nearest latent": _nearest(truth, first.directions),
            "found": float(near[0].mean()),
            "found by both seeds": float((near[0] & near[1]).mean()),
            "split among latents": float(((cosines[0] >= FOUND).sum(axis=1) > 1).mean()),
        }
    return row


def _nearest(wanted: Array, directions: Array) -> float:
    """The mean of the largest cosine with a direction."""
    return fixed_order.total_of(fixed_order.inner(wanted, directions).max(axis=1)) / len(wanted)


def _drawn(truth: Array, own: float, n: int) -> tuple[int, float]:
    """How many draws of as many random directions are as near to the features, and how near they are in the mean."""
    shape = n, truth.shape[1]
    near = [_nearest(truth, unit(generator(number).normal(size=shape))) for number in range(N_NETWORKS)]
    return sum(one >= own for one in near), fixed_order.total_of(np.array(near)) / len(near)


def _amplified(model: Subject, name: str, scale: float, found: list[Dictionary], truth: Array | None) -> Grid:
    """The share of rows with an answer, before and after a latent is written as twice its largest value: of a feature
    its own answer by the nearest latent, else the one that is most frequent then. Beside it as large a step at random.
    """
    first, second = found
    site = Site(name, encoded_sites(model)[name][0] - 1)
    cosines = fixed_order.inner(first.directions, second.directions).max(axis=1)
    if truth is None:
        names = [f"latent {at}" for at in range(min(len(first.directions), _MOST_LATENTS))]
        latents = np.argsort(-first.latents.max(axis=0), kind="stable")[: len(names)].tolist()
        near = cosines[latents]
    else:
        own = fixed_order.inner(truth, first.directions)
        names = [f"feature {at}" for at in range(len(truth))]
        latents, near = own.argmax(axis=1).tolist(), own.max(axis=1)

    def answered(step: Array) -> NDArray[np.intp]:
        change = added(site, np.broadcast_to(step, (len(model.rows), len(step))))
        return np.bincount(largest(model.run_sites(model.inputs, change)) + 1, minlength=len(model.outputs) + 1)[1:]

    before, rows, texts = answered(np.zeros(first.directions.shape[1])), [], []
    for number, latent in enumerate(latents):
        size = _AMPLIFIED * scale * float(first.latents[:, latent].max())
        after = answered(size * first.directions[latent])
        random = answered(size * unit(generator(number).normal(size=(1, first.directions.shape[1])))[0])
        own_answers = truth is not None and len(truth) == len(model.outputs)
        answer = number if own_answers else int(after.argmax())
        shares = [float(one[answer]) / len(model.rows) for one in (before, after, random)]
        rows.append((float(near[number]), *shares))
        texts.append((f"{near[number]:.3f}", *(f"{model.outputs[answer]}: {share:.0%}" for share in shares)))
    columns = ("cosine", "answer before", "amplified", "random step")
    title = "What amplifying a latent to twice its largest value makes of the answers"
    return Grid(title, tuple(names), columns, tuple(rows), (), tuple(texts), 1.0)
