"""Sources of the networks of a study. Makers load torch, and so are named by dotted path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, Strict

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.errors import InvalidPlanting, InvalidStudy
from pluriscope.analysis.network_files.declaration import OutputIs
from pluriscope.analysis.planted.record import PlantedRecord
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.tasks import Task, task_of_text
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope_edits.planting.compiling import compile_algorithm
from pluriscope_edits.planting.placement import placed_units
from pluriscope_edits.planting.planted import Planted
from pluriscope_edits.planting.recipes import MAX_STEPS, STEPS, read_recipe
from pluriscope_methods.drawing import MATCHED, MAX_SCALE, Prior, read_prior
from pluriscope_studies.analysis.cells import Cell
from pluriscope_studies.analysis.design import FILES, StudyDesign, level_label

CONVERGED: Final = "converged"
REFUSED: Final = "not_analysed"
"""The state of a network that could not be read, or not be analysed under every protocol."""
BOOLEAN: Final = "boolean"
PLANTED: Final = "planted"
DRAWN: Final = "drawn"

Number = Annotated[float, Strict()]
Mean = Annotated[Number, Field(ge=-MAX_SCALE, le=MAX_SCALE)]
Deviation = Annotated[Number, Field(ge=0, le=MAX_SCALE)]


@dataclass(frozen=True, eq=False)
class RowNetwork:
    """A network of a study.

    Args:
        network: None if there is none.
        tasks: one for each output.
        data: the rows that it is judged on; None for the clean inputs.
        planted: what was planted in it, if anything was.
    """

    network: Network | None
    tasks: tuple[Task, ...] = ()
    data: DataRecord | None = None
    planted: PlantedRecord | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Produced(RowNetwork):
    """Network of a cell as it was made, or why there is none.

    Args:
        state: "converged", or why not, as training reports it; ``message`` the same in words.
        epochs, loss, accuracy: how training ended, None where that has no meaning.
        seconds: its share of the time, 0 without a clock.
        draws: how many networks were drawn until it was accepted; None for a trained one.
    """

    seed: int
    state: str
    message: str
    epochs: int | None = None
    loss: float | None = None
    accuracy: float | None = None
    seconds: float = 0.0
    draws: int | None = None


Maker = Callable[..., Iterator[Produced]]
"""Called with a cell, some seeds and some work: its networks of these seeds, in order; may raise Cancelled. Networks
that are files are made of a fourth argument, their contents by seed.
"""


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TrainedOptions(Options):
    gates: tuple[str, ...] = Field((), description="Tasks of which a level such as '?', '?' learns as many.")


class PlantedOptions(Options):
    algorithms: tuple[str, ...] = Field(
        min_length=1, description="And-inverter texts; the network of seed s carries that at place s, counted round."
    )
    steps: int = Field(STEPS, strict=True, ge=1, le=MAX_STEPS, description="Of interchange training.")


class DrawnOptions(Options):
    most_draws: int = Field(
        20_000_000, strict=True, ge=1, le=10**12, description="Networks drawn for one before it is given up."
    )
    moments: dict[str, tuple[tuple[Mean, Deviation, Mean, Deviation], ...]] = Field(
        {},
        description="Of the prior 'matched': for each level of hidden, such as '3-3', its layers, each with mean and "
        "standard deviation of its weights, then of its biases.",
    )


class NetworkFileNamed(Options):
    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class FilesOptions(Options):
    files: tuple[NetworkFileNamed, ...] = Field(
        min_length=1, description="In a study file paths and patterns beside it; names and contents once they are read."
    )
    encoding: str = Field("", description="The numbers that stand for 0 and 1 on their inputs, such as '-1, 1'.")
    output_is: OutputIs = "value"


@dataclass(frozen=True)
class Source:
    """Source of networks: the dotted path "module:function" of a :data:`Maker`, and the options of designs."""

    maker: str
    options: type[Options]


SOURCES: Final[Mapping[str, Source]] = {
    BOOLEAN: Source("pluriscope_studies.analysis.makers:trained_networks", TrainedOptions),
    PLANTED: Source("pluriscope_studies.analysis.makers:planted_networks", PlantedOptions),
    DRAWN: Source("pluriscope_studies.analysis.makers:drawn_networks", DrawnOptions),
    FILES: Source("pluriscope_studies.files:make_networks", FilesOptions),
}
"""Where networks come from; designs of results may name others, of which no network is made here."""


def options_of(design: StudyDesign) -> Any:
    """Read the options that a design gives its source, by the source's own record."""
    return SOURCES[design.source].options.model_validate(design.source_options)


def planted_algorithms(design: StudyDesign) -> tuple[HighLevelModel, ...]:
    """The algorithms that networks of successive seeds carry by turns.

    Raises:
        InvalidPlanting, InvalidAlgorithm: one of another task than the design's only one; a text that is none.
    """
    texts: Sequence[str] = options_of(design).algorithms
    found = tuple(parse_algorithm(text, "and_inverter", design.n_inputs) for text in texts)
    for algorithm in found:
        for names in design.tasks:
            if len(names) != 1 or task_of_text(names[0], design.n_inputs).pattern != algorithm.function:
                cause = f"does not compute {' + '.join(names)}"
                raise InvalidPlanting(f"algorithm {algorithm.formula}", cause, "let tasks and algorithms agree")
    return found


def compiled(cell: Cell, algorithm: HighLevelModel) -> Planted | None:
    """The compiled network of a cell, before its disguises; None for a cell whose networks are trained.

    Raises:
        InvalidPlanting: the recipe cannot be read, or the algorithm does not fit.
    """
    recipe, levels = read_recipe(cell.levels["planting"]), cell.levels
    if recipe.mode is not None:
        placed_units(algorithm, cell.sizes)
        return None
    return compile_algorithm(
        algorithm,
        levels["hidden"],
        activation=levels["activation"],
        output_activation=levels["output_activation"] or levels["activation"],
    )


def prior_of(design: StudyDesign, level: str, hidden: Sequence[int]) -> Prior:
    """The prior of a level; "matched" has moments for each layer from the options, else this is an InvalidStudy."""
    name, moments = level_label("hidden", hidden), options_of(design).moments
    found = moments.get(name, ()) if level == MATCHED else ()
    if level == MATCHED and len(found) != len(hidden) + 1:
        cause = f"are of {len(found)} layers, and there are {len(hidden) + 1}"
        raise InvalidStudy(f"moments of {name}", cause, "give four numbers for each layer")
    return read_prior(level, found)
