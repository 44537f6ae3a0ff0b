"""What a study will cost, before it starts: networks, core seconds, and how it is cut into chunks.

Predicted from rates measured on one core of a common server; they tell a minute from an hour and an hour from a day, no
more. What takes long is not to test circuits but to read those that are valid, so how many these will be is guessed
from the tasks: XOR networks have some 3% of the possible ones, networks that learned AND or OR five times as many. A
study that is on its way is better told by what its finished networks took.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from analysis.circuits.space import count_in_space
from analysis.criteria.interpretation_tallies import COSTLY
from analysis.criteria.steps import CriterionStep, parse_steps
from analysis.limits import DEFAULT_LIMITS, Limits
from analysis.planting.recipes import read_recipe
from analysis.protocol import Protocol
from analysis.studies.cells import Cell, cells_of
from analysis.studies.design import StudyDesign
from analysis.studies.measures.answers import LIMITS as ANSWER_LIMITS
from analysis.studies.measures.answers import discovery_method
from analysis.studies.measures.held_out import MAX_CIRCUITS as MAX_PREDICTING
from analysis.studies.measures.named import MAX_CIRCUITS, NAMED
from analysis.studies.measures.patterns import CIRCUIT_CRITERIA
from analysis.studies.measures.registry import measures_of
from analysis.studies.measures.rungs import MEASURES as MAP_CLASS_MEASURES
from analysis.studies.measures.stories import LIMITS as STORY_LIMITS
from analysis.studies.sources import source_named

CHUNK_SECONDS: Final = 40.0  # what is lost at most if a worker is killed, and about how often progress moves
CHUNK_NETWORKS: Final = 500  # trained together until the slowest has learned: fewer take unequal times, and longer
_TRAINING_STEPS: Final = 2.6e-5  # seconds for one network's batch, many networks in step
_DRAWING: Final = 0.017  # until one of some 50,000 networks of two inputs is accepted
_MORE_INPUTS: Final = 1.6  # times as long with three inputs
_GROWTH: Final = 0.25  # power of weights times rows that a step takes
_STEPS: Final = 2_400  # before most networks reach a loss of .01, whatever an epoch has of them
_CIRCUITS_PER_SECOND: Final = 2.2e6  # tested and measured, of small spaces that are listed together, busy machines too
_EACH: Final = 0.15  # algorithms, alignments and bookkeeping of one output under one protocol, at most
_BOOKED: Final = 0.011  # of that the bookkeeping
_MEASURED: Final = 0.011  # and each measure
_READ: Final = 8.8e-5  # all interpretations of one valid circuit, counted
_NAMED: Final = 2.5e-3  # the same told apart by the names of their gates
_VALID: Final = 0.12  # of the possible circuits of a network that learned a gate
_VALID_PARITY: Final = 0.04  # of one that learned XOR or XNOR
_PARITY: Final = frozenset({"XOR", "XNOR"})
_CRITERION: Final = 0.05  # for one criterion on a network of some hundred valid circuits
_QUICK_CRITERION: Final = 0.0006  # for one that is a formula of what the analysis found
_STORIES_LISTED: Final = 3e-7  # for each possible circuit, with the stories of up to 20,000 valid ones
_STORIES_DRAWN: Final = 1.5  # where circuits are counted or estimated instead, with the stories of the draws
_PLANTED: Final = 0.1  # seven methods asked, circuits listed
_ANSWERS_LISTED: Final = 3e-7  # for each possible circuit, those that are minimal among them
_ANSWERS_COUNTED: Final = 1.2  # where circuits are counted instead
_ANSWER: Final = 0.005  # one method asked
_LEARNED: Final = 0.25  # one that learns by gradient descent
_SWEPT: Final = 0.15  # all methods asked under many settings
_RUNGS: Final = 2.0  # map classes from single neurons to oblique ones, searched for every algorithm
_FITTED: Final = 6.0  # autoencoders of two sizes from five seeds on two layers, two algorithms aligned by gradient
_PREDICTED: Final = 4.5e-7  # for a circuit and a pair of sets: more sets have more classes to follow
_INTERCHANGE: Final = 1.5  # training with interchanges beside the task
_CIRCUIT_NEEDS: Final = frozenset({"circuits", "interpretations", "criteria"})
_ALGORITHM_NEEDS: Final = frozenset({"algorithms", "criteria"})


@dataclass(frozen=True)
class CellCost:
    """What one cell takes.

    Args:
        cell: the cell.
        networks: seeds.
        possible: circuits of the largest space among the protocols, None where circuits are not searched.
        seconds_each: predicted core seconds for one network.
    """

    cell: Cell
    networks: int
    possible: int | None
    seconds_each: float

    @property
    def seconds(self) -> float:
        return self.networks * self.seconds_each

    @property
    def chunk(self) -> int:
        """Networks that are trained and analysed together."""
        return max(1, min(CHUNK_NETWORKS, round(CHUNK_SECONDS / max(self.seconds_each, 1e-3))))


@dataclass(frozen=True)
class StudyCost:
    """What the whole grid takes."""

    cells: tuple[CellCost, ...]

    @property
    def networks(self) -> int:
        return sum(cell.networks for cell in self.cells)

    @property
    def seconds(self) -> float:
        """Core seconds; divide by the number of workers for the wait."""
        return sum(cell.seconds for cell in self.cells)


def needs_circuits(design: StudyDesign) -> bool:
    """Whether any measure of a study is about circuits or interpretations, or judged on what was found."""
    return bool(_needs(design) & _CIRCUIT_NEEDS)


def needs_algorithms(design: StudyDesign) -> bool:
    """Whether any measure of a study is about what the analysis found of algorithms; some search for themselves."""
    return bool(_needs(design) & _ALGORITHM_NEEDS)


def needs_lists(design: StudyDesign) -> bool:
    """Whether single explanations are judged, so that alignments must be listed and not only counted."""
    return "criteria" in _needs(design)


def _needs(design: StudyDesign) -> frozenset[str]:
    """What the measures of a study are about, taken together."""
    measures = measures_of(design.measures, design.criteria, design.methods).values()
    return frozenset(need for measure in measures for need in measure.needs)


def cost_of(design: StudyDesign, limits: Limits = DEFAULT_LIMITS) -> StudyCost:
    """The cost of a checked design, cell by cell.

    Args:
        design: the study.
        limits: where the searches of one network stop.
    """
    circuits = needs_circuits(design)
    return StudyCost(tuple(_cell_cost(cell, circuits, limits) for cell in cells_of(design)))


def _cell_cost(cell: Cell, circuits: bool, limits: Limits) -> CellCost:
    design, sizes, source = cell.design, cell.sizes, source_named(cell.design.source)
    rules = design.protocols if circuits else ()
    spaces = [count_in_space((*sizes[:-1], 1), protocol) for protocol in rules]
    n_outputs = sizes[-1]
    searched = n_outputs * sum(_search_seconds(possible, limits) for possible in spaces)
    if source.boolean:
        searched += sum(
            _reading_seconds(cell, task, protocol, possible, limits)
            for protocol, possible in zip(rules, spaces, strict=True)
            for task in cell.levels["tasks"]
        )
    if "stories" in _needs(design):
        asked = count_in_space((*sizes[:-1], 1), design.protocols[0])
        listed = asked <= STORY_LIMITS.max_possible
        searched += n_outputs * len(design.protocols) * (_STORIES_LISTED * asked if listed else _STORIES_DRAWN)
    if "planted" in _needs(design):
        searched += len(design.protocols) * _PLANTED
    searched += n_outputs * _answer_seconds(cell)
    if "learned" in _needs(design):
        searched += _FITTED
    if any(measure.key in design.measures for measure in MAP_CLASS_MEASURES):
        searched += n_outputs * len(design.protocols) * _RUNGS
    judged = sum(_QUICK_CRITERION if _is_quick(step) else _CRITERION for step in parse_steps(design.criteria))
    judged += _CRITERION * len(CIRCUIT_CRITERIA) * ("circuit-patterns" in design.measures)
    each = min(_EACH, _BOOKED + _MEASURED * len(design.measures)) * _more_inputs(cell)
    analysis = searched + n_outputs * len(design.protocols) * (judged + each)
    training = _drawing_seconds(cell) if cell.levels["prior"] else source.seconds_each or _training_seconds(cell)
    planting = cell.levels["planting"]
    if planting and read_recipe(planting).mode is not None:
        training += _INTERCHANGE
    return CellCost(cell, design.seeds.count, max(spaces) if spaces else None, training + analysis)


def _is_quick(step: CriterionStep) -> bool:
    """Whether a criterion needs neither a search nor the observed classes of each circuit."""
    return step.criterion.cost == "quick" and step.key not in COSTLY


def _answer_seconds(cell: Cell) -> float:
    """Of methods that are asked, and of locating their answers."""
    design = cell.design
    if not design.methods:
        return 0.0
    learned = sum(discovery_method(text)[0].learns for text in design.methods)
    asked = _LEARNED * learned + _ANSWER * len(design.methods) + _SWEPT
    possible = [count_in_space((*cell.sizes[:-1], 1), protocol) for protocol in design.protocols]
    listed = [_ANSWERS_LISTED * n if n <= ANSWER_LIMITS.max_possible else _ANSWERS_COUNTED for n in possible]
    return sum(listed) + asked * len(possible)


def _reading_seconds(cell: Cell, task: str, protocol: Protocol, possible: int, limits: Limits) -> float:
    """Of the interpretations of all valid circuits, as many as there may be."""
    share = _VALID_PARITY if task in _PARITY else _VALID
    if protocol.circuit_space == "without_full_node_mask":  # sparse ones, of which fewer are valid in wider networks
        share *= 0.5 ** (max(cell.levels["hidden"]) - 2)
    listed = limits.n_draws if possible > limits.max_possible else limits.max_valid
    valid = min(share * possible, listed)
    named = min(valid, MAX_CIRCUITS) if NAMED in cell.design.measures else 0.0
    predicting = min(valid, MAX_PREDICTING) if "predictions" in _needs(cell.design) else 0.0
    sets = (1 << sum(cell.sizes[1:-1])) - 1
    return valid * _READ + named * _NAMED + predicting * _PREDICTED * sets**2


def _search_seconds(possible: int, limits: Limits) -> float:
    """A listing's time, at most what an exact count may take."""
    return min(possible / _CIRCUITS_PER_SECOND, limits.max_seconds)


def _training_seconds(cell: Cell) -> float:
    rules, sizes = cell.design.training, cell.sizes
    batches = -(-(2**cell.design.n_inputs) * rules.samples_per_input // rules.batch_size)
    steps = min(rules.epochs * batches, _STEPS * _harder(cell))
    rows = rules.batch_size / 4 if cell.spec(0).row_by_row else 2**cell.design.n_inputs  # many rows, one step
    return float(_TRAINING_STEPS * steps * _larger(sizes, rows))


def _drawing_seconds(cell: Cell) -> float:
    inputs = cell.design.n_inputs
    return _DRAWING * _more_inputs(cell) * _larger(cell.sizes, 2**inputs)


def _more_inputs(cell: Cell) -> float:
    """Of three inputs there are more pairs of rows, and fewer networks that compute a function."""
    return _MORE_INPUTS if cell.design.n_inputs > 2 else 1.0


def _larger(sizes: Sequence[int], rows: float) -> float:
    """A step on all rows of a larger network takes longer than one of 2-3-3-1 on four, but far less than in proportion
    to weights and rows: most of it is overhead.
    """
    weights = sum(n_in * n_out for n_in, n_out in pairwise(sizes))
    return float(max(1.0, weights * rows / 72) ** _GROWTH)


def _harder(cell: Cell) -> float:
    """A tenth of the loss takes about half as many epochs again."""
    ratio = 0.01 / float(cell.levels["loss_target"])
    factor = 1.0
    while ratio >= 10:
        ratio, factor = ratio / 10, factor * 1.5
    return factor


def chunks_of(seeds: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Seeds in runs that never cross a multiple of the size, so that a study extended is cut at the same places."""
    runs: dict[int, list[int]] = {}
    for seed in seeds:
        runs.setdefault(seed // size, []).append(seed)
    return [tuple(run) for run in runs.values()]
