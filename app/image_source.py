"""The source "digits" of studies: networks trained on images, whose last layers are analysed; loads torch.

The images are the zeros and ones that come with Pluriscope.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any, Final

from analysis.errors import AnalysisError, Cancelled, InvalidStudy
from analysis.question import Question
from analysis.result import OutputAnalysis
from analysis.studies.cells import Cell
from analysis.studies.digits import ImageTraining, TrainedOnImages, analyse_tail, tail_of, train_on_images
from analysis.studies.image_files import Images, parse_images
from analysis.studies.sources import Order, Produced

BUNDLED: Final = "digits"
HELD_OUT: Final = 0.3


def make_networks(cell: Cell, seeds: Sequence[int], order: Order) -> Iterator[Produced]:
    """Train one network for each seed and analyse its tail under every protocol.

    Raises:
        InvalidStudy: options out of range.
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
        InvalidStudy: others than those that come with Pluriscope.
    """
    kind = options.get("images", BUNDLED)
    if kind != BUNDLED:
        raise InvalidStudy("source_options.images", f"is {kind!r}", f"use {BUNDLED!r}, the only images that are here")
    return parse_images((resources.files("app.bundled") / "digits-0-1.json").read_bytes())


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
