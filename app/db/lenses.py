"""What lenses say about an analysis, as it is stored: answers under default settings, and functions on layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.interpretations.given_functions import GivenFunctions
from analysis.lenses.functions import FunctionRow
from analysis.lenses.lens import Attribution, Lens, LensAnswer, LensField, Table, view_json
from analysis.question import Question
from analysis.report import Part as Stored

LENSES: Final = "lenses"
MAX_ROWS: Final = 1_000
"""Rows up to which a table is stored whole; a longer one is computed at its own address, and its counts are stored."""
MAX_FORMULAS: Final = 12
MAX_FUNCTIONS: Final = 24


class StoredBar(Stored):
    """See :class:`analysis.lenses.lens.Bar`."""

    label: str
    n: int
    of: int


class StoredLatent(Stored):
    """See :class:`analysis.lenses.lens.Latent`."""

    label: str
    truth_table: list[int]


class StoredBands(Stored):
    """See :class:`analysis.lenses.lens.Bands`."""

    names: list[str]
    values: list[list[float]]
    rows: list[str] = Field([], description="Names of the rows; empty where they are the rows of inputs.")


class StoredField(Stored):
    """See :class:`analysis.lenses.lens.LensField`."""

    name: str
    low: float
    high: float
    pieces: list[tuple[int, list[tuple[float, float]]]] = Field(description="Band and corners of a convex polygon.")
    grid: list[str] = Field([], description="Bands as digits, second input by row, where there are no polygons.")


class StoredView(Stored):
    """What one lens answered; see :class:`analysis.lenses.lens.LensAnswer`."""

    lens: str
    settings: dict[str, Any] = Field(description="All that take part.")
    outcome: str
    notes: list[str] = Field(description="To be read first.")
    says: str = Field(description="A sentence made from the numbers; empty where there is no answer.")
    view: dict[str, Any] | None = Field(description="As audit files have it; null without an answer or a long table.")
    bars: list[StoredBar]
    latents: list[StoredLatent]
    bands: StoredBands | None = None
    fields: list[StoredField] = Field(default_factory=list)


class StoredFunctionOnLayer(Stored):
    """See :class:`analysis.lenses.functions.FunctionOnLayer`."""

    layer: int
    margin: float
    changed: int | None
    of: int
    carried: bool | None


class StoredFunction(Stored):
    """See :class:`analysis.lenses.functions.FunctionRow`."""

    truth_table: list[int]
    label: str
    is_task: bool
    layers: list[StoredFunctionOnLayer]


class StoredAlgorithm(Stored):
    """An irredundant algorithm with variables."""

    id: str
    formula: str


class StoredCarried(Stored):
    """Which irredundant algorithms with variables have a valid alignment."""

    known: bool = Field(description="Whether the search for alignments came to its end and decided redundancy.")
    of: int = Field(description="Irredundant algorithms with variables.")
    n_carried: int
    carried: list[StoredAlgorithm] = Field(description=f"The first {MAX_FORMULAS}.")
    others: list[StoredAlgorithm] = Field(description=f"The first {MAX_FORMULAS} of those that are not carried.")


class StoredNeuron(Stored):
    """The functions that interpretations of valid circuits give one hidden neuron."""

    layer: int
    neuron: int
    n: int = Field(description="How many different ones.")
    functions: list[tuple[list[int], int]] = Field(description="The first: truth table, circuits; most circuits first.")


class StoredNeurons(Stored):
    """See :class:`analysis.interpretations.given_functions.GivenFunctions`."""

    of: int = Field(description="Circuits that were looked at.")
    exact: bool = Field(description="Whether these are all valid ones; else numbers of functions are lower bounds.")
    neurons: list[StoredNeuron]


class LensesReport(Stored):
    """What every lens answered under its default settings."""

    thorough: bool = Field(description="Whether lenses that learn were asked too.")
    lenses: list[StoredView]
    carried: StoredCarried
    functions: list[StoredFunction]
    neurons: StoredNeurons | None = Field(None, description="Null where they were too many.")


def stored_view(question: Question, lens: Lens, answer: LensAnswer) -> StoredView:
    """The stored form of one answer."""
    view = answer.view
    table = view if isinstance(view, Table) else None
    kept = view is not None and (isinstance(view, Attribution) or len(view.rows) <= MAX_ROWS)
    return StoredView.showing(
        answer,
        lens=lens.key,
        says="" if view is None else lens.says(question, view),
        view=view_json(view) if view is not None and kept else None,
        bars=[] if table is None or lens.bars is None else lens.bars(table),
        latents=[] if table is None or lens.latents is None else lens.latents(table),
        bands=None if table is None or lens.bands is None else lens.bands(table),
        fields=[]
        if table is None or lens.fields is None
        else [_field(field) for field in lens.fields(question, table)],
    )


def _field(found: LensField) -> StoredField:
    pieces = [(band, [(round(x, 5), round(y, 5)) for x, y in corners]) for band, corners in found.pieces]
    return StoredField.showing(found, pieces=pieces)


def stored_carried(
    carried: Sequence[HighLevelModel], others: Sequence[HighLevelModel], of: int, *, known: bool
) -> StoredCarried:
    """The stored form of which algorithms are carried."""

    def first(algorithms: Sequence[HighLevelModel]) -> list[StoredAlgorithm]:
        return [StoredAlgorithm.showing(one) for one in algorithms[:MAX_FORMULAS]]

    return StoredCarried(known=known, of=of, n_carried=len(carried), carried=first(carried), others=first(others))


def stored_function(row: FunctionRow, n_inputs: int) -> StoredFunction:
    """The stored form of a function on every layer."""
    return StoredFunction.showing(row, truth_table=[row.function >> number & 1 for number in range(1 << n_inputs)])


def stored_neurons(found: GivenFunctions, n_inputs: int, *, exact: bool) -> StoredNeurons:
    """The stored form of the functions of neurons."""

    def ordered(functions: Mapping[int, int]) -> list[tuple[list[int], int]]:
        by_count = sorted(functions.items(), key=lambda pair: (-pair[1], pair[0]))
        return [([function >> row & 1 for row in range(1 << n_inputs)], count) for function, count in by_count]

    return StoredNeurons(
        of=found.of,
        exact=exact,
        neurons=[
            StoredNeuron(layer=layer, neuron=neuron, n=len(functions), functions=ordered(functions)[:MAX_FUNCTIONS])
            for (layer, neuron), functions in found.functions.items()
        ],
    )
