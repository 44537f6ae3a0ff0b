"""What every stage of the whole chain will take, before any work starts.

Each stage is predicted from numbers that can be had at once, times what one unit of it took when it was measured:

- circuits: as planned (:mod:`analysis.circuits.planning`);
- interpretations: the valid circuits, of which a uniform sample of the possible ones tells how many to expect, times
  the states that their cuts make, which a few of them tell;
- algorithms: the candidates, counted exactly without listing them;
- alignments: candidates times neuron sets times sets of used neurons;
- criteria: by kind of explanation, each with its own unit;
- directions: the irredundant algorithms times the directions of each class;
- common ground: observed classes times interventions, or as many as would be drawn.

A stage of which these numbers are not known beforehand has no seconds, and the reason instead. The others are meant to
be right within a factor of three; ``python -m benchmarks.stage_costs`` holds them against what was measured.

Seconds are those of one core of a common server; a slower machine multiplies them (:mod:`analysis.machine_speed`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import sqrt
from typing import Final

import numpy as np

from analysis.algorithms.counting import count_candidates, count_irredundant
from analysis.circuits.estimating import estimate_circuits
from analysis.circuits.planning import CircuitPlan, plan_circuits
from analysis.common_ground.class_scores import predicted_seconds
from analysis.common_ground.points import Bounds
from analysis.criteria.criterion import Kind
from analysis.criteria.registry import CRITERIA
from analysis.directions.integers import n_integer_directions
from analysis.errors import BeyondLimits
from analysis.experiments import intervention_space
from analysis.interpretations.counting import count_interpretations
from analysis.limits import DEFAULT_LIMITS, Limits
from analysis.question import Question
from analysis.work import Work

ANALYSIS_STAGES: Final = ("circuits", "interpretations", "algorithms", "alignments")
FOLLOWING_STAGES: Final = ("criteria", "directions", "common ground")
CHAIN: Final = (*ANALYSIS_STAGES, *FOLLOWING_STAGES)

_SAMPLE_CELLS: Final = 400_000  # circuits times rows times edges of the sample, some hundredths of a second
_MOST_SAMPLED: Final = 4_096
_FEWEST_SAMPLED: Final = 256
_LOOKED_AT: Final = 24  # valid circuits of the sample whose interpretations are counted
_MOST_STATES: Final = 200_000  # and with so many states at most
_FEW_HITS: Final = 3  # fewer valid circuits in the sample than this tell nothing of all

# seconds of one core of a common server for one unit, fitted by python -m benchmarks.stage_costs
_START: Final = 6e-3  # of a stage, once
_OUTPUT_KEPT: Final = 7e-7  # of a valid circuit on one input
_DRAW: Final = 2e-3  # of a valid circuit where they are counted
_CIRCUIT_READ: Final = 5e-6  # on one input
_CLASS_COUNTED: Final = 2.5e-7
_CANDIDATE: Final = 6e-6
_TREE: Final = 5e-5  # the same as the authors list them
_TREES: Final = {1: 2.0, 2: 3.2, 3: 50.0}  # by inputs: there are about so many times the root of the candidates
_ALIGNED: Final = 9e-4  # a candidate placed on two layers of three, and its near misses
_ALIGNED_PLAIN: Final = 5e-4  # without these
_ALIGNED_CELLS: Final = 64 * 14  # sets of used neurons times neuron sets of that network
_SETS_DECIDED: Final = 2e-7  # a neuron set interchanged on one pair, through one weight
_ROBUST: Final = 3.3e-3  # a circuit certified around four clean inputs
_SMOOTH: Final = 2.7  # times as long with a smooth activation
_NOISE: Final = 1.2e-8  # a point through one weight
_NOISE_POINTS: Final = 1_000
_KNOCKED_OUT: Final = 2e-4
_PATCHED: Final = 6e-4
_CIRCUIT_JUDGED: Final = 1e-5  # by any other criterion
_CIRCUIT_INTERCHANGED: Final = 6e-3  # the interpretations of one circuit,
_CLASS_INTERCHANGED: Final = 1.5e-4  # and for each observed class
_CIRCUIT_COUNTED: Final = 1e-4
_ALGORITHM_JUDGED: Final = {"irredundant-gates": 5e-5, "irredundant-functions": 1.7e-4, "irredundant-literals": 3e-4}
_ALGORITHM_OTHERWISE: Final = 1e-5
_ALIGNMENT_JUDGED: Final = 1e-4
_JOINTLY: Final = 1e-3
_CONTROLS: Final = 0.07  # alignments on permuted networks
_DIRECTIONS: Final = 0.012
_REDUNDANCY: Final = 2.5e-6  # of one algorithm, looked up
_ALGORITHM_DIRECTED: Final = 0.04
_CHOICE: Final = 4e-5  # of integer directions for two variables
_MOST_CHOICES: Final = 8_000
_CLASS_SURVEYED: Final = 1.7  # times what the survey's own bound reckons with
_CLASS_DRAWN: Final = 7.5e-3  # where each lies in a circuit of its own
_CLASS_SPREAD: Final = 7e-4
_ALGORITHM_SURVEYED: Final = 1e-3
_SURVEY: Final = 0.014


@dataclass(frozen=True)
class StageCost:
    """What one stage will take.

    Args:
        stage: its key, of :data:`CHAIN`.
        seconds: of one core; None where they cannot be predicted.
        units: what is gone through, with its number, e.g. "250 candidate algorithms".
        reason: why there are no seconds, or what bounds them; one sentence, "" if there is nothing to say.
        parts: of the criteria the seconds of each on each kind of explanation, as (kind, key, seconds), and of
            directions those of each class.
    """

    stage: str
    seconds: float | None
    units: str
    reason: str = ""
    parts: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True)
class ChainPlan:
    """What the whole chain will take.

    Args:
        circuits: how the valid circuits are found.
        stages: of :data:`CHAIN`, in order.
    """

    circuits: CircuitPlan
    stages: tuple[StageCost, ...]

    def stage(self, name: str) -> StageCost:
        """One stage by its key."""
        return next(cost for cost in self.stages if cost.stage == name)

    def seconds_of(self, stages: Iterable[str]) -> float | None:
        """Some stages together; None if one of them cannot be predicted."""
        each = [self.stage(name).seconds for name in stages]
        return None if any(seconds is None for seconds in each) else sum(seconds for seconds in each if seconds)

    def told_seconds(self, stages: Iterable[str] = CHAIN) -> float:
        """Those of the stages that can be predicted: at least so much."""
        return sum(self.stage(name).seconds or 0.0 for name in stages)

    def criteria_seconds(self, wanted: Iterable[tuple[Kind, str]]) -> float | None:
        """Some criteria by kind and key; None if they cannot be predicted."""
        known = {(kind, key): seconds for kind, key, seconds in self.stage("criteria").parts}
        return sum(known[one] for one in dict.fromkeys(wanted)) if known else None

    def direction_seconds(self, direction_class: str) -> float | None:
        """One class of directions in closed form; None if it cannot be predicted, as subspaces that are learned."""
        known = self.stage("directions").parts
        return next((seconds for _, key, seconds in known if key == direction_class), None)

    def on(self, slowness: float) -> ChainPlan:
        """The same on a machine that takes ``slowness`` times as long."""
        stages = tuple(
            replace(
                cost,
                seconds=None if cost.seconds is None else cost.seconds * slowness,
                parts=tuple((kind, key, seconds * slowness) for kind, key, seconds in cost.parts),
            )
            for cost in self.stages
        )
        return replace(self, stages=stages)


@dataclass(frozen=True)
class Known:
    """What is known of an analysis that was made already, so that it need not be guessed.

    Args:
        n_valid: listed valid circuits.
        n_classes: their observed classes.
        n_alignments: kept valid alignments.
    """

    n_valid: int
    n_classes: int
    n_alignments: int


def plan_chain(
    question: Question,
    *,
    limits: Limits = DEFAULT_LIMITS,
    known: Known | None = None,
    trained: bool = True,
) -> ChainPlan:
    """Predict every stage of the chain for one output; takes some hundredths of a second.

    Args:
        limits: where searches stop.
        known: what an analysis made before has found.
        trained: whether the weights are those that will be analysed; else only what does not depend on them is told.

    Raises:
        BeyondLimits: no way to find the circuits is open, with the reasons.
        InvalidData: labels that do not fit the rows.
    """
    circuits = plan_circuits(question, limits=limits)
    chain = _Chain(question, limits, circuits, known, trained)
    if not question.data.boolean:
        none = "The rows stand for no Boolean inputs, so there is nothing to search."
        rest = tuple(StageCost(stage, 0.0, "nothing", none) for stage in CHAIN[1:])
        return ChainPlan(circuits, (chain.circuits, *rest))
    return ChainPlan(
        circuits,
        (
            chain.circuits,
            chain.interpretations,
            chain.algorithms,
            chain.alignments,
            chain.criteria,
            chain.directions,
            chain.common_ground,
        ),
    )


@dataclass(frozen=True)
class _Guess:
    """How many valid circuits to expect, and what they are like.

    Args:
        listed: valid circuits in the list; None where the sample holds too few to tell.
        classes: observed classes of one, on average.
    """

    listed: int | None
    classes: float


@dataclass(frozen=True, eq=False)
class _Chain:
    """One output, with the numbers that several stages are predicted from."""

    question: Question
    limits: Limits
    plan: CircuitPlan
    known: Known | None
    trained: bool

    @cached_property
    def n_rows(self) -> int:
        return 1 << self.question.cut.n_inputs

    @cached_property
    def n_pairs(self) -> int:
        return self.n_rows * (self.n_rows - 1)

    @cached_property
    def n_states(self) -> int:
        """Sets of hidden neurons, the empty one too."""
        return 1 << sum(self.question.cut.hidden_sizes)

    @cached_property
    def n_sites(self) -> int:
        if self.question.protocol.alignment_sites == "single_neurons":
            return sum(self.question.cut.hidden_sizes)
        return sum((1 << width) - 1 for width in self.question.cut.hidden_sizes)

    @cached_property
    def n_weights(self) -> int:
        return sum(a * b for a, b in pairwise(self.question.cut.sizes))

    @cached_property
    def guess(self) -> _Guess:
        """From a sample of the possible circuits."""
        if self.known is not None:
            n_valid = self.known.n_valid
            each = self.known.n_classes / max(1, n_valid)
            return _Guess(n_valid, each)
        possible = self.plan.possible
        if not self.trained or self.question.protocol.circuit_family != "own":
            return _Guess(None, 0.0)
        if not possible:
            return _Guess(0, 0.0)
        cells = len(self.question.judged[0]) * self.n_weights
        n_samples = max(_FEWEST_SAMPLED, min(_MOST_SAMPLED, _SAMPLE_CELLS // cells))
        sample = estimate_circuits(self.question, n_samples=n_samples, n_draws=_LOOKED_AT)
        listed = sample.count
        if self.plan.method != "listed":
            listed = min(listed, self.limits.n_draws)
        listed = min(listed, self.limits.most_listed(len(self.question.data.representatives)))
        if sample.n_valid < _FEW_HITS and possible > n_samples:
            return _Guess(None, 0.0)
        if not len(sample.draws):
            return _Guess(listed, 0.0)
        try:
            counts = count_interpretations(
                self.question,
                sample.draws,
                Work(limits=replace(self.limits, max_states=_MOST_STATES)),
            )
        except BeyondLimits:
            return _Guess(listed, float("inf"))
        n = len(sample.draws) if counts.truncated_at is None else counts.truncated_at
        return _Guess(listed, counts.observed / n)

    @cached_property
    def n_classes(self) -> float | None:
        """Observed classes of all listed circuits, expected; None if that cannot be told, infinite if too many."""
        return None if self.guess.listed is None else self.guess.listed * self.guess.classes

    @property
    def why_unknown(self) -> str:
        """Why it cannot be told how many circuits are valid."""
        if not self.trained:
            return _UNTRAINED
        return _FEW_VALID if self.question.protocol.circuit_family == "own" else _NOT_SAMPLED

    @cached_property
    def n_candidates(self) -> int:
        """And-inverter candidates of the task, exact; of formula trees there are fewer."""
        return count_candidates(self.question.task.pattern, self.question.cut.n_inputs, self.depth)

    @property
    def depth(self) -> int:
        return self.question.protocol.depth_for(self.question.cut.n_hidden_layers)

    @property
    def by_support(self) -> bool:
        """Whether candidates are searched by what the network carries, as they are too many for a list."""
        return self.question.protocol.algorithm_form == "and_inverter" and self.n_candidates > self.limits.max_listed

    @cached_property
    def n_algorithms(self) -> float:
        """Algorithms that are placed one by one, roughly where only the search shows how many can be aligned."""
        if self.question.protocol.algorithm_form == "formula_trees":
            return min(
                self.limits.max_candidates, _TREES.get(self.question.cut.n_inputs, 0.0) * sqrt(self.n_candidates)
            )
        if not self.by_support:
            return self.n_candidates
        least, most = self.limits.n_first, self.limits.n_first + self.limits.max_aligned
        return sqrt(least * most)

    @property
    def why_uncounted(self) -> str:
        """Why it cannot be told how many algorithms and alignments there will be; "" if it can."""
        if self.question.protocol.algorithm_form == "formula_trees":
            return "" if self.question.cut.n_inputs in _TREES else _TREES_UNCOUNTED
        constant = self.question.task.pattern in (
            0,
            (1 << self.n_rows) - 1,
        )  # almost any of its many variables may be carried
        return _HOW_MANY_CARRIED if self.by_support and (constant or self.question.cut.n_inputs > _INPUTS_GROWN) else ""

    @property
    def candidates_words(self) -> str:
        many = "up to " if self.question.protocol.algorithm_form == "formula_trees" else ""
        return f"{many}{self.n_candidates:,} candidate algorithms"

    @property
    def circuits(self) -> StageCost:
        cost = self.plan.cost
        each = 0.0 if self.guess.listed is None else self.guess.listed * _OUTPUT_KEPT * self.n_rows
        drawn = _DRAW * self.limits.n_draws if self.plan.method == "counted" else 0.0
        return StageCost("circuits", cost.seconds + _START + each + drawn, f"{self.plan.possible:,} possible circuits")

    @property
    def interpretations(self) -> StageCost:
        listed, classes = self.guess.listed, self.n_classes
        if listed is None or classes is None:
            return StageCost("interpretations", None, "an unknown number of valid circuits", self.why_unknown)
        units = _expected(listed)
        if np.isinf(classes):
            return StageCost("interpretations", None, units, _MANY_STATES)
        seconds = _START + (listed * _CIRCUIT_READ + classes * _CLASS_COUNTED) * self.n_rows
        return StageCost("interpretations", seconds, units)

    @property
    def algorithms(self) -> StageCost:
        if self.question.protocol.algorithm_form == "formula_trees":
            return StageCost("algorithms", 1e-3 + self.n_algorithms * _TREE, self.candidates_words)
        seconds = 1e-3 + self.n_algorithms * _CANDIDATE
        return StageCost("algorithms", seconds, self.candidates_words)

    @property
    def alignments(self) -> StageCost:
        units = f"{self.candidates_words} on {self.n_sites:,} neuron sets"
        if self.why_uncounted:
            return StageCost("alignments", None, units, self.why_uncounted)
        decided = self.n_sites * self.n_pairs * self.n_weights * _SETS_DECIDED
        each = _ALIGNED if self.question.protocol.n_near_misses else _ALIGNED_PLAIN
        scale = max(0.5, sqrt(self.n_states * self.n_sites / _ALIGNED_CELLS))
        return StageCost("alignments", 2e-3 + decided + self.n_algorithms * each * scale, units)

    @property
    def criteria(self) -> StageCost:
        listed, classes = self.guess.listed, self.n_classes
        if listed is None or classes is None:
            return StageCost("criteria", None, "an unknown number of valid circuits", self.why_unknown)
        units = f"{_expected(listed)} with {_rounded(classes)} observed classes"
        if self.why_uncounted:
            return StageCost("criteria", None, units, self.why_uncounted)
        each = {(kind, one.key): self._criterion(kind, one.key) for one in CRITERIA for kind in one.judges}
        most = self.limits.criterion_seconds
        bounded = sorted({key for (_, key), seconds in each.items() if seconds > most})
        reason = f"Stopped after {most:g} s each: {', '.join(bounded)}." if bounded else ""
        parts = tuple((kind, key, min(seconds, most)) for (kind, key), seconds in each.items())
        return StageCost("criteria", _START + sum(seconds for *_, seconds in parts), units, reason, parts)

    def _criterion(self, kind: Kind, key: str) -> float:
        """One criterion on all explanations of one kind, were there no limit."""
        listed, classes = self.guess.listed or 0, self.n_classes or 0.0
        rows = self.n_rows / 4
        if kind == "circuit":
            smooth = _SMOOTH if self.question.cut.activation in ("tanh", "sigmoid") else 1.0
            each = {
                "input-robust": _ROBUST * rows * smooth,
                "input-noise": self.n_rows * _NOISE_POINTS * self.n_weights * _NOISE,
                **dict.fromkeys(
                    ("knockout-completeness", "minimal-wang"),
                    _KNOCKED_OUT * max(1.0, min(self.n_states, 4_096) / 64) * rows,
                ),
                "patching-robust": _PATCHED * rows * smooth,
            }
            return listed * each.get(key, _CIRCUIT_JUDGED * rows)
        if kind == "interpretation":
            if key in ("interchange", "interchange-on-circuit"):  # joint ones and causal scrubbing share their work
                return listed * _CIRCUIT_INTERCHANGED + classes * _CLASS_INTERCHANGED
            shared = ("interchange-joint", "interchange-joint-on-circuit", "causal-scrubbing")
            return 0.0 if key in shared else listed * _CIRCUIT_COUNTED
        if kind == "algorithm":
            return self.n_algorithms * _ALGORITHM_JUDGED.get(key, _ALGORITHM_OTHERWISE) * max(1.0, rows / 2)
        scale = max(1.0, self.n_states * self.n_sites / _ALIGNED_CELLS)
        if key == "above-random":
            return _CONTROLS * scale
        n_alignments = self.known.n_alignments if self.known else 0.3 * self.n_algorithms
        return n_alignments * (_JOINTLY if key == "joint-interchange" else _ALIGNMENT_JUDGED) * rows

    @property
    def directions(self) -> StageCost:
        if self.question.cut.n_inputs > _INPUTS_COUNTED:
            reason = f"How many algorithms are irredundant is counted beforehand up to {_INPUTS_COUNTED} inputs."
            return StageCost("directions", None, "irredundant algorithms", reason)
        counts = count_irredundant(self.question.task.pattern, self.question.cut.n_inputs, self.depth)
        n = counts.irredundant_literals
        units = f"{n:,} irredundant algorithms"
        if self.why_uncounted:
            return StageCost("directions", None, units, self.why_uncounted)
        if not self.task_has_variables:
            n = 0
        offered = sum(n_integer_directions(width) for width in self.question.cut.hidden_sizes if width <= 9)
        choices = min(_MOST_CHOICES, offered * offered)
        each = {
            "orthogonal": n * _ALGORITHM_DIRECTED / 2,
            "oblique": n * _ALGORITHM_DIRECTED / 2,
            "integer": n * choices * _CHOICE / 10,
            "integer-any": n * choices * _CHOICE,
        }
        looked_at = _DIRECTIONS / 4 + self.n_algorithms * _REDUNDANCY
        trees = (
            1.5 if self.question.protocol.algorithm_form == "formula_trees" else 1.0
        )  # of which more are irredundant
        parts = tuple(("alignment", key, looked_at + trees * seconds) for key, seconds in each.items())
        return StageCost("directions", sum(seconds for *_, seconds in parts), units, "", parts)

    @property
    def task_has_variables(self) -> bool:
        """Whether its irredundant algorithms have inner gates: not those of a single gate or none."""
        counts = count_candidates(self.question.task.pattern, self.question.cut.n_inputs, 1)
        return counts == 0

    @property
    def common_ground(self) -> StageCost:
        classes, bounds = self.n_classes, Bounds()
        if classes is None:
            return StageCost("common ground", None, "an unknown number of valid circuits", self.why_unknown)
        space = intervention_space(self.question.cut.hidden_sizes, self.question.cut.n_inputs)
        each = predicted_seconds(space)
        drawn = classes * each > bounds.max_seconds and classes > bounds.n_drawn
        n = bounds.n_drawn if drawn else classes
        units = f"{'' if drawn else 'about '}{_rounded(n)} observed classes on {space.n_interventions:,} interventions"
        if np.isinf(classes):
            return StageCost("common ground", None, units, _MANY_STATES)
        if self.why_uncounted and self.known is None:
            return StageCost("common ground", None, units, self.why_uncounted)
        per_class = each * _CLASS_SURVEYED
        if drawn:
            per_class += _CLASS_DRAWN * min(1.0, (self.guess.listed or 0) / bounds.n_drawn)
        elif classes <= bounds.max_spread:
            per_class += _CLASS_SPREAD
        seconds = _SURVEY + n * per_class + self.n_algorithms * _ALGORITHM_SURVEYED
        return StageCost("common ground", seconds, units)


_INPUTS_COUNTED: Final = 5
_FEW_VALID: Final = (
    "A sample of the possible circuits holds too few valid ones to tell how many there are, and it depends on their "
    "number."
)
_NOT_SAMPLED: Final = "It depends on the number of valid circuits, and those valid under any ablation are not sampled."
_UNTRAINED: Final = "It depends on the weights, which are known only when training has ended."
_MANY_STATES: Final = "The cuts of some circuits make too many states to count them beforehand."
_INPUTS_GROWN: Final = 3
_TREES_UNCOUNTED: Final = "How many formulas there are beyond three inputs shows only when they are listed."
_HOW_MANY_CARRIED: Final = (
    "So many candidates are searched by what the network carries, and how much that is shows only on the way."
)


def _expected(n: float) -> str:
    """So many valid circuits in words; what is expected before a search is never told as none."""
    return f"about {_rounded(n)} valid circuits" if round(n) else "hardly any valid circuits"


def _rounded(value: float) -> str:
    """A guess in two digits."""
    if value < 100:
        return f"{value:,.0f}"
    if np.isinf(value):
        return "very many"
    step = 10 ** (len(str(int(value))) - 2)
    return f"{round(value / step) * step:,}"
