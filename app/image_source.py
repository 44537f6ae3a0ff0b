"""The source "digits" of studies: networks trained on images, whose last layers are analysed; loads torch.

The images are the zeros and ones that come with Pluriscope, or MNIST's, of which the data folder
or another that the settings name has the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from analysis.errors import InvalidStudy
from analysis.studies.cells import Cell
from analysis.studies.digits import Images, parse_images, tails_of_networks, zeros_and_ones
from analysis.studies.sources import Produced, options_of
from analysis.work import Work
from app.resources import PREFIX
from app.settings import Settings

_FILES: Final = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")


def make_networks(cell: Cell, seeds: Sequence[int], work: Work) -> Iterator[Produced]:
    """Train one network for each seed and take its tail.

    Raises:
        InvalidStudy: see :func:`chosen_images`.
        Cancelled: the report asked to stop.
    """
    options = options_of(cell.design)
    return tails_of_networks(chosen_images(options.images), cell, seeds, options.held_out, work)


def chosen_images(kind: str) -> Images:
    """The images that a design asks for, "digits" or "mnist".

    Raises:
        InvalidStudy: MNIST's files are not there, damaged or others.
    """
    if kind == "mnist":
        return zeros_and_ones(*(_found(name) for name in _FILES))
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
