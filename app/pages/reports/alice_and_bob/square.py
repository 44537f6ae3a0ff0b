"""What the network and each explanation say between the inputs, and what a browser needs to follow one point there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from analysis.certificates.input_plane import SIDE, grid_points
from analysis.fixed_order import inner
from analysis.networks.mlp import activations
from analysis.tasks import input_table
from analysis.validity import decide
from app.db.reports import ContradictionsReport, StoredReader
from app.pages.input_plane import grid_rows, plane_of
from app.pages.place import Place
from app.pages.reports.alice_and_bob.findings import plain_share
from app.pages.reports.alice_and_bob.views import CastView, CornerView, ReaderView, SquaresView, SquareView, TestedView


def squares_of(report: ContradictionsReport, cast: Sequence[CastView], place: Place) -> SquaresView | None:
    """The input square of the network and of each explanation; None if the network has not two inputs."""
    network = place.question.cut
    plane = plane_of(network, "threshold", place.question.absent)
    if plane is None or network.n_inputs != 2:
        return None
    stored = readers_of(report)
    layers = activations(network, grid_points(SIDE))
    decided = decide(layers[-1][:, 0], "threshold").reshape(SIDE, SIDE)
    hidden = layers[-2].reshape(SIDE, SIDE, -1)
    squares = [SquareView(name="The network", rows=grid_rows(decided.tolist()), wrong=[], impossible=[], agrees="")]
    wrong_shares = {one.readers[0]: one for one in report.in_square if one.kind == "wrong"}
    for number, (one, reader) in enumerate(zip(cast, stored, strict=True)):
        index = combinations(reader, hidden)
        said = np.array(reader.outputs)[index]
        share = wrong_shares.get(number)
        squares.append(
            SquareView(
                name=one.name,
                rows=grid_rows(said.tolist()),
                wrong=grid_rows((said != decided).astype(int).tolist()),
                impossible=grid_rows((1 - np.array(reader.possible, dtype=int)[index]).tolist()),
                agrees="" if share is None else plain_share(1 - share.high, 1 - share.low),
            )
        )
    return SquaresView(
        side=SIDE,
        squares=squares,
        corners=_corners(stored, place),
        point=plane.point,
        readers=[_reader(reader) for reader in stored],
    )


def readers_of(report: ContradictionsReport) -> list[StoredReader]:
    """How each explanation reads the hidden layer, in the order of the cast."""
    interpretation = report.interpretation
    return [one.reader for one in report.alignments] + ([] if interpretation is None else [interpretation.reader])


def combinations(reader: StoredReader, hidden: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which combination of bits, the first most significant, a reader reads off hidden states ``[…, width]``."""
    weights = np.array([[float(Fraction(w)) for w in row] for row in reader.weights])
    constants = np.array([float(Fraction(constant)) for constant in reader.constants])
    bits = inner(hidden, weights) + constants > 0
    index: NDArray[np.int64] = bits @ (1 << np.arange(bits.shape[-1])[::-1])
    return index


def _corners(stored: Sequence[StoredReader], place: Place) -> list[CornerView]:
    """The Boolean inputs."""
    network = place.question.cut
    rows = input_table(network.n_inputs)
    layers = activations(network, rows)
    decided, said = (
        decide(layers[-1][:, 0], "threshold"),
        [np.array(one.outputs)[combinations(one, layers[-2])] for one in stored],
    )
    return [
        CornerView(
            bits="".join(str(int(bit)) for bit in row),
            hidden=layers[-2][number].tolist(),
            network=int(decided[number]),
            says=[int(each[number]) for each in said],
        )
        for number, row in enumerate(rows)
    ]


def _reader(reader: StoredReader) -> ReaderView:
    return ReaderView(
        tests=[
            TestedView(weights=[float(Fraction(w)) for w in row], constant=float(Fraction(constant)))
            for row, constant in zip(reader.weights, reader.constants, strict=True)
        ],
        outputs=reader.outputs,
        possible=reader.possible,
    )
