"""The source "digits" of studies: networks trained on images, whose last layers are analysed; loads torch.

The images are the zeros and ones that come with Pluriscope, or those of MNIST where its four IDX files (gzipped or not)
lie in the folder ``mnist`` of the data folder. Nothing is ever downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.errors import AnalysisError, Cancelled, InvalidStudy
from analysis.question import Question
from analysis.result import OutputAnalysis
from analysis.studies.cells import Cell
from analysis.studies.digits import ImageTraining, TrainedOnImages, analyse_tail, tail_of, train_on_images
from analysis.studies.image_files import MAX_FILE_BYTES, Images, parse_idx, parse_images, two_digits
from analysis.studies.sources import Order, Produced
from app.settings import Settings

KINDS: Final = ("digits", "mnist")
HELD_OUT: Final = 0.3
_MNIST: Final = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)


def make_networks(cell: Cell, seeds: Sequence[int], order: Order) -> Iterator[Produced]:
    """Train one network for each seed and analyse its tail under every protocol.

    Raises:
        InvalidStudy: options out of range, or no MNIST here.
        InvalidData: MNIST files that cannot be read.
        Cancelled: the report asked to stop.
    """
    images, held_out = chosen_images(cell.design.source_options), _held_out(cell.design.source_options)
    for seed in seeds:
        start = order.work.clock()
        trained = train_on_images(images, _rules(cell, seed, held_out), order.work, device=order.device)
        yield _produced(seed, images, trained, order, start)


def chosen_images(options: dict[str, Any]) -> Images:
    """The images that a design asks for.

    Raises:
        InvalidStudy: an unknown kind, or no MNIST here.
        InvalidData: MNIST files that cannot be read.
    """
    kind = options.get("images", "digits")
    if kind == "digits":
        return parse_images((resources.files("app.bundled") / "digits-0-1.json").read_bytes())
    if kind != "mnist":
        raise InvalidStudy("source_options.images", f"is {kind!r}", f"use {' or '.join(KINDS)}")
    return read_mnist(Settings().data / "mnist")


def read_mnist(folder: Path) -> Images:
    """MNIST's zeros and ones, training and test images together.

    Raises:
        InvalidStudy: the files are not there.
        InvalidData: they cannot be read.
    """
    parts = []
    for names in _MNIST:
        pixels, labels = (_file(folder, name) for name in names)
        parts.append(parse_idx(pixels, labels, f"MNIST {names[0].split('-')[0]}"))
    return two_digits(
        np.concatenate([pixels for pixels, _ in parts]),
        np.concatenate([labels for _, labels in parts]),
        "MNIST, zeros and ones",
    )


def _file(folder: Path, name: str) -> bytes:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(MAX_FILE_BYTES + 1)
    raise InvalidStudy(
        f"source_options.images 'mnist': {name}",
        "is not in the folder mnist of the data folder",
        "put MNIST's four IDX files there, gzipped or not, or use the images 'digits'",
    )


def _held_out(options: dict[str, Any]) -> float:
    share = options.get("held_out", HELD_OUT)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise InvalidStudy("source_options.held_out", f"is {share!r}", "use a number between 0 and 1")
    return float(share)


def _rules(cell: Cell, seed: int, held_out: float) -> ImageTraining:
    rules = cell.design.training
    return ImageTraining(
        tail=tuple(cell.levels["hidden"]),
        seed=seed,
        held_out=held_out,
        loss_target=cell.levels["loss_target"],
        learning_rate=rules.learning_rate,
        epochs=rules.epochs,
        batch_size=rules.batch_size,
        patience=rules.patience,
        accuracy_target=rules.accuracy_target,
        negative_slope=rules.negative_slope,
    )


def _produced(seed: int, images: Images, trained: TrainedOnImages, order: Order, start: float) -> Produced:
    told = {"epochs": trained.epochs, "loss": trained.loss, "accuracy": trained.accuracy}
    if trained.network is None:
        return Produced(seed, trained.state, trained.message, None, training=told)
    tail, task, data = tail_of(trained.network, images, trained.held_out)
    analyses: dict[str, tuple[OutputAnalysis, ...]] = {}
    problems: dict[str, AnalysisError] = {}
    for protocol in order.protocols if trained.state == "converged" else ():
        try:
            analyses[protocol.name] = (analyse_tail(Question(tail, 0, task, protocol, data), order.work),)
        except Cancelled:
            raise
        except AnalysisError as problem:
            problems[protocol.name] = problem
    seconds = order.work.clock() - start
    return Produced(seed, trained.state, trained.message, tail, (task,), analyses, problems, told, seconds, data)
