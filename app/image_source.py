"""The source "digits" of studies: networks trained on images, whose last layers are analysed; loads torch.

The images are the zeros and ones that come with Pluriscope, or MNIST's, of which the data folder
or another that the settings name has the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from analysis.errors import InvalidStudy
from analysis.networks.training_spec import MESSAGES
from analysis.studies.cells import Cell
from analysis.studies.digits import Images, parse_images, tail_of, train_on_images, zeros_and_ones
from analysis.studies.sources import Produced
from analysis.work import Work
from app.resources import PREFIX
from app.settings import Settings

BUNDLED: Final = "digits"
MNIST: Final = "mnist"
_FILES: Final = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
HELD_OUT: Final = 0.3


def make_networks(cell: Cell, seeds: Sequence[int], work: Work) -> Iterator[Produced]:
    """Train one network for each seed and take its tail.

    Raises:
        InvalidStudy: options out of range.
        Cancelled: the report asked to stop.
    """
    images, held_out = chosen_images(cell.design.source_options), _held_out(cell.design.source_options)
    for seed in seeds:
        start = work.clock()
        trained = train_on_images(images, cell, seed, held_out, work)
        message = MESSAGES[trained.state]
        if trained.network is None:
            yield Produced(seed, trained.state, message, None, epochs=trained.epochs, accuracy=trained.accuracy)
            continue
        tail, task, data = tail_of(trained.network, images, trained.held_out)
        yield Produced(
            seed,
            trained.state,
            message,
            tail,
            (task,),
            epochs=trained.epochs,
            loss=trained.loss,
            accuracy=trained.accuracy,
            seconds=work.clock() - start,
            data=data,
        )


def chosen_images(options: dict[str, Any]) -> Images:
    """The images that a design asks for.

    Raises:
        InvalidStudy: there are no such images, or MNIST's files are not there, damaged or others.
    """
    kind = options.get("images", BUNDLED)
    if kind == MNIST:
        return zeros_and_ones(*(_found(name) for name in _FILES))
    if kind != BUNDLED:
        raise InvalidStudy("source_options.images", f"is {kind!r}", f"use {BUNDLED!r} or {MNIST!r}")
    return parse_images((resources.files("app.bundled") / "digits-0-1.json").read_bytes())


def _found(name: str) -> bytes:
    """One of MNIST's files, from the folder of the settings or where torchvision puts it below its own."""
    settings = Settings()
    folder = Path(settings.mnist or settings.data).expanduser()
    for path in (folder / below / f"{name}{end}" for below in ("", "MNIST/raw", "raw") for end in ("", ".gz")):
        if path.is_file():
            return path.read_bytes()
    cure = f"put it there, or set {PREFIX}MNIST to the folder that has it; nothing is downloaded"
    where = f"folder of {PREFIX}MNIST" if settings.mnist else "data folder"
    raise InvalidStudy(where, f"has no {name} or {name}.gz", cure)


def _held_out(options: dict[str, Any]) -> float:
    share = options.get("held_out", HELD_OUT)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise InvalidStudy("source_options.held_out", f"is {share!r}", "use a number between 0 and 1")
    return float(share)
