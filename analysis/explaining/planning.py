"""Prediction of the time and memory that the stages of an analysis take, before it starts.

Each stage is tried on the problem itself for a fraction of a second, and what is left is taken in proportion:

1. Circuits. A uniform sample estimates the share of valid ones. A list goes as far as it comes in that time. Of an
   exact count states of the layers below are drawn at random, by how many circuits stand on their likes, and counted.
2. Smallest. Sizes are searched up to a small number of circuits; how far the rest goes follows from exact numbers of
   circuits by size and from the share of these that is valid.
3. Interpretations of some of the valid circuits drawn are counted; algorithms and alignments go as far as they come.

How many networks lie within their ranges, ``python -m benchmarks.shapes`` says. Memory is what the program itself
takes, which was measured, and the sizes of the largest arrays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.candidates import candidates_of
from pluriscope.analysis.circuits.estimating import estimate_circuits, share_interval
from pluriscope.analysis.circuits.layered_states import CountableSpace
from pluriscope.analysis.circuits.planning import CircuitPlan, plan_circuits, seconds_per_state
from pluriscope.analysis.circuits.prefixes import Prefixes
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.circuits.smallest import find_smallest
from pluriscope.analysis.circuits.space import Structure, count_by_edges
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.explaining.placing import by_tables
from pluriscope.analysis.explaining.plan import Plan
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.results.result import Stage
from pluriscope.analysis.running.limits import Limits, listed_bytes
from pluriscope.analysis.running.work import Clock, Work
from pluriscope.analysis.subjects.perceptron.question import Question

Range = tuple[float, float]
Result = TypeVar("Result")

LEAST_SECONDS: Final = 1.0
"""What may take less, or little more, is planned as "up to": nobody minds."""
_SAMPLE: Final = 2_000  # circuits
_FEW: Final = 20  # valid ones in a sample: hashing says as much
_MANY_COST: Final = 0.85  # of a circuit of a large sample
_INTERPRETED: Final = 200  # circuits
_PREPARING: Final = 0.003  # seconds before the first of them
_STATES: Final = 4_000  # drawn, few of which are counted
_AT_ONCE: Final = 64  # of them with the same active neurons
_TRIED: Final = 200_000  # circuits by size
_LEAST_SHARE: Final = 0.35  # of a stage that reported none: few have much to do after their preparation
_SECONDS_PER_TRIED: Final = 1e-6  # where none is
_LARGER_COST: Final = 0.45  # of a circuit of the sizes that follow, which are judged in larger blocks
_DESCENDED: Final = 3e-4  # circuits judged in a descent, for each by size
_LOADING: Final = 0.4  # seconds until what is compiled can count
_SAMPLING: Final = 2.0  # seconds for a first answer, about
_SMALL_SPACE: Final = 100_000  # circuits
_PROGRAM_BYTES: Final = (50 << 20, 200 << 20)  # of the process, with its libraries, where little is to do
_LARGE_BYTES: Final = (105 << 20, 420 << 20)  # and where blocks of work are as large as they become
_SPREAD: Final = 1.8  # how far what was measured may be from what comes


def plan_output(question: Question, limits: Limits, clock: Clock, *, trial_seconds: float = 0.2) -> Plan:
    """Predict the time and memory of the analysis of one output, by trying parts of it for about a second.

    Args:
        limits: of the analysis.
        clock: seconds of this process.
        trial_seconds: for each of some five parts.

    Raises:
        BeyondLimits: no way to find the circuits is open, with the reasons.
        InvalidData: labels that do not fit the rows.
    """
    return _Trial(question, limits, clock, trial_seconds).plan()


@dataclass(frozen=True)
class _Trial:
    """Parts of one output's analysis, tried."""

    question: Question
    limits: Limits
    clock: Clock
    seconds: float

    def plan(self) -> Plan:
        circuits = plan_circuits(self.question, limits=self.limits)
        share_interval(1, 2, 0.9)  # what it needs is loaded
        start = self.clock()
        sample = self._sample()
        sample_seconds = self.clock() - start
        n_valid = _valid_range(sample, circuits.possible)
        masks = np.zeros(0, np.uint64) if sample is None else np.random.default_rng(0).permutation(sample.masks)
        finding, found = self._circuits(circuits, sample_seconds, n_valid)
        seconds: dict[Stage, Range] = {"circuits": finding}
        if found is not None:  # all of them, in no time
            masks, n_valid = np.random.default_rng(0).permutation(found.masks), (float(found.n_valid),) * 2
        n_kept = n_valid
        if circuits.method != "listed" or n_valid[1] > self._most_listed:
            seen = self.limits.n_samples / circuits.possible if circuits.method == "sampled" else 1.0
            n_kept = (min(n_valid[0] * seen, self.limits.n_draws), min(n_valid[1] * seen, self.limits.n_draws))
            seconds["smallest"] = self._smallest(sample_seconds / _SAMPLE)
        if self.question.data.boolean:
            seconds["interpretations"] = self._interpretations(masks[:_INTERPRETED], n_kept)
            seconds["algorithms"], seconds["alignments"] = self._algorithms()
        seconds["criteria"] = (0.0, 0.05 + 2e-6 * n_kept[1])
        much = circuits.possible >= _SMALL_SPACE or seconds.get("alignments", (0, 0))[1] > LEAST_SECONDS
        low, high = _LARGE_BYTES if much else _PROGRAM_BYTES
        listed = int(sum(n_kept) / 2) * listed_bytes(len(self.question.data.representatives))
        memory = [low + listed, high + 2 * listed]
        together = _floored((sum(low for low, _ in seconds.values()), sum(high for _, high in seconds.values())))
        return Plan.showing(
            circuits,
            output=self.question.output,
            protocol=self.question.protocol.name,
            ways=circuits.ways,
            seconds=together,
            peak_bytes=memory,
            stages=[{"stage": one, "seconds": _floored(own), "peak_bytes": memory} for one, own in seconds.items()],
        )

    @property
    def _most_listed(self) -> int:
        return self.limits.most_listed(len(self.question.data.representatives))

    def _tried(self, run: Callable[[Work], Result], times: float = 1.0) -> tuple[Result | None, float, float]:
        """Run a stage for some time: its result, the seconds it took, and those of the whole by its progress."""
        answer: list[tuple[float, float]] = []  # seconds with shares
        start = self.clock()
        work = Work(
            lambda one: answer.append((self.clock() - start, one.done / one.total)), self.clock, self.limits
        ).for_seconds(times * self.seconds)
        result = None
        with work.ending("trial"):
            result = run(work)
        spent = self.clock() - start
        if not work.ended:
            return result, spent, spent
        seconds, share = max((one for one in answer if one[1] < 1), default=(0.0, 0.0))
        if not share:
            return result, spent, spent / _LEAST_SHARE
        prepared = max((at for at, done in answer if not done), default=0.0)
        return result, spent, seconds + (seconds - prepared) / share * (1 - share)

    def _sample(self) -> CircuitSearch | None:
        """Circuits drawn uniformly, of which some are valid; None where none can be drawn."""
        space = Structure(self.question.network.sizes, self.question.protocol)
        if self.question.protocol.circuit_family != "own" or not space.count:
            return None
        return estimate_circuits(self.question, n_samples=_SAMPLE, n_draws=_SAMPLE)

    def _circuits(self, plan: CircuitPlan, sample_seconds: float, n_valid: Range) -> tuple[Range, CircuitSearch | None]:
        """Predict the seconds of the search for circuits; return all circuits too where they are listed in no time."""
        sampling = _MANY_COST * sample_seconds / _SAMPLE * self.limits.n_samples
        hashing = plan.way_of("hashed")
        if plan.method == "hashed":
            return _around(hashing.seconds), None
        if plan.method == "sampled":
            low, high = _around(sampling)
            rare = n_valid[0] / plan.possible * self.limits.n_samples < _FEW and not hashing.obstacle
            return (low, high + (2 * hashing.seconds if rare else 0.0)), None
        if plan.method == "counted":
            return self._counting(plan, sampling), None
        most = self._most_listed
        found, _, whole = self._tried(
            lambda work: search_circuits(self.question, work, max_valid=most, max_possible=self.limits.max_possible)
        )
        if found is None:  # the first circuits are not like the others
            whole = min(max(whole, plan.way.seconds / 2), 4 * plan.way.seconds)
        low, high = _around(whole)
        return (low, high + 3e-6 * min(n_valid[1], most)), found

    def _counting(self, plan: CircuitPlan, sampling: float) -> Range:
        """Predict the seconds of counting from states drawn at random: how many there are of a kind, and the cost of
        each.
        """
        factors: list[float] = []
        space = CountableSpace.of(self.question)
        start = self.clock()
        with np.errstate(over="ignore", invalid="ignore"):
            for states, predicted in _drawn_states(space, self.question):
                if factors and self.clock() - start > 2 * self.seconds:
                    break
                if not factors:
                    space.tally(states[:0]).go_on()  # what is compiled is loaded
                    start = self.clock()
                before, tally = self.clock(), space.tally(states)
                while not tally.go_on() and self.clock() - before < self.seconds:
                    pass
                factors.append((self.clock() - before) / (predicted * len(states) * max(tally.share, 1e-9)))
        seconds = plan.way.seconds * float(np.mean(factors or [1.0]))
        low, high = _around(seconds)
        return low, high + min(sampling, _SAMPLING) + _LOADING

    def _smallest(self, each: float) -> Range:
        """Predict the seconds of finding the smallest from the sizes below: how many circuits each next size has, if as
        many of them are valid.
        """
        limits, most = self.limits, min(_TRIED, self.limits.n_tried)
        found, spent, _ = self._tried(
            partial(find_smallest, self.question, n_smallest=limits.n_smallest, max_tried=most)
        )
        n_found = 0 if found is None or found.n_descended else len(found.masks)
        if found is None or n_found >= limits.n_smallest:
            return 0.0, LEAST_SECONDS + spent
        n_tried, share = found.n_tried, n_found / max(1, found.n_tried)
        for n_edges in range(found.searched_up_to + 1, self.question.layout.n_edges + 1):
            n_more = count_by_edges(self.question.network.sizes, self.question.protocol, n_edges).get(n_edges, 0)
            if n_tried * share >= limits.n_smallest or n_tried + n_more > limits.n_tried:
                break
            n_tried += n_more
        judging = n_tried * (_LARGER_COST * spent / found.n_tried if found.n_tried else _SECONDS_PER_TRIED)
        return _around(judging + (0.0 if n_found else limits.n_tried * _DESCENDED * each))

    def _interpretations(self, masks: NDArray[np.uint64], n_kept: Range) -> Range:
        if not len(masks):
            return 0.0, LEAST_SECONDS
        try:
            _, _, whole = self._tried(partial(count_interpretations, self.question, masks))
        except BeyondLimits:
            return 0.0, LEAST_SECONDS
        each = max(whole - _PREPARING, 0.1 * whole) / len(masks)
        return _around(each * n_kept[0])[0], _around(each * n_kept[1])[1]

    def _algorithms(self) -> tuple[Range, Range]:
        question = self.question
        candidates, listed, whole = self._tried(lambda work: candidates_of(question, work))
        aligning = 0.0
        if candidates is not None:
            placing = partial(by_tables, question, candidates)
            aligning = self._tried(placing, 3)[2] * (whole / listed if listed else 1.0)  # clocks have their grain
        return _around(whole), _around(aligning)


def _drawn_states(space: CountableSpace, question: Question) -> Iterator[tuple[Prefixes, float]]:
    """States drawn in proportion to what they are predicted to cost, with others of the same active neurons, and the
    seconds predicted for one of them.
    """
    network, rows = question.network, space.wiring.rows
    below = Structure((*network.sizes[:-2], 1), COMPLETE)
    batches = zip(*below.samples(_STATES, seed=0), strict=True)
    kept = [np.concatenate(layer) for layer in batches]
    values = np.broadcast_to(rows, (_STATES, *rows.shape))  # [states, rows, sources]
    n_active = np.zeros(_STATES, np.int64)
    active = np.ones((_STATES, network.n_inputs), np.bool_)
    for layer, keep in enumerate(kept[:-1], start=1):
        weights, edges = network.weights[layer - 1], keep[:, None]
        carried = np.where(edges, values[:, :, None], space.wiring.absent[layer - 1]) * weights
        values = network.function_of(layer).value(carried.sum(axis=3) + network.biases[layer - 1])
        active = np.asarray(keep.any(axis=2))
        n_active += active.sum(axis=1)
    costs = np.zeros(_STATES)
    alike: dict[tuple[bytes, int], list[int]] = defaultdict(list)
    states: dict[tuple[bytes, int], Prefixes] = {}
    for number, key in enumerate(zip(map(bytes, active), n_active.tolist(), strict=True)):
        alike[key].append(number)
    for key, numbers in alike.items():
        some = np.array(numbers[:_AT_ONCE])
        names = tuple(np.flatnonzero(active[some[0]]).tolist())
        states[key] = Prefixes(
            names,
            key[1],
            np.zeros(len(some), np.uint64),
            np.ascontiguousarray(values[some][:, :, list(names)].transpose(0, 2, 1)),
        )
        combinations = space.combinations_on(states[key])
        costs[numbers] = seconds_per_state(combinations) if combinations else 0.0
    keys = list(zip(map(bytes, active), n_active.tolist(), strict=True))
    total = costs.sum()
    if not total:  # hardly a state leads to a circuit of the protocol
        return
    for number in np.random.default_rng(0).choice(_STATES, _STATES, p=costs / total).tolist():
        yield states[keys[number]], float(costs[number])


def _valid_range(sample: CircuitSearch | None, possible: int) -> Range:
    """Bound the number of valid circuits from a sample: the least and the most."""
    if sample is None or not sample.n_tested:
        return 0.0, float(possible)
    low, high = share_interval(round(sample.n_valid * sample.n_tested / possible), sample.n_tested, 0.9)
    return float(low * possible), float(high * possible)


def range_around(seconds: float) -> Range:
    """Return the range of an estimated duration in seconds, which starts at 0 where it is short."""
    return _floored(_around(seconds))


def _around(seconds: float) -> Range:
    return seconds / _SPREAD, seconds * _SPREAD


def _floored(seconds: Range) -> Range:
    """Start a range at 0 where it is short, else narrow it around its geometric mean, to a factor of two at most."""
    low, high = seconds
    if high < 2 * LEAST_SECONDS:
        return 0.0, max(high, LEAST_SECONDS)
    if high <= 4 * low:
        return low, high
    middle = (max(low, high / 16) * high) ** 0.5
    return middle / 2, middle * 2
