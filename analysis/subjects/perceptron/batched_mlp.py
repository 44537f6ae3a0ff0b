"""Parameters and activations of many networks side by side, the lane as the last axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from pluriscope.analysis.errors import InvalidTraining
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES, Activation

_QUICK: Final[Mapping[str, tuple[Callable[..., Tensor], Callable[..., Tensor]]]] = {
    "leaky_relu": (
        lambda drive, slope: torch.nn.functional.leaky_relu(drive, slope, inplace=True),
        lambda upstream, value, slope: torch.ops.aten.leaky_relu_backward(upstream, value, slope, True),
    ),
    "relu": (
        lambda drive: drive.clamp_min_(0),
        lambda upstream, value: torch.where(value > 0, upstream, torch.zeros_like(upstream)),
    ),
    "tanh": (lambda drive: drive.tanh_(), lambda upstream, value: upstream * (1 - value * value)),
    "sigmoid": (lambda drive: drive.sigmoid_(), lambda upstream, value: upstream * (value * (1 - value))),
    "linear": (lambda drive: drive, lambda upstream, _value: upstream),
}
"""Applied in place, and the gradient through it from its value alone; others go through torch's own modules."""


def layer_views(parameters: Tensor, sizes: Sequence[int]) -> tuple[list[Tensor], list[Tensor]]:
    """Weights ``[n_l, n_(l-1), lane]`` and biases ``[n_l, lane]`` inside one array ``[parameter, lane]``."""
    weights, biases, at = [], [], 0
    for n_in, n_out in pairwise(sizes):
        weights.append(parameters[at : at + n_out * n_in].view(n_out, n_in, -1))
        at += n_out * n_in
        biases.append(parameters[at : at + n_out])
        at += n_out
    return weights, biases


def activated(drive: Tensor, activation: Activation) -> Tensor:
    """An activation applied, in place where that is quick and the gradient can do without the pre-activations."""
    quick = _QUICK.get(activation.name)
    return (
        activated_with_gradient(drive, activation)
        if quick is None
        else quick[0](drive, *activation.parameters.values())
    )


def activated_with_gradient(drive: Tensor, activation: Activation) -> Tensor:
    """An activation applied so that torch can differentiate it; nothing is changed in place.

    Raises:
        InvalidTraining: torch has no such activation.
    """
    return torch_module(activation)(drive)


def times_slope(upstream: Tensor, drive: Tensor, value: Tensor, activation: Activation) -> Tensor:
    """The gradient through an activation.

    Args:
        upstream: the gradient by its value.
        drive: what it was applied to; read only where it was not changed in place.
        value: what :func:`activated` gave.
    """
    if activation.name in _QUICK:
        return _QUICK[activation.name][1](upstream, value, *activation.parameters.values())
    with torch.inference_mode(mode=False), torch.enable_grad():
        at = drive.clone().requires_grad_()
        (found,) = torch.autograd.grad(activated_with_gradient(at, activation), at, upstream.clone())
    return found


@lru_cache
def torch_module(activation: Activation) -> Callable[[Tensor], Tensor]:
    """The activation as a module of ``torch.nn``.

    Raises:
        InvalidTraining: torch has no such activation.
    """
    known = FAMILIES[activation.name]
    if not known.torch:
        cause = "is not one of torch's, so nothing trains with it"
        raise InvalidTraining(f"activation {activation.name}", cause, "use another")
    given = {one.torch: activation.parameters[one.name] for one in known.parameters}
    module: Callable[[Tensor], Tensor] = getattr(torch.nn, known.torch)(**known.torch_settings, **given)
    return module
