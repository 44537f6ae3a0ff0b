"""Distributed alignment search: maps of hidden layers under which an algorithm's variables can be interchanged.

Geiger et al. 2024, "Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations",
in torch, many at once, with every interchange in every step instead of samples:

1. A layer's activations h are written in new coordinates z = φ(h): a rotation, or an invertible non-linear map.
2. Each variable owns a block of coordinates. Interchange takes the block from φ(h_source) and goes back with φ⁻¹.
3. The loss pushes the output of every single and joint interchange to its side of the decision's edge; Adam, full
   batch, float64. A run that has them all right by the margin stops.

Everything is drawn from a generator seeded by the seed and the blocks; the same case ends the same whatever else is
trained beside it, up to the order of sums in the batch. What a rotation ends with is an ordinary place, orthonormal
rows, and is scored anew by :mod:`pluriscope.analysis.placements.iia`. A failure proves nothing: another seed may find
what these did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.placements.directions import DirectionPlacement, OnDirections
from pluriscope.analysis.placements.iia import tested_pairs
from pluriscope.analysis.placements.joint import MAX_RUNS, score_with_joint
from pluriscope.analysis.subjects.perceptron.activations import decision_edge
from pluriscope.analysis.subjects.perceptron.batched_mlp import activated_with_gradient
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.optimizers import Adam
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.directions.blocks import Block, Demands, block_placements, demands
from pluriscope_methods.directions.result import LEARNING, AlgorithmDirections

_CHECK_EVERY: Final = 10
_N_COUPLINGS: Final = 4  # of a non-linear map
_D_COUPLING: Final = 8  # width of their hidden layer
_SMALLEST: Final = 1e-6  # margin on the pre-activation at which a run counts as solved


@dataclass(frozen=True)
class LearningOptions:
    """How maps are learned.

    Args:
        seeds: each placement is learned from each of them.
        steps: most steps.
    """

    seeds: tuple[int, ...]
    steps: int
    learning_rate: float = 0.05


@dataclass(frozen=True, eq=False)
class LearnedRun:
    """What came of one placement on one network from one seed.

    Args:
        steps: taken.
        n_single: single interchanges that ended on the right side.
        n_joint: joint ones.
        rotations: for each hidden layer ``[width, width]`` with orthonormal rows, the new coordinates; empty for
            non-linear maps.
    """

    steps: int
    n_single: int
    n_joint: int
    rotations: tuple[NDArray[np.float64], ...]


class _Rotation:
    """Orthonormal coordinates by Gram–Schmidt from free numbers."""

    def __init__(self, draws: Tensor) -> None:
        self.parameters = [draws.requires_grad_()]
        self.matrix = draws

    def prepare(self) -> None:
        """Make the coordinates of the numbers as they are now."""
        done: list[Tensor] = []
        for row in self.parameters[0].unbind(dim=1):
            for _ in range(2):  # twice is enough
                for other in done:
                    row = row - (row * other).sum(-1, keepdim=True) * other
            done.append(row / row.norm(dim=-1, keepdim=True))
        self.matrix = torch.stack(done, dim=1)

    def there(self, values: Tensor) -> Tensor:
        return values @ self.matrix.mT

    def back(self, values: Tensor) -> Tensor:
        return values @ self.matrix


class _Couplings:
    """Affine couplings (Dinh et al. 2017, "Density estimation using Real NVP"), coordinates turned between them."""

    def __init__(self, parameters: list[Tensor], values: Tensor) -> None:
        self.parameters = [parameter.requires_grad_() for parameter in parameters]  # in, bias, out for each coupling
        self.layers = list(zip(*(self.parameters[start::3] for start in range(3)), strict=True))
        self.centre = values.mean(dim=1, keepdim=True)
        self.scale = values.std(dim=1, keepdim=True).clamp_min(1e-6)
        self.half = values.shape[-1] // 2

    def prepare(self) -> None: ...

    def _shift(self, layer: tuple[Tensor, ...], kept: Tensor) -> tuple[Tensor, Tensor]:
        into, bias, out = layer
        log_scale, shift = (torch.tanh(kept @ into + bias[:, None]) @ out).chunk(2, dim=-1)
        return torch.tanh(log_scale), shift

    def there(self, values: Tensor) -> Tensor:
        z = (values - self.centre) / self.scale
        for layer in self.layers:
            z = z.roll(self.half, dims=-1)
            kept, moved = z[..., : self.half], z[..., self.half :]
            log_scale, shift = self._shift(layer, kept)
            z = torch.cat([kept, moved * log_scale.exp() + shift], dim=-1)
        return z

    def back(self, values: Tensor) -> Tensor:
        z = values
        for layer in reversed(self.layers):
            kept, moved = z[..., : self.half], z[..., self.half :]
            log_scale, shift = self._shift(layer, kept)
            z = torch.cat([kept, (moved - shift) * (-log_scale).exp()], dim=-1).roll(-self.half, dims=-1)
        return z * self.scale + self.centre


def learn(
    networks: Sequence[Network],
    rows: NDArray[np.float64],
    asked: Demands,
    placements: Sequence[tuple[Block, ...]],
    options: LearningOptions,
    *,
    non_linear: bool = False,
) -> list[list[LearnedRun]]:
    """Learn a map for each placement on each network from each seed.

    Args:
        networks: cut to one output, of equal sizes and activations.
        rows: ``[2^n, n0]`` inputs.
        asked: of one algorithm.
        placements: each a block for each variable.
        options: seeds and steps.
        non_linear: invertible couplings instead of rotations.

    Returns:
        One run for each seed, of all placements on the first network, then on the next.
    """
    each = [(network, blocks) for network in networks for blocks in placements for _ in options.seeds]
    runs = _Batch(each, rows, asked, options, non_linear).train() if each else []
    n = len(options.seeds)
    return [runs[start : start + n] for start in range(0, len(runs), n)]


class _Batch:
    """Everything that is learned at once; the first axis of every tensor but those of demands is which."""

    def __init__(
        self,
        each: Sequence[tuple[Network, tuple[Block, ...]]],
        rows: NDArray[np.float64],
        asked: Demands,
        options: LearningOptions,
        non_linear: bool,
    ) -> None:
        self.options, self.non_linear, self.n_single = options, non_linear, asked.n_single
        self.network = network = each[0][0]
        self.weights = [_stacked([one.weights[i] for one, _ in each]) for i in range(len(network.weights))]
        self.biases = [_stacked([one.biases[i] for one, _ in each]) for i in range(len(network.weights))]
        clean = {one.digest: activations(one, rows) for one, _ in each}
        self.clean = [_stacked([clean[one.digest][i] for one, _ in each]) for i in range(len(network.weights) + 1)]
        self.bases, self.sources = torch.as_tensor(asked.bases), torch.as_tensor(asked.sources)
        self.active = torch.as_tensor(asked.active).double()
        self.signs = torch.as_tensor(asked.wanted).double() * 2 - 1
        hidden = range(1, network.n_hidden_layers + 1)
        self.owned = [  # [batch, variables, width]
            _stacked([[_coordinates(b, layer, network.sizes[layer]) for b in blocks] for _, blocks in each])
            for layer in hidden
        ]
        seeds = options.seeds * (len(each) // len(options.seeds))
        self.maps = [self._map(layer, [blocks for _, blocks in each], seeds) for layer in hidden]
        self.edge = float(decision_edge(network.function_of(len(network.weights))))
        own = self._before_output(self.clean[-2])
        self.scale = (own - self.edge).abs().median(dim=1).values.clamp_min(1e-9)

    def _map(self, layer: int, placements: Sequence[tuple[Block, ...]], seeds: Sequence[int]) -> _Rotation | _Couplings:
        width = self.network.sizes[layer]
        # drawn by what the placement is, so that what else is in the batch changes nothing
        drawn = [
            np.random.default_rng([seed, layer, *(n for b in blocks for n in (b.layer, b.first, b.dimension))])
            for blocks, seed in zip(placements, seeds, strict=True)
        ]
        if not self.non_linear or width < 2:
            return _Rotation(_stacked([g.normal(size=(width, width)) for g in drawn]))
        half, d = width // 2, _D_COUPLING
        shapes = [(half, d), (d,), (d, 2 * (width - half))]
        sizes = [1.0, 1.0, 0.5 / np.sqrt(d)]
        parameters = [
            _stacked([size * g.normal(size=shape) for g in drawn])
            for _ in range(_N_COUPLINGS)
            for shape, size in zip(shapes, sizes, strict=True)
        ]
        return _Couplings(parameters, self.clean[layer])

    def _before_output(self, values: Tensor) -> Tensor:
        return (values @ self.weights[-1].mT + self.biases[-1][:, None])[..., 0]

    def _margins(self) -> Tensor:
        """``[batch, runs]`` how far the output's pre-activation is on the right side of the edge."""
        for learned in self.maps:
            learned.prepare()
        values = self.clean[0][:, self.bases]
        for layer in range(1, self.network.n_hidden_layers + 1):
            drive = values @ self.weights[layer - 1].mT + self.biases[layer - 1][:, None]
            values = activated_with_gradient(drive, self.network.function_of(layer))
            learned, owned = self.maps[layer - 1], self.owned[layer - 1]
            own, z = learned.there(self.clean[layer]), learned.there(values)
            moved = z
            for variable in range(self.sources.shape[1]):
                take = self.active[:, variable, None] * owned[:, None, variable]
                moved = moved + take * (own[:, self.sources[:, variable]] - z)
            # where nothing is taken the layer stays as it is, to the last bit
            touched = (moved != z).any(dim=-1, keepdim=True)
            values = torch.where(touched, learned.back(moved), values)
        return self.signs * (self._before_output(values) - self.edge)

    def train(self) -> list[LearnedRun]:
        """All runs, each as it was when it was first seen to have all right."""
        runs: dict[int, LearnedRun] = {}
        parameters = [parameter for learned in self.maps for parameter in learned.parameters]
        optimiser = Adam(parameters, lr=self.options.learning_rate)
        for step in range(self.options.steps + 1):
            margins = self._margins()
            if step % _CHECK_EVERY == 0 or step == self.options.steps:
                seen = margins.detach()
                stop = (seen > _SMALLEST * self.scale[:, None]).all(dim=1) | (step == self.options.steps)
                for number in set(torch.nonzero(stop)[:, 0].tolist()) - set(runs):
                    runs[number] = self._run(number, step, seen[number])
                if len(runs) == len(self.scale):
                    break
            loss = F.softplus(2 - 4 * margins / self.scale[:, None]).mean(dim=1).sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return [runs[number] for number in range(len(self.scale))]

    def _run(self, number: int, step: int, margins: Tensor) -> LearnedRun:
        right = margins > 0
        rotations = tuple(
            learned.matrix[number].detach().numpy().copy() for learned in self.maps if isinstance(learned, _Rotation)
        )
        return LearnedRun(
            step,
            int(right[: self.n_single].sum()),
            int(right[self.n_single :].sum()),
            () if self.non_linear else rotations,
        )


def _coordinates(block: Block, layer: int, width: int) -> NDArray[np.bool_]:
    inside = np.zeros(width, dtype=bool)
    if block.layer == layer:
        inside[block.first : block.first + block.dimension] = True
    return inside


def _stacked(arrays: Sequence[Any]) -> Tensor:
    return torch.as_tensor(np.array(arrays, dtype=np.float64))


# --- alignments on learned subspaces


def place_on_subspaces(question: Question, algorithm: HighLevelModel) -> AlgorithmDirections:
    """Align one algorithm on learned subspaces, comparable with the classes in closed form.

    Args:
        question: what the network is asked.
        algorithm: over the network's inputs.

    Returns:
        A placement is a choice of layers and dimensions, valid if some seed reached IIA 1.

    Raises:
        BeyondLimits: too many choices.
    """
    if not algorithm.responses:
        empty = score_with_joint(question, algorithm, DirectionPlacement.of(algorithm.text, ()))
        return AlgorithmDirections(algorithm, "learned", (empty,), 1, 1, int(bool(empty.joint_valid)))
    choices = block_placements(len(algorithm.responses), question.network.hidden_sizes)
    best = [
        max((scored for _, scored in runs), key=lambda one: (one.iia.agreed, one.joint.agreed if one.joint else 0))
        for runs in learn_choices(question, algorithm, choices)
    ]
    valid = sorted((one for one in best if one.valid), key=lambda one: (_n_dimensions(one), one.alignment.id))
    failing = sorted(
        (one for one in best if not one.valid), key=lambda one: (-one.iia.agreed, _n_dimensions(one), one.alignment.id)
    )
    return AlgorithmDirections(
        algorithm,
        "learned",
        (*valid, *failing[: question.protocol.n_near_misses]),
        len(best),
        len(valid),
        sum(1 for one in valid if one.joint_valid),
    )


def learn_choices(
    question: Question,
    algorithm: HighLevelModel,
    choices: Sequence[tuple[Block, ...]],
    *,
    n_seeds: int = LEARNING["seeds"],
) -> list[list[tuple[LearnedRun, OnDirections]]]:
    """Of each choice of layers and dimensions, learned at once, every seed's run with the score of where it ended.

    Args:
        question: what the network is asked.
        algorithm: with at least one variable.
        choices: a block for each variable, by path in order.
        n_seeds: from 0 on.
    """
    options = LearningOptions(seeds=tuple(range(n_seeds)), steps=LEARNING["steps"])
    tested = tested_pairs(algorithm.n_inputs, question.protocol.interchange_pairs)
    joint = (1 << algorithm.n_inputs) ** (len(algorithm.responses) + 1) <= MAX_RUNS
    asked = demands(algorithm, tested, joint=joint)
    runs = learn([question.network], question.data.clean_rows, asked, choices, options)
    return [
        [(run, score_with_joint(question, algorithm, _alignment(algorithm, blocks, run))) for run in of_one]
        for blocks, of_one in zip(choices, runs, strict=True)
    ]


def _alignment(algorithm: HighLevelModel, blocks: Sequence[Block], run: LearnedRun) -> DirectionPlacement:
    """The alignment that a run on rotations ended with: each variable's block of the learned coordinates."""
    places = {}
    for path, block in zip(sorted(algorithm.responses), blocks, strict=True):
        rows = run.rotations[block.layer - 1][block.first : block.first + block.dimension]
        # nine digits keep addresses short; the place need not be orthonormal to the last bit to be one
        places[path] = Subspace.of(block.layer, np.round(rows, 9))
    return DirectionPlacement.of(algorithm.text, places)


def _n_dimensions(scored: OnDirections) -> int:
    return sum(place.dimension for _, place in scored.alignment.places)
