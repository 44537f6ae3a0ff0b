"""Gradient descent on a loss of the outputs: full batch, sums in one order."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import numpy as np

from pluriscope.analysis.edits.edit import Array, Editable, Numbers, Parameters
from pluriscope.analysis.errors import InvalidEdit, InvalidNetwork
from pluriscope.analysis.methods.settings import Setting, Settings

MAX_OUTPUT: Final = 1e6
"""Above it a descent has diverged."""
STEPS: Final = Setting("steps", 10_000, "most steps of the descent", low=1, high=20_000)
RATE: Final = Setting("rate", 0.01, "step along the gradient", low=0.0, high=1e3, above=True)
FEW_STEPS: Final = Setting("steps", 300, "most steps of the descent, which are Adam's", low=1, high=20_000)
SMALL_RATE: Final = Setting("rate", 0.003, "about what a weight moves in a step", low=0.0, high=1e3, above=True)
_MEMORY: Final = (0.9, 0.999)
_LEAST: Final = 1e-8


class Adam:
    """Steps of Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1."""

    def __init__(self) -> None:
        self._means: dict[str, Array] = {}
        self._squares: dict[str, Array] = {}
        self._forgotten = [1.0, 1.0]  # products, since a power is not the same on every machine

    def steps(self, slopes: Parameters) -> Parameters:
        """Steps of the parameters, in units of the rate, by the derivatives of a loss."""
        found = {}
        self._forgotten = [one * keep for one, keep in zip(self._forgotten, _MEMORY, strict=True)]
        first, second = (1.0 - one for one in self._forgotten)
        for name, slope in slopes.items():
            mean = _MEMORY[0] * self._means.get(name, 0.0) + (1.0 - _MEMORY[0]) * slope
            square = _MEMORY[1] * self._squares.get(name, 0.0) + (1.0 - _MEMORY[1]) * slope * slope
            self._means[name], self._squares[name] = mean, square
            found[name] = (mean / first) / (np.sqrt(square / second) + _LEAST)
        return found


def descended(
    one: Editable,
    rows: Numbers,
    settings: Settings,
    slopes: Callable[[Array], Array],
    lacks: Callable[[Array], str],
    moving: Collection[str] = (),
) -> tuple[Parameters, int, str]:
    """Parameters after gradient descent, how many steps that took, and what it lacks of its end.

    Args:
        one: what is edited.
        rows: numbers of those on which the loss is taken.
        settings: with steps and rate.
        slopes: the loss's derivatives by the outputs ``[rows, …]``.
        lacks: what such outputs lack of its end; "" for nothing.
        moving: names of the parameters that move; () for all.

    Raises:
        InvalidEdit: it diverges.
    """
    rate, adam, parameters = float(settings["rate"]), Adam(), dict(one.parameters)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(int(settings["steps"]) + 1):
            try:
                outputs, back = one.run(parameters, rows)
            except InvalidNetwork:
                outputs = np.array([np.inf])
            if not np.abs(outputs).max() < MAX_OUTPUT:
                cause = f"diverges: after {step:,} steps an output is beyond {MAX_OUTPUT:,.0f}"
                raise InvalidEdit("gradient descent", cause, f"give a rate below {rate:g}")
            if not (left := lacks(outputs)) or step == settings["steps"]:
                break
            by = {name: slope for name, slope in back(slopes(outputs)).items() if not moving or name in moving}
            for name, move in (adam.steps(by) if one.adaptive else by).items():
                parameters[name] = parameters[name] - rate * move
    return parameters, step, left
