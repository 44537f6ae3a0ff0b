"""Networks drawn from a prior, sifted on a torch device; :mod:`analysis.networks.drawing` decides about what is left.

Losses are those of float64 and a draw is kept that is within a tenth of the target, which no order of these sums and no
device's tanh bridges. So whatever is accepted without a device is among what is kept, and the same networks are drawn.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.networks.batched_mlp import activated, layer_views
from analysis.networks.devices import one_thread, with_float64
from analysis.networks.drawing import Drawing, Losses


def losses_on(device: str) -> Losses:
    """What computes the losses of draws on a device.

    Args:
        device: torch device; one that has no float64 is passed over for the CPU.

    Raises:
        InvalidTraining: torch knows no such device here.
    """
    place = with_float64(device)

    def losses(
        drawing: Drawing, rows: NDArray[np.float32], table: NDArray[np.float64], labels: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        with one_thread(), torch.no_grad():
            parameters = torch.from_numpy(np.ascontiguousarray(rows.T)).to(place, torch.float64)
            values = torch.from_numpy(np.ascontiguousarray(table.T)).to(place)[:, :, None]  # [neuron, input, draw]
            weights, biases = layer_views(parameters, drawing.sizes)
            for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True), start=1):
                activation = drawing.output_activation if layer == len(weights) else drawing.activation
                drive = (weight[:, :, None] * values).sum(dim=1) + bias[:, None]
                values = activated(drive, activation, drawing.negative_slope)
            errors = values - torch.from_numpy(labels).to(place)[:, :, None]
            found: NDArray[np.float64] = errors.square().mean(dim=(0, 1)).cpu().numpy()
            return found

    return losses
