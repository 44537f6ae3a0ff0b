"""The model of a comparison: what its page shows and its JSON twin returns."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from app.figures.svg import Hues
from app.pages.compare.contrast import EdgeView, LineView, NeuronView, SharedView
from app.pages.compare.options import MOST_SHOWN
from app.pages.explanations import ColumnView, Kind
from app.pages.formulas import VerdictView, hue_tables, hues_of
from app.pages.shared import BigInt, DataView, NetworkView, PageModel, ProtocolView, TaskView


class TileView(PageModel):
    """A function that an explanation puts on a neuron."""

    layer: int
    neuron: int
    formula: str
    truth_table: list[int]


class StandingView(PageModel):
    """Coverage = predicted / of, accuracy = right / predicted."""

    predicted: int
    right: int
    of: int


class ComparedView(PageModel):
    """One explanation of the comparison."""

    letter: str
    kind: Kind
    kind_label: str
    ref: str
    url: str
    protocol: str
    without_url: str = Field(description="The comparison without this one; the selection page where one would be left.")
    mask: str | None = Field(description="Hex mask of its circuit.")
    n_edges: int | None
    formula: str | None
    tiles: list[TileView]
    columns: list[ColumnView] = Field(description="Its gates or variables with their value on every input.")
    says: list[int] = Field(description="The output on every input: 0, 1, or −1 for neither.")
    outputs: list[float] | None = Field(description="Raw outputs of its circuit on every input.")
    verdicts: list[VerdictView]
    standing: StandingView
    silent_because: str = Field(description="Why it predicts nothing under interventions; empty if it does.")

    def n_task(self, truth_table: list[int]) -> int:
        """Inputs on which it gives the task's output."""
        return sum(said == wanted for said, wanted in zip(self.says, truth_table, strict=True))


class PairView(PageModel):
    """Two explanations: interventions on which both predict, and of those the ones on which they say the same."""

    first: str
    second: str
    both: int
    same: int
    differ: int


class CrucialView(PageModel):
    """One intervention on which two explanations predict and differ."""

    site: str
    neurons: list[tuple[int, int]]
    source: str
    base: str
    predictions: list[int] = Field(description="In the order of the explanations: 0, 1, or −1 for silence.")
    decision: int
    output: float
    margin: float
    right: list[str]
    wrong: list[str]


class SpaceView(PageModel):
    """The interventions: every listed set of hidden neurons × every ordered pair source ≠ base."""

    sets: int
    possible_sets: BigInt
    pairs: int
    interventions: int
    largest: int | None = Field(description="Most neurons in a set where not all sets are taken, else None.")


class Suggestion(PageModel):
    """A comparison to begin with."""

    label: str
    url: str


class ComparePage(PageModel):
    """A comparison; without explanations, how to choose some."""

    network: NetworkView | None
    task: TaskView | None
    protocol: ProtocolView | None
    data: DataView | None
    output: int
    missing: int = Field(description="How many more explanations must be chosen; 0 if the comparison is complete.")
    refs: list[str]
    input_names: str = Field(description="The inputs' letters, in the order of their bits.")
    inputs: list[str] = Field(description="Every input as its bits, in binary order.")
    explanations: list[ComparedView]
    shared: SharedView | None
    differing_neurons: list[NeuronView]
    differing_edges: list[EdgeView]
    lines: list[LineView]
    space: SpaceView | None
    pairs: list[PairView]
    n_crucial: int
    crucial: list[CrucialView]
    all_shown: bool
    all_url: str
    suggestions: list[Suggestion]
    url: str

    @property
    def most_shown(self) -> int:
        """Crucial experiments that the page with all of them lists at most."""
        return MOST_SHOWN

    @cached_property
    def hues(self) -> Hues:
        """Which hue each function has, for drawings of more than two inputs."""
        columns = [column.truth_table for item in self.explanations for column in item.columns]
        return hues_of(hue_tables(columns))

    def pair(self, one: str, other: str) -> PairView:
        """Two of the explanations by their letters, in either order."""
        return next(pair for pair in self.pairs if {pair.first, pair.second} == {one, other})
