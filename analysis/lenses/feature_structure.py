"""Structure of features: whether labels in a cyclic order lie on a circle, and positions differ by magnitude alone.

Of each label the mean of a site's values over the rows that have it is taken, less the mean of these.

- *Circle* (Engels et al., "Not All Language Model Features Are One-Dimensionally Linear", 2024, arXiv:2405.14860): the
  largest share of the variance of these means that a circle explains, on which label r of n stands at the angle 2πkr/n,
  over all frequencies k. A line, though it follows one frequency, reaches one half at most.
- *Magnitude* (Csordás et al., "Recurrent Neural Networks Learn to Store and Generate Sequences using Non-Linear
  Representations", 2024, arXiv:2408.10920, which call it an onion): where two positions hold their tokens along the
  same directions, the cosine of their means is near 1, and the ratio of their sizes tells them apart.

Null: the order of the labels drawn at random. p is (1 + orders that do as well) / (1 + orders).
"""

from __future__ import annotations

from itertools import combinations
from math import pi, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis import fixed_order
from analysis.lenses.lens import Array, Grid, Grids
from analysis.lenses.site_lens import SiteLens, run_cost
from analysis.method_settings import Settings
from analysis.subjects.transformer.runs import on_all_rows, site_names
from analysis.subjects.transformer.weights import Transformer
from analysis.work import Work

FEWEST: Final = 5
MOST: Final = 32
"""Labels: of fewer nearly every order is a circle, and of more the orders take long."""
N_ORDERS: Final = 999
_NEAR: Final = 1e-9
_SEED: Final = 0


class Structure(NamedTuple):
    """What was measured, and how often orders drawn at random do as well.

    Args:
        value: share of the variance, or cosine.
        detail: the frequency of a circle; of two positions the size of the second over that of the first.
    """

    value: float
    detail: float
    p: float


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
    n = len(means)
    gram = fixed_order.inner(means, means)
    total = fixed_order.total_of(gram.diagonal())
    if not total > 0.0:
        return Structure(0.0, 0.0, 1.0)
    angles = 2.0 * pi / n * np.outer(np.arange(1, (n + 1) // 2), np.arange(n))
    waves = np.stack([np.cos(angles), np.sin(angles)])  # [2, frequencies, labels]

    def shares(order: NDArray[np.int64]) -> Array:
        cosine, sine = waves[:, :, np.argsort(order)]
        a, b, both = (
            np.einsum("ki,ij,kj->k", one, gram, other)
            for one, other in ((cosine, cosine), (sine, sine), (cosine, sine))
        )
        # of the plane of a frequency the best circle explains (s1 + s2)² / 2, s1 and s2 its singular values
        found: Array = (a + b + 2.0 * np.sqrt(np.maximum(a * b - both * both, 0.0))) / (n * total)
        return found

    own = shares(np.arange(n))
    random = np.random.Generator(np.random.PCG64(_SEED))
    as_well = sum(float(shares(random.permutation(n)).max()) >= own.max() - _NEAR for _ in range(N_ORDERS))
    return Structure(float(own.max()), int(own.argmax()) + 1, (1 + int(as_well)) / (1 + N_ORDERS))


def layered(first: Array, second: Array) -> Structure:
    """Whether means ``[labels, d]`` at one position have the directions of those at another."""
    sizes = [sqrt(fixed_order.total_of((one * one).ravel())) for one in (first, second)]
    if not all(sizes):
        return Structure(0.0, 0.0, 1.0)
    products = fixed_order.inner(first, second) / (sizes[0] * sizes[1])
    own, random = float(np.trace(products)), np.random.Generator(np.random.PCG64(_SEED))
    places = np.arange(len(first))
    orders = (products[places, random.permutation(len(first))] for _ in range(N_ORDERS))
    as_well = sum(fixed_order.total_of(one) >= own - _NEAR for one in orders)
    return Structure(own, sizes[1] / sizes[0], (1 + int(as_well)) / (1 + N_ORDERS))


def _labels(model: Transformer) -> dict[str, NDArray[np.int64]]:
    """By what is labelled, the token at a position or the answer; those with too few or too many are left out."""
    context = model.tokens.shape[1]
    every = {f"token {at + 1}": model.tokens[:, at] for at in range(context)} | {"answer": model.answers}
    found = {name: np.unique(one, return_inverse=True)[1] for name, one in every.items()}
    return {name: one for name, one in found.items() if FEWEST <= int(one.max()) + 1 <= MOST}


def _look(model: Transformer, _settings: Settings, work: Work) -> Grids:
    labels = _labels(model)
    names = [name for name in site_names(model) if name.startswith("x") or name.replace(".", "").isdigit()]
    values = on_all_rows(model, names.__contains__)
    circles, layers = list[list[Structure]](), list[list[Structure]]()
    pairs = [pair for pair in combinations(labels, 2) if "answer" not in pair]
    alike = [pair for pair in pairs if labels[pair[0]].max() == labels[pair[1]].max()]
    for name in work.each("lenses", names, "sites"):
        means = {of: label_means(values[name][:, -1], one) for of, one in labels.items()}
        circles.append([circle(one) for one in means.values()])
        layers.append([layered(means[one], means[other]) for one, other in alike])
    rows, of = tuple(names), tuple(labels)
    grids = _grids(
        "Share that a circle explains of what differs between labels, k its frequency", "k=%d", rows, of, circles
    )
    if alike:
        columns = tuple(f"{one} and {other.removeprefix('token ')}" for one, other in alike)
        title = "Cosine of what two positions hold, × the size of the second over the first"
        grids += _grids(title, "×%.2f", rows, columns, layers)
    best, site, what = max(
        (one.value, name, of[at]) for name, row in zip(names, circles, strict=True) for at, one in enumerate(row)
    )
    return Grids(tuple(grids), f"At most a circle explains {best:.0%}, of {what} at {site}.")


def _grids(
    title: str, detail: str, rows: tuple[str, ...], columns: tuple[str, ...], found: list[list[Structure]]
) -> list[Grid]:
    """What was measured, each with its detail, and p."""
    values, ps = (tuple(tuple(one[at] for one in row) for row in found) for at in (0, 2))
    texts = tuple(tuple(f"{one.value:.2f} {detail % one.detail}" for one in row) for row in found)
    measured = Grid(title, rows, columns, values, texts=texts, most=1.0)
    return [measured, Grid("p of that, among orders of the labels drawn at random", rows, columns, ps, most=1.0)]


def _refuses(model: Transformer, _settings: Settings) -> str:
    if _labels(model):
        return ""
    return f"Neither a position nor the answers have {FEWEST} to {MOST} different tokens, whose order could be cyclic."


FEATURE_STRUCTURE: Final = SiteLens(
    key="feature-structure",
    version=2,
    label="Circles and magnitudes",
    definition=(
        "Whether tokens in the order of their numbers lie on a circle at the last position, and whether two positions "
        "hold their tokens along the same directions, beside orders drawn at random."
    ),
    source="Engels et al. 2024 (arXiv:2405.14860); Csordás et al. 2024 (arXiv:2408.10920)",
    can_know="That values lie on a circle or differ in magnitude is a fact of them, not of their use. The order of "
    "tokens is that of their numbers; of others nothing is asked.",
    look=_look,
    multiplications=lambda model, _: run_cost(model) + 2e7 * len(site_names(model)) * model.tokens.shape[1],
    refuses=_refuses,
)
