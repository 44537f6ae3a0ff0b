"""Networks drawn from a prior until one computes its tasks: guess and check, which is training's null model.

Weights and biases are independent normal numbers. A draw is accepted if its mean squared error on all Boolean inputs is
below a target and it decides every one right, so what is accepted is the prior conditional on the tasks, without any
search. Chiang et al. ("Loss Landscapes
are All You Need", ICLR 2023) compare how networks found so from uniform weights generalise beside trained ones; here it
is asked how many explanations they have.

Every network has a stream of random numbers of its own (PCG64), named by its seed, prior and layer sizes. It is the
first accepted one of its stream, so neither the number of draws that are tried at once nor other networks change it.
Draws are sifted in float32 with some room, and what decides is the error in float64 summed in a fixed order, so that
every machine accepts the same draws. The stream itself is numpy's and is as stable as numpy promises (NEP 19); results
hold the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidStudy
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.tasks import Task, input_table
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.values.digest import canonical_json, sha256_hex

Spreading = Literal["normal", "fan-in", "matched"]
Moments = tuple[tuple[float, float, float, float], ...]
"""For each layer mean and standard deviation of its weights, then of its biases."""
MATCHED: Final[Literal["matched"]] = "matched"
MAX_SCALE: Final = 100.0
BLOCK: Final = 8_192
"""Draws tried at once; no result depends on it."""
_ROOM: Final = 1.1  # times the target: what float32 may be wrong by is far less


@dataclass(frozen=True)
class Prior:
    """Independent normal weights and biases.

    Args:
        spreading: "normal", mean 0 and the same standard deviation everywhere; "fan-in", that divided by the root of
            the number of neurons that a neuron reads; "matched", each layer with moments of its own.
        scale: that standard deviation; 1 where there is none.
        moments: of "matched" alone.
    """

    spreading: Spreading
    scale: float = 1.0
    moments: Moments = ()

    def deviations(self, sizes: Sequence[int]) -> NDArray[np.float32]:
        """The standard deviation of each parameter W1, b1, W2, … of a network of these layer sizes."""
        if self.moments:
            return self._by_layer(sizes, 1)
        parts = [
            np.full((n_in + 1) * n_out, self.scale / (np.sqrt(n_in) if self.spreading == "fan-in" else 1.0))
            for n_in, n_out in pairwise(sizes)
        ]
        return np.concatenate(parts).astype(np.float32)

    def means(self, sizes: Sequence[int]) -> NDArray[np.float32]:
        """The mean of each parameter in the same order."""
        return self._by_layer(sizes, 0) if self.moments else np.zeros(len(self.deviations(sizes)), dtype=np.float32)

    def _by_layer(self, sizes: Sequence[int], place: int) -> NDArray[np.float32]:
        parts = [
            np.repeat([layer[place], layer[place + 2]], [n_in * n_out, n_out])
            for layer, (n_in, n_out) in zip(self.moments, pairwise(sizes), strict=True)
        ]
        return np.concatenate(parts).astype(np.float32)


def read_prior(text: str, moments: Moments = ()) -> Prior:
    """A prior from its line: "normal 1", "fan-in 3" or "matched".

    Args:
        moments: of the layers; used by "matched" alone.

    Raises:
        InvalidStudy: no such prior, or a scale that is no number above 0 and up to 100.
    """
    cure = "give 'normal' or 'fan-in' with a scale, such as 'normal 1', or 'matched' alone"
    spreading, _, number = text.partition(" ")
    if text == MATCHED:
        return Prior(MATCHED, moments=moments)
    if spreading not in ("normal", "fan-in"):
        raise InvalidStudy(f"prior {text[:60]!r}", f"begins with {spreading[:20]!r}", cure)
    try:
        scale = float(number)
    except ValueError:
        raise InvalidStudy(f"prior {text[:60]!r}", f"has the scale {number[:20]!r}", cure) from None
    if not 0 < scale <= MAX_SCALE:
        raise InvalidStudy(f"prior {text[:60]!r}", "has a scale out of range", f"give one above 0, up to {MAX_SCALE:g}")
    return Prior(cast(Spreading, spreading), scale)


@dataclass(frozen=True)
class Drawing:
    """The settings of a draw.

    Args:
        prior: of weights and biases.
        tasks: one for each output, of as many inputs each.
        activation, output_activation, negative_slope: as a network has them.
        loss_target: accepted networks have a mean squared error below this.
        most_draws: after so many that are not accepted it is given up.
    """

    prior: Prior
    hidden: tuple[int, ...]
    tasks: tuple[Task, ...]
    activation: str
    output_activation: str
    negative_slope: float
    loss_target: float
    most_draws: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the layers."""
        return (self.tasks[0].n_inputs, *self.hidden, len(self.tasks))

    def stream(self, seed: int) -> np.random.Generator:
        """The random numbers of one network."""
        name = canonical_json([list(self.sizes), self.prior.spreading, self.prior.moments or self.prior.scale])
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int(sha256_hex(name), 16)])))


@dataclass(frozen=True, eq=False)
class Drawn:
    """The outcome of one stream of draws.

    Args:
        network: the first that is accepted; None if there is none within the budget.
        draws: how many were drawn, the accepted one among them.
        loss: its mean squared error; None without a network.
    """

    network: Network | None
    draws: int
    loss: float | None


def draw_network(drawing: Drawing, seed: int, work: Work = DEFAULT_WORK, *, block: int = BLOCK) -> Drawn:
    """Draw networks until one computes the tasks.

    Args:
        drawing: what is drawn.
        seed: of its stream.
        work: reports progress now and then, so that it can be stopped.
        block: draws tried at once.

    Raises:
        Cancelled: the report stopped the work.
    """
    random, sizes = drawing.stream(seed), drawing.sizes
    deviations, means = drawing.prior.deviations(sizes), drawing.prior.means(sizes)
    labels = np.array([task.truth_table for task in drawing.tasks], dtype=np.float64)
    table = input_table(drawing.tasks[0].n_inputs)
    for done in range(0, drawing.most_draws, block):
        n = min(block, drawing.most_draws - done)
        rows = random.standard_normal((n, len(means)), dtype=np.float32) * deviations + means
        for place in np.flatnonzero(_losses(drawing, rows, table, labels) < drawing.loss_target * _ROOM):
            network = Network.from_flat(
                rows[place].astype(np.float64),
                sizes,
                activation=drawing.activation,
                output_activation=drawing.output_activation,
                negative_slope=drawing.negative_slope,
            )
            outputs = forward(network, table).T
            loss = fixed_order.total_of(((outputs - labels) ** 2).ravel()) / labels.size
            if loss < drawing.loss_target and np.array_equal(decide(outputs, "rounding"), labels):
                return Drawn(network, done + int(place) + 1, loss)
        work.report_step("draws", done + n, drawing.most_draws, f"{done + n:,} networks drawn")
    return Drawn(None, drawing.most_draws, None)


def largest_rate(draws: int, confidence: float = 0.95) -> float:
    """The largest acceptance rate under which so many draws without an accepted one are not too unlikely."""
    return float(-np.expm1(np.log(1 - confidence) / draws))


def _losses(
    drawing: Drawing, rows: NDArray[Any], table: NDArray[np.float64], labels: NDArray[np.float64]
) -> NDArray[Any]:
    """The mean squared error ``[draw]`` of networks ``rows [draw, parameter]`` in float32."""
    parameters, at, sizes = np.ascontiguousarray(rows.T, dtype=np.float32), 0, drawing.sizes
    last = len(sizes) - 1
    values: list[NDArray[Any]] = list(table.T.astype(np.float32)[:, :, None])  # of each neuron [input, draw]
    for layer, (n_in, n_out) in enumerate(pairwise(sizes), start=1):
        weights = parameters[at : at + n_in * n_out].reshape(n_out, n_in, -1)
        biases = parameters[at + n_in * n_out : at + (n_in + 1) * n_out]
        at += (n_in + 1) * n_out
        text = drawing.output_activation if layer == last else drawing.activation
        activation = activation_of(text, drawing.negative_slope)
        sums = []
        for own, bias in zip(weights, biases, strict=True):
            total: NDArray[Any] = np.repeat(bias[None], len(table), axis=0)
            for value, weight in zip(values, own, strict=True):
                total += value * weight
            sums.append(total)
        values = [activation.value(total) for total in sums]
    errors = [
        ((value - label[:, None]) ** 2).mean(0) for value, label in zip(values, labels.astype(np.float32), strict=True)
    ]
    return np.asarray(np.mean(errors, axis=0))
