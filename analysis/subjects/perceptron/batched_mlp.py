"""Parameters and activations of many networks side by side, the lane as the last axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.errors import InvalidTraining
from analysis.subjects.perceptron.activations import OF_PERCEPTRONS, ActivationName

_QUICK: Final[Mapping[str, tuple[Callable[[Tensor, float], Tensor], Callable[[Tensor, Tensor, float], Tensor]]]] = {
    "leaky_relu": (
        lambda drive, slope: torch.nn.functional.leaky_relu(drive, slope, inplace=True),
        lambda upstream, value, slope: torch.ops.aten.leaky_relu_backward(upstream, value, slope, True),
    ),
    "relu": (
        lambda drive, _slope: drive.clamp_min_(0),
        lambda upstream, value, _slope: torch.where(value > 0, upstream, torch.zeros_like(upstream)),
    ),
    "tanh": (lambda drive, _slope: drive.tanh_(), lambda upstream, value, _slope: upstream * (1 - value * value)),
    "sigmoid": (
        lambda drive, _slope: drive.sigmoid_(),
        lambda upstream, value, _slope: upstream * (value * (1 - value)),
    ),
    "linear": (lambda drive, _slope: drive, lambda upstream, _value, _slope: upstream),
}
"""Applied in place, and the gradient through it from its value alone; for others the record's slope is taken."""


def initial_parameters(random: np.random.Generator, sizes: Sequence[int]) -> NDArray[np.float32]:
    """W1, b1, W2, … of one network, uniform in ±1/sqrt(inputs of the layer), the usual default of linear layers."""
    parts = []
    for n_in, n_out in pairwise(sizes):
        bound = 1 / math.sqrt(n_in)
        parts += [random.uniform(-bound, bound, n_out * n_in), random.uniform(-bound, bound, n_out)]
    return np.concatenate(parts).astype(np.float32)


def layer_views(parameters: Tensor, sizes: Sequence[int]) -> tuple[list[Tensor], list[Tensor]]:
    """Weights ``[n_l, n_(l-1), lane]`` and biases ``[n_l, lane]`` inside one array ``[parameter, lane]``."""
    weights, biases, at = [], [], 0
    for n_in, n_out in pairwise(sizes):
        weights.append(parameters[at : at + n_out * n_in].view(n_out, n_in, -1))
        at += n_out * n_in
        biases.append(parameters[at : at + n_out])
        at += n_out
    return weights, biases


def activated(drive: Tensor, activation: ActivationName, slope: float) -> Tensor:
    """An activation applied, in place where that is quick and the gradient can do without the pre-activations."""
    return _QUICK[activation][0](drive, slope) if activation in _QUICK else _module(activation, slope)(drive)


def activated_with_gradient(drive: Tensor, activation: ActivationName, negative_slope: float | None) -> Tensor:
    """An activation applied so that torch can differentiate it; nothing is changed in place.

    Raises:
        InvalidTraining: torch has no such activation.
    """
    return _module(activation, negative_slope)(drive)


def times_slope(upstream: Tensor, drive: Tensor, value: Tensor, activation: ActivationName, slope: float) -> Tensor:
    """The gradient through an activation.

    Args:
        upstream: the gradient by its value.
        drive: what it was applied to; read only where it was not changed in place.
        value: what :func:`activated` gave.
    """
    if activation in _QUICK:
        return _QUICK[activation][1](upstream, value, slope)
    at, given = (one.numpy().astype(np.float64) for one in (drive, value))
    return upstream * torch.from_numpy(OF_PERCEPTRONS[activation].slope(at, given, slope)).to(upstream.dtype)


@lru_cache
def _module(activation: ActivationName, slope: float | None) -> Callable[[Tensor], Tensor]:
    known = OF_PERCEPTRONS[activation]
    if not known.torch:
        raise InvalidTraining(
            f"activation {activation}", "is not one of torch's, so nothing trains with it", "use another"
        )
    settings = {**known.torch_settings, **({"negative_slope": known.bend(slope)} if known.sloped else {})}
    module: Callable[[Tensor], Tensor] = getattr(torch.nn, known.torch)(**settings)
    return module
