"""Predict the cost of finding the valid circuits, and choose the way, before any work starts.

Listing, which tests every possible circuit, wins where the space is within the limit, since everything is then at hand;
counting is next, since it is exact; then comes a uniform sample, which takes seconds, and hashing, which takes minutes,
where a sample has too few valid circuits to say as much or is not allowed. Seconds here are predicted from numbers of
operations and speeds measured on one core of a common server, so that the choice is the same
everywhere; they distinguish a second from a minute and a minute from an hour, no more. How long the stages of an
analysis take on this machine is measured (:mod:`pluriscope.analysis.explaining.planning`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pluriscope.analysis.circuits.formula_solver import MISSING, formula_solver
from pluriscope.analysis.circuits.judging import first_rows
from pluriscope.analysis.circuits.layered_states import CountableSpace
from pluriscope.analysis.circuits.result import CircuitMethod
from pluriscope.analysis.circuits.source_subsets import Combinations
from pluriscope.analysis.circuits.space import Structure
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.questions.decisions import max_wrong
from pluriscope.analysis.questions.protocol import in_space
from pluriscope.analysis.running.limits import DEFAULT_LIMITS, Limits
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
class Cost:
    """The predicted cost of one way to find the valid circuits.

    Args:
        seconds: predicted, on one core; 0 for a sample, which has the time that it is given.
        obstacle: why it cannot be taken, one clause; "" if it can.
    """

    method: CircuitMethod
    seconds: float
    obstacle: str = ""


@dataclass(frozen=True)
class CircuitPlan:
    """The way that will be taken, and why.

    Args:
        possible: circuits of the protocol's space, exactly.
        reason: one sentence.
        costs: of every way, the best first; hashing follows on a sample that says less.
    """

    possible: int
    method: CircuitMethod
    reason: str
    costs: tuple[Cost, ...]

    @property
    def cost(self) -> Cost:
        """The cost of the way that will be taken."""
        return self.cost_of(self.method)

    def cost_of(self, method: CircuitMethod) -> Cost:
        """Return the cost of one of the ways."""
        return next(cost for cost in self.costs if cost.method == method)


def plan_circuits(question: Question, *, limits: Limits = DEFAULT_LIMITS) -> CircuitPlan:
    """Decide how to find the valid circuits of one output.

    Args:
        limits: the user's.

    Raises:
        BeyondLimits: every way is barred, with the reasons.
        InvalidData: labels that do not fit the rows.
    """
    structure = Structure(question.network.sizes, question.protocol)
    costs = (
        _listing(question, structure, limits),
        _counting(question, structure, limits),
        _sampling(structure, limits),
        _hashing(question, structure, limits),
    )
    shape = "-".join(map(str, question.network.sizes))
    open_ways = [cost for cost in costs if not cost.obstacle]
    if not open_ways:
        causes = "; ".join(f"not {cost.method}: {cost.obstacle}" for cost in costs)
        raise BeyondLimits(f"circuits of a {shape} network", causes, "raise the limits, or use a smaller network")
    best = open_ways[0]
    known = f"{structure.count:,} circuits are possible, and "  # which whoever gives the reason has said
    barred = [cost.obstacle.removeprefix(known) for cost in costs[: costs.index(best)]]
    most = limits.most_listed(len(question.data.representatives))
    more = f"; if more than {most:,} are valid, they are counted and some listed" if structure.count > most else ""
    hashing = costs[-1]
    rare = f"; where few of it are valid, hashing may count them, in about {duration(hashing.seconds)}"
    rare = "" if hashing.obstacle else rare
    reason = {
        "listed": f"they are few enough to test each{more}",
        "counted": f"Listing is out of reach ({'; '.join(barred)}), but every circuit can be judged without listing",
        "sampled": f"Neither listing nor counting is within reach ({'; '.join(barred)}), so a sample is tested{rare}",
        "hashed": f"Nothing else is within reach ({'; '.join(barred)}), so the valid ones are counted by hashing",
    }[best.method]
    return CircuitPlan(structure.count, best.method, reason[0].upper() + reason[1:] + ".", costs)


def _listing(question: Question, structure: Structure, limits: Limits) -> Cost:
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
    return Cost("listed", seconds, obstacle)


def _counting(question: Question, structure: Structure, limits: Limits) -> Cost:
    network = question.network
    if structure.protocol.circuit_family != "own":
        return Cost("counted", 0.0, _LISTED_ALONE)
    try:
        space = CountableSpace.of(question)
    except BeyondLimits as error:
        return Cost("counted", 0.0, error.cause)
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
    return Cost("counted", seconds, obstacle)


def seconds_per_state(combinations: Combinations) -> float:
    """Predicted for counting what there is on top of one state."""
    on_row = _SECONDS_PER_POINT * combinations.n_points + _SECONDS_PER_MEETING * combinations.n_meetings
    return _SECONDS_PER_STATE + on_row * len(combinations.boxes)


def _sampling(structure: Structure, limits: Limits) -> Cost:
    obstacle = ""
    if structure.protocol.circuit_family != "own":
        obstacle = _LISTED_ALONE
    elif limits.n_samples < 1:
        obstacle = "no sample is allowed"
    elif not structure.count:
        obstacle = "no circuit is possible"
    return Cost("sampled", 0.0, obstacle)


def _hashing(question: Question, structure: Structure, limits: Limits) -> Cost:
    n_rows, n_edges = len(question.judged[0]), structure.layout.n_edges
    seconds = _SECONDS_TO_HASH * n_rows * n_edges**2
    solver = formula_solver()
    obstacle = "no circuit is possible"
    if structure.count:
        obstacle = MISSING if solver is None else function_at(solver.obstacle)(question)
    if not obstacle and seconds > limits.max_seconds:
        obstacle = f"hashing would take about {duration(seconds)}, and the limit is {duration(limits.max_seconds)}"
    return Cost("hashed", seconds, obstacle)


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
