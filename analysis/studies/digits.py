"""Networks that tell images of two digits apart, and their last layers; loads torch.

1. Images are pixels in [0, 1] in one row each. A part of them is held out, by a permutation that the seed draws.
2. An MLP pixels-128-128-3-3-3-1 learns the labels: leaky ReLU on every layer, mean squared error, AdamW, as the small
   networks do. It stops below the loss target, or when the loss has not fallen for some epochs.
3. The *tail* is what follows the first layer of width 3: a 3-3-3-1 network, whose inputs are the activations that
   images give. Its circuits are judged on the held-out images; a circuit is valid if it decides more of them right
   than the protocol's threshold.

Boolean inputs have no meaning here, so interpretations, algorithms and alignments are not searched, and the data record
says so. Its eight "representatives" are images, and the task is their labels. Activations are rounded to single
precision, in which the network was trained, so that a record is as short as it can be and comes back bit for bit.

After Méloux et al. (ICLR 2025), who do this with MNIST's zeros and ones.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.data import DataRecord
from analysis.errors import InvalidStudy, InvalidTraining
from analysis.networks.mlp import activations
from analysis.networks.network import Network
from analysis.networks.optimizers import AdamW
from analysis.networks.threads import one_thread
from analysis.networks.training_spec import MESSAGES, TrainingState
from analysis.studies.cells import Cell
from analysis.studies.sources import Produced
from analysis.tasks import Task
from analysis.work import DEFAULT_WORK, Work

HEAD: Final = (128, 128)
TAIL_INPUTS: Final = 3
_WEIGHT_DECAY: Final = 0.01  # as in analysis.networks.training
_IDX: Final = "give the two files of MNIST's training part as its authors or torchvision have them"


@dataclass(frozen=True, eq=False)
class Images:
    """Images of two kinds.

    Args:
        pixels: ``[images, pixels]`` in [0, 1].
        labels: ``[images]`` 0 or 1.
        name: what they are, for people.
    """

    pixels: NDArray[np.float64]
    labels: NDArray[np.int64]
    name: str


def parse_images(raw: bytes) -> Images:
    """Read the file of images: largest value, labels 0/1, pixels as base64 of bytes."""
    document = json.loads(raw)
    labels = np.array([int(sign) for sign in document["labels"]], dtype=np.int64)
    pixels = np.frombuffer(base64.b64decode(document["pixels"]), dtype=np.uint8)
    return Images(pixels.reshape(len(labels), -1) / document["max_value"], labels, document["name"])


def zeros_and_ones(images: bytes, labels: bytes) -> Images:
    """The zeros and ones of MNIST's files in the idx form, as its authors and torchvision have them.

    Args:
        images: of ``train-images-idx3-ubyte``, perhaps compressed by gzip.
        labels: of ``train-labels-idx1-ubyte``, likewise.

    Raises:
        InvalidStudy: a file is damaged or another, the two have different lengths, or one of the digits is missing.
    """
    pixels, digits = _idx(images, 3, "MNIST's images"), _idx(labels, 1, "MNIST's labels")
    if len(pixels) != len(digits):
        raise InvalidStudy("MNIST's files", f"have {len(pixels):,} images and {len(digits):,} labels", _IDX)
    if not {0, 1} <= set(digits.tolist()):
        raise InvalidStudy("MNIST's labels", "lack zeros or ones", _IDX)
    chosen, (high, wide) = digits < 2, pixels.shape[1:]
    name = f"MNIST’s zeros and ones, {high} × {wide} pixels"
    return Images(pixels[chosen].reshape(-1, high * wide) / 255, digits[chosen].astype(np.int64), name)


def _idx(raw: bytes, n_axes: int, item: str) -> NDArray[np.uint8]:
    """An array of bytes: two zeros, the type 8, how many axes, their lengths (big endian), the values."""
    try:
        raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
    except (OSError, EOFError, zlib.error):
        raise InvalidStudy(item, "is compressed and damaged", _IDX) from None
    head = 4 * (n_axes + 1)
    if raw[:4] != bytes((0, 0, 8, n_axes)) or len(raw) < head:
        raise InvalidStudy(item, f"is no idx file of bytes with {n_axes} axes", _IDX)
    shape = [int(size) for size in np.frombuffer(raw, ">u4", n_axes, 4)]
    if len(raw) - head != math.prod(shape):
        raise InvalidStudy(item, f"has {len(raw) - head:,} values, its head says {math.prod(shape):,}", _IDX)
    return np.frombuffer(raw, np.uint8, offset=head).reshape(shape)


def tails_of_networks(
    images: Images, cell: Cell, seeds: Sequence[int], held_out: float, work: Work = DEFAULT_WORK
) -> Iterator[Produced]:
    """Train one network for each seed, and take its tail with the activations that held-out images give.

    Args:
        images: with both labels among the part that is trained on.
        cell: whose levels and rules say how; accuracy is on the held-out images.
        held_out: share of the images on which networks are not trained.
        work: told "training" after every epoch; may cancel.

    Raises:
        InvalidTraining: the images are too few to hold some out.
        Cancelled: the report asked to stop.
    """
    for seed in seeds:
        start = work.clock()
        state, network, losses, held = train_on_images(images, cell, seed, held_out, work)
        told = partial(Produced, seed, epochs=len(losses))
        if network is None:
            yield told("diverged", MESSAGES["diverged"], None, accuracy=0.0)
            continue
        answers = np.round(activations(network, images.pixels[held])[-1][:, 0])
        accuracy = float((answers == images.labels[held]).mean())
        if state == "converged" and accuracy < cell.design.training.accuracy_target:
            state = "accuracy_too_low"
        tail, task, data = tail_of(network, images, held)
        told = partial(told, state, MESSAGES[state], tail, (task,), loss=losses[-1], accuracy=accuracy, data=data)
        yield told(seconds=work.clock() - start)


def train_on_images(
    images: Images, cell: Cell, seed: int, held_out: float, work: Work = DEFAULT_WORK
) -> tuple[TrainingState, Network | None, list[float], NDArray[np.int64]]:
    """One whole network, None if it diverged, with its losses by epoch and the indices of held-out images."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(images.labels))
    n_held = round(len(order) * held_out)
    held, trained = np.sort(order[:n_held]), order[n_held:]
    if n_held < 8 or len(set(images.labels[trained].tolist())) < 2:
        cause = f"leave {n_held} held out and {len(trained)} to train on"
        raise InvalidTraining(f"{len(order)} images", cause, "hold out at least 8 and train on both labels")
    rules, target = cell.design.training, float(cell.levels["loss_target"])
    with one_thread():
        parameters = []
        for n_in, n_out in pairwise((images.pixels.shape[1], *HEAD, TAIL_INPUTS, *cell.levels["hidden"], 1)):
            bound = 1 / math.sqrt(n_in)
            for shape in ((n_out, n_in), (n_out,)):
                start = torch.from_numpy(random.uniform(-bound, bound, shape).astype(np.float32))
                parameters.append(start.requires_grad_())
        optimiser = AdamW(parameters, lr=rules.learning_rate, weight_decay=_WEIGHT_DECAY)
        pixels = torch.from_numpy(images.pixels.astype(np.float32))
        labels = torch.from_numpy(images.labels.astype(np.float32))
        best, stale, losses = math.inf, 0, []
        for epoch in range(rules.epochs):
            batches = np.array_split(random.permutation(trained), -(-len(trained) // rules.batch_size))
            total = 0.0
            for batch in batches:
                rows = torch.from_numpy(batch)
                values = pixels[rows]
                for weights, biases in zip(parameters[::2], parameters[1::2], strict=True):
                    values = torch.nn.functional.leaky_relu(values @ weights.T + biases, rules.negative_slope)
                loss = ((values[:, 0] - labels[rows]) ** 2).mean()
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                total += float(loss.detach())
            losses.append(total / len(batches))
            work.tell("training", epoch + 1, rules.epochs, f"loss {losses[-1]:.3g}")
            stale = 0 if losses[-1] < best else stale + 1
            best = min(best, losses[-1])
            if not math.isfinite(losses[-1]) or losses[-1] < target or stale >= rules.patience:
                break
        arrays = [parameter.detach().numpy().astype(np.float64) for parameter in parameters]
    if not (math.isfinite(losses[-1]) and all(np.isfinite(array).all() for array in arrays)):
        return "diverged", None, losses, held
    network = Network.from_arrays(arrays[::2], arrays[1::2], negative_slope=rules.negative_slope)
    if losses[-1] >= target:
        return ("stopped_early" if stale >= rules.patience else "loss_above_target"), network, losses, held
    return "converged", network, losses, held


def tail_of(network: Network, images: Images, held_out: NDArray[np.int64]) -> tuple[Network, Task, DataRecord]:
    """The last layers as a network of their own, with the activations that held-out images give as its data.

    Args:
        network: the whole network.
        images: what it was trained on, and what was held out.
        held_out: indices of at least 8 images.
    """
    cut = len(HEAD) + 1  # layers below the tail
    rows = activations(network, images.pixels[held_out])[cut].astype(np.float32).astype(np.float64)
    labels = images.labels[held_out]
    chosen = np.concatenate([np.flatnonzero(labels == label)[:4] for label in (0, 1)])
    chosen = np.sort(np.concatenate([chosen, np.setdiff1d(np.arange(len(labels)), chosen)[: 8 - len(chosen)]]))
    tail = Network.from_arrays(
        network.weights[cut:], network.biases[cut:], negative_slope=network.negative_slope, activation="leaky_relu"
    )
    task = Task(tuple(int(label) for label in labels[chosen]), "one, not zero")
    described = f"activations that {len(rows)} held-out images give ({images.name})"
    record = DataRecord(rows[chosen], rows, labels[:, None].astype(np.float64), None, described, boolean=False)
    return tail, task, record
