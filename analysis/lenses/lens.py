"""The record of a lens: what it is called, what may be set, where it applies, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

from analysis.late_functions import function_at
from analysis.lenses.on_models import OnModels
from analysis.method_settings import Setting, Settings, Value, filled
from analysis.question import Question
from analysis.subjects.perceptron.mlp import forward
from analysis.work import DEFAULT_WORK, Work

LensOutcome = Literal["found", "undefined", "diverged", "degenerate"]
Status = Literal["applicable", "degenerate", "not applicable"]


@dataclass(frozen=True)
class Fit:
    """Whether a lens says something about one output of a network.

    Args:
        status: "degenerate" where its answer would be the same, or as good, whatever the network.
        reason: why it does not simply apply, one sentence; "" where it does.
        answered: whether it answers all the same where it is degenerate.
    """

    status: Status
    reason: str = ""
    answered: bool = True


APPLIES: Final = Fit("applicable")
MAX_TABLE: Final = 200_000
"""Rows of a table."""


def not_applicable(reason: str) -> Fit:
    """The fit of a lens that cannot answer."""
    return Fit("not applicable", reason, answered=False)


@dataclass(frozen=True, eq=False)
class Attribution:
    """Numbers for inputs, row by row.

    Args:
        scores: ``[rows, n0]``.
        base: what the scores of a row add up from, where that is one number.
        interactions: ``[rows, n0, n0]`` of lenses that divide scores among pairs.
        intercepts: ``[rows]`` of lenses that fit a line.
        r2: ``[rows]`` the share of variance that the line explains; None where there is no variance.
        gap: ``[rows]`` the sum of the scores less what it should be.
        notes: sentences to be read before the numbers.
    """

    scores: NDArray[np.float64]
    base: float | None = None
    interactions: NDArray[np.float64] | None = None
    intercepts: NDArray[np.float64] | None = None
    r2: tuple[float | None, ...] | None = None
    gap: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of figures, each with the same names.

    Args:
        rows: values as JSON has them.
        notes: sentences to be read before the rows.
    """

    rows: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bar:
    """A count of a table's rows, to be drawn.

    Args:
        label: what is counted over, such as a layer or a neuron.
        n: how many.
        of: of how many.
    """

    label: str
    n: int
    of: int


@dataclass(frozen=True)
class Bands:
    """A table's numbers by row, to be drawn as scores are.

    Args:
        names: of what has a number on each row, such as neurons.
        values: ``[rows][names]``.
        rows: their names, of a heat map; empty where they are the rows of inputs.
    """

    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    rows: tuple[str, ...] = ()


Planes = Mapping[str, Mapping[str, Sequence[float]]]
"""Directions to be drawn as arrows where they have two coordinates: by picture, by name."""
NEURON_COLUMNS: Final = {"layer": "hidden layer, from 1", "neuron": "in the layer, from 0"}
"""Of tables about neurons, what the first two figures of a row are."""
Array = NDArray[np.float64]
View = Attribution | Table
Look = Callable[[Question, Settings, Work], View | None]


@dataclass(frozen=True, eq=False)
class LensAnswer:
    """What a lens answered.

    Args:
        outcome: "found" where it answered; "undefined" where it does not apply, "degenerate" where its answer would
            say nothing and is not given, "diverged" where its fitting came to no numbers.
        settings: all that take part.
        view: what it answered; None where it did not.
        notes: sentences to be read first: why the answer is degenerate, kinks, units without a gradient.
    """

    outcome: LensOutcome
    settings: Settings
    view: View | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lens:
    """One method that answers about inputs, neurons or layers.

    Args:
        key: stable name.
        label: short name for people.
        definition: one sentence: how it answers.
        source: where it comes from, and what its numbers agree with.
        settings: everything that may be set.
        needs: "hidden" neurons, and rows that stand for "boolean" inputs.
        size: of a table, how many rows it has for each row of inputs.
        applies: whether it says something about an output under these settings; None if it always does that has what
            it needs.
        look: answers where it applies, None where fitting diverged; of a lens that learns the dotted path
            "module:function", which loads torch.
        says: one sentence about an answer, made from its numbers.
        can_know: what such an answer can show and what it cannot.
        columns: of a table, what each figure of a row is.
        bars: of a table, the counts that draw it.
        bands: of a table, the numbers by row that draw it.
        planes: of a table's rows, the directions that draw it where they have two coordinates.
        on_request: settings other than the defaults by which it answers on request where it is degenerate.
        milliseconds: about how long an answer takes, where that can be more than a moment.
        on_models: the lens on transformers; None if it is of perceptrons alone.
    """

    key: str
    label: str
    definition: str
    source: str
    can_know: str
    settings: tuple[Setting, ...] = ()
    look: Look | str = lambda _question, _settings, _work: None
    says: Callable[[Question, Any], str] = lambda _question, _seen: ""
    needs: tuple[Literal["hidden", "boolean"], ...] = ()
    size: Callable[[Question, Settings], int] | None = None
    applies: Callable[[Question, Settings], Fit] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    bars: Callable[[Table], tuple[Bar, ...]] | None = None
    bands: Callable[[Table], Bands] | None = None
    planes: Callable[[Sequence[Mapping[str, Any]]], Planes] | None = None
    on_request: Settings = field(default_factory=dict)
    milliseconds: Callable[[Question, Settings], float] | None = None
    on_models: OnModels | None = None

    @property
    def learns(self) -> bool:
        """Whether it is fitted by gradient descent, which takes seconds and loads torch."""
        return isinstance(self.look, str)

    @property
    def defaults(self) -> dict[str, Value]:
        """A value for each setting."""
        return self.filled({})

    def filled(self, given: Mapping[str, object], item: str = "") -> dict[str, Value]:
        """A value for every setting.

        Raises:
            InvalidMethod: an unknown setting, or a value that is not allowed.
        """
        return filled(self.settings, given, item or f"method {self.key}")

    def fit(self, question: Question, settings: Settings) -> Fit:
        """Whether the lens says something under these settings."""
        if "hidden" in self.needs and not question.cut.hidden_sizes:
            return not_applicable("The network has no hidden layer.")
        if "boolean" in self.needs and not question.data.boolean:
            return not_applicable("The rows stand for no Boolean inputs, and it is of such.")
        n_rows = 0 if self.size is None else self.size(question, settings) * len(question.method_rows[0])
        if n_rows > MAX_TABLE:
            return not_applicable(f"The table would have {n_rows:,} rows, above the limit of {MAX_TABLE:,}.")
        return APPLIES if self.applies is None else self.applies(question, settings)

    def answer(self, question: Question, settings: Settings, work: Work = DEFAULT_WORK) -> LensAnswer:
        """The lens's answer for one output of a network.

        Args:
            question: what is asked, with the task and the rows.
            settings: from :meth:`filled`.
            work: told how far it is; may cancel.

        Raises:
            Cancelled: the report asked to stop.
        """
        fit = self.fit(question, settings)
        first = (fit.reason,) if fit.reason else ()
        if not fit.answered:
            return LensAnswer("degenerate" if fit.status == "degenerate" else "undefined", settings, None, first)
        look = cast(Look, function_at(self.look)) if isinstance(self.look, str) else self.look
        view = look(question, settings, work)
        if view is None:
            return LensAnswer("diverged", settings, None, first)
        return LensAnswer("found", settings, view, (*first, *view.notes))


def view_json(view: View) -> dict[str, Any]:
    """An answer as reports have it: keys that say nothing here are left out."""
    if isinstance(view, Table):
        return {"table": [dict(row) for row in view.rows]}
    told: dict[str, Any] = {"scores": view.scores.tolist()}
    if view.base is not None:
        told["base"] = view.base
    for key in ("interactions", "intercepts", "gap"):
        values = getattr(view, key)
        if values is not None:
            told[key] = values.tolist()
    return told | ({"r2": list(view.r2)} if view.r2 is not None else {})


def outputs_by_input(question: Question) -> NDArray[np.float64]:
    """``[2^n]`` the output on each Boolean input."""
    outputs: NDArray[np.float64] = forward(question.cut, question.method_rows[0])[:, 0]
    return outputs


def bit_of(axis: int, n_inputs: int) -> int:
    """The bit of a row's number at which an input stands."""
    return 1 << (n_inputs - 1 - axis)


def row_name(question: Question, row: int) -> str:
    """A row for people: its Boolean input ("01") or its number."""
    return f"{row:0{question.cut.n_inputs}b}" if question.data.boolean else f"row {row + 1}"
