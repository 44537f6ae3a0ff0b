"""How much of the input square [0, 1]² each event takes up: areas between two certain bounds.

The square is halved again and again. Sound bounds on every test over a box (:mod:`analysis.certificates.intervals`) say
where a bit is certain; an event is certain in a box if it is the case for every combination of the bits that are not.
What stays open lies along borders and shrinks with every halving, until all of it together is below the width that is
asked for. Nothing is sampled: the bounds hold for the real-number functions of the stored weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.certificates.intervals import bounds
from analysis.certificates.programs import Program, network_program
from analysis.contradictions.events import Event, Situation
from analysis.contradictions.readers import HalfSpace
from analysis.networks.network import Network
from analysis.work import DEFAULT_WORK, Work

Array = NDArray[np.float64]

WIDTH: Final = 1e-4
MAX_BOXES: Final = 4_000_000
_CLEAR: Final = 1e-3  # of the largest level of each test in the square: witnesses lie on no border
_GRID: Final = 10  # witnesses are looked for at tenths, then at hundredths


@dataclass(frozen=True)
class SquareShare:
    """One event in the input square.

    Args:
        event: what.
        low: it is certainly the case on at least this share of the square.
        high: and on at most this.
        witness: inputs at tenths, else at hundredths, where it certainly is, as far from open as any; None if none is.
    """

    event: Event
    low: float
    high: float
    witness: tuple[float, float] | None


def square_shares(
    network: Network,
    situation: Situation,
    work: Work = DEFAULT_WORK,
    *,
    width: float = WIDTH,
    max_boxes: int = MAX_BOXES,
) -> tuple[SquareShare, ...]:
    """Every event of a situation in the input square.

    Args:
        network: of two inputs, cut to one output.
        situation: readers of its last hidden layer.
        width: area that may stay open of each event.
        max_boxes: boxes looked at before it stops with wider bounds.
        work: told "contradictions"; may cancel.
    """
    if network.n_inputs != 2:
        raise ValueError(f"the input square is of two inputs, not {network.n_inputs}")
    programs = [_program(network, test) for test in situation.tests]
    events = situation.events
    surely, maybe = _three_valued(situation.truth(events), len(programs))
    low, high, n_boxes = np.zeros((1, 2)), np.ones((1, 2)), 0
    known = np.full((1, len(programs)), 2, dtype=np.int64)  # 0, 1, or 2 for open
    certain = np.zeros(len(events))
    step = 0
    while True:
        n_boxes += len(low)
        known = _decided(programs, low, high, known)
        code = known @ (3 ** np.arange(len(programs) - 1, -1, -1))
        area = (high - low).prod(axis=1)
        # an event that is certain in a box's parent is so in its halves, so areas are added once, where boxes end
        still = (maybe[:, code] & ~surely[:, code]).any(axis=0)
        certain += (surely[:, code[~still]] * area[~still]).sum(axis=1)
        low, high, known, code, area = low[still], high[still], known[still], code[still], area[still]
        here = (surely[:, code] * area).sum(axis=1)
        open_ = ((maybe[:, code] & ~surely[:, code]) * area).sum(axis=1)
        step += 1
        work.tell("contradictions", min(step, 30), 31, f"{n_boxes:,} boxes")
        if open_.max(initial=0.0) <= width or n_boxes + 2 * len(low) > max_boxes:
            break
        low, high, known = _halved(low, high, known, step % 2)
    bottom, top = certain + here, certain + here + open_
    witnesses = _witnesses(programs, surely)
    return tuple(
        SquareShare(event, float(bottom[i]), float(min(top[i], 1.0)), witnesses[i]) for i, event in enumerate(events)
    )


def _program(network: Network, test: HalfSpace) -> Program:
    """The test's level as a function of the inputs."""
    read = Network.from_arrays(
        [*network.weights[:-1], np.array([[float(w) for w in test.weights]])],
        [*network.biases[:-1], np.array([float(test.constant)])],
        activation=network.activation,
        output_activation="linear",
        negative_slope=network.negative_slope,
    )
    return network_program(read)


def _decided(programs: list[Program], low: Array, high: Array, known: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bits of each box as far as bounds tell; bits known before stay."""
    known = known.copy()
    for number, program in enumerate(programs):
        at = np.flatnonzero(known[:, number] == 2)
        if len(at):
            found = bounds(program, low[at], high[at])
            known[at, number] = np.where(found.low > 0, 1, np.where(found.high <= 0, 0, 2))
    return known


def _halved(low: Array, high: Array, known: NDArray[np.int64], axis: int) -> tuple[Array, Array, NDArray[np.int64]]:
    middle = (low[:, axis] + high[:, axis]) / 2
    left_high, right_low = high.copy(), low.copy()
    left_high[:, axis] = right_low[:, axis] = middle
    return np.concatenate([low, right_low]), np.concatenate([left_high, high]), np.concatenate([known, known])


def _three_valued(truth: NDArray[np.bool_], n_bits: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """``[events, 3^bits]`` whether an event is the case for all, and for any, combinations that open bits allow."""
    surely, maybe = (truth.reshape(-1, *[2] * n_bits) for _ in range(2))
    for axis in range(1, n_bits + 1):
        surely = np.concatenate([surely, surely.all(axis=axis, keepdims=True)], axis=axis)
        maybe = np.concatenate([maybe, maybe.any(axis=axis, keepdims=True)], axis=axis)
    return surely.reshape(len(truth), -1), maybe.reshape(len(truth), -1)


def _witnesses(programs: list[Program], surely: NDArray[np.bool_]) -> list[tuple[float, float] | None]:
    """For each event the plainest inputs at which it is certainly the case."""
    found: list[tuple[float, float] | None] = [None] * len(surely)
    for steps in (_GRID, _GRID**2):
        axis = np.arange(steps + 1) / steps
        points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        levels = np.array([program.values(points) for program in programs])
        spread = np.abs(levels).max(axis=1, keepdims=True)
        clear = (np.abs(levels) / np.where(spread > 0, spread, 1)).min(axis=0).round(12)
        known = _decided(programs, points, points, np.full((len(points), len(programs)), 2, dtype=np.int64))
        code = known @ (3 ** np.arange(len(programs) - 1, -1, -1))
        for number, sure in enumerate(surely):
            there = sure[code] & (clear > _CLEAR)
            if found[number] is None and there.any():
                best = points[int(np.argmax(np.where(there, clear, -1.0)))]
                found[number] = (float(best[0]), float(best[1]))
    return found
