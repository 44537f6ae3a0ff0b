"""A law of how valid circuits grow with a network's size, fitted on small sizes and held against larger ones.

Every set of edges that leaves no neuron dangling is a circuit, so the number of possible ones is known without any
network. What a law is needed for is the loss: the logarithm to base 2 of possible by valid circuits. The law is
median loss = a + b · log2(width) + c · (hidden layers − 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf, log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.space import count_in_space
from analysis.protocol import COMPLETE
from analysis.studies.cells import cells_of
from benchmarks.findings.results import results_of
from benchmarks.findings.tables import head, row

FITTED: Final = "bits-per-edge"
LARGER: Final = "bits-per-edge-larger"
NULL: Final = "drawn-bits"
RESAMPLES: Final = 2_000
Losses = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Size:
    """The networks of one size.

    Args:
        hidden: layer sizes.
        n_edges: of the network.
        space: logarithm to base 2 of the possible circuits.
        trained: networks.
        losses: ``[networks]`` of those that converged; infinite where no circuit drawn was valid.
    """

    hidden: tuple[int, ...]
    n_edges: int
    space: float
    trained: int
    losses: Losses

    @property
    def label(self) -> str:
        return "-".join(map(str, self.hidden))

    @property
    def terms(self) -> tuple[float, float, float]:
        """What the law's three coefficients are multiplied by."""
        return 1.0, log2(self.hidden[0]), len(self.hidden) - 2.0

    def bits(self, loss: float) -> float:
        """Bits per edge at this loss."""
        return (self.space - loss) / self.n_edges


@lru_cache
def sizes_of(slug: str, arm: str = "trained") -> tuple[Size, ...]:
    """The sizes of a study, in its order, of trained networks or of those drawn from a prior."""
    results = results_of(slug)
    cells = [cell for cell in cells_of(results.design) if cell.labels["prior"] == arm]
    found: dict[str, list[float]] = {cell.key: [] for cell in cells}
    shapes = {cell.key: shape_of(cell.levels["hidden"]) for cell in cells}
    for outcome in results.outcomes:
        if outcome.converged and outcome.cell in found:
            bits = outcome.values["complete"][0]["bits-per-edge"].value
            n_edges, space = shapes[outcome.cell]
            found[outcome.cell].append(space - bits * n_edges if isinstance(bits, float) else inf)
    return tuple(
        Size(cell.levels["hidden"], *shapes[cell.key], results.design.seeds.count, np.array(found[cell.key]))
        for cell in cells
    )


def shape_of(hidden: tuple[int, ...]) -> tuple[int, float]:
    """Edges of a network of two inputs and one output, and the logarithm of its possible circuits."""
    sizes = (2, *hidden, 1)
    return sum(a * b for a, b in pairwise(sizes)), log2(count_in_space(sizes, COMPLETE))


@dataclass(frozen=True)
class Predicted:
    """The median loss of networks of another size, and its 95% prediction interval; the same of a law without slopes.

    Args:
        loss, low, high: by the law.
        flat: the mean of the fitted medians.
    """

    loss: float
    low: float
    high: float
    flat: float


def fitted(sizes: tuple[Size, ...]) -> NDArray[np.float64]:
    """The law's coefficients a, b and c, by least squares over the medians."""
    return _solved(sizes, [float(np.median(size.losses)) for size in sizes])


def _solved(sizes: tuple[Size, ...], medians: list[float]) -> NDArray[np.float64]:
    solution: NDArray[np.float64] = np.linalg.lstsq(np.array([size.terms for size in sizes]), np.array(medians))[0]
    return solution


def predict(sizes: tuple[Size, ...], hidden: tuple[int, ...]) -> Predicted:
    """What the law that is fitted on some sizes says of another one.

    To the spread of the fit over samples of each size's networks the sampling of a median is added: of as many networks
    as the nearest size has, with that size's residuals.
    """
    target = Size(hidden, *shape_of(hidden), 0, np.empty(0))
    terms = np.array(target.terms)
    nearest = min(sizes, key=lambda size: float(np.abs(np.array(size.terms) - terms).sum()))
    residuals = nearest.losses - np.median(nearest.losses)
    random = np.random.default_rng(0)

    def sampled(values: Losses) -> float:
        return float(np.median(random.choice(values, len(values))))

    drawn = [
        float(_solved(sizes, [sampled(size.losses) for size in sizes]) @ terms) + sampled(residuals)
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    flat = float(np.mean([np.median(size.losses) for size in sizes]))
    return Predicted(float(fitted(sizes) @ terms), float(low), float(high), flat)


def median_interval(values: Losses) -> tuple[float, float]:
    """95% of the medians of samples of the same networks."""
    random = np.random.default_rng(0)
    medians = np.median(random.choice(values, (RESAMPLES, len(values))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


def sizes_table() -> Iterator[str]:
    """Every size that the law is fitted on."""
    columns = ("hidden layers", "edges", "converged", "bits per edge if all were valid", "bits per edge: median")
    null = (f"drawn, {arm}: loss in bits (accepted)" for arm in _priors())
    yield from head((*columns, "valid share: quartiles", "loss in bits: median", "fitted", *null))
    sizes = sizes_of(FITTED)
    law = fitted(sizes)
    for size in sizes:
        low, middle, high = np.percentile(size.losses, [25, 50, 75])
        share = f"{_percent(high)} / **{_percent(middle)}** / {_percent(low)}"
        possible, bits = f"{size.space / size.n_edges:.3f}", f"{size.bits(middle):.3f}"
        told = (size.label, size.n_edges, f"{len(size.losses)} of {size.trained}", possible, bits, share)
        null = (_drawn_loss(arm, size.hidden) for arm in _priors())
        yield row((*told, f"{middle:.2f}", f"{float(law @ np.array(size.terms)):.2f}", *null))


def _priors() -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell.labels["prior"] for cell in cells_of(results_of(NULL).design)))


def _drawn_loss(arm: str, hidden: tuple[int, ...]) -> str:
    """The median loss of drawn networks of one size with its 95% interval, and how many there are."""
    (size,) = (one for one in sizes_of(NULL, arm) if one.hidden == hidden)
    of = f"({len(size.losses)} of {size.trained})"
    if not len(size.losses):
        return f"– {of}"
    low, high = median_interval(size.losses)
    return f"{float(np.median(size.losses)):.2f}, {low:.2f}–{high:.2f} {of}"


def predictions_table() -> Iterator[str]:
    """What was predicted of larger sizes, and what they have."""
    columns = ("hidden layers", "edges", "converged", "what", "predicted (95%)", "the same loss everywhere")
    null = (f"drawn, {arm} (accepted)" for arm in _priors())
    yield from head((*columns, "found (95%)", "inside", *null))
    for size in sizes_of(LARGER):
        said = predict(sizes_of(FITTED), size.hidden)
        middle, (low, high) = float(np.median(size.losses)), median_interval(size.losses)
        first = (size.label, size.n_edges, f"{len(size.losses)} of {size.trained}")
        inside = "yes" if said.low <= middle <= said.high else "**no**"
        loss = f"{said.loss:.2f} ({said.low:.2f}–{said.high:.2f})"
        found = (f"{said.flat:.2f}", f"{middle:.2f} ({low:.2f}–{high:.2f})", inside)
        yield row((*first, "loss in bits", loss, *found, *(_drawn_loss(arm, size.hidden) for arm in _priors())))
        bits = f"{size.bits(said.loss):.4f} ({size.bits(said.high):.4f}–{size.bits(said.low):.4f})"
        have = f"{size.bits(middle):.4f} ({size.bits(high):.4f}–{size.bits(low):.4f})"
        none = ["" for _ in _priors()]
        yield row((*first, "bits per edge", bits, f"{size.bits(said.flat):.4f}", have, inside, *none))


def _percent(loss: float) -> str:
    return f"{100 * 2.0**-loss:.2g}%"
