"""Alice and Bob: the explanations that were found of the analytic XORNet, what each passes, and where they part.

Every number is read from the stored report; nothing here knows one. The names are those of the post that told of them:
the algorithm of two exclusive parts is Alice, the one of "any but not both" Bob, and the circuit read neuron by neuron
Carol.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Final

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.parsing import parse_algorithm
from analysis.directions.alignment import parse_directions
from analysis.directions.integers import reading_text
from analysis.networks.mlp import activations
from app.addressing import Addresses, ExplanationRef, Scope
from app.bundled import ALICE_AND_BOB
from app.db.reports import (
    ContradictionsReport,
    StoredAlignment,
    StoredInterpretation,
    StoredReader,
    StoredScore,
    report_of,
    report_row,
)
from app.pages.directions.places import direction_ref
from app.pages.formulas import FractionView
from app.pages.options import Options, PageModel
from app.pages.place import Place, locate
from app.pages.reports.state import ReportState, report_state
from app.pages.shared import JobView, NetworkView, job_view, network_view, truth_rows

_NAMES: Final = {"!(!(!A&B)&!(!B&A))": "Alice", "(!(!A&!B)&!(A&B))": "Bob"}


class StoryOptions(Options):
    """Options of the page: none of its own."""


class ReadingView(PageModel):
    """How one variable is read off the hidden layer."""

    formula: str
    truth_table: list[int]
    words: str = Field(description="The reading as people say it, e.g. h1 − h3.")
    weights: list[float]


class CastView(PageModel):
    """One explanation."""

    name: str
    kind: str = Field(description="direction or interpretation.")
    formula: str
    ref: str
    url: str
    readings: list[ReadingView]
    change: float = Field(description="Largest difference between a reading as found and as it is said here.")


class CellView(PageModel):
    """What one explanation comes to in one test."""

    words: str = Field(description="A fraction, a share, or why there is none.")
    detail: str = ""
    passes: bool | None = Field(description="Whether all of it is right; null where that is no question of passing.")
    score: FractionView | None = None


class TestView(PageModel):
    """One test, side by side."""

    label: str
    about: str
    cells: list[CellView]


class SaidView(PageModel):
    """What one explanation says at a witness."""

    name: str
    readings: list[str]
    says: int
    possible: bool = Field(description="Whether some input has these values of its variables.")


class WitnessView(PageModel):
    """One state or input where they part."""

    where: str
    network: int = Field(description="What the network decides there.")
    said: list[SaidView]
    url: str = Field(description="The same state in the sandbox; empty for inputs between 0 and 1.")


class EventView(PageModel):
    """One way to contradict, and how often it happens."""

    words: str
    cube: str = Field(description="Exact share of the hidden cube; empty if it was not computed.")
    cube_share: float | None
    corners: int | None = Field(description="Corners of the cube on which it happens.")
    square_low: float | None = Field(description="Certain lower bound of its share of the input square.")
    square_high: float | None
    witnesses: list[WitnessView]


class AliceAndBobPage(PageModel):
    """The page."""

    network: NetworkView
    state: ReportState
    job: JobView | None
    cast: list[CastView]
    findings: list[str] = Field(description="Sentences made from the numbers.")
    tests: list[TestView]
    events: list[EventView]
    n_circuits: int | None = Field(description="Valid circuits of the network.")
    confidence: float | None = Field(description="Of the estimates' intervals.")
    compare_url: str
    network_url: str
    ladder_url: str
    directions_url: str
    seconds: float | None
    engine_version: str
    digest: str
    created_at: datetime | None
    url: str


def build_alice_and_bob(session: Session, addresses: Addresses) -> AliceAndBobPage:
    """The page, as far as the report is stored.

    Raises:
        NotFound: the bundled network was left out of this store.
    """
    place = locate(session, addresses, ALICE_AND_BOB, Scope())
    row = None if place.analysis is None else report_row(session, place.analysis, "contradictions")
    state, job = report_state(session, place, "contradictions", row)
    report = None if row is None else report_of(row, ContradictionsReport)
    cast = [] if report is None else cast_of(report, place, addresses)
    slug = place.row.slug
    return AliceAndBobPage(
        network=network_view(place.row, addresses, place.network),
        state=state,
        job=None if job is None else job_view(job, addresses),
        cast=cast,
        findings=[] if report is None else findings_of(report, cast),
        tests=[] if report is None else tests_of(report, place),
        events=[] if report is None else events_of(report, cast, place, addresses),
        n_circuits=report.interpretation.n_circuits if report and report.interpretation else None,
        confidence=report.alignments[0].chance_confidence if report and report.alignments else None,
        compare_url=addresses.compare(slug, [one.ref for one in cast], place.scope),
        network_url=addresses.network(slug, place.scope),
        ladder_url=addresses.ladder(slug, place.scope),
        directions_url=addresses.directions(slug, place.scope, **{"class": "integer"}),
        seconds=None if row is None else row.seconds,
        engine_version="" if row is None else row.engine_version,
        digest="" if row is None else row.content,
        created_at=None if row is None else row.created_at,
        url=addresses.alice_and_bob(),
    )


def cast_of(report: ContradictionsReport, place: Place, addresses: Addresses) -> list[CastView]:
    """The explanations, alignments first, as readers are numbered."""
    found = [_alignment(one, place, addresses) for one in report.alignments]
    if report.interpretation is not None:
        found.append(_interpretation(report.interpretation, place, addresses))
    return found


def _alignment(one: StoredAlignment, place: Place, addresses: Addresses) -> CastView:
    algorithm = parse_algorithm(one.algorithm, "and_inverter", place.network.n_inputs)
    alignment = parse_directions(one.algorithm, one.alignment)
    tables = [truth_rows(algorithm.responses[path].function, 1 << algorithm.n_inputs) for path, _ in alignment.places]
    return CastView(
        name=_NAMES.get(one.algorithm, algorithm.formula),
        kind="direction",
        formula=algorithm.formula,
        ref=direction_ref(algorithm.id, alignment, stored=False),
        url=addresses.direction(place.row.slug, algorithm.id, alignment.id, place.scope, at=alignment.text),
        readings=_readings(one.reader, tables),
        change=one.reader.change,
    )


def _interpretation(one: StoredInterpretation, place: Place, addresses: Addresses) -> CastView:
    index = int(one.index)
    rows = 1 << place.network.n_inputs
    tables = [
        [int(reading) for reading in _bits_of(one.reader, number, rows, place)]
        for number in range(len(one.reader.names))
    ]
    return CastView(
        name="Carol",
        kind="interpretation",
        formula=" · ".join(f"n{layer}.{neuron}: {gate}" for layer, neuron, gate in one.gates if layer == 1),
        ref=str(ExplanationRef("interpretation", one.mask, one.index)),
        url=addresses.interpretation(place.row.slug, one.mask, index, place.scope),
        readings=_readings(one.reader, tables),
        change=one.reader.change,
    )


def _bits_of(reader: StoredReader, number: int, n_rows: int, place: Place) -> list[bool]:
    """A reader's bit on every input, from the network's own hidden states."""
    hidden = activations(place.cut, place.data.representatives)[-2]
    weights = np.array([float(Fraction(w)) for w in reader.weights[number]])
    return [
        bool(level > 0) for level in (hidden @ weights + float(Fraction(reader.constants[number])))[:n_rows].tolist()
    ]


def _readings(reader: StoredReader, tables: Sequence[list[int]]) -> list[ReadingView]:
    views = []
    for name, weights, constant, table in zip(reader.names, reader.weights, reader.constants, tables, strict=True):
        numbers = [float(Fraction(w)) for w in weights]
        words = reading_text(np.array(numbers), 1.0, float(Fraction(constant) + Fraction(1, 2)))
        views.append(ReadingView(formula=name, truth_table=table, words=words, weights=numbers))
    return views


def findings_of(report: ContradictionsReport, cast: Sequence[CastView]) -> list[str]:
    """What the report shows, in sentences made from it."""
    told = []
    names = [one.name for one in cast if one.kind == "direction"]
    if names:
        told.append(
            f"{_listed(names)} {'passes' if len(names) == 1 else 'both pass' if len(names) == 2 else 'all pass'} every "
            "single and joint interchange along linear directions: the same network, two incompatible explanations."
            if len(names) == 2
            else f"{_listed(names)} pass every single and joint interchange along linear directions."
        )
    on_sets = [one for one in report.alignments if one.sets_valid is not None]
    passing = [_NAMES.get(one.algorithm, one.algorithm) for one in on_sets if one.sets_valid]
    failing = [_NAMES.get(one.algorithm, one.algorithm) for one in on_sets if not one.sets_valid]
    if passing and failing:
        told.append(f"With variables on sets of neurons only {_listed(passing)} passes, {_listed(failing)} does not.")
    proved = []
    for one in report.in_square:
        if one.kind == "impossible" and one.readers[0] < len(cast):
            name = cast[one.readers[0]].name
            if one.low > 0:
                share = _share(one.low, one.high)
                proved.append(f"{name} reads combinations that no Boolean input has on {share} of the input square")
            elif one.high == 0:
                proved.append(f"{name}, provably, nowhere on it")
    if proved:
        told.append(f"{'; '.join(proved)}.")
    if report.interpretation is not None:
        refined = [_NAMES.get(text, text) for text in report.interpretation.refines]
        others = [one.name for one in cast if one.kind == "direction" and one.name not in refined]
        if refined:
            rest = f", not {_listed(others)}" if others else ""
            told.append(f"Carol refines {_listed(refined)}{rest}: each variable is a function of neurons of its own.")
    return told


def tests_of(report: ContradictionsReport, place: Place) -> list[TestView]:
    """What each passes, side by side."""
    readers = [one.reader for one in report.alignments]
    inter = report.interpretation
    if inter is not None:
        readers.append(inter.reader)
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
        width = place.cut.sizes[-2]
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
                    CellView(words=_share(1 - off[i].high, 1 - off[i].low), passes=off[i].high == 0)
                    for i in range(len(readers))
                ],
            ),
            TestView(
                label="Input square, impossible states",
                about="its variables have values that no Boolean input gives them",
                cells=[
                    CellView(
                        words=_share(never[i].low, never[i].high),
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
        score=FractionView(agreed=score.agreed, of=score.of),
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


def _share(low: float, high: float) -> str:
    """Certain bounds as a share; one number where both round to it."""
    if f"{low:.3%}" == f"{high:.3%}":
        return f"{low:.0%}" if low in (0.0, 1.0) else f"{low:.3%}"
    return f"{low:.3%} to {high:.3%}"


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
            hidden = activations(place.cut, np.array([inputs]))[-2][0]
            state = [Fraction(float(h)) for h in hidden]
            where = f"input ({', '.join(f'{x:g}' for x in inputs)}), h = ({', '.join(f'{h:.3g}' for h in hidden)})"
            witnesses.append(_witness(where, state, readers, cast, place, ""))
        if cube is not None and cube.witness is not None:
            state = [Fraction(h) for h in cube.witness]
            where = f"h = ({', '.join(f'{float(h):g}' for h in state)})"
            changes = "_".join(f"{len(place.cut.sizes) - 2}.{i}v{float(h):g}" for i, h in enumerate(state))
            now = f"{'0' * place.cut.n_inputs}_{changes}"
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
    weights = [Fraction(float(w)) for w in place.cut.weights[-1][0]]
    edge = {"sigmoid": Fraction(0)}.get(place.cut.output_activation, Fraction(1, 2))
    level = sum((w * h for w, h in zip(weights, state, strict=True)), Fraction(float(place.cut.biases[-1][0])))
    said = []
    for reader, one in zip(readers, cast, strict=True):
        index, readings = 0, []
        for name, row, constant in zip(reader.names, reader.weights, reader.constants, strict=True):
            value = sum((Fraction(w) * h for w, h in zip(row, state, strict=True)), Fraction(constant)) + Fraction(1, 2)
            index = index << 1 | int(value > Fraction(1, 2))
            readings.append(f"{name}: {float(value):.3g}")
        said.append(
            SaidView(name=one.name, readings=readings, says=reader.outputs[index], possible=reader.possible[index])
        )
    return WitnessView(where=where, network=int(level > edge), said=said, url=url)


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
            return f"{_listed(names)} are all wrong"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
