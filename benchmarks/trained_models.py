"""``python -m benchmarks.trained_models FOLDER``: an Elman network that learned the parity of three bits, and a
convolutional network that distinguishes horizontal from vertical bars.

They are bundled in ``app/bundled/models``. The same weights come out on the same kind of machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import torch

from pluriscope.analysis.subjects.convolutional import CONVOLUTIONAL, FORMAT, Convolutional, image_text
from pluriscope.analysis.subjects.elman import ELMAN, Elman
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.threads import one_thread

STEPS: Final = 2_000
RATE: Final = 0.02
SEED: Final = 0
SIDE: Final = 4
MADE: Final = "Trained by Adam on all rows of the task with seed 0."


def parity(n_bits: int = 3, n_units: int = 2) -> Elman:
    """Trained by cross-entropy on all rows with Adam."""
    data = torch.tensor([*product((0.0, 1.0), repeat=n_bits)], dtype=torch.float64)[:, :, None]
    answers = data.sum(dim=(1, 2)).long() % 2
    with one_thread(), torch.random.fork_rng(devices=()):
        torch.manual_seed(SEED)
        recurrent = torch.nn.RNN(1, n_units, batch_first=True, dtype=torch.float64)
        outputs = torch.nn.Linear(n_units, 2, dtype=torch.float64)
        fit((*recurrent.parameters(), *outputs.parameters()), lambda: outputs(recurrent(data)[0][:, -1]), answers)
    return of_torch(
        f"Parity of {n_bits} bits, {n_units} recurrent units", recurrent, outputs, data.numpy(), answers.numpy()
    )


def of_torch(
    name: str, recurrent: torch.nn.RNN, outputs: torch.nn.Linear, data: np.ndarray, answers: np.ndarray
) -> Elman:
    """Network that two modules compute, both biases of a step added."""
    read = torch.cat([recurrent.weight_ih_l0, recurrent.weight_hh_l0], dim=1)
    weights = [read.detach().numpy(), outputs.weight.detach().numpy()]
    biases = [(recurrent.bias_ih_l0 + recurrent.bias_hh_l0).detach().numpy(), outputs.bias.detach().numpy()]
    network = Network.from_arrays(
        weights, biases, activation=recurrent.nonlinearity, output_activation="linear", negative_slope=None
    )
    return Elman(name, network, ("even", "odd"), data, answers, f"parity of {data.shape[1]} bits", MADE)


def bars() -> Convolutional:
    """Trained likewise on every image with a bar from side to side and at most one other pixel."""
    images, answers = list[np.ndarray](), list[int]()
    for vertical, at in product((0, 1), range(SIDE)):
        bar = np.zeros((SIDE, SIDE))
        bar[at] = 1.0
        bar = bar.T if vertical else bar
        others = [
            np.where(np.arange(SIDE**2).reshape(SIDE, SIDE) == pixel, 1.0, bar) for pixel in np.flatnonzero(1 - bar)
        ]
        images += [bar, *others]
        answers += [vertical] * (1 + len(others))
    data, right = torch.tensor(np.array(images)), torch.tensor(answers)
    with one_thread(), torch.random.fork_rng(devices=()):
        torch.manual_seed(SEED)
        options = {"dtype": torch.float64}
        modules = torch.nn.Sequential(
            *(torch.nn.Conv2d(1, 2, 2, **options), torch.nn.ReLU()),
            *(torch.nn.Conv2d(2, 3, 2, **options), torch.nn.ReLU()),
            *(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 2, **options)),
        )
        fit(modules.parameters(), lambda: modules(data[:, None]), right)
    first, _, second, _, _, _, outputs = modules
    return CONVOLUTIONAL.read(
        {
            "format": FORMAT,
            "name": "Bars of 4 × 4 pixels, two convolutions",
            "image": [SIDE, SIDE],
            "convolutions": [
                {"kernels": one.weight.tolist(), "biases": one.bias.tolist(), "stride": 1, "padding": 0}
                for one in (first, second)
            ],
            "weights": [outputs.weight.tolist()],
            "biases": [outputs.bias.tolist()],
            "activation": "relu",
            "output_activation": "linear",
            "outputs": ["horizontal", "vertical"],
            "tasks": [{"name": "horizontal or vertical", "rows": [*map(image_text, images)], "answers": answers}],
            "attribution": MADE,
        }
    )


def fit(parameters: Iterable[torch.nn.Parameter], outputs: Callable[[], torch.Tensor], answers: torch.Tensor) -> None:
    optimizer = torch.optim.Adam([*parameters], lr=RATE)
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(outputs(), answers).backward()
        optimizer.step()


if __name__ == "__main__":
    for name, kind, trained in (("parity-3-elman", ELMAN, parity()), ("bars-4x4-conv", CONVOLUTIONAL, bars())):
        (Path(sys.argv[1]) / f"{name}.json").write_text(json.dumps(kind.write(trained)) + "\n")
