"""The driver: outputs of one network under one protocol and data record, from preflight to tallies.

preflight        everything that speaks against the analysis, at once
circuits         every valid circuit, or how many         (where)
smallest         the smallest ones, where not all are listed
interpretations  exact counts for each                    (then what)
algorithms       every candidate algorithm                (what)
alignments       where each can live in the network       (then where)
criteria         tallies that the searches give for free

On a data record whose rows stand for no Boolean inputs only circuits are searched.

Where there is a deadline, every output has a first answer before anything long begins: its circuits where they are
quick, else an estimate of their number. Then each output has an equal part of the time, and of that each stage a share;
what is left over goes to what is not done yet, one output after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final, get_args

import numpy as np

from pluriscope.analysis.algorithms.candidates import candidates_of
from pluriscope.analysis.circuits.planning import plan_circuits
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.circuits.space import count_in_space
from pluriscope.analysis.circuits.strategy import add_smallest, add_tried, find_circuits, find_number, first_answer
from pluriscope.analysis.circuits.trying import try_circuits
from pluriscope.analysis.criteria.tallies import tallies, tallies_of_circuits
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.explaining.placing import by_tables
from pluriscope.analysis.explaining.planning import plan_output
from pluriscope.analysis.explaining.preflight import preflight, refuse
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.results.result import CriterionTally, OutputAnalysis, Range, Stage, Stop, seconds_words
from pluriscope.analysis.running.limits import Limits as Limits  # callers take it from here
from pluriscope.analysis.running.progress import KnownCircuits, Progress, Report
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question

_FIRST_SECONDS: Final = 8.0
_FIRST_SHARE: Final = 0.25  # of the time, if that is less, for the first answers to all outputs
_LEAST_SECONDS: Final = 0.5  # with less another round is not begun,
_TO_PLAN: Final = 4.0  # nor a stage planned, which takes about a second
_KEPT_AFTER: Final = 1.0  # seconds: a quick analysis is stored once, at its end
_TELLING: Final = 0.1  # of a stage: from there on its own time predicts the whole better than a plan
_SHARES: Final[dict[Stage, float]] = {
    "circuits": 0.5,
    "smallest": 0.2,
    "interpretations": 0.15,
    "algorithms": 0.05,
    "alignments": 0.1,
}
"""Of an output's time, in the stages' order; what a stage leaves over goes to those after it."""
Keep = Callable[[OutputAnalysis], None]


def analyse_output(
    question: Question,
    work: Work = DEFAULT_WORK,
    *,
    circuits: CircuitSearch | None = None,
    so_far: OutputAnalysis | None = None,
    keep: Keep | None = None,
) -> OutputAnalysis:
    """Run the whole analysis of one output.

    Args:
        circuits: what the search of circuits found under the same rules and limits, if it was made before.
        so_far: an analysis of the same question that was not done.
        keep: given what was found by then, before a report, once the stage after it has taken a second.

    Raises:
        Those of :func:`analyse_outputs`.
    """
    refuse(preflight(question))
    return _spend([_Course(question, work, circuits, so_far, keep)], work)[0]


def analyse_outputs(
    questions: Sequence[Question], work: Work = DEFAULT_WORK, *, so_far: Sequence[OutputAnalysis] = ()
) -> list[OutputAnalysis]:
    """Run the whole analysis of several outputs of one network, within the work's time together.

    Args:
        work: reports how far each stage is; may raise Cancelled between two steps. What its time or memory ends is in
            the analyses as far as it came.
        so_far: analyses of the same questions, of some or all, that time or memory ended: what was done stays, what was
            not goes on. In the end they are what one run without an end had found, but for the seconds.

    Raises:
        AnalysisError: everything that :func:`~pluriscope.analysis.explaining.preflight.preflight` refuses, as one
        error. Cancelled: the report stopped the work.
    """
    for question in questions:
        refuse(preflight(question))
    known = {one.question.digest: one for one in so_far}
    courses = [_Course(one, work, so_far=known.get(one.digest)) for one in questions]
    if len(courses) > 1:
        for course in courses:
            course.prefix = f"output {course.question.output}, "
    return _spend(courses, work)


def _spend(courses: Sequence[_Course], work: Work) -> list[OutputAnalysis]:
    """Go on with each in turn until all are done, or the time is up."""
    if work.deadline < math.inf:
        first = work.for_seconds(min(_FIRST_SECONDS, _FIRST_SHARE * work.seconds_left))
        for number, course in enumerate(courses):
            course.answer_first(first.for_seconds(first.seconds_left / (len(courses) - number)))
    for number, course in enumerate(courses):
        course.go_on(work.for_seconds(work.seconds_left / (len(courses) - number)))
    # with what is left the first ones come to their end, where parts of it would leave all unfinished
    while work.seconds_left >= _LEAST_SECONDS and (unfinished := [one for one in courses if one.waiting]):
        for course in unfinished:
            course.go_on(work)
    return [course.analysis() for course in courses]


class _Course:
    """The analysis of one output under way."""

    prefix = ""  # of its stages' names in reports
    _tried: KnownCircuits | None = None

    def __init__(
        self,
        question: Question,
        work: Work,
        circuits: CircuitSearch | None = None,
        so_far: OutputAnalysis | None = None,
        keep: Keep | None = None,
    ) -> None:
        self.question, self._work, self._keep = question, work, keep
        self._found_at: float | None = None  # the clock when something was found that is not kept yet
        self.seconds: dict[str, float] = {}
        self.stops: dict[Stage, Stop] = {}
        self._planned: dict[str, Range] = {}  # seconds, where they had to be predicted
        self.algorithms = AlgorithmSearch((), 0, truncated_at=0)
        if so_far is not None:
            self.circuits, self.interpretations, self.algorithms = (
                so_far.circuits,
                so_far.interpretations,
                so_far.algorithms,
            )
            self.seconds |= so_far.seconds
            self._want(*(stop.stage for stop in so_far.stops if stop.stage != "criteria"))
            return
        self._take(circuits or unsearched(question))
        self._want("algorithms", "alignments")
        if circuits is None:
            self._want("circuits")

    @property
    def waiting(self) -> set[Stage]:
        """Stages that go on if there is time."""
        return {stage for stage, stop in self.stops.items() if stop.reason == "time"}

    def _want(self, *stages: Stage) -> None:
        """Take note that stages are to be done; of rows that stand for no Boolean inputs circuits alone are."""
        asked = [stage for stage in stages if self.question.data.boolean or stage in ("circuits", "smallest")]
        self.stops |= {stage: Stop(stage, "time") for stage in asked}

    @contextmanager
    def _stage(self, stage: Stage, work: Work, share: float = 1.0) -> Iterator[Work]:
        """The work of one stage within its share of the time, and what it took and what ended it, noted."""
        work.ended.pop(stage, None)
        start = work.clock()
        goes_on = stage in ("smallest", "interpretations") or (stage == "circuits" and self.circuits.so_far is not None)
        forecast = _Forecast(
            work,
            self.prefix,
            known_circuits(self.circuits, self._tried).words if stage == "circuits" and self.circuits.n_tested else "",
            self._planned.get(stage),
            self.seconds.get(stage, 0.0) if goes_on else 0.0,
        )
        own = work.for_seconds(share * work.seconds_left).reporting_to(self._keeping(forecast))
        with own.ending(stage):
            yield own
        if self._keep is not None and stage != "criteria":
            self._found_at = work.clock()
        if work.is_timed:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + work.clock() - start
        self.stops.pop(stage, None)
        spent, seconds = forecast.spent, forecast.seconds()
        if reason := work.ended.pop(stage, None):
            if forecast.share < _TELLING and not self._planned and self._work.seconds_left > _TO_PLAN:
                with suppress(BeyondLimits, MemoryError):
                    stages = plan_output(self.question, work.limits, work.clock).stages
                    self._planned = {one.stage: (one.seconds[0], one.seconds[-1]) for one in stages}
            low, high = seconds or self._planned.get(stage) or (0.0, 0.0)
            self.stops[stage] = Stop(stage, reason, (max(low, spent), max(high, 2 * spent)) if high else None)

    def _keeping(self, report: Report) -> Report:
        """A report before which what was found is given to whoever keeps it, once that is a second ago."""

        def show(progress: Progress, /) -> None:
            found_at = self._found_at
            if found_at is not None and self._keep is not None and self._work.clock() - found_at >= _KEPT_AFTER:
                self._found_at = None
                if self.circuits.n_tested is not None and self.stops:
                    self._keep(self._analysis(self._tallies(), pending=True))
            report(progress)

        return show

    def _share(self, stage: Stage) -> float:
        """Return the share of the time left for a stage, of which the stages after it may need some."""
        later = [*_SHARES][[*_SHARES].index(stage) :]
        waiting = {
            stage,
            *self.stops,
            *(later[:3] if stage == "circuits" else ()),
            *(later[:2] if stage == "smallest" else ()),
        }
        return _SHARES[stage] / sum(_SHARES[one] for one in later if one in waiting)

    def _take(self, circuits: CircuitSearch) -> None:
        """Take note of circuits of which the interpretations, and maybe the smallest, are still to be found."""
        self.circuits = circuits
        nothing = (0,) * circuits.n_listed
        complete = circuits.truncated_at is None
        self.interpretations = InterpretationCounts(nothing, nothing, truncated_at=0, complete=complete)
        self._want("interpretations")
        if circuits.method != "listed" and not complete and circuits.n_drawn is None:
            self._want("smallest")

    def answer_first(self, work: Work) -> None:
        """Try a few circuits, then find all, or estimate their number, unless something is known of them."""
        if "circuits" in self.waiting and self.circuits.n_tested is None:
            with work.ending("circuits"):
                for known in try_circuits(self.question, work):
                    self._tried = known
                    work.report(Progress(f"{self.prefix}circuits", 0, 1, known.words, known=known))
            work.ended.pop("circuits", None)
            self._find(work, first=True)
            known = known_circuits(self.circuits, self._tried)
            words, seconds = known.words, self._planned.get("circuits")
            if seconds and "circuits" in self.stops:
                words += f"; finding them all takes {seconds_words(seconds)}"
            work.report(Progress(f"{self.prefix}circuits", 1, 1, words, known=known))

    def _with_tried(self, found: CircuitSearch) -> CircuitSearch:
        """Widen the interval of a search so that it holds at least the circuits known to be valid."""
        self._tried = self._tried or [*try_circuits(self.question, Work())][-1]
        _, high = found.interval or (0, found.possible)
        least, most = self._tried.least, max(self._tried.least, min(high, self._tried.most))
        return replace(found, count=max(found.count, least), interval=(least, most))

    def _find(self, work: Work, *, first: bool = False) -> None:
        """Find the circuits as far as there is time, and take them into the analysis."""
        before = None if self.circuits.n_tested is None else self.circuits
        with self._stage("circuits", work, 1.0 if first else self._share("circuits")) as own, suppress(BeyondLimits):
            plan = plan_circuits(self.question, limits=work.limits)
            found = first_answer(own, plan, own.seconds_left / 2) if first else find_number(own, plan, before)
            if found.interval and not found.interval[0]:  # nothing drawn was valid, and yet some circuits may be known
                found = self._with_tried(found)
            if self._tried is not None and found.smallest is None:
                found = add_tried(self.question, found, self._tried.masks, work.limits)
            if found.masks is self.circuits.masks:
                self.circuits = found
            else:
                self._take(found)

    def go_on(self, work: Work) -> None:
        """Do what is not done, in order, each stage within its share of the time."""
        question = self.question
        if "circuits" in self.waiting:
            self._find(work)
        if "smallest" in self.waiting:
            with self._stage("smallest", work, self._share("smallest")) as own:
                circuits = add_smallest(question, self.circuits, own)
                if circuits.masks.tolist() != self.circuits.masks.tolist():
                    self._take(circuits)
                self.circuits = circuits
        if "interpretations" in self.waiting:
            with self._stage("interpretations", work, self._share("interpretations")) as own:
                self.interpretations = _interpretations(question, self.circuits, own, self.interpretations)
        if self.waiting & {"algorithms", "alignments"}:
            candidates = None
            with self._stage("algorithms", work, self._share("algorithms")) as own:
                candidates = candidates_of(question, own)
            if candidates is not None:
                if not self.algorithms.algorithms:
                    self.algorithms = AlgorithmSearch((), candidates.n_candidates, truncated_at=0)
                with self._stage("alignments", work, self._share("alignments")) as own:
                    found = by_tables(question, candidates, own)
                    if "alignments" not in own.ended or _n_tried(found) >= _n_tried(self.algorithms):
                        self.algorithms = found

    def analysis(self) -> OutputAnalysis:
        """Return the analysis as far as it is known now, with the tallies of its criteria."""
        criteria: dict[str, CriterionTally] = {}
        with self._stage(
            "criteria", Work(self._work.report, self._work.clock)
        ) as own:  # quick, also when the time is up
            own.report_step("criteria", 0, 1)
            criteria = self._tallies()
            own.report_step("criteria", 1, 1)
        return self._analysis(criteria)

    def _tallies(self) -> dict[str, CriterionTally]:
        if self.question.data.boolean:
            return tallies(self.question, self.circuits, self.interpretations, self.algorithms)
        return tallies_of_circuits(self.question, self.circuits)

    def _analysis(self, criteria: dict[str, CriterionTally], *, pending: bool = False) -> OutputAnalysis:
        """Return the analysis as a value; where it goes on, what is not done is marked as still to come."""
        stops = (self.stops[stage] for stage in get_args(Stage) if stage in self.stops)
        return OutputAnalysis(
            question=self.question,
            circuits=self.circuits,
            interpretations=self.interpretations,
            algorithms=self.algorithms,
            criteria=criteria,
            seconds=dict(self.seconds),
            stops=tuple(replace(stop, reason="pending") if pending else stop for stop in stops),
        )


class _Forecast:
    """A reporter that adds to a stage's progress how long the rest takes.

    Args:
        prefix: of the stage's name.
        answer: what is reported as found; if "", what the stage itself reports.
        planned: from and to how many seconds the stage is planned to take; None if it is not.
        spent: seconds that what is gone on from took.
    """

    def __init__(self, work: Work, prefix: str, answer: str, planned: Range | None, spent: float) -> None:
        self._work, self._prefix, self._answer = work, prefix, answer
        self._planned, self._start = planned, work.clock() - spent
        self.share = 0.0

    @property
    def spent(self) -> float:
        """The seconds spent by now."""
        return self._work.clock() - self._start

    def seconds(self) -> Range | None:
        """The least and the most seconds of the whole stage: as it went, or as planned where it did not go far."""
        if self.share < (_TELLING if self._planned else _TELLING / 10):
            return self._planned
        whole = self.spent / self.share
        return whole / 2, 2 * whole

    def __call__(self, progress: Progress) -> None:
        self.share, found = progress.done / progress.total, progress.found
        if self.share < 1 and (seconds := self.seconds()):
            left = (end * (1 - self.share) for end in seconds)
            done = f"done in {seconds_words((next(left), next(left)))}"
            found = "; ".join(filter(None, (self._answer or found, done)))
        self._work.report(replace(progress, stage=self._prefix + progress.stage, found=found))


def known_circuits(found: CircuitSearch, tried: KnownCircuits | None = None) -> KnownCircuits:
    """Convert the result of a search for circuits to what is reported before the analysis has ended.

    Args:
        tried: what is certain besides, as some were tried before.
    """
    least, most = found.ends
    if tried is not None:
        least, most = max(least, tried.least), min(most, tried.most)
    value, masks = min(max(found.n_valid, least), most), () if tried is None else tried.masks
    return KnownCircuits(found.possible, value, least, most, found.confidence, found.method, masks)


def search_for_circuits(question: Question, work: Work) -> CircuitSearch:
    """The circuits in the best way within the limits, or an unsearched space with its exact size."""
    try:
        return find_circuits(question, work)
    except BeyondLimits:
        return unsearched(question)


def unsearched(question: Question) -> CircuitSearch:
    """The circuits of a space that is not searched: how many are possible, and none of them tested."""
    possible = count_in_space(question.network.sizes, question.protocol)
    no_outputs = np.empty((0, len(question.data.representatives)))
    return CircuitSearch(question.layout, possible, np.empty(0, np.uint64), no_outputs, np.empty(0), truncated_at=0)


def _interpretations(
    question: Question, circuits: CircuitSearch, work: Work, so_far: InterpretationCounts
) -> InterpretationCounts:
    """Exact counts for the listed circuits, or none where there are too many states to carry."""
    complete = circuits.truncated_at is None
    try:
        counts = count_interpretations(question, circuits.masks, work, so_far=so_far)
    except BeyondLimits:
        nothing = (0,) * circuits.n_listed
        return InterpretationCounts(nothing, nothing, truncated_at=0, complete=complete)
    return replace(counts, complete=complete)


def _n_tried(search: AlgorithmSearch) -> int:
    """Algorithms of which placements were tried."""
    return sum(result.truncated_at != 0 for result in search.algorithms)
