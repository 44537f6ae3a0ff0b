"""Interchange training: networks that learn to carry a known algorithm on known neurons; loads torch.

The loss is a sum of mean squared errors, each over all of what it names:

========= ==========================================================================================================
task      Every input: what the algorithm computes.
iit       Each variable with every ordered pair of inputs: the neurons of the variable take the values that they have on
          the source, and the output should be what the algorithm says with the variable so fixed (interchange
          intervention training, Geiger et al., ICML 2022).
strict    Each hidden neuron off the planted circuit, alone, with every ordered pair: the output should stay what it is
          (strict training, Gupta et al., NeurIPS 2024, InterpBench).
zero      Every input with all edges off the planted circuit carrying 0: the output should stay what it is (ours).
========= ==========================================================================================================

"plain" trains on the first alone, "iit" on two, "strict" on three and "strict-zero" on all four. Strict training
patches one neuron at a time, so that the planted circuit need not be valid where all that is off it is ablated at once.
The record has how many interchanges a network passes, of all that there are, each tried.

All inputs and pairs are in every step, so nothing is drawn but the starting weights. Networks are lanes, the last axis
of every array, padded as by :mod:`pluriscope.analysis.subjects.perceptron.training`: none depends on which others are
trained beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.errors import InvalidPlanting
from pluriscope.analysis.placements.iia import Behaviour, tested_pairs
from pluriscope.analysis.planted.record import PlantedRecord
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.made import Made
from pluriscope.analysis.subjects.perceptron.activations import DEFAULT_NEGATIVE_SLOPE, activation_of
from pluriscope.analysis.subjects.perceptron.batched_mlp import activated_with_gradient, layer_views
from pluriscope.analysis.subjects.perceptron.initial import initial_parameters
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.optimizers import Adam
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.perceptron.threads import one_thread
from pluriscope.analysis.subjects.perceptron.training import LANES
from pluriscope_edits.planting.certificate import exhaustive
from pluriscope_edits.planting.placement import placed_units
from pluriscope_edits.planting.planted import Planted
from pluriscope_edits.planting.recipes import MAX_STEPS, MODES, STEPS, Mode

MAX_LANES: Final = 1_024
_BETWEEN_REPORTS: Final = 50


@dataclass(frozen=True)
class InterchangeSpec:
    """Specification of how networks are trained to carry an algorithm.

    Args:
        algorithm: of 1 to 6 inputs.
        hidden: widths of the hidden layers.
        mode: which losses.
        output_activation: None for the hidden one.
        steps: of Adam, every one on all inputs and pairs.
        loss_target: a network whose sum of losses ends below it has learned.
    """

    algorithm: HighLevelModel
    hidden: tuple[int, ...]
    mode: Mode = "iit"
    activation: str = "leaky_relu"
    output_activation: str | None = None
    steps: int = STEPS
    learning_rate: float = 0.01
    loss_target: float = 5e-4

    @classmethod
    def of(
        cls,
        algorithm: HighLevelModel,
        hidden: Sequence[int],
        *,
        mode: str = "iit",
        activation: str = "leaky_relu",
        output_activation: str | None = None,
        steps: int = STEPS,
    ) -> InterchangeSpec:
        """A spec from settings as people give them.

        Raises:
            InvalidPlanting: an unknown word or a number out of range.
        """
        known = next((one for one in MODES if one == mode), None)
        if known is None:
            raise InvalidPlanting(f"training {mode!r}", "is unknown", f"use {', '.join(MODES)}")
        if not hidden or min(hidden) < 1:
            raise InvalidPlanting("hidden layers", "are missing or empty", "give widths such as 3, 3")
        if not 1 <= steps <= MAX_STEPS:
            raise InvalidPlanting(f"training of {steps} steps", "is out of range", f"give 1 to {MAX_STEPS:,}")
        last = None if output_activation is None else activation_of(output_activation).text
        return cls(algorithm, tuple(hidden), known, activation_of(activation).text, last, steps)

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.algorithm.n_inputs, *self.hidden, 1)


@dataclass(frozen=True, eq=False)
class Learned:
    """Outcome of training from one start.

    Args:
        planted: the network with its record; None where its weights are not finite.
        loss: sum of the losses at the end.
        learned: whether that is below the target.
    """

    planted: Planted | None
    loss: float
    learned: bool


def interchange_trained(spec: InterchangeSpec, seeds: Sequence[int], work: Work = DEFAULT_WORK) -> tuple[Learned, ...]:
    """Train one network from each seed.

    Args:
        spec: how.
        seeds: of the starting weights.
        work: gets the progress of "training"; may cancel.

    Returns:
        One for each seed, in order.

    Raises:
        InvalidPlanting: the algorithm does not fit.
        Cancelled: the report asked to stop.
    """
    units, output = placed_units(spec.algorithm, spec.sizes)
    record = PlantedRecord(spec.sizes, spec.algorithm, units, output, ())
    found: list[Learned] = []
    with one_thread():
        for start in range(0, len(seeds), MAX_LANES):
            found += _trained(spec, record, seeds[start : start + MAX_LANES], work)
    return tuple(found)


def _trained(spec: InterchangeSpec, record: PlantedRecord, seeds: Sequence[int], work: Work) -> list[Learned]:
    width = -(-len(seeds) // LANES) * LANES
    starts = [initial_parameters(np.random.default_rng(seed), spec.sizes) for seed in seeds]
    values = np.zeros((len(starts[0]), width))
    values[:, : len(seeds)] = np.stack(starts, axis=1)
    parameters = torch.from_numpy(values).requires_grad_()
    losses = _Losses(spec, record)
    optimizer = Adam([parameters], lr=spec.learning_rate)
    for step in range(spec.steps):
        if step % _BETWEEN_REPORTS == 0:
            work.report_step("training", step, spec.steps, f"{spec.mode} training of {len(seeds)} networks")
        optimizer.zero_grad()
        total: Any = losses.of(parameters).sum()
        total.backward()
        optimizer.step()
    work.report_step("training", spec.steps, spec.steps)
    final = losses.of(parameters).detach().numpy()
    return [
        _learned(spec, record, seed, parameters[:, lane].detach().numpy().copy(), float(final[lane]))
        for lane, seed in enumerate(seeds)
    ]


def _learned(
    spec: InterchangeSpec, record: PlantedRecord, seed: int, column: NDArray[np.float64], loss: float
) -> Learned:
    if not (math.isfinite(loss) and np.isfinite(column).all()):
        return Learned(None, loss, learned=False)
    network = Network.from_flat(
        column,
        spec.sizes,
        activation=spec.activation,
        output_activation=spec.output_activation,
        negative_slope=DEFAULT_NEGATIVE_SLOPE,
    )
    passed = exhaustive(ask(network, task=record.task), record)
    joint = "too many" if passed.joint is None else f"{passed.joint.agreed} of {passed.joint.of}"
    settings = (
        ("mode", spec.mode),
        ("seed", seed),
        ("steps", spec.steps),
        ("learning_rate", spec.learning_rate),
        ("loss", float(f"{loss:.3g}")),
        ("interchanges", f"{passed.single.agreed} of {passed.single.of}"),
        ("joint", joint),
    )
    made = Made("train", settings)
    planted = Planted(network, PlantedRecord(spec.sizes, record.algorithm, record.units, record.output, (made,)))
    return Learned(planted, loss, loss < spec.loss_target)


class _Losses:
    """The losses of one spec, with all inputs and pairs laid out.

    Runs are rows; a patched run has the neurons of one site set to what the same network has on the source.
    """

    def __init__(self, spec: InterchangeSpec, record: PlantedRecord) -> None:
        self.spec, self.record = spec, record
        n_inputs = spec.algorithm.n_inputs
        self.inputs = torch.from_numpy(input_table(n_inputs).T[:, :, None].copy())
        self.labels = torch.tensor(record.task.truth_table, dtype=torch.float64)[:, None]
        self.sources, self.bases = np.nonzero(tested_pairs(n_inputs, "ordered"))
        self.sites: list[tuple[int, tuple[int, ...], Tensor]] = []  # layer, neurons, expected [pairs, 1]
        if spec.mode != "plain":
            for path, site in record.alignment.places:
                expected = Behaviour.of(spec.algorithm.responses[path], n_inputs).expected(n_inputs)
                wanted = expected[self.sources, self.bases].astype(np.float64)
                self.sites.append((site.layer, site.neurons, torch.from_numpy(wanted)[:, None]))
        self.strict: list[tuple[int, tuple[int, ...], Tensor]] = []
        if spec.mode in ("strict", "strict-zero"):
            self.strict = [
                (layer, (neuron,), self.labels[self.bases])
                for layer in range(1, len(spec.sizes) - 1)
                for neuron in range(spec.sizes[layer])
                if record.unit_at(layer, neuron) is None
            ]
        self.kept = [torch.from_numpy(matrix.astype(np.float64))[:, :, None] for matrix in record.edges]

    def of(self, parameters: Tensor) -> Tensor:
        """Sum of the losses, ``[lane]``."""
        weights, biases = layer_views(parameters, self.spec.sizes)
        clean = [self.inputs.expand(-1, -1, parameters.shape[1])]
        for layer in range(1, len(weights) + 1):
            clean.append(self._next(weights[layer - 1], biases[layer - 1], clean[-1], layer))
        total = ((clean[-1][0] - self.labels) ** 2).mean(0)
        for sites in (self.sites, self.strict):
            if sites:
                errors = [self._patched(weights, biases, clean, *site) for site in sites]
                total = total + torch.stack(errors).mean(0)
        if self.spec.mode == "strict-zero":
            values = clean[0]
            for layer in range(1, len(weights) + 1):
                values = self._next(weights[layer - 1] * self.kept[layer - 1], biases[layer - 1], values, layer)
            total = total + ((values[0] - self.labels) ** 2).mean(0)
        return total

    def _patched(
        self,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        clean: Sequence[Tensor],
        layer: int,
        neurons: tuple[int, ...],
        expected: Tensor,
    ) -> Tensor:
        """``[lane]`` the mean squared error over all pairs with some neurons taken from the source."""
        swapped = torch.zeros((clean[layer].shape[0], 1, 1), dtype=torch.bool)
        swapped[list(neurons)] = True
        values = torch.where(swapped, clean[layer][:, self.sources], clean[layer][:, self.bases])
        for above in range(layer + 1, len(weights) + 1):
            values = self._next(weights[above - 1], biases[above - 1], values, above)
        return ((values[0] - expected) ** 2).mean(0)

    def _next(self, weights: Tensor, biases: Tensor, values: Tensor, layer: int) -> Tensor:
        drive = (weights[:, :, None, :] * values[None]).sum(1) + biases[:, None, :]
        last = layer == len(self.spec.sizes) - 1
        activation = (self.spec.output_activation if last else None) or self.spec.activation
        return activated_with_gradient(drive, activation_of(activation))
