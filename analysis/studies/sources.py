"""Where the networks of a study come from: one registered record each, its maker named by dotted path.

Makers load torch, so that they are not imported here; pages and forms know sources by their records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from analysis.data import DataRecord
from analysis.errors import InvalidStudy
from analysis.late_functions import function_at
from analysis.network_files.planted_record import PlantedRecord
from analysis.networks.network import Network
from analysis.tasks import Task

CONVERGED: Final = "converged"
REFUSED: Final = "not_analysed"
"""The state of a network that could not be read, or not be analysed under every protocol."""


@dataclass(frozen=True, eq=False)
class Produced:
    """One network of a cell, or why there is none.

    Args:
        state: "converged", or why not, as training tells it.
        message: the same in words.
        network: None only where there is none at all.
        tasks: one for each output.
        epochs, loss, accuracy: how training ended, None where that has no meaning.
        seconds: its share of the time, 0 without a clock.
        data: on what it is judged; None for the clean inputs.
        planted: what was planted in it, if anything was.
        draws: how many networks were drawn, or permutations tried, until it was accepted; None for a trained one.
    """

    seed: int
    state: str
    message: str
    network: Network | None
    tasks: tuple[Task, ...] = ()
    epochs: int | None = None
    loss: float | None = None
    accuracy: float | None = None
    seconds: float = 0.0
    data: DataRecord | None = None
    planted: PlantedRecord | None = None
    draws: int | None = None


BOOLEAN: Final = "boolean"
"""Key of the source that trains."""
PLANTED: Final = "planted"
"""Key of the source that plants."""
DRAWN: Final = "drawn"
"""Key of the source that draws from priors."""
FILES: Final = "files"
"""Key of the source whose networks are files."""
Maker = Callable[..., Iterator[Produced]]
"""Called with a cell, some seeds and some work: its networks of these seeds, in order; may raise Cancelled. Networks
that are files are made of a fourth argument, their contents by seed.
"""


@dataclass(frozen=True)
class Source:
    """One way to get networks.

    Args:
        key: as designs name it.
        label: for people.
        maker: dotted path "module:function" of a :data:`Maker`.
        options: allowed keys of ``source_options`` with what each means.
        boolean: whether cells are training specs on Boolean tasks, and so checked as such.
        judged_on: on what its networks are judged, in words; "" for the clean inputs.
    """

    key: str
    label: str
    maker: str
    options: Mapping[str, str] = field(default_factory=dict)
    boolean: bool = True
    judged_on: str = ""

    def load(self) -> Maker:
        """The maker itself."""
        return cast(Maker, function_at(self.maker))


_ALL: Final = (
    Source(
        BOOLEAN,
        "networks trained on Boolean tasks",
        "analysis.studies.makers:trained_networks",
        {"gates": "names of tasks; a level of tasks such as '?', '?' learns as many of these, drawn for each seed"},
    ),
    Source(
        PLANTED,
        "networks in which an algorithm is planted",
        "analysis.studies.makers:planted_networks",
        {
            "algorithms": "and-inverter texts; the network of seed s carries that at place s, counted round",
            "steps": "of interchange training, 3,000 if not given",
        },
    ),
    Source(
        DRAWN,
        "networks drawn from a prior until one computes the tasks, beside trained ones",
        "analysis.studies.makers:drawn_networks",
        {
            "most_draws": "networks that are drawn for one before it is given up, 20,000,000 if not given",
            "moments": "of the prior 'matched': for each level of hidden, such as '3-3', a list of its layers, each "
            "with mean and standard deviation of its weights, then of its biases",
        },
    ),
    Source(
        "digits",
        "tails of networks trained on handwritten zeros and ones",
        "app.image_source:make_networks",  # named only: it reads files, which the engine does not
        {
            "images": "'digits', which come with Pluriscope, or 'mnist', whose files the data folder has",
            "held_out": "share of the images that is not trained on, on which circuits are judged",
        },
        boolean=False,
        judged_on="the activations that held-out images give",
    ),
    Source(
        FILES,
        "networks that are files, of any kind that is read",
        "pluriscope.study_files:make_networks",
        {
            "files": "paths and patterns beside the study file; their names and contents once they are read",
            "encoding": "the numbers that stand for 0 and 1 on their inputs, such as '-1, 1'",
            "output_is": "what their outputs are: value, logit or classes",
        },
        boolean=False,
    ),
)
SOURCES: Final[Mapping[str, Source]] = {source.key: source for source in _ALL}


def source_named(key: str) -> Source:
    """A source by its key.

    Raises:
        InvalidStudy: there is none.
    """
    try:
        return SOURCES[key]
    except KeyError:
        raise InvalidStudy(f"source {key!r}", "is unknown", f"use {' or '.join(SOURCES)}") from None
