"""Structure of features: whether labels in a cyclic order lie on a circle, and positions differ by magnitude alone.

Of each label the mean of a site's values over the rows that have it is taken, less the mean of these.

- *Circle* (Engels et al., "Not All Language Model Features Are One-Dimensionally Linear", 2024, arXiv:2405.14860): the
  largest share of the variance of these means that a circle explains, on which label r of n stands at the angle 2πkr/n,
  over all frequencies k. A line, though it follows one frequency, reaches one half at most.
- *Magnitude* (Csordás et al., "Recurrent Neural Networks Learn to Store and Generate Sequences using Non-Linear
  Representations", 2024, arXiv:2408.10920, which call it an onion): where two positions hold their tokens along the
  same directions, the cosine of their means is near 1, and the ratio of their sizes distinguishes them.

A head applies one matrix at every position, so that an untrained one holds two positions along the same directions as
well. Both are therefore tested among null networks (:mod:`pluriscope_methods.lenses.null_test`), all sites, labels and
pairs of positions at once. That labels on a circle stand in their own order may be chance: of n labels n · φ(n) of the
n! orders are on one. So a circle is tested among orders of the tokens too, and from 7 labels on, of which 1 in 120
orders is one.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial, gcd, pi, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.sites import on_all_rows
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.runs import site_names
from pluriscope_methods.lenses.lens import Array, Grid, Grids, SiteLens, run_cost
from pluriscope_methods.lenses.null_test import Sought, generator, null_runs, shuffled, tested

FEWEST: Final = 5
MOST: Final = 32
FEWEST_TESTED: Final = 7
"""Labels whose circle is tested."""
N_ORDERS: Final = 199
_NEAR: Final = 1e-9
_SEED: Final = 0
CIRCLE: Final = "a circle"
MAGNITUDE: Final = "a code by magnitude"


class Structure(NamedTuple):
    """Measurement of a structure.

    Args:
        value: share of the variance, or cosine.
        detail: the frequency of a circle; of two positions the size of the second over that of the first.
    """

    value: float
    detail: float


class Labels(NamedTuple):
    """Labels that distinguish rows: the token of each label, ascending, and the label of each row, from 0."""

    tokens: NDArray[np.int64]
    of_rows: NDArray[np.int64]


def label_means(values: Array, labels: NDArray[np.int64]) -> Array:
    """``[labels, d]`` the mean over the rows of each label, less the mean of these; 0 where that is rounding alone.

    Args:
        values: ``[rows, d]``.
        labels: ``[rows]`` from 0, each there.
    """
    means = np.stack([fixed_order.mean(values[labels == label]) for label in range(int(labels.max()) + 1)])
    apart = means - fixed_order.mean(means)
    return np.where(np.abs(apart).max() > _NEAR * np.abs(values).max(), apart, 0.0)


def circle(means: Array) -> Structure:
    """The circle that explains most of some means ``[labels, d]`` in their cyclic order."""
    shares = circle_shares(means, np.arange(len(means))[None])[0]
    return Structure(float(shares.max()), int(shares.argmax()) + 1)


def circle_shares(means: Array, orders: NDArray[np.int64]) -> Array:
    """``[orders, frequencies]`` the share of the variance of means ``[labels, d]`` that a circle explains.

    Args:
        orders: ``[orders, labels]`` the label at each place of the circle.
    """
    n = len(means)
    total = fixed_order.total_of((means * means).ravel())
    if not total > 0.0:
        return np.zeros((len(orders), (n - 1) // 2))
    angles = 2.0 * pi / n * np.outer(np.arange(1, (n + 1) // 2), np.arange(n))
    cosine, sine = np.zeros((2, len(orders), len(angles), means.shape[1]))
    for place, labels in enumerate(orders.T):
        cosine += np.cos(angles[:, place, None]) * means[labels, None]
        sine += np.sin(angles[:, place, None]) * means[labels, None]
    a, b, both = (
        np.add.accumulate(one * other, axis=-1)[..., -1]
        for one, other in ((cosine, cosine), (sine, sine), (cosine, sine))
    )
    # of the plane of a frequency the best circle explains (s1 + s2)² / 2, s1 and s2 its singular values
    found: Array = (a + b + 2.0 * np.sqrt(np.maximum(a * b - both * both, 0.0))) / (n * total)
    return found


def share_of_orders(n: int) -> float:
    """Share of the orders of n labels on a circle in which they are on one, of whatever frequency and direction."""
    return n * sum(gcd(k, n) == 1 for k in range(1, n)) / factorial(n)


def layered(first: Array, second: Array) -> Structure:
    """Measure how far means ``[labels, d]`` at one position have the directions of those at another."""
    sizes = [sqrt(fixed_order.total_of((one * one).ravel())) for one in (first, second)]
    if not all(sizes):
        return Structure(0.0, 0.0)
    return Structure(fixed_order.dot(first.ravel(), second.ravel()) / (sizes[0] * sizes[1]), sizes[1] / sizes[0])


def _labels(model: AttentionModel) -> dict[str, Labels]:
    """Labels by what they are of, the token at a position or the answer; without those with too few or too many."""
    context = model.tokens.shape[1]
    every = {f"token {at + 1}": model.tokens[:, at] for at in range(context)} | {"answer": model.answers}
    found = {name: Labels(*np.unique(one, return_inverse=True)) for name, one in every.items()}
    return {name: one for name, one in found.items() if FEWEST <= len(one.tokens) <= MOST}


def _pairs(labels: dict[str, Labels]) -> list[tuple[str, str]]:
    """Positions with the same tokens."""
    pairs = combinations([name for name in labels if name != "answer"], 2)
    return [(one, other) for one, other in pairs if np.array_equal(labels[one].tokens, labels[other].tokens)]


def _sites(model: AttentionModel) -> list[str]:
    """The stream and what heads add to it."""
    return [name for name in site_names(model) if name.startswith("x") or name.replace(".", "").isdigit()]


def _means(model: AttentionModel, labels: dict[str, Labels]) -> list[dict[str, Array]]:
    """Means of the labels at the last position of each site."""
    names = _sites(model)
    values = on_all_rows(model, names.__contains__)
    return [{of: label_means(values[name][:, -1], one.of_rows) for of, one in labels.items()} for name in names]


def shuffled_model(model: AttentionModel, number: int) -> AttentionModel:
    """Shuffle the entries of each matrix, in the same order for the same number from 0. Biases stay, and positions,
    which need not be drawn: sinusoids are not.
    """
    matrices = {name: one for name, one in model.parameters.items() if one.ndim > 1 and name != "positions"}
    drawn = dict(zip(matrices, shuffled(generator(number), matrices.values()), strict=True))
    return model.with_parameters({**model.parameters, **drawn})


def _on_circle(model: AttentionModel) -> AttentionModel:
    """Put the tokens on a circle in the first two directions of the stream, as large as before."""
    used = np.unique(model.tokens)
    angles = 2.0 * pi * np.arange(len(used)) / len(used)
    ring, embedding = np.stack([np.cos(angles), np.sin(angles)], axis=1), np.zeros_like(model.embedding)
    embedding[used, :2] = ring[:, : embedding.shape[1]]
    return _resized(model, {"embedding": embedding})


def _copying(model: AttentionModel) -> AttentionModel:
    """Confine tokens to half of the directions, with heads in the first layer that copy these and look by the others
    alone, so that how much they take of a position does not depend on its token.
    """
    d_model, d_head = model.layers[0][2].shape[1:]
    of_tokens = np.arange(d_model) < max(2, d_model // 2)
    changed = {"embedding": model.embedding * of_tokens}
    for head in range(model.n_heads):
        axes = (head * d_head + np.arange(d_head)) % int(of_tokens.sum())
        changed |= {f"1.{head}.value": np.eye(d_model)[:, axes], f"1.{head}.output": np.eye(d_model)[axes]}
        for name in (f"1.{head}.query", f"1.{head}.key"):
            changed[name] = model.parameters[name] * ~of_tokens[:, None]
    return _resized(model, changed)


def _resized(model: AttentionModel, changed: dict[str, Array]) -> AttentionModel:
    """Replace matrices, each scaled to the size of the one that it replaces."""
    own = model.parameters

    def sized(name: str, matrix: Array) -> Array:
        return matrix * (fixed_order.length(own[name].ravel()) / fixed_order.length(matrix.ravel()))

    return model.with_parameters({**own, **{name: sized(name, one) for name, one in changed.items()}})


def _sought(model: AttentionModel, labels: dict[str, Labels], n_sites: int) -> list[Sought[AttentionModel]]:
    n_pairs, tokens = len(_pairs(labels)), len(model.embedding)
    sizes = {of: len(one.tokens) for of, one in labels.items()}
    circles = np.array(([size >= FEWEST_TESTED for size in sizes.values()] + [False] * n_pairs) * n_sites)
    layers = np.array(([False] * len(labels) + [True] * n_pairs) * n_sites)
    random = np.random.Generator(np.random.PCG64(_SEED))
    drawn = np.array([random.permutation(tokens) for _ in range(N_ORDERS)])

    def orders(one: AttentionModel) -> Array:
        """The shares with the tokens in other orders, the same at each site."""
        found = [
            circle_shares(means[of], np.argsort(drawn[:, labels[of].tokens], axis=1)).max(axis=1)
            for means in _means(one, labels)
            for of, size in sizes.items()
            if size >= FEWEST_TESTED
        ]
        return np.stack(found, axis=1)

    found = list[Sought[AttentionModel]]()
    if circles.any():
        found.append(Sought(CIRCLE, circles, _on_circle, orders, share_of_orders(max(sizes.values()))))
    if layers.any():
        found.append(Sought(MAGNITUDE, layers, _copying))
    return found


def _look(model: AttentionModel, _settings: Settings, work: Work) -> Grids:
    labels, names = _labels(model), tuple(_sites(model))
    pairs, sought = _pairs(labels), _sought(model, labels, len(names))

    def found_in(one: AttentionModel) -> list[list[Structure]]:
        return [
            [*map(circle, means.values()), *(layered(means[first], means[second]) for first, second in pairs)]
            for means in _means(one, labels)
        ]

    def numbers(one: AttentionModel) -> Array:
        return np.array([found.value for row in found_in(one) for found in row])

    tests, scores, null = tested(model, numbers, shuffled_model, sought, work)
    own, usual, n = found_in(model), null.reshape(len(names), -1), len(labels)
    columns = (*labels, *(f"{one} and {other.removeprefix('token ')}" for one, other in pairs))
    title = "Share that a circle explains of what differs between labels, k its frequency"
    grids = _grids(title, "k=%d", names, columns[:n], [row[:n] for row in own], usual[:, :n])
    if pairs:
        title = "Cosine of what two positions hold, × the size of the second over the first"
        grids += _grids(title, "×%.2f", names, columns[n:], [row[n:] for row in own], usual[:, n:])

    def words(looks: NDArray[np.bool_], numbers: Array) -> str:
        """Sentence on where a number is largest."""
        site, of = divmod(int(np.where(looks, numbers, -np.inf).argmax()), len(columns))
        value, beside = own[site][of].value, usual[site, of]
        if of < n:
            sentence = f"A circle explains {value:.0%} of what differs by {columns[of]} at {names[site]}"
            return f"{sentence}, in null networks {beside:.0%}."
        sentence = f"{columns[of].replace('token', 'Positions')} are held along directions with a cosine of {value:.2f}"
        return f"{sentence} at {names[site]}, in null networks {beside:.2f}."

    says = [f"{words(what.looks, scores)} {test.words}" for what, test in zip(sought, tests, strict=True)]
    if CIRCLE not in [one.sought for one in tests]:
        every = np.array([[found.value for found in row[:n]] + [-np.inf] * len(pairs) for row in own]).ravel()
        says.insert(0, f"{words(every >= 0.0, every)} A circle is tested from {FEWEST_TESTED} different tokens on.")
    return Grids(tuple(grids), " ".join(says).replace(" -", " −"), tests=tests)


def _grids(
    title: str, detail: str, rows: tuple[str, ...], columns: tuple[str, ...], found: list[list[Structure]], null: Array
) -> list[Grid]:
    """Grids of what was measured, each with its detail, and of the mean of null networks."""
    values = tuple(tuple(one.value for one in row) for row in found)
    texts = tuple(tuple(f"{one.value:.2f} {detail % one.detail}" for one in row) for row in found)
    measured = Grid(title, rows, columns, values, texts=texts, most=1.0)
    return [
        measured,
        Grid("The mean of that in null networks", rows, columns, tuple(map(tuple, null.tolist())), most=1.0),
    ]


def _refuses(model: AttentionModel, _settings: Settings) -> str:
    if _labels(model):
        return ""
    return f"Neither a position nor the answers have {FEWEST} to {MOST} different tokens, whose order could be cyclic."


FEATURE_STRUCTURE: Final = SiteLens(
    key="feature-structure",
    version=2,
    label="Circles and magnitudes",
    definition="Whether tokens in the order of their numbers lie on a circle at the last position, and whether two "
    "positions hold their tokens along the same directions, beside null networks: with the entries of each matrix "
    "shuffled; positions stay.",
    source="Engels et al. 2024 (arXiv:2405.14860); Csordás et al. 2024 (arXiv:2408.10920)",
    can_know="That values lie on a circle or differ in magnitude is a fact of them, not of their use. The order of "
    "tokens is that of their numbers; of others nothing is asked. Of networks without training, whose weights are "
    "drawn independently, at most 5% have something found.",
    look=_look,
    multiplications=lambda model, _: (
        null_runs(2) * (run_cost(model) + 2e5 * len(_sites(model)) * (model.tokens.shape[1] + 1))
    ),
    refuses=_refuses,
)
