"""Parameters and activations of many networks side by side, the lane as the last axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.networks.network import Activation


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


def activated(drive: Tensor, activation: Activation, slope: float) -> Tensor:
    """An activation applied, in place where that is possible."""
    if activation == "leaky_relu":
        return torch.nn.functional.leaky_relu(drive, slope, inplace=True)
    if activation == "relu":
        return drive.clamp_min_(0)
    if activation == "tanh":
        return drive.tanh_()
    return drive.sigmoid_() if activation == "sigmoid" else drive


def activated_with_gradient(drive: Tensor, activation: Activation, negative_slope: float | None) -> Tensor:
    """An activation applied so that torch can differentiate it; nothing is changed in place."""
    match activation:
        case "leaky_relu":
            return torch.nn.functional.leaky_relu(drive, negative_slope or 0.0)
        case "relu":
            return torch.relu(drive)
        case "tanh":
            return torch.tanh(drive)
        case "sigmoid":
            return torch.sigmoid(drive)
        case "linear":
            return drive


def times_slope(upstream: Tensor, value: Tensor, activation: Activation, slope: float) -> Tensor:
    """The gradient through an activation, from the activation's value alone."""
    if activation == "leaky_relu":
        through: Tensor = torch.ops.aten.leaky_relu_backward(upstream, value, slope, True)
        return through
    if activation == "relu":
        return torch.where(value > 0, upstream, torch.zeros_like(upstream))
    if activation == "tanh":
        return upstream * (1 - value * value)
    return upstream * (value * (1 - value)) if activation == "sigmoid" else upstream
