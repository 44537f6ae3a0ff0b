"""The record of a discovery method: what it is called, what may be set, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

from analysis.digest import canonical_json, sha256_hex
from analysis.discovery.masked_runs import METRICS, ROW_RULES, Metric, RowRule, Rows, rows_of
from analysis.discovery.selection import SELECTION, pick_mask
from analysis.errors import InvalidMethod
from analysis.late_functions import function_at
from analysis.method_settings import Setting, Settings, Value, filled
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

Outcome = Literal["found", "all", "nothing", "undefined", "diverged", "degenerate"]

METRIC: Final = Setting("metric", "margin", "what ablating an edge is said to change", METRICS)
"""Of methods whose scores are changes of a metric."""


def ablation(default: RowRule) -> Setting:
    """What absent edges carry, and so on which rows a method runs."""
    return Setting("ablation", default, "what absent edges carry, and with it the rows", ROW_RULES)


@dataclass(frozen=True, eq=False)
class Scores:
    """A number for each edge: the change of the metric when it is ablated, so that helpful edges are negative.

    Args:
        values: ``[edges]``.
        no_gradient: edges of which the method knows nothing, since no gradient reaches them.
    """

    values: NDArray[np.float64]
    no_gradient: tuple[int, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step on the way to an answer.

    Args:
        edges: that it is about.
        kept: whether they are in the raw mask behind it.
        before: the measure that the method looks at before: a loss, or faithfulness; None where it is undefined.
        after: the same with the edges removed (or taken), whether that stands or not.
        mask: the raw mask behind it.
        score: of the edge, of methods of scores.
        at: of methods that learn, the step of gradient descent behind which it happened.
    """

    edges: tuple[int, ...]
    kept: bool
    before: float | None
    after: float | None
    mask: int
    score: float | None = None
    at: int | None = None


@dataclass(frozen=True)
class Chosen:
    """A mask that a method answers with.

    Args:
        mask: the raw mask; None where the method came to none.
        outcome: "diverged" and the like where it came to none, else "found".
        fragile: whether its decisions are so narrow that arithmetic might turn one.
        steps: how it came to it.
    """

    mask: int | None
    outcome: Outcome = "found"
    fragile: bool = False
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, eq=False)
class Answer:
    """What a method answered.

    Args:
        outcome: "all" and "nothing" for a raw mask with every edge or none.
        raw_mask: None where there is none.
        rows: of its own ablation; None of models of other kinds, whose rows are those of their task.
        scores: ``[edges]`` of score methods.
        no_gradient: edges that no gradient reached, of gradient methods.
        faithfulness: of the raw mask under its own ablation where a threshold picked it.
        fragile: whether its decisions are narrow.
        steps: how a method that chooses by itself came to it.
    """

    outcome: Outcome
    raw_mask: int | None
    rows: Rows | None
    scores: NDArray[np.float64] | None = None
    no_gradient: tuple[int, ...] | None = None
    faithfulness: float | None = None
    fragile: bool = False
    steps: tuple[Step, ...] = ()


Score = Callable[[Question, Rows, Settings], Scores]
Choose = Callable[[Question, Rows, Settings, Work], Chosen]


class Shared:
    """Rows and scores that several answers about one question have in common, each made once.

    Args:
        question: what is asked.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self._rows: dict[RowRule, Rows] = {}
        self._scores: dict[tuple[Any, ...], Scores] = {}

    def rows(self, rule: RowRule) -> Rows:
        """The rows of an ablation.

        Raises:
            InvalidMethod: pairs of a constant task, or too many of them.
        """
        if rule not in self._rows:
            self._rows[rule] = rows_of(self._question, rule)
        return self._rows[rule]

    def scores(self, method: Method, rows: Rows, settings: Settings) -> Scores:
        """A method's scores, whatever picks by them."""
        if method.score is None:
            raise TypeError(f"method {method.key} neither scores nor chooses")
        key = (method.key, *((setting.name, settings.get(setting.name)) for setting in method.own))
        if key not in self._scores:
            self._scores[key] = method.score(self._question, rows, settings)
        return self._scores[key]


@dataclass(frozen=True)
class MethodRecord:
    """What a discovery method is called and what may be set on it, whatever it is asked about.

    Args:
        key: stable name.
        label: short name for people.
        definition: one sentence: how it answers.
        source: where it comes from, and what its numbers agree with.
        own: what may be set on it alone; "ablation" is always among it.
        score: gives every edge a score, from which a mask is picked; None for a method that chooses by itself.
        choose: chooses a mask; the dotted path "module:function" of what loads torch; None for a method of scores.
    """

    key: str
    label: str
    definition: str
    source: str
    own: tuple[Setting, ...]
    score: Callable[..., Any] | None = None
    choose: Callable[..., Any] | str | None = None

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Everything that may be set."""
        return (*self.own, *SELECTION) if self.score is not None else self.own

    @property
    def defaults(self) -> dict[str, Value]:
        """A value for each setting; a threshold and no k."""
        return self.filled({})

    def filled(self, given: Mapping[str, object], item: str = "") -> dict[str, Value]:
        """A value for every setting that takes part; of k and threshold the one that was given.

        Raises:
            InvalidMethod: an unknown setting, a value that is not allowed, or both k and threshold.
        """
        item = item or f"method {self.key}"
        found = filled(self.settings, given, item)
        if self.score is not None:
            if "k" in given and "threshold" in given:
                raise InvalidMethod(item, "has k together with threshold", "give one of them")
            found.pop("threshold" if "k" in given else "k")
        if found.get("path") == "ends":
            if "steps" in given:
                raise InvalidMethod(item, "has steps, which the path 'ends' does not take", "leave steps out")
            found.pop("steps")
        return found

    def refuse_k(self, settings: Settings, n_edges: int, whole: str) -> None:
        """Refuse to take more edges than there are.

        Raises:
            InvalidMethod: k is larger.
        """
        if "k" in settings and int(settings["k"]) > n_edges:
            raise InvalidMethod(
                f"method {self.key}", f"k is {settings['k']}", f"the {whole} has {n_edges} edges; use fewer"
            )

    @property
    def learns(self) -> bool:
        """Whether it learns by gradient descent, which pages do not do on the spot."""
        return isinstance(self.choose, str)


@dataclass(frozen=True)
class Method(MethodRecord):
    """One discovery method that is asked about networks.

    Args:
        gradient: whether edges that no gradient reaches are told.
    """

    score: Score | None = None
    choose: Choose | str | None = None
    gradient: bool = False

    def rows(self, question: Question, settings: Settings) -> Rows:
        """The rows of its ablation.

        Raises:
            InvalidMethod: pairs of a constant task, or too many of them.
        """
        return rows_of(question, cast(RowRule, settings["ablation"]))

    def answer(
        self, question: Question, settings: Settings, work: Work = DEFAULT_WORK, shared: Shared | None = None
    ) -> Answer:
        """The method's answer for one output of a network.

        Args:
            question: what is asked, with the task and the rows.
            settings: from :meth:`filled`.
            work: told how far it is; may cancel.
            shared: what several answers about one question have in common.

        Raises:
            InvalidMethod: settings that do not fit the task or the network.
            Cancelled: the report asked to stop.
        """
        layout = question.layout
        self.refuse_k(settings, layout.n_edges, "network")
        shared = shared or Shared(question)
        rows = shared.rows(cast(RowRule, settings["ablation"]))
        if self.choose is not None:
            chosen = _loaded(self.choose)(question, rows, settings, work)
            outcome = outcome_of(chosen.mask, layout.n_edges, chosen.outcome)
            return Answer(outcome, chosen.mask, rows, fragile=chosen.fragile, steps=chosen.steps)
        scores = shared.scores(self, rows, settings)
        picked = pick_mask(question, scores.values, rows, settings)
        return Answer(
            outcome_of(picked.mask, layout.n_edges, "undefined"),
            picked.mask,
            rows,
            scores.values,
            scores.no_gradient if self.gradient else None,
            picked.faithfulness,
            picked.fragile,
        )


def _loaded(choose: Choose | str) -> Choose:
    """The function itself."""
    return cast(Choose, function_at(choose)) if isinstance(choose, str) else choose


def outcome_of(mask: int | None, n_edges: int, otherwise: Outcome = "undefined") -> Outcome:
    """What a raw mask is called; something else where there is none."""
    if mask is None:
        return otherwise
    return "nothing" if mask == 0 else "all" if mask == (1 << n_edges) - 1 else "found"


def settings_digest(key: str, settings: Settings) -> str:
    """SHA-256 of a method's key and every setting, defaults included."""
    return sha256_hex(canonical_json([key, dict(settings)]))


def metric_setting(settings: Settings) -> Metric:
    """The value of :data:`METRIC`, which filling in the settings has checked."""
    return cast(Metric, settings["metric"])


def as_scores(values: Any) -> Scores:
    """Scores without a gradient."""
    return Scores(np.asarray(values, dtype=np.float64))
