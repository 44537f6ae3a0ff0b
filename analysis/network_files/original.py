"""Comparison of an imported network with the model that it was read from, by running both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network

Rows = NDArray[np.float64]
SINGLE: Final = 1e-4
DOUBLE: Final = 1e-9
MOST_ROWS: Final = 1_024
DRAWN_ROWS: Final = 64
"""Of more than :data:`MOST_ROWS`."""
BETWEEN: Final = 16
"""Rows drawn between those of the task: what only agrees on these computes something else."""
_ALONE: Final = "give a network that computes its outputs from each row alone"
_BY_ROUNDING: Final = 100
"""Tolerances by which rounding may add up where weights are large."""


@dataclass(frozen=True)
class Original:
    """A network as its own library runs it.

    Args:
        run: from inputs ``[rows, n_inputs]`` to outputs ``[rows, n_outputs]``; raises InvalidNetwork where it cannot.
        tolerance: how far its outputs may be from ours, relative to the larger of them, or to 1 where both are smaller.
        whole: the type of its inputs, such as int64 or bool, where that has no numbers between whole ones; else "".
        cure: what to do where it does.
        row_by_row: whether it runs each row alone, so that none can depend on others.
        classes: of which it answers the one with the largest output; () where outputs answer by themselves.
        labels: of the two classes of its one output, that for 0 and that for 1; () where it has no names for them.
    """

    run: Callable[[Rows], Rows]
    tolerance: float
    whole: str = ""
    cure: str = "give a network that computes what its layers do"
    classes: tuple[Any, ...] = ()
    labels: tuple[Any, ...] = ()
    row_by_row: bool = False


def check_against(original: Original, network: Network, rows: Rows) -> None:
    """Refuse a network that does not compute what it was read from.

    Args:
        original: what it was read from.
        network: what was read.
        rows: ``[rows, n_inputs]`` of its task.

    Raises:
        InvalidNetwork: the original cannot be run on these, or another output or decision, with the row and both.
    """
    dice = np.random.default_rng(0)
    if len(rows) > MOST_ROWS:
        rows = rows[np.sort(dice.choice(len(rows), DRAWN_ROWS, replace=False))]
    n, taken = len(rows), rows.astype(original.whole or np.float64)
    if (taken != rows).any():
        cause = f"is read as {original.whole}, which cannot be {rows[taken != rows][0]:.4g}"
        raise InvalidNetwork("input", cause, "use an encoding or data of that type, or let the network take float32")
    if not original.whole:
        between = dice.uniform(rows.min(axis=0), rows.max(axis=0), (BETWEEN, rows.shape[1]))
        rows = np.concatenate((rows, between))
    theirs, ours = original.run(rows), forward(network, rows)
    if theirs.shape != ours.shape:
        cause = f"gives {theirs.shape[1]} outputs, and its layers as read {ours.shape[1]}"
        raise InvalidNetwork("network", cause, original.cure)
    differs = apart(theirs, ours, original.tolerance)
    differs[:n] |= (decide(theirs, "rounding") != decide(ours, "rounding"))[:n]
    if differs.any():
        row, output = np.argwhere(differs)[0]
        on = f"row {row}, inputs " if row < n else "the inputs "
        on += ", ".join(f"{value:.4g}" for value in rows[row])
        own = original.cure
        if not original.row_by_row and other_alone(original.run, taken, theirs, original.tolerance) is not None:
            own = _ALONE
        rounds, cure = blamed(theirs, ours, original.tolerance, own)
        cause = f"is {theirs[row, output]:.9g} on {on}, and as its layers were read {ours[row, output]:.9g}{rounds}"
        raise InvalidNetwork(f"output {output}", cause, cure)
    if not original.row_by_row:
        check_alone(original.run, taken, theirs, original.tolerance)


def check_alone(run: Callable[[Any], Rows], rows: NDArray[Any], together: Rows, tolerance: float) -> None:
    """Refuse what gives a row other outputs alone than among others; of many rows some are tried.

    Raises:
        InvalidNetwork: with the first such row.
    """
    if (row := other_alone(run, rows, together, tolerance)) is not None:
        inputs = ", ".join(f"{value:.4g}" for value in rows[row][:16])
        cause = f"gives row {row}, inputs {inputs}, other outputs alone than among other rows"
        raise InvalidNetwork("network", cause, _ALONE)


def other_alone(run: Callable[[Any], Rows], rows: NDArray[Any], together: Rows, tolerance: float) -> int | None:
    """Return the first of some rows that has other outputs alone than among others; None if there is none."""
    for row in map(int, np.unique(np.linspace(0, len(rows) - 1, DRAWN_ROWS).astype(int))):
        if apart(run(rows[row : row + 1]), together[row : row + 1], tolerance).any():
            return row
    return None


def apart(theirs: Rows, ours: Rows, tolerance: float) -> NDArray[np.bool_]:
    """Decide where outputs differ by more than a tolerance, relative to the larger of two, or to 1 where both are
    smaller.
    """
    scale = np.maximum(1.0, np.maximum(np.abs(theirs), np.abs(ours)))
    with np.errstate(invalid="ignore"):  # a difference of infinities
        return ~(np.abs(theirs - ours) <= tolerance * scale)


def blamed(theirs: Rows, ours: Rows, tolerance: float, cure: str) -> tuple[str, str]:
    """Return why outputs differ, as a clause, and what to do: of single precision and less rounding, where it may be
    that.
    """
    if tolerance <= DOUBLE or apart(theirs, ours, _BY_ROUNDING * tolerance).any():
        return "", cure
    return ": its numbers are rounded as it runs", "give it in double precision, of torch as .double()"
