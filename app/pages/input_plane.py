"""The plane of the inputs: what a network answers between the Boolean inputs.

Two inputs are one square, three are slices of the cube at three values of the last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from analysis.answers import ANSWERED
from analysis.certificates.input_plane import SIDE, plane_map
from analysis.certificates.programs import circuit_program, decision_regions, with_fixed
from analysis.errors import BeyondLimits
from analysis.tasks import INPUT_NAMES
from app.figures.svg.plane import plane_figure
from app.pages.place import Place
from pluriscope.blocks import Block, Figure, Notice, Side

SLICES: Final = (0.0, 0.5, 1.0)
MAX_HIDDEN: Final = 24
"""Hidden neurons of networks that have a plane: cutting it into pieces takes longer with each."""


def plane_blocks(place: Place) -> Iterator[Block]:
    """What a network answers between two or three inputs: a square, or three slices of the cube."""
    network = place.question.cut
    try:
        regions = decision_regions(network, ANSWERED)
    except BeyondLimits:
        regions = None
    if regions is None or sum(network.hidden_sizes) > MAX_HIDDEN:
        yield Notice("There is no picture.", "The network is too large.")
        return
    keep = [np.ones(matrix.shape, dtype=np.bool_) for matrix in network.weights]
    program = circuit_program(network, keep, place.question.absent)
    first, second, *third = list(INPUT_NAMES[: network.n_inputs])
    figures = []
    for fixed in SLICES if third else (None,):
        found = plane_map(
            program if fixed is None else with_fixed(program, 2, fixed), regions, SIDE // (1 + len(third))
        )
        rows = [] if found.grid is None else ["".join(map(str, row)) for row in found.grid.tolist()]
        how = "Exact polygons; hairlines are where the network bends"
        if rows:
            how = f"Computed in the middle of each of {len(rows)} × {len(rows)} squares"
        at = "" if fixed is None else f", {third[0]} = {fixed:g}"
        said = f"{place.row.name}: its answers for {first} and {second} from 0 to 1{at}"
        drawn = plane_figure(found.pieces, rows, (first, second), sentence=said)
        figures.append(Figure(drawn, f"{said}. Filled where it answers 1, empty where 0. {how}."))
    yield Side(figures) if third else figures[0]
