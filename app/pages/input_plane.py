"""The plane of the inputs: what a network or a circuit decides between the Boolean inputs.

Two inputs are one square, three are slices of the cube at three values of the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import Field

from analysis.certificates.input_plane import SIDE, PlaneMap, plane_map
from analysis.certificates.programs import circuit_program, decision_regions, with_fixed
from analysis.errors import BeyondLimits
from analysis.networks.circuit import Circuit
from analysis.networks.network import Network
from analysis.tasks import INPUT_NAMES
from analysis.validity import DecisionRule
from app.figures.svg import plane_figure
from app.options import PageModel
from app.pages.place import Place
from pluriscope.blocks import Block, Figure, Notice, Side

SLICES: Final = (0.0, 0.5, 1.0)
MAX_HIDDEN: Final = 24
"""Hidden neurons of networks that have a plane: what a point gives them is shown one by one."""
_SIGNS: Final = {0: "0", 1: "1", -1: "-"}


class PieceView(PageModel):
    """A convex polygon that is decided one way."""

    decision: int = Field(description="0, 1, or −1 for neither.")
    corners: list[tuple[float, float]] = Field(description="(first input, second input).")


class SliceView(PageModel):
    """One square of the input space."""

    fixed: float | None = Field(description="Value of the third input; null if there is none.")
    exact: bool = Field(description="Whether the pieces are exact polygons; else there is a grid.")
    pieces: list[PieceView]
    rows: list[str] = Field(
        description="Decisions in the middles of a grid's squares, a text for each value of the second input "
        "from 0 up, a sign for each of the first; - is neither. Empty if there are pieces."
    )


class PlaneView(PageModel):
    """The plane of the inputs."""

    slices: list[SliceView]
    inputs: list[str]

    @property
    def how(self) -> str:
        """How the picture was made."""
        if all(one.exact for one in self.slices):
            return "Exact polygons; hairlines are where the network bends"
        side = max(len(one.rows) for one in self.slices)
        return f"Computed in the middle of each of {side} × {side} squares"

    def sentence(self, title: str, one: SliceView) -> str:
        """What a square shows.

        Args:
            title: whose decisions.
            one: the square.
        """
        first, second, *third = self.inputs
        at = f", {third[0]} = {one.fixed:g}" if one.fixed is not None else ""
        return f"{title}: its decisions for {first} and {second} from 0 to 1{at}"


def input_plane(place: Place, circuit: Circuit | None = None) -> PlaneView | None:
    """The plane of a network, or of one of its circuits under the protocol's ablation.

    Args:
        place: the network, its output and its rules.
        circuit: the circuit; None for the whole network.

    Returns:
        None if the network has not two or three Boolean inputs, more than :data:`MAX_HIDDEN` hidden neurons, or a
        layer in which nothing is left.
    """
    question = place.question
    if not question.data.boolean:
        return None
    return plane_of(question.cut, question.protocol.circuit_decision, question.absent, circuit)


def plane_of(
    network: Network, rule: DecisionRule, absent: Sequence[NDArray[np.float64]], circuit: Circuit | None = None
) -> PlaneView | None:
    """The same of a network by itself.

    Args:
        network: cut to one output.
        rule: how its output is decided.
        absent: what absent edges carry, ``[n_l]`` for layers 0 … L − 1.
        circuit: as for :func:`input_plane`.
    """
    keep = [np.ones(matrix.shape, dtype=bool) for matrix in network.weights] if circuit is None else circuit.keep
    fits = network.n_inputs in (2, 3) and sum(network.sizes[1:-1]) <= MAX_HIDDEN
    if not fits or not all(matrix.any() for matrix in keep):
        return None
    try:
        regions = decision_regions(network, rule)
    except BeyondLimits:
        return None
    program = circuit_program(network, keep, absent)
    if program.n_free == 2:
        slices = [_slice(plane_map(program, regions), None)]
    else:
        slices = [_slice(plane_map(with_fixed(program, 2, value), regions, SIDE // 2), value) for value in SLICES]
    return PlaneView(slices=slices, inputs=list(INPUT_NAMES[: network.n_inputs]))


def _slice(found: PlaneMap, fixed: float | None) -> SliceView:
    return SliceView(
        fixed=fixed,
        exact=found.grid is None,
        pieces=found.pieces,
        rows=[] if found.grid is None else grid_rows(found.grid.tolist()),
    )


def grid_rows(grid: Sequence[Sequence[int]]) -> list[str]:
    """A grid of decisions as one text for each row."""
    return ["".join(_SIGNS[decision] for decision in row) for row in grid]


def plane_blocks(
    place: Place, circuit: Circuit | None, title: str, made: Callable[[Markup, str, str], Figure]
) -> Iterator[Block]:
    """What a network, or a circuit of it, decides between two or three inputs: a square, or three slices of the cube.

    Args:
        place: the network and its rules.
        circuit: of it; None for the whole.
        title: what it is called.
        made: makes a figure of a drawing, its caption and its name.
    """
    plane = input_plane(place, circuit)
    if plane is None:
        yield Notice("There is no picture.", "The network is too large, or nothing is left of a layer.")
        return
    figures = [
        made(
            plane_figure(part.pieces, part.rows, plane.inputs[:2], sentence=plane.sentence(title, part)),
            f"{plane.sentence(title, part)}. Filled where it decides 1, empty where 0. {plane.how}.",
            f"plane.{number}",
        )
        for number, part in enumerate(plane.slices, start=1)
    ]
    if len(figures) == 1:
        yield figures[0]
    else:
        yield Side(figures)
