"""From a network to explanations that all pass, their test results, and where they contradict each other.

1. *What, then where*: for each irredundant algorithm the plainest alignment on directions whose joint interchanges are
   all right; small integers first, else the shortest read-outs. Beside it what the same algorithm reaches on neuron
   sets, along the dual basis, and on random directions.
2. *Where, then what*: the first interpretation of a valid circuit with fewest edges that is right whatever input each
   of its neurons is taken from.
3. Everything that is found reads the last hidden layer (:mod:`.readers`); the cube of its states and the input square
   say where they differ (:mod:`.hidden_cube`, :mod:`.input_square`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis import fixed_order
from analysis.algorithms.candidates import Candidates
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import IIA, Alignment
from analysis.alignments.joint import MAX_RUNS, algorithm_says, score_joint, values_on
from analysis.alignments.search import search_alignments
from analysis.alignments.sites import neuron_sites
from analysis.circuits.estimating import share_interval
from analysis.contradictions.events import Situation
from analysis.contradictions.hidden_cube import CubeShare, cube_of, cube_shares
from analysis.contradictions.input_square import WIDTH, SquareShare, square_shares
from analysis.contradictions.readers import Reader, alignment_reader, interpretation_reader, network_test
from analysis.directions.alignment import DirectionAlignment, LinearPlace, swap_rows
from analysis.directions.result import DirectionClass
from analysis.directions.scoring import ScoredDirections, score_directions
from analysis.directions.search import align_on_directions
from analysis.directions.swaps import run_from
from analysis.directions.table import DirectionTable
from analysis.errors import BeyondLimits, InvalidAlignment
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.interpretation import Interpretation
from analysis.interventions.neuron_set import NeuronSet
from analysis.ladder.climbing import placed_algorithms
from analysis.networks.circuit import Circuit
from analysis.networks.mlp import activations
from analysis.networks.network import Network
from analysis.question import Question
from analysis.tasks import pattern_bits
from analysis.validity import decide
from analysis.work import DEFAULT_WORK, Work

# --- what stands beside an alignment on directions: the same algorithm on neuron sets, and directions drawn at random

CONFIDENCE: Final = 0.99
_PLACEMENTS: Final = 20_000


@dataclass(frozen=True)
class OnNeuronSets:
    """What an algorithm reaches with its variables on disjoint neuron sets.

    Args:
        valid: the alignments whose single interchanges are all right.
        of: placements there are.
        best_joint: most joint interchanges that are right, over all placements; None if they were too many to try.
    """

    valid: tuple[Alignment, ...]
    of: int
    best_joint: IIA | None


@dataclass(frozen=True)
class Chance:
    """How many random orthonormal directions pass: an estimate.

    Args:
        hits: draws whose joint interchanges are all right.
        draws: directions drawn for all variables together.
        low: lower end of the interval.
        high: its upper end.
        confidence: of the interval.
        seed: of the draws.
    """

    hits: int
    draws: int
    low: float
    high: float
    confidence: float
    seed: int


def on_neuron_sets(question: Question, algorithm: HighLevelModel) -> OnNeuronSets | None:
    """All disjoint placements of one algorithm on neuron sets, singly and jointly; None if they are too many.

    Args:
        algorithm: with variables.
    """
    network = question.cut
    asked = question.protocol.model_copy(
        update={"name": "sets", "alignment_sites": "neuron_sets", "alignments_kept": "all"}
    )
    paths = sorted(algorithm.responses)
    if sum((1 << width) - 1 for width in network.hidden_sizes) ** len(paths) > _PLACEMENTS:
        return None
    sites = neuron_sites(network.hidden_sizes, "neuron_sets").sites
    disjoint = [choice for choice in product(sites, repeat=len(paths)) if _are_disjoint(choice)]
    found = search_alignments(replace(question, protocol=asked), Candidates((algorithm,), 1)).algorithms[0]
    best: IIA | None = None
    if (1 << network.n_inputs) ** (len(paths) + 1) * len(disjoint) <= MAX_RUNS:
        for choice in disjoint:
            alignment = Alignment.of(algorithm.text, dict(zip(paths, choice, strict=True)))
            score = score_joint(replace(question, protocol=asked), algorithm, alignment)
            if best is None or score.agreed > best.agreed:
                best = IIA(score.agreed, score.of)
    return OnNeuronSets(tuple(one.alignment for one in found.alignments if one.valid), len(disjoint), best)


def _are_disjoint(choice: tuple[NeuronSet, ...]) -> bool:
    used = [(site.layer, neuron) for site in choice for neuron in site.neurons]
    return len(set(used)) == len(used)


def chance_of_directions(
    table: DirectionTable, algorithm: HighLevelModel, layer: int, n_draws: int, *, seed: int
) -> Chance:
    """How often random orthonormal directions of a layer, one for each variable, pass every joint interchange.

    Args:
        table: of the network.
        algorithm: with no more variables than the layer has neurons.
        layer: from 1.
        n_draws: how many.
        seed: of the draws.
    """
    network, clean = table.network, table.clean[layer]
    n_rows, n_variables, width = len(clean), len(algorithm.responses), clean.shape[1]
    random = np.random.default_rng([seed, layer])
    frames = fixed_order.orthonormal(random.normal(size=(n_draws, width, n_variables)).swapaxes(1, 2))
    reads = fixed_order.inner(frames, clean).swapaxes(1, 2)  # [draws, rows, variables]

    passed = np.ones(n_draws, dtype=bool)

    paths = tuple(sorted(algorithm.responses))
    says = algorithm_says(algorithm, paths)
    for sources in product(range(n_rows), repeat=n_variables):
        at = np.flatnonzero(passed)
        if not len(at):
            break
        wanted = np.stack([reads[at, s, i] for i, s in enumerate(sources)], axis=1)  # [draws, variables]
        moved = np.broadcast_to(clean, (len(at), *clean.shape))
        for variable in range(n_variables):
            change = wanted[:, None, variable] - reads[at, :, variable]
            moved = moved + change[..., None] * frames[at, None, variable]
        decided = decide(run_from(network, layer, moved), table.protocol.alignment_decision)
        expected = says[values_on(algorithm, paths, np.array([sources]))[0]]
        passed[at] = (decided == expected).all(axis=1)
    hits = int(passed.sum())
    low, high = share_interval(hits, n_draws, CONFIDENCE)
    return Chance(hits, n_draws, float(low), float(high), CONFIDENCE, seed)


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
    """Explanations that all pass, and where they differ; readers are numbered, alignments first.

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


# --- an interpretation that reads the hidden layer


_INTERPRETATIONS: Final = 2_000  # of all circuits together that are looked at


@dataclass(frozen=True)
class FoundInterpretation:
    """A circuit read neuron by neuron, and what it passes.

    Args:
        interpretation: circuit, index and gates.
        joint: interchanges of all its last hidden neurons at once, each from any input, that are right.
        n_circuits: valid circuits.
        n_passing: interpretations that pass all of these too.
        refines: texts of the algorithms each of whose variables is a function of bits of neurons of its own.
        reader: what it says of hidden states.
    """

    interpretation: Interpretation
    joint: IIA
    n_circuits: int
    n_passing: int
    refines: tuple[str, ...]
    reader: Reader


def first_interpretation(
    question: Question, circuits: Sequence[Circuit], algorithms: Sequence[HighLevelModel]
) -> FoundInterpretation | None:
    """The interpretation with fewest edges, then least mask and index, that every joint interchange confirms.

    Args:
        circuits: the valid ones.
        algorithms: of which it is said whether it refines them.

    Returns:
        None if there is none among the first 2,000, or the network has several hidden layers.
    """
    network = question.cut
    if network.n_hidden_layers != 1 or len(circuits) > _INTERPRETATIONS:
        return None
    clean = activations(network, question.data.clean_rows)[1]
    passing = []
    for interpretation in islice(_interpretations(question, circuits), _INTERPRETATIONS):
        joint = _joint_of_neurons(network, interpretation, clean)
        if joint is not None and joint.agreed == joint.of:
            passing.append((interpretation, joint))
    if not passing:
        return None
    first, joint = passing[0]
    read = set(first.gates[-1].parents)  # the output's, without which nothing is predicted
    parents = [gate for gate in first.gates if (gate.layer, gate.neuron) in read]
    names = [gate.name for gate in parents]
    bits = [pattern_bits(gate.function, network.n_inputs) for gate in parents]
    refines = tuple(algorithm.text for algorithm in algorithms if _refines(bits, algorithm))
    reader = interpretation_reader(network, first, names)
    return FoundInterpretation(first, joint, len(circuits), len(passing), refines, reader)


def _interpretations(question: Question, circuits: Sequence[Circuit]) -> Iterator[Interpretation]:
    for circuit in sorted(circuits, key=lambda one: (one.n_edges, one.mask)):
        try:
            space = InterpretationSpace(question, circuit)
            yield from map(space.at, range(space.count))
        except BeyondLimits:
            continue


def _joint_of_neurons(network: Network, interpretation: Interpretation, clean: NDArray[np.float64]) -> IIA | None:
    """Every gated hidden neuron from any input of its own, on every base; None if the output has no gate."""
    output = interpretation.gate(2, 0)
    if output is None:
        return None
    gates = [gate for gate in interpretation.gates if gate.layer == 1]
    n_rows = len(clean)
    bits = {(g.layer, g.neuron): pattern_bits(g.function, network.n_inputs) for g in gates}
    agreed = of = 0
    for sources in product(range(n_rows), repeat=len(gates)):
        moved = clean.copy()  # [base, width]
        index = 0
        for gate, source in zip(gates, sources, strict=True):
            moved[:, gate.neuron] = clean[source, gate.neuron]
        at = {(g.layer, g.neuron): s for g, s in zip(gates, sources, strict=True)}
        for parent in output.parents:
            index = index << 1 | int(bits[parent][at[parent]])
        agreed += int((decide(run_from(network, 1, moved), "threshold") == output.table[index]).sum())
        of += n_rows
    return IIA(agreed, of)


def _refines(bits: Sequence[NDArray[np.bool_]], algorithm: HighLevelModel) -> bool:
    """Whether each variable is a function, on the inputs, of bits of neurons that no other variable needs."""
    paths = sorted(algorithm.responses)
    values = [pattern_bits(algorithm.responses[path].function, algorithm.n_inputs) for path in paths]
    for owners in product(range(len(paths) + 1), repeat=len(bits)):
        if all(
            _is_function([bit for bit, owner in zip(bits, owners, strict=True) if owner == number], value)
            for number, value in enumerate(values)
        ):
            return True
    return False


def _is_function(bits: Sequence[NDArray[np.bool_]], value: NDArray[np.bool_]) -> bool:
    seen: dict[tuple[bool, ...], bool] = {}
    for row, said in enumerate(value.tolist()):
        key = tuple(bool(bit[row]) for bit in bits)
        if seen.setdefault(key, said) != said:
            return False
    return True
