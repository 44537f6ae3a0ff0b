"""The record of a lens: a method that answers about inputs, neurons, layers or sites instead of with a circuit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.method import Method, lacking
from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.running.progress import LATE, OutOfTime
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.sites import part_of
from pluriscope.analysis.subjects.subject import Subject
from pluriscope.analysis.subjects.transformer.runs import MILLISECONDS

LensOutcome = Literal["found", "undefined", "diverged", "degenerate"]
Status = Literal["applicable", "degenerate", "not applicable"]


@dataclass(frozen=True)
class Fit:
    """The fitness of a lens for one output of a network.

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
    """The attributions of a lens: numbers for inputs, row by row.

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


@dataclass(frozen=True)
class NullTest:
    """A test of a network beside null networks, corrected for everything that was looked at.

    Args:
        sought: what is found where p is small, such as "a circle".
        null: what the null networks are.
        looks: numbers of each network that were looked at.
        networks: null networks.
        least: the least p that is possible.
        p: how often a null network has as large a number.
        found: whether p is at most .05.
        planted: null networks with the structure planted.
        planted_found: how many of these the test finds, each beside null networks of its own.
    """

    sought: str
    null: str
    looks: int
    networks: int
    least: float
    p: float
    found: bool
    planted: int
    planted_found: int

    @property
    def words(self) -> str:
        """Write the result of the test, and how far it can be relied on."""
        noun = self.sought.partition(" ")[2]
        reply = f"{self.sought[:1].upper()}{self.sought[1:]} is" if self.found else f"No {noun} is"
        power = f"Of {self.planted} null networks with one planted the test finds {self.planted_found}."
        return f"{reply} found: p = {self.p:.3f}, and {self.least:.3f} is the least possible. {power}"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of figures, each with the same names.

    Args:
        rows: values as JSON has them.
        notes: sentences to be read before the rows.
        tests: what is found, where there is a verdict.
    """

    rows: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()
    tests: tuple[NullTest, ...] = ()


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
        values: ``[rows][names]``, None where there is none.
        rows: their names, of a heat map; empty where they are the rows of inputs.
    """

    names: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grid:
    """A heat map with its labels.

    Args:
        title: what its rows are, and what is in the cells.
        rows: their names.
        columns: likewise.
        values: ``[rows][columns]``, None where there is no such thing.
        sites: likewise, what Play changes there; empty where it can change nothing.
        texts: likewise, what stands in the cells in place of numbers; empty for the numbers.
        most: the value that is drawn darkest; 0 for the largest that occurs.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    sites: tuple[tuple[str, ...], ...] = ()
    texts: tuple[tuple[str, ...], ...] = ()
    most: float = 0.0

    def cells(self) -> Iterator[tuple[str, str, float, str]]:
        """Row, column, value and site of every cell that has a value."""
        for at, (row, values) in enumerate(zip(self.rows, self.values, strict=True)):
            for column, value in enumerate(values):
                if value is not None:
                    yield row, self.columns[column], value, self.sites[at][column] if self.sites else ""


@dataclass(frozen=True, eq=False)
class Grids:
    """The findings of a lens in a transformer.

    Args:
        grids: heat maps, the most important first.
        says: one sentence made from the numbers.
        notes: sentences to be read before it.
        weights: what was learned, by name, as lists of numbers; {} where nothing was.
        tests: what is found, where there is a verdict.
    """

    grids: tuple[Grid, ...]
    says: str
    notes: tuple[str, ...] = ()
    weights: Mapping[str, Any] = field(default_factory=dict)
    tests: tuple[NullTest, ...] = ()


Planes = Mapping[str, Mapping[str, Sequence[float]]]
"""Directions to be drawn as arrows where they have two coordinates: by picture, by name."""
NEURON_COLUMNS: Final = {"layer": "hidden layer, from 1", "neuron": "in the layer, from 0"}
"""Of tables about neurons, what the first two figures of a row are."""
Array = NDArray[np.float64]
View = Attribution | Table | Grids


@dataclass(frozen=True, eq=False)
class LensAnswer:
    """The answer of a lens.

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


@dataclass(frozen=True, kw_only=True)
class Lens(Method):
    """A method that answers about inputs, neurons, layers or sites.

    Args:
        can_know: what such an answer can show and what it cannot.
        look: answers about a question where it applies, None where fitting diverged; of a lens that learns the dotted
            path "module:function".
        size: of a table, how many rows it has for each row of inputs.
        applies: whether it says something about a question under settings; None if it always does that has what it
            needs.
        says: one sentence about an answer, made from its numbers.
        columns: of a table, what each figure of a row is.
        bars: of a table, the counts that draw it.
        bands: of a table, the numbers by row that draw it.
        planes: of a table's rows, the directions that draw it where they have two coordinates.
        pictures: of a table's rows, the images that draw it: by what they are of, the lines of each, with its number.
        on_request: settings other than the defaults by which it answers on request where it is degenerate.
        milliseconds: about how long an answer takes, where that can be more than a moment.
        in_circuits: a heat map of what is found in valid circuits, and what that says; None where nothing is.
        on_sites: what differs where it is asked about sites: a :class:`SiteLens` for the rest; None where it is not.
    """

    can_know: str
    look: Callable[[Any, Settings, Work], View | None] | str
    size: Callable[[Question, Settings], int] | None = None
    applies: Callable[[Question, Settings], Fit] | None = None
    says: Callable[[Question, Any], str] = lambda _question, _seen: ""
    columns: Mapping[str, str] = field(default_factory=dict)
    bars: Callable[[Table], tuple[Bar, ...]] | None = None
    bands: Callable[[Table], Bands] | None = None
    planes: Callable[[Sequence[Mapping[str, Any]]], Planes] | None = None
    pictures: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Sequence[tuple[str, float]]]] | None = None
    on_request: Settings = field(default_factory=dict)
    milliseconds: Callable[[Question, Settings], float] | None = None
    in_circuits: Callable[[Analysed[Any]], tuple[Grid, str] | None] = lambda _: None
    on_sites: partial[SiteLens] | None = None

    @property
    def forms(self) -> tuple[Any, ...]:
        if self.on_sites is None:
            return (self,)
        same = {name: getattr(self, name) for name in ("key", "label", "source", "can_know", "version")}
        return self, SiteLens(**same | self.on_sites.keywords)

    @property
    def answers(self) -> Callable[..., Any] | str:
        return self.look

    @property
    def large(self) -> str:
        """The condition under which an effect of a part is large, in words; "" where :meth:`sizes` are no effects."""
        return "an effect in half of its patches"

    def sizes(self, view: Any) -> dict[str, float]:
        """The largest number of each part in an answer."""
        bars = self.bars(view) if self.bars is not None and isinstance(view, Table) else ()
        return {bar.label: bar.n / bar.of for bar in bars if bar.of}

    def duration(self, question: Any, settings: Settings) -> float:
        """About how many milliseconds an answer takes."""
        return 0.0 if self.milliseconds is None else self.milliseconds(question, settings)

    def fit(self, question: Any, settings: Settings) -> Fit:
        """Decide whether the lens says something under these settings."""
        if reason := lacking(question, self.needs):
            return not_applicable(reason)
        n_rows = 0 if self.size is None else self.size(question, settings) * len(question.method_rows[0])
        if n_rows > MAX_TABLE:
            return not_applicable(f"The table would have {n_rows:,} rows, above the limit of {MAX_TABLE:,}.")
        return APPLIES if self.applies is None else self.applies(question, settings)

    def answer(self, question: Any, settings: Settings, work: Work = DEFAULT_WORK) -> LensAnswer:
        """The lens's answer to a question about a subject.

        Args:
            question: what is asked, with the task and the rows.
            settings: from :meth:`pluriscope.analysis.methods.method.Method.filled`.
            work: reports progress; may cancel.

        Raises:
            Cancelled: the report stopped the work.
        """
        fit = self.fit(question, settings)
        first = (fit.reason,) if fit.reason else ()
        if not fit.answered:
            return LensAnswer("degenerate" if fit.status == "degenerate" else "undefined", settings, None, first)
        try:
            view = self.function(question, settings, work)
        except OutOfTime:
            return LensAnswer("undefined", settings, None, (*first, LATE))
        if view is None:
            return LensAnswer("diverged", settings, None, first)
        return LensAnswer("found", settings, view, (*first, *view.notes))


LARGE: Final = 0.5
"""Share of the way from one run to the other from which an effect counts as large."""


@dataclass(frozen=True, kw_only=True)
class SiteLens(Lens):
    """A lens that looks at sites of runs and answers with heat maps.

    Args:
        multiplications: about how many an answer takes.
        refuses: why it cannot answer about a network under settings; "" where it can.
        effects: whether cells are shares of the way from one run to the other, so that large ones can be counted.
    """

    needs: tuple[str, ...] = ("stream",)
    says: Callable[[Any, Any], str] = lambda _, seen: seen.says
    multiplications: Callable[[Any, Settings], float] = lambda model, _: run_cost(model)
    refuses: Callable[[Any, Settings], str] = lambda _model, _settings: ""
    effects: bool = False

    @property
    def large(self) -> str:
        return f"an effect of {LARGE:g}" if self.effects else ""

    @property
    def function(self) -> Callable[..., Any]:
        look = super().function
        return lambda question, settings, work: look(question.subject, settings, work)

    def fit(self, question: SubjectQuestion, settings: Settings) -> Fit:
        reason = self.refuses(question.subject, settings)
        return not_applicable(reason) if reason else APPLIES

    def duration(self, question: SubjectQuestion, settings: Settings) -> float:
        return MILLISECONDS * self.multiplications(question.subject, settings)

    def sizes(self, view: Any) -> dict[str, float]:
        largest: dict[str, float] = {}
        for _, _, value, site in (cell for grid in view.grids for cell in grid.cells()):
            part = part_of(site)
            largest[part] = max(largest.get(part, 0.0), abs(value))
        return largest


def run_cost(model: Subject, n_rows: int | None = None) -> float:
    """Multiplications of a run of the whole network on so many rows, or all."""
    return float(model.n_multiplications if n_rows is None else model.n_multiplications // len(model.rows) * n_rows)


def view_json(view: View) -> dict[str, Any]:
    """An answer as reports have it: keys that say nothing here are left out."""
    if isinstance(view, Grids):
        return dict(view.weights)
    if isinstance(view, Table):
        return {"table": [dict(row) for row in view.rows]}
    reply: dict[str, Any] = {"scores": view.scores.tolist()}
    if view.base is not None:
        reply["base"] = view.base
    for key in ("interactions", "intercepts", "gap"):
        values = getattr(view, key)
        if values is not None:
            reply[key] = values.tolist()
    return reply | ({"r2": list(view.r2)} if view.r2 is not None else {})


def outputs_by_input(question: Question) -> NDArray[np.float64]:
    """Return the output on each Boolean input, ``[2^n]``."""
    outputs: NDArray[np.float64] = forward(question.network, question.method_rows[0])[:, 0]
    return outputs


def bit_of(axis: int, n_inputs: int) -> int:
    """The bit of a row's number at which an input stands."""
    return 1 << (n_inputs - 1 - axis)


def row_name(question: Question, row: int) -> str:
    """A row for people: its Boolean input ("01") or its number."""
    return f"{row:0{question.network.n_inputs}b}" if question.data.boolean else f"row {row + 1}"
