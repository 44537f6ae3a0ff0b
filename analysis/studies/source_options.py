"""What a design says to its source: algorithms that are planted, and how many networks are drawn; without torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.parsing import parse_algorithm
from analysis.errors import AnalysisError, InvalidPlanting, InvalidStudy
from analysis.networks.drawing import MATCHED, MAX_SCALE, Moments, Prior, read_prior
from analysis.planting.compiling import compile_algorithm
from analysis.planting.placement import placed_units
from analysis.planting.planted import Planted
from analysis.planting.recipes import MAX_STEPS, STEPS, read_recipe
from analysis.studies.cells import Cell
from analysis.studies.design import StudyDesign, level_label
from analysis.tasks import task_of_text

MOST_DRAWS: Final = 20_000_000
MAX_MOST_DRAWS: Final = 10**12


def planted_algorithms(design: StudyDesign) -> tuple[HighLevelModel, ...]:
    """The algorithms of ``source_options``, by turns carried by the networks of successive seeds.

    Raises:
        InvalidPlanting: none, or one of another task than the design's only one.
        InvalidAlgorithm: a text that no algorithm has.
    """
    texts = design.source_options.get("algorithms")
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise InvalidPlanting("algorithms", "are no list of texts", "give identity texts in and-inverter form")
    found = tuple(parse_algorithm(text, "and_inverter", design.n_inputs) for text in texts)
    for algorithm in found:
        for names in design.tasks:
            if len(names) != 1 or task_of_text(names[0], design.n_inputs).pattern != algorithm.function:
                cause = f"does not compute {' + '.join(names)}"
                raise InvalidPlanting(f"algorithm {algorithm.formula}", cause, "let tasks and algorithms agree")
    return found


def planted_steps(design: StudyDesign) -> int:
    """Steps of interchange training.

    Raises:
        InvalidPlanting: no whole number in range.
    """
    return _whole(design, "steps", STEPS, MAX_STEPS, InvalidPlanting)


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


def most_draws(design: StudyDesign) -> int:
    """How many networks are drawn for one before it is given up.

    Raises:
        InvalidStudy: no whole number in range.
    """
    return _whole(design, "most_draws", MOST_DRAWS, MAX_MOST_DRAWS, InvalidStudy)


def prior_of(design: StudyDesign, level: str, hidden: Sequence[int]) -> Prior:
    """The prior of a level for networks of these hidden layers; "matched" has its moments from ``source_options``.

    Raises:
        InvalidStudy: no such prior, or moments that are missing or none.
    """
    return read_prior(level, _moments(design, hidden) if level == MATCHED else ())


def _moments(design: StudyDesign, hidden: Sequence[int]) -> Moments:
    """``source_options.moments`` of one level of hidden layers, such as "3-3"."""
    name, given = level_label("hidden", hidden), design.source_options.get("moments")
    layers: Any = given.get(name) if isinstance(given, dict) else None
    if not isinstance(layers, list) or len(layers) != len(hidden) + 1 or not all(map(_four_numbers, layers)):
        raise InvalidStudy(
            f"moments of {name}",
            f"are no list of {len(hidden) + 1} layers with four numbers each",
            f"give mean and standard deviation of weights, then of biases, up to {MAX_SCALE:g}",
        )
    return tuple(map(tuple, layers))


def _four_numbers(layer: Any) -> bool:
    """Whether a layer has two means and two standard deviations, in range."""
    if not isinstance(layer, list) or len(layer) != 4 or not all(type(one) in (int, float) for one in layer):
        return False
    return all(math.isfinite(one) and abs(one) <= MAX_SCALE for one in layer) and min(layer[1::2]) >= 0


def _whole(design: StudyDesign, name: str, usual: int, most: int, error: type[AnalysisError]) -> int:
    given = design.source_options.get(name, usual)
    if type(given) is not int or not 1 <= given <= most:
        raise error(f"{name} {given!r}", "is out of range", f"give 1 to {most:,}")
    return given
