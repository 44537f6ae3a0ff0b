"""Where they part: every contradiction, how often it happens, and states that show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from analysis.networks.mlp import activations
from app.addressing import Addresses
from app.db.reports import ContradictionsReport, StoredReader
from app.pages.place import Place
from app.pages.reports.alice_and_bob.findings import listed
from app.pages.reports.alice_and_bob.views import CastView, EventView, SaidView, WitnessView


def events_of(
    report: ContradictionsReport, cast: Sequence[CastView], place: Place, addresses: Addresses
) -> list[EventView]:
    """Every contradiction that happens anywhere, the most frequent in the input square first."""
    squares = {(one.kind, tuple(one.readers)): one for one in report.in_square}
    cubes = {(one.kind, tuple(one.readers)): one for one in report.in_cube}
    readers = [one.reader for one in report.alignments] + (
        [report.interpretation.reader] if report.interpretation else []
    )
    found = []
    for key in dict.fromkeys([*squares, *cubes]):
        square, cube = squares.get(key), cubes.get(key)
        witnesses = []
        if square is not None and square.witness is not None:
            inputs = tuple(square.witness)
            hidden = activations(place.question.cut, np.array([inputs]))[-2][0]
            state = [Fraction(float(h)) for h in hidden]
            where = f"input ({', '.join(f'{x:g}' for x in inputs)}), {_state_words(hidden, place, '.3g')}"
            witnesses.append(_witness(where, state, readers, cast, place, ""))
        if cube is not None and cube.witness is not None:
            state = [Fraction(h) for h in cube.witness]
            where = _state_words([float(h) for h in state], place, "g")
            changes = "_".join(f"{len(place.question.cut.sizes) - 2}.{i}v{float(h):g}" for i, h in enumerate(state))
            now = f"{'0' * place.question.cut.n_inputs}_{changes}"
            url = addresses.sandbox(place.row.slug, [], place.scope, now=now)
            witnesses.append(_witness(where, state, readers, cast, place, url))
        if (cube is None or Fraction(cube.share) == 0) and (square is None or square.high == 0):
            continue
        found.append(
            EventView(
                words=_event_words(key[0], [cast[i].name for i in key[1]]),
                cube="" if cube is None else cube.share,
                cube_share=None if cube is None else float(Fraction(cube.share)),
                corners=None if cube is None else cube.corners,
                square_low=None if square is None else square.low,
                square_high=None if square is None else square.high,
                witnesses=witnesses,
            )
        )
    return sorted(found, key=lambda one: -(one.square_low or 0.0))


def _witness(
    where: str,
    state: list[Fraction],
    readers: Sequence[StoredReader],
    cast: Sequence[CastView],
    place: Place,
    url: str,
) -> WitnessView:
    """What everyone says in one state of the last hidden layer."""
    weights = [Fraction(float(w)) for w in place.question.cut.weights[-1][0]]
    edge = {"sigmoid": Fraction(0)}.get(place.question.cut.output_activation, Fraction(1, 2))
    level = sum((w * h for w, h in zip(weights, state, strict=True)), Fraction(float(place.question.cut.biases[-1][0])))
    said = []
    for reader, one in zip(readers, cast, strict=True):
        index, readings = 0, []
        for reading, row, constant in zip(one.readings, reader.weights, reader.constants, strict=True):
            value = sum((Fraction(w) * h for w, h in zip(row, state, strict=True)), Fraction(constant)) + Fraction(1, 2)
            index = index << 1 | int(value > Fraction(1, 2))
            readings.append(f"{reading.shown}: {float(value):.3g}")
        said.append(
            SaidView(name=one.name, readings=readings, says=reader.outputs[index], possible=reader.possible[index])
        )
    return WitnessView(where=where, network=int(level > edge), said=said, url=url)


def _state_words(state: Iterable[float], place: Place, digits: str) -> str:
    """A state of the last hidden layer, neuron by neuron."""
    layer = place.question.cut.n_hidden_layers
    return ", ".join(f"n{layer}.{neuron} = {value:{digits}}" for neuron, value in enumerate(state))


def _event_words(kind: str, names: Sequence[str]) -> str:
    match kind:
        case "wrong":
            return f"{names[0]} decides otherwise than the network"
        case "impossible":
            return f"{names[0]} contradicts itself: values that no input gives its variables"
        case "differ":
            return f"{names[0]} and {names[1]} contradict each other"
        case "only-wrong":
            return f"{names[0]} is wrong, {names[1]} right"
        case _:
            return f"{listed(names)} are all wrong"
