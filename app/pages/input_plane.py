"""The plane of the inputs: what a network or a circuit decides between the Boolean inputs, and how to follow one point.

Two inputs are one square, three are slices of the cube at three values of the last one. Beside the pictures goes what a
browser needs to run the network at a point: weights with everything that is ablated folded into biases.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import Field

from analysis.certificates.input_plane import SIDE, PlaneMap, plane_map
from analysis.certificates.programs import Region, circuit_program, decision_regions, with_fixed
from analysis.errors import BeyondLimits
from analysis.networks.circuit import Circuit
from analysis.networks.network import DEFAULT_NEGATIVE_SLOPE, Network
from analysis.tasks import INPUT_NAMES
from analysis.validity import DecisionRule
from app.figures.svg import plane_figure
from app.options import PageModel
from app.pages.place import Place
from app.pages.shared import neuron_name
from pluriscope.blocks import Block, Figure, Notice, Side

SLICES: Final = (0.0, 0.5, 1.0)
MAX_HIDDEN: Final = 24
"""Hidden neurons of networks that have a plane: what a point gives them is shown one by one."""
PLANE: Final = (
    "What is decided between the Boolean inputs, and what runs at a point there; null for other than two or three "
    "Boolean inputs, and for large networks."
)
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


class LayerView(PageModel):
    """One layer of what runs at a point; ablated edges have weight 0 and are part of the biases."""

    names: list[str]
    weights: list[list[float]]
    biases: list[float]
    cut: list[bool] = Field(description="Hidden neurons without an edge in; they feed nothing.")


class RegionView(PageModel):
    """Pre-activations of the output that are decided one way; null ends are infinite."""

    decision: int
    low: float | None
    high: float | None
    low_open: bool
    high_open: bool


class PointView(PageModel):
    """What runs at a point of the plane."""

    inputs: list[str]
    layers: list[LayerView]
    activation: str
    output_activation: str
    negative_slope: float
    regions: list[RegionView]


class PlaneView(PageModel):
    """The plane of the inputs."""

    slices: list[SliceView]
    point: PointView

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
        first, second, *third = self.point.inputs
        at = f", {third[0]} = {one.fixed:g}" if one.fixed is not None else ""
        return f"{title}: its decisions for {first} and {second} from 0 to 1{at}"

    @property
    def neither(self) -> bool:
        """Whether somewhere neither 0 nor 1 is decided."""
        pieces = any(piece.decision < 0 for one in self.slices for piece in one.pieces)
        return pieces or any("-" in row for one in self.slices for row in one.rows)


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
    return PlaneView(slices=slices, point=_point(network, keep, absent, regions))


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


def _point(
    network: Network,
    keep: Sequence[NDArray[np.bool_]],
    absent: Sequence[NDArray[np.float64]],
    regions: Sequence[Region],
) -> PointView:
    """What a browser needs to run a network, or what is kept of it, at a point."""
    layers: list[LayerView] = []
    active: NDArray[np.bool_] = np.ones(network.n_inputs, dtype=bool)
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        carried = keep[layer - 1] & active
        last = layer == len(network.weights)
        active = np.ones(len(biases), dtype=bool) if last else np.asarray(keep[layer - 1].any(axis=1))
        layers.append(
            LayerView(
                names=[neuron_name(network.sizes, layer, neuron) for neuron in range(len(biases))],
                weights=np.where(carried, weights, 0.0).tolist(),
                biases=(biases + np.where(carried, 0.0, weights) @ absent[layer - 1]).tolist(),
                cut=(~active).tolist(),
            )
        )
    return PointView(
        inputs=list(INPUT_NAMES[: network.n_inputs]),
        layers=layers,
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=DEFAULT_NEGATIVE_SLOPE if network.negative_slope is None else network.negative_slope,
        regions=[
            RegionView.showing(
                region,
                low=region.low if math.isfinite(region.low) else None,
                high=region.high if math.isfinite(region.high) else None,
            )
            for region in regions
        ],
    )


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
            plane_figure(
                part.pieces, part.rows, plane.point.inputs[:2], sentence=plane.sentence(title, part), with_point=False
            ),
            f"{plane.sentence(title, part)}. Filled where it decides 1, empty where 0. {plane.how}.",
            f"plane.{number}",
        )
        for number, part in enumerate(plane.slices, start=1)
    ]
    if len(figures) == 1:
        yield figures[0]
    else:
        yield Side(figures)
