"""Alice and Bob: the explanations that were found of the analytic XORNet, their test results, and where they differ.

Every number is read from the stored report; nothing here knows one. The names are those of the post that told of them:
the algorithm of two exclusive parts is Alice, the one of "any but not both" Bob, and the circuit read neuron by neuron
Carol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.certificates.input_plane import SIDE, grid_points
from analysis.fixed_order import inner
from analysis.networks.mlp import activate, activations
from analysis.tasks import input_table
from analysis.validity import decide
from app.addressing import Addresses
from app.bundled import ALICE_AND_BOB
from app.db.reports import ContradictionsReport, StoredAlignment, StoredReader, StoredScore, report_of, report_row
from app.errors import Moved
from app.naming import Scope
from app.pages.input_plane import grid_rows, plane_of
from app.pages.place import Place, locate
from app.pages.reports.alice_and_bob.cast import cast_of
from app.pages.reports.alice_and_bob.findings import findings_of, listed, plain_share, share_between
from app.pages.reports.alice_and_bob.views import (
    AliceAndBobOptions,
    AliceAndBobPage,
    CastView,
    CellView,
    CornerView,
    EventView,
    Order,
    ReaderView,
    SaidView,
    SquaresView,
    SquareView,
    TestedView,
    TestView,
    WitnessView,
)
from app.pages.reports.state import report_fields


def build_alice_and_bob(session: Session, addresses: Addresses, options: AliceAndBobOptions) -> AliceAndBobPage:
    """The page, as far as the report is stored.

    Raises:
        NotFound: the bundled network was left out of this store.
    """
    try:
        place = locate(session, addresses, ALICE_AND_BOB, Scope())
    except Moved as moved:  # this address names no network, so there is nowhere else to lead to
        place = locate(session, addresses, moved.now, Scope())
    row = report_row(session, place.analysis, "contradictions")
    report = None if row is None else report_of(row, ContradictionsReport)
    cast = [] if report is None else cast_of(report, place, addresses)
    events = [] if report is None else events_of(report, cast, place, addresses)
    example = _example(events)
    slug = place.row.slug
    return AliceAndBobPage(
        **report_fields(session, place, addresses, "contradictions", row),
        cast=cast,
        findings=[] if report is None else findings_of(report, cast, place.question),
        tests=[] if report is None else tests_of(report, place),
        events=sorted(events, key=_KEYS[options.order]),
        example=example,
        example_layers=[] if example is None else _layers_by_hand(example, place),
        squares=None if report is None else squares_of(report, cast, place),
        sorts={order: f"{_url(addresses, order)}#contradictions" for order in _KEYS},
        order=options.order,
        n_circuits=report.interpretation.n_circuits if report and report.interpretation else None,
        confidence=report.alignments[0].chance_confidence if report and report.alignments else None,
        compare_url=addresses.compare(slug, [one.ref for one in cast], place.scope),
        ladder_url=addresses.ladder(slug, place.scope),
        directions_url=addresses.directions(slug, place.scope, **{"class": "integer"}),
        url=_url(addresses, options.order),
    )


_KEYS: Final[dict[Order, Callable[[EventView], Any]]] = {
    "square": lambda one: (-(one.square_low or 0.0), -(one.square_high or 0.0)),
    "cube": lambda one: -(one.cube_share or 0.0),
    "name": lambda one: one.words,
}


def _url(addresses: Addresses, order: Order) -> str:
    return addresses.alice_and_bob(order=None if order == "square" else order)


def _example(events: Sequence[EventView]) -> EventView | None:
    """A contradiction between two explanations with a state that can be set by hand, else any that has one."""
    known = [one for one in events if one.by_hand is not None]
    return next((one for one in known if one.kind == "differ"), known[0] if known else None)


def _layers_by_hand(example: EventView, place: Place) -> list[list[float]]:
    """Activations on the input of zeros with the last hidden layer set as in the example."""
    network = place.question.cut
    layers = [layer[0].tolist() for layer in activations(network, np.zeros((1, network.n_inputs)))]
    state = np.array([example.by_hand.state if example.by_hand else layers[-2]])
    output = inner(state, network.weights[-1]) + network.biases[-1]
    said = activate(output, network.output_activation, network.negative_slope)
    return [*layers[:-2], state[0].tolist(), said[0].tolist()]


# --- where they differ: every contradiction, how often it happens, and states that show it


def events_of(
    report: ContradictionsReport, cast: Sequence[CastView], place: Place, addresses: Addresses
) -> list[EventView]:
    """Every contradiction that happens anywhere."""
    squares = {(one.kind, tuple(one.readers)): one for one in report.in_square}
    cubes = {(one.kind, tuple(one.readers)): one for one in report.in_cube}
    readers = readers_of(report)
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
                kind=key[0],
                names=[cast[i].name for i in key[1]],
                cube="" if cube is None else cube.share,
                cube_share=None if cube is None else float(Fraction(cube.share)),
                corners=None if cube is None else cube.corners,
                square_low=None if square is None else square.low,
                square_high=None if square is None else square.high,
                witnesses=witnesses,
            )
        )
    return found


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
    return WitnessView(
        where=where, network=int(level > edge), said=said, state=[float(value) for value in state], url=url
    )


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


# --- what passes which test


def tests_of(report: ContradictionsReport, place: Place) -> list[TestView]:
    """The test results of each explanation, side by side."""
    inter = report.interpretation
    readers = readers_of(report)
    silent = CellView(words="not applicable", detail="a circuit has no directions", passes=None)

    def for_all(cells: list[CellView], carol: CellView) -> list[CellView]:
        return [*cells, *([carol] if inter is not None else [])]

    found = [
        TestView(
            label="Interchange, one variable alone",
            about="every ordered pair of different inputs, orthogonal swap",
            cells=for_all([_score(one.single) for one in report.alignments], silent),
        ),
        TestView(
            label="Interchange, all variables at once",
            about="each variable or neuron from an input of its own",
            cells=for_all(
                [_score(one.joint) for one in report.alignments], _score(None if inter is None else inter.joint)
            ),
        ),
        TestView(
            label="The same along the dual basis",
            about="each swap leaves the other readings alone",
            cells=for_all([_score(one.dual_joint) for one in report.alignments], silent),
        ),
        TestView(
            label="On disjoint sets of neurons",
            about="alignments that pass, of all; the best joint score of any",
            cells=for_all([_on_sets(one) for one in report.alignments], silent),
        ),
        TestView(
            label="Random orthonormal directions that pass jointly",
            about="an estimate with its interval",
            cells=for_all([_chance(one) for one in report.alignments], silent),
        ),
    ]
    if report.in_cube:
        width = place.question.cut.sizes[-2]
        wrong = {one.readers[0]: one for one in report.in_cube if one.kind == "wrong"}
        impossible = {one.readers[0]: one for one in report.in_cube if one.kind == "impossible"}
        corners = 2**width
        found += [
            TestView(
                label="Corners of the hidden cube",
                about="states of 0s and 1s on which it decides as the network",
                cells=[_score(StoredScore(agreed=corners - wrong[i].corners, of=corners)) for i in range(len(readers))],
            ),
            TestView(
                label="Hidden cube",
                about="share of all hidden states on which it decides as the network, exact",
                cells=[_exact(1 - Fraction(wrong[i].share), full=True) for i in range(len(readers))],
            ),
            TestView(
                label="Hidden cube, impossible states",
                about="its variables have values that no input gives them, exact",
                cells=[_exact(Fraction(impossible[i].share), full=False) for i in range(len(readers))],
            ),
        ]
    if report.in_square:
        off = {one.readers[0]: one for one in report.in_square if one.kind == "wrong"}
        never = {one.readers[0]: one for one in report.in_square if one.kind == "impossible"}
        found += [
            TestView(
                label="Input square",
                about="share of [0, 1]² on which it decides as the network, between certain bounds",
                cells=[
                    CellView(words=share_between(1 - off[i].high, 1 - off[i].low), passes=off[i].high == 0)
                    for i in range(len(readers))
                ],
            ),
            TestView(
                label="Input square, impossible states",
                about="its variables have values that no Boolean input gives them",
                cells=[
                    CellView(
                        words=share_between(never[i].low, never[i].high),
                        detail="proved" if never[i].high == 0 else "",
                        passes=True if never[i].high == 0 else False if never[i].low > 0 else None,
                    )
                    for i in range(len(readers))
                ],
            ),
        ]
    return found


def _score(score: StoredScore | None) -> CellView:
    if score is None:
        return CellView(words="not run", detail="too many interchanges", passes=None)
    return CellView(
        words=f"{score.agreed:,} of {score.of:,}",
        passes=score.agreed == score.of,
        score=score,
    )


def _on_sets(one: StoredAlignment) -> CellView:
    if one.sets_valid is None or one.sets_of is None:
        return CellView(words="not tried", detail="too many placements", passes=None)
    best = one.sets_best_joint
    detail = "" if best is None else f"best joint score {best.agreed:,} of {best.of:,}"
    return CellView(words=f"{len(one.sets_valid):,} of {one.sets_of:,}", detail=detail, passes=bool(one.sets_valid))


def _chance(one: StoredAlignment) -> CellView:
    share = one.chance_hits / one.chance_draws
    interval = f"{one.chance_low:.2%} to {one.chance_high:.2%} at {one.chance_confidence:.0%}"
    detail = f"{interval}, {one.chance_draws:,} draws, seed {one.chance_seed}"
    return CellView(words=f"≈ {share:.2%}", detail=detail, passes=None)


def _exact(share: Fraction, *, full: bool) -> CellView:
    passes = share == 1 if full else share == 0
    return CellView(words=f"{float(share):.1%}", detail=f"= {share}", passes=passes)


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
