"""From a network to explanations that all pass, what each passes, and where they contradict each other.

1. *What, then where*: for each irredundant algorithm the plainest alignment on directions whose joint interchanges are
   all right; small integers first, else the shortest read-outs. Beside it what the same algorithm reaches on neuron
   sets, along the dual basis, and on random directions.
2. *Where, then what*: the first interpretation of a valid circuit with fewest edges that is right whatever input each
   of its neurons is taken from.
3. Everything that is found reads the last hidden layer (:mod:`.readers`); the cube of its states and the input square
   say where they part (:mod:`.hidden_cube`, :mod:`.input_square`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.circuits.circuit import Circuit
from analysis.contradictions.circuit_reading import FoundInterpretation, first_interpretation
from analysis.contradictions.events import Situation
from analysis.contradictions.evidence import Chance, OnNeuronSets, chance_of_directions, on_neuron_sets
from analysis.contradictions.hidden_cube import CubeShare, cube_of, cube_shares
from analysis.contradictions.input_square import WIDTH, SquareShare, square_shares
from analysis.contradictions.readers import Reader, alignment_reader, network_test
from analysis.directions.alignment import DirectionAlignment, LinearPlace, swap_rows
from analysis.directions.result import DirectionClass
from analysis.directions.scoring import ScoredDirections, score_directions
from analysis.directions.search import align_on_directions
from analysis.directions.table import DirectionTable
from analysis.errors import BeyondLimits, InvalidAlignment
from analysis.ladder.climbing import placed_algorithms
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

MAX_ALGORITHMS: Final = 4
N_FRAMES: Final = 20_000


@dataclass(frozen=True)
class FoundAlignment:
    """An algorithm on directions, and what it passes.

    Args:
        algorithm: what.
        direction_class: in which class it was found.
        scored: where, with single and joint interchange under orthogonal swaps.
        dual: the same swapped along the dual basis: each variable's own change leaves the others' readings alone.
        neuron_sets: what the algorithm reaches there; None if that is beyond the limits.
        chance: random directions.
        reader: what it says of hidden states.
    """

    algorithm: HighLevelModel
    direction_class: DirectionClass
    scored: ScoredDirections
    dual: ScoredDirections
    neuron_sets: OnNeuronSets | None
    chance: Chance
    reader: Reader


@dataclass(frozen=True)
class Contradictions:
    """Explanations that all pass, and where they part; readers are numbered, alignments first.

    Args:
        alignments: found on directions, in the order of algorithms.
        interpretation: found as a circuit; None if there is none, or the network has several hidden layers.
        cube: lowest and highest value of a hidden neuron; None if they have no bounds.
        in_cube: every event's share of the hidden cube.
        in_square: its share of the input square; empty where there are not two inputs.
        without: texts of algorithms of which no such alignment was found.
    """

    alignments: tuple[FoundAlignment, ...]
    interpretation: FoundInterpretation | None
    cube: tuple[int, int] | None
    in_cube: tuple[CubeShare, ...]
    in_square: tuple[SquareShare, ...]
    without: tuple[str, ...]


def find_contradictions(
    question: Question,
    circuits: Sequence[Circuit],
    work: Work = DEFAULT_WORK,
    *,
    n_frames: int = N_FRAMES,
    seed: int = 0,
    width: float = WIDTH,
) -> Contradictions:
    """Find explanations of a network and where they contradict each other.

    Args:
        circuits: the valid ones.
        n_frames: random directions drawn for each algorithm.
        seed: of the draws.
        width: area of the input square that may stay open of each event.
        work: told "contradictions"; may cancel.
    """
    network = question.cut
    candidates = placed_algorithms(question.task, question.protocol, network.n_hidden_layers)
    table = DirectionTable(question)
    alignments: list[FoundAlignment] = []
    without = []
    for number, algorithm in enumerate(candidates.algorithms):
        work.tell("contradictions", number, len(candidates.algorithms) + 1, "alignments on directions")
        found = _plainest(table, algorithm) if len(alignments) < MAX_ALGORITHMS else None
        if found is None:
            without.append(algorithm.text)
        else:
            alignments.append(_with_evidence(table, algorithm, *found, n_frames=n_frames, seed=seed))
    algorithms = [one.algorithm for one in alignments]
    interpretation = first_interpretation(question, circuits, algorithms)
    readers = [*(one.reader for one in alignments), *([interpretation.reader] if interpretation else [])]
    cube = cube_of(network)
    in_cube: tuple[CubeShare, ...] = ()
    in_square: tuple[SquareShare, ...] = ()
    if readers:
        situation = Situation(tuple(readers), network_test(network))
        if cube is not None:
            try:
                in_cube = cube_shares(situation, cube)
            except BeyondLimits:
                cube = None
        if network.n_inputs == 2:
            in_square = square_shares(network, situation, work, width=width)
    return Contradictions(tuple(alignments), interpretation, cube, in_cube, in_square, tuple(without))


def _plainest(
    table: DirectionTable, algorithm: HighLevelModel
) -> tuple[DirectionClass, ScoredDirections, Reader] | None:
    """The first alignment that passes jointly and reads the last hidden layer."""
    classes: tuple[DirectionClass, ...] = ("integer", "orthogonal")
    for direction_class in classes:
        try:
            found = align_on_directions(table, algorithm, direction_class)
        except BeyondLimits:
            continue
        for scored in found.valid:
            if scored.joint_valid:
                try:
                    return direction_class, scored, alignment_reader(table.network, algorithm, scored)
                except InvalidAlignment:
                    continue
    return None


def _with_evidence(
    table: DirectionTable,
    algorithm: HighLevelModel,
    direction_class: DirectionClass,
    scored: ScoredDirections,
    reader: Reader,
    *,
    n_frames: int,
    seed: int,
) -> FoundAlignment:
    places = [place for _, place in scored.alignment.places]
    moved = swap_rows(places)
    if moved is None:
        raise InvalidAlignment(
            f"alignment {scored.alignment.id}", "cannot be set at once", "use independent directions"
        )
    dual = DirectionAlignment.of(
        algorithm.text,
        {
            path: LinearPlace.of(place.layer, place.reads, [row])
            for (path, place), row in zip(scored.alignment.places, moved, strict=True)
        },
    )
    return FoundAlignment(
        algorithm,
        direction_class,
        scored,
        score_directions(table.question, algorithm, dual),
        on_neuron_sets(table.question, algorithm),
        chance_of_directions(table, algorithm, places[0].layer, n_frames, seed=seed),
        reader,
    )
