"""``python -m benchmarks.trained_elman FILE``: an Elman network with two units that learned the parity of three bits.

The bundled one, ``app/bundled/models/parity-3-elman.json``. The same weights come out on the same kind of machine.
"""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import torch

from analysis.subjects.elman import ELMAN, Elman
from analysis.subjects.perceptron.network import Network
from analysis.subjects.perceptron.threads import one_thread

STEPS: Final = 2_000
RATE: Final = 0.02
SEED: Final = 0


def parity(n_bits: int = 3, n_units: int = 2) -> Elman:
    """Trained by cross-entropy on all rows with Adam."""
    data = torch.tensor([*product((0.0, 1.0), repeat=n_bits)], dtype=torch.float64)[:, :, None]
    answers = data.sum(dim=(1, 2)).long() % 2
    with one_thread(), torch.random.fork_rng(devices=()):
        torch.manual_seed(SEED)
        recurrent = torch.nn.RNN(1, n_units, batch_first=True, dtype=torch.float64)
        outputs = torch.nn.Linear(n_units, 2, dtype=torch.float64)
        optimizer = torch.optim.Adam([*recurrent.parameters(), *outputs.parameters()], lr=RATE)
        for _ in range(STEPS):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(outputs(recurrent(data)[0][:, -1]), answers).backward()
            optimizer.step()
    return of_torch(
        f"Parity of {n_bits} bits, {n_units} recurrent units", recurrent, outputs, data.numpy(), answers.numpy()
    )


def of_torch(
    name: str, recurrent: torch.nn.RNN, outputs: torch.nn.Linear, data: np.ndarray, answers: np.ndarray
) -> Elman:
    """What two modules compute: their weights, both biases of a step added."""
    read = torch.cat([recurrent.weight_ih_l0, recurrent.weight_hh_l0], dim=1)
    weights = [read.detach().numpy(), outputs.weight.detach().numpy()]
    biases = [(recurrent.bias_ih_l0 + recurrent.bias_hh_l0).detach().numpy(), outputs.bias.detach().numpy()]
    network = Network.from_arrays(
        weights, biases, activation=recurrent.nonlinearity, output_activation="linear", negative_slope=None
    )
    made = "Trained by Adam on all rows of the task with seed 0."
    return Elman(name, network, ("even", "odd"), data, answers, f"parity of {data.shape[1]} bits", made)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(ELMAN.write(parity())) + "\n")
