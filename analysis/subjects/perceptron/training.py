"""Training small networks on Boolean tasks, many at once, in torch.

The method is that of Méloux et al. (ICLR 2025): inputs drawn with replacement, mean squared error, AdamW with weight
decay .01, an end when an epoch's loss is below the target or has not fallen for a few epochs in a row, and rejection of
networks whose loss or accuracy misses its target. A rejected network is an outcome with its reason, never lost.

1. Networks of equal shape are *lanes* of one computation: every array has the lane as its last axis.
2. Each lane has its own random generator for weights, rows, noise and order, and no operation mixes lanes. Lanes are
   padded to a multiple of 32, so that every element is computed by the same vector instructions wherever it stands. A
   network therefore does not depend on which others are trained beside it, bit for bit.
3. Without noise a batch is fully described by how often each Boolean input is in it; squared errors are weighted by
   those counts instead of being computed for equal rows again and again. That changes rounding, not meaning.
4. Gradients are written out (three lines per layer), and all parameters are one array: few operations per step.
5. Regularisation is that of :mod:`pluriscope.analysis.subjects.perceptron.training_spec`, the same for all lanes of one
   computation. What is dropped is drawn for each row by itself, so rows are then not counted but run one by one, as
   with noise.

Where we differ from the authors: with noise they repeat the rows twice over (4,000,000 of them by default); here the
number of rows is the same with and without noise. The random stream is not theirs: equal seeds give other networks.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.activations import Activation, activation_of
from pluriscope.analysis.subjects.perceptron.batched_mlp import activated, layer_views, times_slope
from pluriscope.analysis.subjects.perceptron.initial import initial_parameters
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.threads import one_thread
from pluriscope.analysis.subjects.perceptron.training_course import EpochRecord, TrainingOutcome
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec, TrainingState, read_regularisation

LANES: Final = 32
_MAX_ELEMENTS: Final = 1 << 25  # of the largest array of one group, lanes included
_BETA1: Final = 0.9
_BETA2: Final = 0.999
_EPSILON: Final = 1e-8
_VALIDATION_ROWS_PER_INPUT: Final = 50


def train_networks(
    specs: Sequence[TrainingSpec], work: Work = DEFAULT_WORK, checkpoints: Collection[int] = ()
) -> tuple[TrainingOutcome, ...]:
    """Train one or many networks.

    Args:
        specs: what to train; equal shapes are trained together.
        work: reports after every epoch how many networks are done; may cancel.
        checkpoints: epochs after which each network is kept as it is then, 0 for before the first; where there are
            some, the one after which it stops is kept, too. Training is the same with them as without.

    Returns:
        One outcome per spec, in the same order.

    Raises:
        Cancelled: the report stopped the work.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, spec in enumerate(specs):
        groups.setdefault(_shape_of(spec), []).append(index)
    outcomes: dict[int, TrainingOutcome] = {}

    def show(group: _Group | None = None) -> None:
        n_converged = sum(outcome.converged for outcome in outcomes.values())
        found = f"{n_converged} converged networks"
        if group is not None and group.lanes:
            found = f"{group.at}, {found} so far" if len(specs) > 1 else group.at
        work.report_step("training", len(outcomes), len(specs), found)

    show()
    with one_thread(), torch.inference_mode():  # the gradients are our own
        for indices in groups.values():
            size = max(1, _MAX_ELEMENTS // (_elements_per_lane(specs[indices[0]]) * LANES)) * LANES
            for start in range(0, len(indices), size):
                part = indices[start : start + size]
                group = _Group([specs[i] for i in part], checkpoints)
                while group.lanes:
                    for position, outcome in group.run_epoch():
                        outcomes[part[position]] = outcome
                    show(group)
    return tuple(outcomes[index] for index in range(len(specs)))


def _shape_of(spec: TrainingSpec) -> tuple[object, ...]:
    """Return the properties that lanes of one computation must share."""
    output = spec.output_activation or spec.activation
    rows = (spec.batch_size, spec.samples_per_input, spec.noise_std > 0, spec.epochs)
    return (spec.sizes, spec.activation, output, spec.negative_slope, *rows, read_regularisation(spec.regularisation))


def _elements_per_lane(spec: TrainingSpec) -> int:
    n_rows = spec.batch_size if spec.row_by_row else 2**spec.n_inputs
    widest = max(n_in * n_out for n_in, n_out in pairwise(spec.sizes))
    data: int = 2**spec.n_inputs * spec.samples_per_input * (spec.n_inputs if spec.row_by_row else 1)
    return max(widest * n_rows, data)


@dataclass
class _Lane:
    """A network in training: its own randomness, rows and history."""

    position: int  # among the specs of the group
    spec: TrainingSpec
    random: np.random.Generator
    rows: NDArray[np.int64]  # [rows] which Boolean input each training row is
    inputs: NDArray[np.float32] | None  # [rows, n] noisy training inputs, None without noise
    losses: list[float] = field(default_factory=list)
    best: float = math.inf
    stale: int = 0
    pruned: bool = False
    checkpoints: list[tuple[Network, EpochRecord]] = field(default_factory=list)


class _Group:
    """Networks of equal shape, trained in step."""

    def __init__(self, specs: Sequence[TrainingSpec], checkpoints: Collection[int] = ()) -> None:
        self.spec = specs[0]
        self.sizes = self.spec.sizes
        self.noisy = self.spec.noise_std > 0
        self.rules = read_regularisation(self.spec.regularisation)
        self.table = input_table(self.spec.n_inputs).astype(np.float32)
        self.lanes: list[_Lane] = []
        starts = []
        for position, spec in enumerate(specs):
            random = np.random.default_rng(spec.seed)
            starts.append(initial_parameters(random, self.sizes))
            self.lanes.append(_new_lane(position, spec, random, self.table))
        self.slots: list[int] = list(range(len(specs)))  # column of each lane in the arrays
        self.width = _padded(len(specs))
        parameters = np.zeros((len(starts[0]), self.width), dtype=np.float32)
        parameters[:, : len(specs)] = np.stack(starts, axis=1)
        self.parameters = torch.from_numpy(parameters)
        self.moment1 = torch.zeros_like(self.parameters)
        self.moment2 = torch.zeros_like(self.parameters)
        self.kept = torch.ones_like(self.parameters)  # 0 where a weight was pruned
        self.beta1, self.beta2, self.epsilon = _numbers((_BETA1, _BETA2, _EPSILON))
        self.corrections = _corrections()
        self._bind()
        self.checkpoints = frozenset(checkpoints)
        if 0 in self.checkpoints:
            for lane, slot in zip(self.lanes, self.slots, strict=True):
                self._keep(lane, slot)

    def _bind(self) -> None:
        """(Re)make everything that depends on which lanes stand in which columns."""
        self.gradient = torch.zeros_like(self.parameters)
        self.weights, self.biases = layer_views(self.parameters, self.sizes)
        self.weight_gradients, self.bias_gradients = layer_views(self.gradient, self.sizes)
        # The same numbers with an axis for the rows: a view takes as long as a small sum, and steps are many.
        self.weights_of_rows = [weight[:, :, None, :] for weight in self.weights]
        self.biases_of_rows = [bias[:, None, :] for bias in self.biases]
        n_rows, n_outputs = len(self.table), self.sizes[-1]
        labels = np.zeros((n_outputs, n_rows, self.width), dtype=np.float32)
        rates = np.zeros(self.width)
        for lane, slot in zip(self.lanes, self.slots, strict=True):
            labels[:, :, slot] = [task.truth_table for task in lane.spec.resolved_tasks()]
            rates[slot] = lane.spec.learning_rate
        self.labels = torch.from_numpy(labels)
        self.rates = torch.from_numpy(rates.astype(np.float32))
        self.decay = 1 - self.rates * self.rules.decay
        self.clean = torch.from_numpy(self.table.T[:, :, None].copy())

    def run_epoch(self) -> list[tuple[int, TrainingOutcome]]:
        """Run one pass over every lane's rows; return the networks that stopped, with their position in the group."""
        losses = self._row_by_row_epoch() if self.spec.row_by_row else self._clean_epoch()
        finished = []
        for lane, slot in zip(self.lanes, self.slots, strict=True):
            loss = float(losses[slot])
            lane.losses.append(loss)
            lane.stale = 0 if loss < lane.best else lane.stale + 1
            lane.best = min(lane.best, loss)
            spent = len(lane.losses) >= lane.spec.epochs or lane.stale >= lane.spec.patience
            ends = spent or not math.isfinite(loss) or loss < lane.spec.loss_target
            if loss < lane.spec.loss_target and self.rules.prune and not (lane.pruned or spent):
                self._prune(lane, slot)
                ends = False
            if ends:
                finished.append((lane, slot))
            if len(lane.losses) in self.checkpoints or (ends and self.checkpoints):
                self._keep(lane, slot)
        if not finished:
            return []
        outcomes = [(lane.position, self._outcome(lane, slot)) for lane, slot in finished]
        done = {lane.position for lane, _ in finished}
        kept = [(lane, slot) for lane, slot in zip(self.lanes, self.slots, strict=True) if lane.position not in done]
        self.lanes, self.slots = [lane for lane, _ in kept], [slot for _, slot in kept]
        if self.lanes and _padded(len(self.lanes)) < self.width:
            self._compact()
        return outcomes

    def _prune(self, lane: _Lane, slot: int) -> None:
        """Set a lane's smallest weights to 0 for good; what went before says nothing of how it learns from here."""
        column = self.parameters[:, slot : slot + 1].clone()
        weights, biases = layer_views(column, self.sizes)
        n_pruned = round(self.rules.prune * sum(weight.numel() for weight in weights))
        for bias in biases:
            bias.fill_(math.inf)
        self.kept[column[:, 0].abs().argsort(stable=True)[:n_pruned], slot] = 0.0
        self.parameters *= self.kept
        lane.pruned, lane.best, lane.stale = True, math.inf, 0

    def _keep(self, lane: _Lane, slot: int) -> None:
        """Take a checkpoint of a lane, unless it has diverged."""
        network = self._network(slot)
        if network is None:
            return
        rows = self.table[lane.rows] if lane.inputs is None else lane.inputs
        labels = np.array([task.truth_table for task in lane.spec.resolved_tasks()]).T[lane.rows]
        with np.errstate(over="ignore", invalid="ignore"):
            loss = float(((forward(network, rows.astype(np.float64)) - labels) ** 2).mean())
        if math.isfinite(loss):
            accuracy = self._accuracy(lane, slot, copy.deepcopy(lane.random))  # what draws must not change training
            record = EpochRecord(options=lane.spec, epoch=len(lane.losses), loss=loss, accuracy=accuracy)
            lane.checkpoints.append((network, record))

    @property
    def at(self) -> str:
        """Write how far the training has come, for people."""
        losses = [lane.losses[-1] for lane in self.lanes]
        low, high = f"{min(losses):.4g}", f"{max(losses):.4g}"
        return f"epoch {len(self.lanes[0].losses)}, loss {low if low == high else f'{low} to {high}'}"

    def _compact(self) -> None:
        columns = torch.tensor(self.slots)
        self.width = _padded(len(self.slots))

        def moved(array: Tensor) -> Tensor:
            fresh = torch.zeros((array.shape[0], self.width), dtype=array.dtype)
            fresh[:, : len(columns)] = array[:, columns]
            return fresh

        self.parameters, self.moment1, self.moment2 = map(moved, (self.parameters, self.moment1, self.moment2))
        self.kept = moved(self.kept)
        self.slots = list(range(len(self.lanes)))
        self._bind()

    def _clean_epoch(self) -> NDArray[np.float64]:
        n_rows, size = len(self.table), self.spec.batch_size
        total = len(self.lanes[0].rows)
        n_batches = -(-total // size)
        # counts[batch, input, lane]: how often each Boolean input is in each batch
        cell = np.arange(total) // size * n_rows
        of_lanes = np.zeros((self.width, n_batches * n_rows), dtype=np.float32)
        for lane, slot in zip(self.lanes, self.slots, strict=True):
            of_lanes[slot] = np.bincount(cell + lane.random.permutation(lane.rows), minlength=n_batches * n_rows)
        counts = np.ascontiguousarray(of_lanes.T).reshape(n_batches, n_rows, self.width)
        sizes = np.minimum(size, total - size * np.arange(n_batches)).astype(np.float32)
        shares = torch.from_numpy(counts / (sizes[:, None, None] * self.sizes[-1]))
        sums = torch.zeros(self.width)
        for share in shares.unbind():
            sums += self._step(self.clean, self.labels, share)
        return sums.numpy().astype(np.float64) / n_batches

    def _row_by_row_epoch(self) -> NDArray[np.float64]:
        size, total = self.spec.batch_size, len(self.lanes[0].rows)
        inputs = np.zeros((self.sizes[0], total, self.width), dtype=np.float32)
        labels = np.zeros((self.sizes[-1], total, self.width), dtype=np.float32)
        for lane, slot in zip(self.lanes, self.slots, strict=True):
            order = lane.random.permutation(total)
            rows = self.table[lane.rows] if lane.inputs is None else lane.inputs
            inputs[:, :, slot] = rows[order].T
            tables = np.array([task.truth_table for task in lane.spec.resolved_tasks()], dtype=np.float32)
            labels[:, :, slot] = tables[:, lane.rows[order]]
        all_inputs, all_labels = torch.from_numpy(inputs), torch.from_numpy(labels)
        scales = self._drop_scales(total)
        sums = torch.zeros(self.width)
        starts = range(0, total, size)
        for start in starts:
            x, y = all_inputs[:, start : start + size].contiguous(), all_labels[:, start : start + size].contiguous()
            share = torch.full((x.shape[1], self.width), 1 / (x.shape[1] * self.sizes[-1]))
            sums += self._step(x, y, share, [scale[:, start : start + size] for scale in scales])
        if scales:
            sums = ((self._forward(all_inputs)[1][-1] - all_labels) ** 2).mean((0, 1)) * len(starts)
        return sums.numpy().astype(np.float64) / len(starts)

    def _drop_scales(self, total: int) -> list[Tensor]:
        """Draw the factors of each hidden activation ``[n_l, rows, lane]`` of an epoch; empty without dropout."""
        rate, hidden = self.rules.dropout, self.sizes[1:-1]
        if not rate:
            return []
        scales = np.zeros((sum(hidden), total, self.width), dtype=np.float32)
        for lane, slot in zip(self.lanes, self.slots, strict=True):
            scales[:, :, slot] = (lane.random.random((sum(hidden), total)) >= rate) / (1 - rate)
        return list(torch.split(torch.from_numpy(scales), list(hidden)))

    def _forward(self, inputs: Tensor, scales: Sequence[Tensor] = ()) -> tuple[list[Tensor], list[Tensor]]:
        """Activations ``[n_l, rows, lane]`` of layers 0 … L, hidden ones multiplied by their scales when read, after
        the pre-activations of layers 1 … L, which are the same tensors where an activation is applied in place.
        """
        drives, values = [], [inputs]
        for layer, (weight, bias) in enumerate(zip(self.weights_of_rows, self.biases_of_rows, strict=True), start=1):
            read = values[-1] * scales[layer - 2] if scales and layer > 1 else values[-1]
            drive = (weight * read).sum(1).add_(bias)
            drives.append(drive)
            values.append(activated(drive, self._activation(layer)))
        return drives, values

    def _activation(self, layer: int) -> Activation:
        last = layer == len(self.sizes) - 1
        text = (self.spec.output_activation or self.spec.activation) if last else self.spec.activation
        return activation_of(text, self.spec.negative_slope)

    def _step(self, inputs: Tensor, labels: Tensor, shares: Tensor, scales: Sequence[Tensor] = ()) -> Tensor:
        """Take one step of AdamW; return each lane's loss before it.

        Args:
            inputs: ``[n0, rows, lane]`` (the lane axis may be 1).
            labels: ``[nL, rows, lane]``.
            shares: ``[rows, lane]`` weight of each row's squared error; those of a lane, times its outputs, sum to 1.
            scales: ``[n_l, rows, lane]`` of each hidden layer, what its activations are multiplied by; () for 1.
        """
        drives, values = self._forward(inputs, scales)
        error = values[-1] - labels
        weighted = error * shares
        loss = (weighted * error).sum((0, 1))
        upstream = weighted.add_(weighted)
        for layer in range(len(self.weights), 0, -1):
            delta = times_slope(upstream, drives[layer - 1], values[layer], self._activation(layer))
            read = values[layer - 1] * scales[layer - 2] if scales and layer > 1 else values[layer - 1]
            torch.sum(delta, 1, out=self.bias_gradients[layer - 1])
            delta = delta.unsqueeze(1)
            torch.sum(delta * read, 2, out=self.weight_gradients[layer - 1])
            if layer > 1:
                upstream = (self.weights_of_rows[layer - 1] * delta).sum(0)
                if scales:
                    upstream *= scales[layer - 2]
        if self.rules.l1:
            for weight, gradient in zip(self.weights, self.weight_gradients, strict=True):
                gradient.add_(weight.sign(), alpha=self.rules.l1)
        of_root, of_rate = next(self.corrections)
        self.parameters *= self.decay
        self.moment1.mul_(self.beta1).add_(self.gradient, alpha=1 - _BETA1)
        self.moment2.mul_(self.beta2).addcmul_(self.gradient, self.gradient, value=1 - _BETA2)
        root = self.moment2.sqrt().mul_(of_root).add_(self.epsilon)
        self.parameters -= (self.moment1 / root).mul_(self.rates * of_rate)
        if self.rules.prune:
            self.parameters *= self.kept
        return loss

    def _outcome(self, lane: _Lane, slot: int) -> TrainingOutcome:
        loss, spec, n_epochs = lane.losses[-1], lane.spec, len(lane.losses)
        losses, checkpoints = tuple(lane.losses), tuple(lane.checkpoints)
        network = self._network(slot) if math.isfinite(loss) else None
        if network is None:
            return TrainingOutcome(spec, "diverged", None, n_epochs, loss, 0.0, losses, checkpoints)
        accuracy = self._accuracy(lane, slot, lane.random)
        state: TrainingState = "converged"
        if loss >= spec.loss_target:
            state = "stopped_early" if lane.stale >= spec.patience else "loss_above_target"
        elif accuracy < spec.accuracy_target:
            state = "accuracy_too_low"
        return TrainingOutcome(spec, state, network, n_epochs, loss, accuracy, losses, checkpoints)

    def _network(self, slot: int) -> Network | None:
        """The network in a column as it is now; None where a parameter is not finite."""
        column = self.parameters[:, slot].numpy().astype(np.float64)
        if not np.isfinite(column).all():
            return None
        return Network.from_flat(
            column,
            self.sizes,
            activation=self.spec.activation,
            output_activation=self.spec.output_activation,
            negative_slope=self.spec.negative_slope,
        )

    def _accuracy(self, lane: _Lane, slot: int, random: np.random.Generator) -> float:
        """Share of validation rows right on every output: the Boolean inputs, or 50 noisy rows of each."""
        rows, inputs = np.arange(len(self.table)), self.table
        if self.noisy:
            rows = np.repeat(rows, _VALIDATION_ROWS_PER_INPUT)
            noise = random.normal(0, lane.spec.noise_std, (len(rows), self.table.shape[1]))
            inputs = self.table[rows] + noise.astype(np.float32)
        _, values = self._forward(torch.from_numpy(inputs.T[:, :, None].copy()))
        decided = np.round(values[-1][:, :, slot].numpy())
        tables = np.array([task.truth_table for task in lane.spec.resolved_tasks()])
        return float((decided == tables[:, rows]).all(0).mean())


def _numbers(values: Iterable[float]) -> tuple[Tensor, ...]:
    """Convert numbers to tensors: a product of a small array with one of Python's numbers takes torch twice as long."""
    return torch.tensor(tuple(values), dtype=torch.float32).unbind()


def _corrections() -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the factors by which AdamW multiplies the root of the second moment, and the learning rate, at steps 1, 2,
    …
    """
    for first in itertools.count(1, 1000):
        steps = range(first, first + 1000)
        of_roots = _numbers(1 / math.sqrt(1 - _BETA2**step) for step in steps)
        of_rates = _numbers(1 / (1 - _BETA1**step) for step in steps)
        yield from zip(of_roots, of_rates, strict=True)


def _padded(n_lanes: int) -> int:
    return -(-n_lanes // LANES) * LANES


def _new_lane(position: int, spec: TrainingSpec, random: np.random.Generator, table: NDArray[np.float32]) -> _Lane:
    """Draw a network's training rows: inputs at random with replacement, by weight if there are weights."""
    weights = np.array(spec.input_weights if spec.input_weights is not None else np.ones(len(table)))
    rows = random.choice(len(table), size=len(table) * spec.samples_per_input, p=weights / weights.sum())
    inputs = None
    if spec.noise_std > 0:
        noise = random.normal(0, spec.noise_std, (len(rows), table.shape[1]))
        inputs = (table[rows] + noise).astype(np.float32)
    return _Lane(position, spec, random, rows.astype(np.int64), inputs)
