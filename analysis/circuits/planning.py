"""The ways to find the valid circuits, what each is predicted to cost, and which is chosen, before any work starts.

Listing, which tests every possible circuit, wins where the space is within the limit, since everything is then at hand;
counting is next, since it is exact; then comes a uniform sample, which takes seconds, and hashing, which takes minutes,
where a sample has too few valid circuits to say as much or is not allowed. Seconds here are predicted from numbers of
operations and speeds measured on one core of a common server, so that the choice is the same
everywhere; they distinguish a second from a minute and a minute from an hour, no more. How long the stages of an
analysis take on this machine is measured (:mod:`pluriscope.analysis.explaining.planning`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pluriscope.analysis.circuits.counting import count_circuits
from pluriscope.analysis.circuits.estimating import estimate_circuits
from pluriscope.analysis.circuits.formula_solver import MISSING, formula_solver
from pluriscope.analysis.circuits.judging import first_rows
from pluriscope.analysis.circuits.layered_states import CountableSpace
from pluriscope.analysis.circuits.result import CircuitMethod, CircuitSearch
from pluriscope.analysis.circuits.search import Sampling, search_circuits
from pluriscope.analysis.circuits.source_subsets import Combinations, is_compiled
from pluriscope.analysis.circuits.space import Structure
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.questions.decisions import max_wrong
from pluriscope.analysis.questions.protocol import in_space
from pluriscope.analysis.running.limits import DEFAULT_LIMITS, Limits
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.late_functions import function_at

_TESTED_PER_SECOND: Final = 3e7  # circuits times rows, in a listing
_ROWS_THAT_MATTER: Final = 8  # in a listing few circuits survive more rows,
_ROWS_FOR_A_WRONG_ONE: Final = 4  # or so many for each row that a valid circuit may have wrong
_TESTED_ON_ALL: Final = 0.02  # of the circuits pass the first of many rows
_TESTED_ON_ALL_PER_SECOND: Final = 1e8  # these circuits times rows times edges
# fitted to states of random networks of fourteen shapes, 2 to 6 inputs and up to 8 neurons below and in the last layer
_SECONDS_PER_STATE: Final = 2e-5
_SECONDS_PER_POINT: Final = 2e-8  # of the middle or the tail, on each row
_SECONDS_PER_MEETING: Final = 1e-8  # on each row
_SECONDS_TO_HASH: Final = 0.025  # of both counts of a bracket, by rows and edges squared: 12 networks of 18 to 88 edges
_LISTED_ALONE: Final = "circuits valid under any ablation are listed or not searched at all"
_BATCHES_BYTES: Final = 200 << 20  # of the enumeration of lower layers


@dataclass(frozen=True)
class Way:
    """One way to find the valid circuits.

    Args:
        seconds: predicted, on one core; 0 for a sample that has the time that it is given.
        obstacle: why it cannot be taken, one clause; "" if it can.
        run: takes it within the work that it is given.
    """

    method: CircuitMethod
    seconds: float
    obstacle: str
    run: Callable[..., CircuitSearch]


@dataclass(frozen=True)
class CircuitPlan:
    """The ways there are to find the circuits of a question, and the one that will be taken.

    Args:
        possible: circuits of the space, exactly.
        method: of the way that will be taken; "none" if all are barred.
        reason: one sentence.
        ways: the best first; hashing follows on a sample that says less.
    """

    possible: int
    method: CircuitMethod
    reason: str
    ways: tuple[Way, ...]

    @property
    def way(self) -> Way:
        """The way that will be taken."""
        return self.way_of(self.method)

    def way_of(self, method: CircuitMethod) -> Way:
        """Return one of the ways."""
        return next(way for way in self.ways if way.method == method)


def plan_circuits(question: Question, *, limits: Limits = DEFAULT_LIMITS) -> CircuitPlan:
    """Decide how to find the valid circuits of one output.

    Args:
        limits: the user's.

    Raises:
        BeyondLimits: every way is barred, with the reasons.
        InvalidData: labels that do not fit the rows.
    """
    structure = Structure(question.network.sizes, question.protocol)
    counting, hashing = _counting(question, structure, limits), _hashing(question, structure, limits)
    ways = _listing(question, structure, limits, counting), counting, _sampling(question, structure, limits), hashing
    shape = "-".join(map(str, question.network.sizes))
    best = next((way for way in ways if not way.obstacle), None)
    if best is None:
        causes = "; ".join(f"not {way.method}: {way.obstacle}" for way in ways)
        raise BeyondLimits(f"circuits of a {shape} network", causes, "raise the limits, or use a smaller network")
    known = f"{structure.count:,} circuits are possible, and "  # which whoever gives the reason has said
    barred = [way.obstacle.removeprefix(known) for way in ways[: ways.index(best)]]
    most = limits.most_listed(len(question.data.representatives))
    more = f"; if more than {most:,} are valid, they are counted and some listed" if structure.count > most else ""
    rare = f"; where few of it are valid, hashing may count them, in about {duration(hashing.seconds)}"
    rare = "" if hashing.obstacle else rare
    reason = {
        "listed": f"they are few enough to test each{more}",
        "counted": f"Listing is out of reach ({'; '.join(barred)}), but every circuit can be judged without listing",
        "sampled": f"Neither listing nor counting is within reach ({'; '.join(barred)}), so a sample is tested{rare}",
        "hashed": f"Nothing else is within reach ({'; '.join(barred)}), so the valid ones are counted by hashing",
    }[best.method]
    return CircuitPlan(structure.count, best.method, reason[0].upper() + reason[1:] + ".", ways)


def _listing(question: Question, structure: Structure, limits: Limits, counting: Way) -> Way:
    n_rows = len(question.judged[0])
    n_wrong = max_wrong(n_rows, structure.protocol.accuracy_threshold)
    rows_each = min(n_rows, max(_ROWS_THAT_MATTER, _ROWS_FOR_A_WRONG_ONE * (n_wrong + 1)))
    seconds = _quotient(structure.count * rows_each * len(question.ablations), _TESTED_PER_SECOND)
    if len(first_rows(n_rows, n_wrong)) < n_rows:
        cells = structure.count * n_rows * structure.layout.n_edges * len(question.ablations)
        seconds += _quotient(cells, _TESTED_ON_ALL_PER_SECOND) * _TESTED_ON_ALL
    obstacle = ""
    if structure.layout.n_edges > MAX_EDGES:
        obstacle = f"{structure.layout.n_edges} edges for one output, and the limit is {MAX_EDGES}"
    elif structure.count > limits.max_possible:
        obstacle = f"{structure.count:,} circuits are possible, and the limit for a list is {limits.max_possible:,}"
    instead = counting if not counting.obstacle and counting.seconds <= seconds else None
    return Way("listed", seconds, obstacle, partial(_listed, question, instead))


def _listed(question: Question, counting: Way | None, work: Work, **more: Any) -> CircuitSearch:
    """All valid circuits; where there are more than a list holds, their number, some drawn and the smallest."""
    limits, most = work.limits, work.limits.most_listed(len(question.data.representatives))
    tested = partial(search_circuits, question, work, max_valid=most, max_possible=limits.max_possible)
    beyond = Sampling(limits.n_draws, limits.n_smallest)
    if counting is None:
        return tested(beyond=beyond)
    found = tested()
    if found.truncated_at != most:
        return found
    try:
        return counting.run(work, **more)
    except BeyondLimits:  # sums that may overflow show only on the way
        return tested(beyond=beyond)


def _counting(question: Question, structure: Structure, limits: Limits) -> Way:
    network, run = question.network, partial(_counted, question)
    if structure.protocol.circuit_family != "own":
        return Way("counted", 0.0, _LISTED_ALONE, run)
    try:
        space = CountableSpace.of(question)
    except BeyondLimits as error:
        return Way("counted", 0.0, error.cause, run)
    seconds, most_bytes, n_units = 0.0, 0, 0
    for (n_sources, so_far), n_states in structure.states_below(network.n_hidden_layers - 1).items():
        width = network.sizes[-2]
        n_active = frozenset(n for n in range(1, width + 1) if in_space(so_far + n, network.sizes, structure.protocol))
        if not n_active:
            continue
        combinations = Combinations(n_sources, width, n_active, 0.0, space.boxes)
        seconds += _quotient(n_states, 1.0) * seconds_per_state(combinations)
        most_bytes = max(most_bytes, combinations.n_bytes)
        n_units += n_states * combinations.n_units
    n_bytes = _BATCHES_BYTES + most_bytes + 8 * n_units
    obstacle = ""
    if seconds > limits.max_seconds:
        obstacle = f"counting would take about {duration(seconds)}, and the limit is {duration(limits.max_seconds)}"
    elif n_bytes > limits.max_bytes:
        obstacle = f"counting would take about {n_bytes >> 20:,} MiB, and the limit is {limits.max_bytes >> 20:,} MiB"
    return Way("counted", seconds, obstacle, run)


def _counted(
    question: Question, work: Work, *, so_far: CircuitSearch | None = None, may_compile: bool = True
) -> CircuitSearch:
    if not may_compile and not is_compiled():
        raise OutOfTime
    return count_circuits(question, work, n_draws=work.limits.n_draws, so_far=so_far.so_far if so_far else None)


def seconds_per_state(combinations: Combinations) -> float:
    """Predicted for counting what there is on top of one state."""
    on_row = _SECONDS_PER_POINT * combinations.n_points + _SECONDS_PER_MEETING * combinations.n_meetings
    return _SECONDS_PER_STATE + on_row * len(combinations.boxes)


def _sampling(question: Question, structure: Structure, limits: Limits) -> Way:
    obstacle = ""
    if structure.protocol.circuit_family != "own":
        obstacle = _LISTED_ALONE
    elif limits.n_samples < 1:
        obstacle = "no sample is allowed"
    elif not structure.count:
        obstacle = "no circuit is possible"
    return Way("sampled", 0.0, obstacle, partial(_sampled, question))


def _sampled(question: Question, work: Work, *, seed: int = 0) -> CircuitSearch:
    limits = work.limits
    return estimate_circuits(
        question, work, n_samples=limits.n_samples, n_draws=limits.n_draws, confidence=limits.confidence, seed=seed
    )


def _hashing(question: Question, structure: Structure, limits: Limits) -> Way:
    n_rows, n_edges = len(question.judged[0]), structure.layout.n_edges
    seconds = _SECONDS_TO_HASH * n_rows * n_edges**2
    solver = formula_solver()
    obstacle = "no circuit is possible"
    if structure.count:
        obstacle = MISSING if solver is None else function_at(solver.obstacle)(question)
    if not obstacle and seconds > limits.max_seconds:
        obstacle = f"hashing would take about {duration(seconds)}, and the limit is {duration(limits.max_seconds)}"
    return Way("hashed", seconds, obstacle, partial(_hashed, question))


def _hashed(question: Question, work: Work, *, seed: int = 0) -> CircuitSearch:
    solver = formula_solver()
    if solver is None:
        raise BeyondLimits("a count by hashing", MISSING, "install one, or ask for an estimate")
    found: CircuitSearch = function_at(solver.count)(question, work, n_draws=work.limits.n_draws, seed=seed)
    return found


def _quotient(whole: int, part: float) -> float:
    """The float quotient, infinite where it is beyond float64."""
    try:
        return float(whole) / part
    except OverflowError:
        return float("inf")


def duration(seconds: float) -> str:
    """About how long, in words."""
    for size, unit in ((365.25 * 86_400, "years"), (86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}" if seconds < 1e6 * size else f"more than a million {unit}"
    return f"{seconds:,.0f} seconds"
