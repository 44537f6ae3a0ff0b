"""Changes along linear directions of a layer, made by hand.

A changed direction has its read-out set to what is written: nothing (``zero``), its mean, what it reads on another
input (``source``, an interchange along the direction) or a number (``value``). The layer moves along the place's swap
directions, for an orthogonal one by the shortest change that does so; several directions of a layer are set at once,
each to its own, by the change that gives all of them what is written (:func:`analysis.directions.alignment.swap_rows`).
Layers above run on from there.

Text: ``LAYER~w~w~w``, rows joined by ``~~``, behind ``~~~`` the swap directions where they are their own: letters,
digits and signs that stand in an address as they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis import fixed_order
from analysis.directions.alignment import LinearPlace, number_text, parse_directions, swap_rows
from analysis.errors import InvalidAlignment, InvalidIntervention
from analysis.sandbox.edit_kinds import MAX_VALUE, WRITTEN, Written

SHAPE: Final = "LAYER~w~w~…, the layer and one number for each of its neurons, for instance 1~1~0~-1"
_TEXT: Final = re.compile(r"([0-9]{1,4})~([-0-9.e~]+)")


@dataclass(frozen=True)
class Along:
    """One change along one or more directions of a layer.

    Args:
        place: the directions.
        written: what their read-outs are set to.
        source: input row that it comes from, for ``source`` alone.
        value: the number, for ``value`` alone, which is for single directions.
    """

    place: LinearPlace
    written: Written
    source: int | None = None
    value: float | None = None

    @property
    def layer(self) -> int:
        return self.place.layer

    @property
    def text(self) -> str:
        """What tells two of them apart: the place, as addresses write it."""
        return place_text(self.place)

    @property
    def key(self) -> tuple[int, str]:
        """What orders them."""
        return self.place.layer, self.text


def place_text(place: LinearPlace) -> str:
    """The directions of a layer as addresses write them."""

    def rows(matrix: Sequence[Sequence[float]]) -> str:
        return "~~".join("~".join(map(number_text, row)) for row in matrix)

    return f"{place.layer}~{rows(place.reads)}" + (f"~~~{rows(place.swaps)}" if place.swaps else "")


def read_place(text: str) -> LinearPlace:
    """The inverse of :func:`place_text`.

    Raises:
        InvalidIntervention: the text has another shape, or names directions along which nothing can be set.
    """
    shape = _TEXT.fullmatch(text)
    if shape is None:
        raise InvalidIntervention(f"direction {text[:60]!r}", "is none", f"write {SHAPE}")
    body = shape[2].replace("~~~", "/").replace("~~", "_").replace("~", ",")
    try:
        ((_, place),) = parse_directions("", f"0@{int(shape[1])}={body}").places
    except InvalidAlignment as refused:
        raise InvalidIntervention(f"direction {text[:60]!r}", refused.cause, f"write {SHAPE}") from None
    return place


def check_along(changes: Sequence[Along], sizes: Sequence[int], n_inputs: int) -> None:
    """Refuse what a network does not admit.

    Args:
        changes: each direction once.
        sizes: layer sizes of the network.
        n_inputs: Boolean inputs.

    Raises:
        InvalidIntervention: a layer that the network has not, a direction of another width, a source that is no input
            row, a value that is no number within ±:data:`~analysis.sandbox.edit_kinds.MAX_VALUE` or is for a subspace,
            or directions of a layer that cannot be set at once.
    """
    for change in changes:
        place, name = change.place, f"direction {change.text[:60]}"
        if not 1 <= place.layer < len(sizes) - 1:
            hidden = f"its hidden layers are 1 to {len(sizes) - 2}" if len(sizes) > 2 else "it has no hidden layers"
            raise InvalidIntervention(name, f"is on layer {place.layer}, which is no hidden layer", hidden)
        if len(place.reads[0]) != sizes[place.layer]:
            raise InvalidIntervention(
                name,
                f"has {len(place.reads[0])} numbers for the {sizes[place.layer]} neurons of layer {place.layer}",
                f"write {SHAPE}",
            )
        if change.written not in WRITTEN:
            raise InvalidIntervention(
                f"{change.written!r} on {name}", "is nothing that can be written", f"use one of {', '.join(WRITTEN)}"
            )
        if change.written == "source" and (change.source is None or not 0 <= change.source < 1 << n_inputs):
            raise InvalidIntervention(
                f"source {change.source} of {name}", "is no input row", "choose one of the inputs"
            )
        if change.written == "value":
            if change.value is None or not math.isfinite(change.value) or abs(change.value) > MAX_VALUE:
                raise InvalidIntervention(
                    f"value {change.value} on {name}",
                    f"is no number from −{MAX_VALUE:,.0f} to {MAX_VALUE:,.0f}",
                    "write a number in that range",
                )
            if place.dimension > 1:
                raise InvalidIntervention(
                    f"value on {name}",
                    f"is one number for a subspace of {place.dimension} dimensions",
                    "patch it from an input, or write values along single directions",
                )
    for layer in {change.layer for change in changes}:
        here = [change for change in changes if change.layer == layer]
        if len(here) > 1 and swap_rows(change.place for change in here) is None:
            raise InvalidIntervention(
                f"{len(here)} directions of layer {layer}",
                "cannot be set at once: one of them is made of the others",
                "leave one out",
            )


def wanted_of(
    change: Along, clean: Sequence[NDArray[np.float64]], means: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """``[k]`` what each read-out is set to.

    Args:
        change: along directions.
        clean: the network's own activations ``[2^n, n_l]``.
        means: mean activations ``[n_l]``.
    """
    reads = change.place.matrix
    match change.written:
        case "zero":
            return np.zeros(len(reads))
        case "mean":
            return fixed_order.inner(means[change.layer], reads)
        case "source":
            return fixed_order.inner(clean[change.layer][change.source or 0], reads)
        case "value":
            return np.array([float(change.value or 0.0)])


def moved(
    values: NDArray[np.float64],
    changes: Sequence[Along],
    clean: Sequence[NDArray[np.float64]],
    means: Sequence[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """A layer's activations ``[n_l]`` with these directions, all of that layer, set to what is written.

    Args:
        values: the layer's activations otherwise.
        changes: along directions of that layer.
        clean: the network's own activations ``[2^n, n_l]``.
        means: mean activations ``[n_l]``.
    """
    rows = swap_rows(change.place for change in changes)
    if rows is None:
        raise InvalidIntervention(
            f"{len(changes)} directions", "cannot be set at once", "use linearly independent directions"
        )
    wanted = np.concatenate([wanted_of(change, clean, means) for change in changes])
    reads = np.concatenate([change.place.matrix for change in changes])
    step = wanted - fixed_order.inner(values, reads)
    for at in range(len(rows)):
        values = values + step[at] * rows[at]
    return values
